//! One call of API v3: encoded once, signed afresh for every attempt, believed by its signature.
//!
//! Nothing here depends on the type of an operation, so it is compiled once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use tracing::Span;
use wxpay_proto::{
    AcceptError, EncodedRequest, Endpoint, Nonce, Operation, OperationInfo, Outcome, PlatformKeyId,
    PrepareError, RefreshReason, Timestamp, VerificationError,
};

use crate::client::Shared;
use crate::clock::request_nonce;
use crate::error::{Delivery, Error, ErrorKind};
use crate::exchange::{About, Exchange, Failure, Source};

/// The state of one call.
pub(crate) struct Call<'c> {
    shared: &'c Arc<Shared>,
    exchange: Exchange<'c>,
    /// What the last attempt was signed with, to explain a refused signature.
    signed: Option<(Timestamp, Nonce)>,
}

impl<'c> Call<'c> {
    pub(crate) fn new(shared: &'c Arc<Shared>, info: OperationInfo, limit: Duration) -> Self {
        let about = About {
            name: info.name,
            method: info.method,
            idempotency: info.idempotency,
        };
        let exchange = Exchange::new(&shared.wire, about, limit).to(shared.hosts(info.host));
        Self {
            shared,
            exchange,
            signed: None,
        }
    }

    /// The span of this call.
    pub(crate) fn span(&self) -> Span {
        self.exchange.span()
    }

    /// Completes an error of this call.
    pub(crate) fn failed(&self, error: Error) -> Error {
        self.exchange.failed(error)
    }

    /// Notes in the span how the call ended.
    pub(crate) fn record<T>(&self, span: &Span, result: &Result<T, Error>) {
        self.exchange.record(span, result);
    }

    /// Encodes the request, once for all attempts, and begins the call.
    pub(crate) async fn encode<O: Operation>(
        &mut self,
        operation: &O,
    ) -> Result<EncodedRequest, Error> {
        let shared = self.shared;
        let mut encoded = shared.merchant.encode(operation, shared.clock.now());
        if let Err(PrepareError::NoPlatformKey) = encoded {
            // What is wrong with the request itself is worth knowing before any network.
            let checked = operation.check().map_err(PrepareError::Invalid);
            checked.map_err(|error| self.failed(Error::prepare(error)))?;
            self.obtain_keys().await?;
            encoded = shared.merchant.encode(operation, shared.clock.now());
        }
        let encoded = encoded.map_err(|error| self.failed(Error::prepare(error)))?;
        shared.refresh_on_schedule();
        self.begin(&encoded);
        Ok(encoded)
    }

    pub(crate) fn begin(&self, encoded: &EncodedRequest) {
        self.exchange.begin(encoded.target());
    }

    /// Verifies and decodes an answer. When it was signed with a key that is not known, the key is
    /// fetched and the same answer looked at again.
    pub(crate) async fn accept<O: Operation>(
        &self,
        operation: &O,
        answer: &Response<Bytes>,
    ) -> Result<wxpay_proto::Response<O::Response>, AcceptError> {
        let Shared {
            merchant, clock, ..
        } = &**self.shared;
        let accepted = merchant.accept(operation, answer, clock.now());
        let unknown = match &accepted {
            Err(AcceptError::Verification(VerificationError::UnknownKey(key))) => Some(key.clone()),
            _ => None,
        };
        if let Some(key) = unknown
            && self.learn(key).await
        {
            return merchant.accept(operation, answer, clock.now());
        }
        accepted
    }

    /// Gets platform keys before anything is sent.
    async fn obtain_keys(&self) -> Result<(), Error> {
        let obtained = self
            .shared
            .obtain_keys(RefreshReason::Missing, self.exchange.deadline())
            .await;
        obtained.map_err(|error| self.failed(error))
    }

    /// Fetches a key; whether it is worth looking at the answer again.
    async fn learn(&self, key: PlatformKeyId) -> bool {
        let reason = RefreshReason::UnknownKey(key);
        match self
            .shared
            .obtain_keys(reason, self.exchange.deadline())
            .await
        {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "the key of an answer could not be fetched");
                false
            }
        }
    }

    /// Sends the request, again where that is safe and promises something, until an answer is there.
    pub(crate) async fn answer(
        &mut self,
        encoded: &EncodedRequest,
    ) -> Result<Response<Bytes>, Error> {
        let (exchange, mut source) = self.with_source(encoded);
        exchange.answer(&mut source).await
    }

    /// Like [`answer`](Self::answer), up to the head of the answer only, and if need be for one host and not
    /// the others.
    pub(crate) async fn head(
        &mut self,
        encoded: &EncodedRequest,
        host: Option<&Endpoint>,
    ) -> Result<Response<Incoming>, Error> {
        let (exchange, mut source) = self.with_source(encoded);
        exchange.head(&mut source, host).await
    }

    /// Verifies the head of a file that is signed by its SHA-1, and gives that.
    pub(crate) async fn announced(&self, headers: &HeaderMap) -> Result<[u8; 20], AcceptError> {
        let Shared {
            merchant, clock, ..
        } = &**self.shared;
        let mut proven = merchant.verify_digest(headers, clock.now());
        if let Err(VerificationError::UnknownKey(key)) = &proven
            && self.learn(key.clone()).await
        {
            proven = merchant.verify_digest(headers, clock.now());
        }
        proven.map_err(AcceptError::Verification)
    }

    /// Reads an answer whole.
    pub(crate) async fn body(
        &mut self,
        head: Response<Incoming>,
    ) -> Result<Response<Bytes>, Error> {
        self.exchange.body(head, Bytes::new()).await
    }

    fn with_source<'a>(
        &'a mut self,
        encoded: &'a EncodedRequest,
    ) -> (&'a mut Exchange<'c>, Signing<'a>) {
        let source = Signing {
            shared: self.shared,
            encoded,
            signed: &mut self.signed,
        };
        (&mut self.exchange, source)
    }

    /// An answer was not accepted: waits and returns when the call should be made again, with the
    /// error when not.
    pub(crate) async fn rejected(
        &mut self,
        error: AcceptError,
        answer: &Response<Bytes>,
        encoded: &EncodedRequest,
    ) -> Result<(), Error> {
        let outcome = Some(Outcome::of(&error));
        let error = self.explained(error, answer, encoded);
        self.exchange.again(Failure { error, outcome }).await
    }

    /// An answer was not accepted, and that is final.
    pub(crate) fn refused(
        &self,
        error: AcceptError,
        answer: &Response<Bytes>,
        encoded: &EncodedRequest,
    ) -> Error {
        self.failed(self.explained(error, answer, encoded))
    }

    fn explained(
        &self,
        error: AcceptError,
        answer: &Response<Bytes>,
        encoded: &EncodedRequest,
    ) -> Error {
        let hint = match (&error, &self.signed) {
            (AcceptError::Api(api), Some((at, nonce))) => {
                api.diagnose(&encoded.message(*at, nonce))
            }
            _ => None,
        };
        let request_id = answer
            .headers()
            .get("request-id")
            .and_then(|id| id.to_str().ok());
        Error::accept(error).request_id_is(request_id).hinting(hint)
    }
}

/// Signs each attempt by itself: WeChat Pay refuses a nonce it has seen.
struct Signing<'a> {
    shared: &'a Shared,
    encoded: &'a EncodedRequest,
    signed: &'a mut Option<(Timestamp, Nonce)>,
}

impl Source for Signing<'_> {
    /// Signs with the time and a nonce of now. Keys that take long to sign do so on tokio's pool for
    /// blocking work, so that no other task waits for them.
    async fn request(&mut self, deadline: Instant) -> Result<Request<Bytes>, Failure> {
        let now = self.shared.clock.now();
        let nonce = request_nonce().map_err(Failure::fatal)?;
        *self.signed = Some((now, nonce.clone()));
        let merchant = &self.shared.merchant;
        let signed = if merchant.signer_of(self.encoded).is_slow() {
            let (merchant, encoded) = (merchant.clone(), self.encoded.clone());
            let signing = tokio::task::spawn_blocking(move || merchant.sign(&encoded, now, nonce));
            match timeout_at(deadline, signing).await {
                Ok(Ok(signed)) => signed,
                Ok(Err(error)) => {
                    return Err(Failure::fatal(
                        Error::new(
                            ErrorKind::Request,
                            Delivery::NotSent,
                            "the signer broke down",
                        )
                        .caused_by(error),
                    ));
                }
                Err(_) => {
                    return Err(Failure::fatal(Error::new(
                        ErrorKind::Timeout,
                        Delivery::NotSent,
                        "no signature within the limit of the call",
                    )));
                }
            }
        } else {
            merchant.sign(self.encoded, now, nonce)
        };
        signed.map_err(|error| Failure::fatal(Error::prepare(error)))
    }
}
