//! One call: its attempts, what is known about them, and its deadline.
//!
//! Nothing here depends on the type of an operation, so it is compiled once.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::USER_AGENT;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Span;
use tracing::field::{Empty, display};
use wxpay_proto::{
    AcceptError, EncodedRequest, Endpoint, Nonce, Operation, OperationInfo, Outcome, PlatformKeyId,
    PrepareError, RefreshReason, Timestamp, VerificationError,
};

use crate::client::Shared;
use crate::clock::{jitter, nonce};
use crate::error::{Delivery, Error, ErrorKind};
use crate::timeouts::after;
use crate::transport::Limits;

/// The state of one call.
pub(crate) struct Call<'c> {
    shared: &'c Arc<Shared>,
    info: OperationInfo,
    deadline: Instant,
    attempts: u32,
    /// The host of the first attempt.
    began: usize,
    /// The host of the next attempt.
    host: usize,
    /// An attempt may have been carried out without an answer.
    unknown: bool,
    /// What the last attempt was signed with, to explain a refused signature.
    signed: Option<(Timestamp, Nonce)>,
}

/// An attempt that brought no usable answer, and how the retry policy is to see it.
struct Failure {
    error: Error,
    /// `None`: trying again would change nothing.
    outcome: Option<Outcome>,
}

impl<'c> Call<'c> {
    pub(crate) fn new(shared: &'c Arc<Shared>, info: OperationInfo, limit: Duration) -> Self {
        let host = shared.hosts.first();
        Self {
            shared,
            info,
            deadline: after(Instant::now(), limit),
            attempts: 0,
            began: host,
            host,
            unknown: false,
            signed: None,
        }
    }

    /// The span of this call. It holds no query, no body and no header but the `Request-ID`.
    pub(crate) fn span(&self) -> Span {
        tracing::info_span!(
            "wxpay",
            operation = self.info.name,
            method = %self.info.method,
            path = Empty,
            status = Empty,
            request_id = Empty,
            attempts = Empty,
            delivery = Empty,
        )
    }

    /// Completes an error of this call.
    pub(crate) fn failed(&self, error: Error) -> Error {
        error.of_call(
            self.info.name,
            self.info.idempotency,
            self.attempts,
            self.unknown,
        )
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
        Span::current().record("path", path(encoded.target()));
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
            .obtain_keys(RefreshReason::Missing, self.deadline)
            .await;
        obtained.map_err(|error| self.failed(error))
    }

    /// Fetches a key; whether it is worth looking at the answer again.
    async fn learn(&self, key: PlatformKeyId) -> bool {
        let reason = RefreshReason::UnknownKey(key);
        match self.shared.obtain_keys(reason, self.deadline).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "the key of an answer could not be fetched");
                false
            }
        }
    }

    /// Notes in the span how the call ended.
    pub(crate) fn record<T>(&self, span: &Span, result: &Result<T, Error>) {
        span.record("attempts", self.attempts);
        match result {
            Ok(_) => {
                span.record("delivery", "answered");
            }
            Err(error) => {
                span.record("delivery", tracing::field::debug(error.delivery()));
                if let Some(id) = error.request_id() {
                    span.record("request_id", id);
                }
                tracing::debug!(kind = ?error.kind(), "call failed");
            }
        }
    }

    /// Sends the request, again where that is safe and promises something, until an answer is there.
    pub(crate) async fn answer(
        &mut self,
        encoded: &EncodedRequest,
    ) -> Result<Response<Bytes>, Error> {
        loop {
            let failure = match self.attempt(encoded, None).await {
                Ok(head) => match self.read(head).await {
                    Ok(answer) => {
                        self.shared.hosts.answered(self.began, self.host);
                        return Ok(answer);
                    }
                    Err(failure) => failure,
                },
                Err(failure) => failure,
            };
            self.again(failure).await?;
        }
    }

    /// Like [`answer`](Self::answer), up to the head of the answer only, for one host and not the
    /// others.
    pub(crate) async fn head(
        &mut self,
        encoded: &EncodedRequest,
        host: &Endpoint,
    ) -> Result<Response<Incoming>, Error> {
        loop {
            match self.attempt(encoded, Some(host)).await {
                Ok(head) => return Ok(head),
                Err(failure) => self.again(failure).await?,
            }
        }
    }

    /// Reads an answer whole.
    pub(crate) async fn body(
        &mut self,
        head: Response<Incoming>,
    ) -> Result<Response<Bytes>, Error> {
        self.read(head)
            .await
            .map_err(|failure| self.failed(failure.error))
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
        self.again(Failure { error, outcome }).await
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

    /// Asks the retry policy, and waits as long as it says.
    async fn again(&mut self, failure: Failure) -> Result<(), Error> {
        let Failure { error, outcome } = failure;
        let advice = outcome.and_then(|outcome| {
            self.shared
                .retry
                .next(self.attempts, self.info.idempotency, &outcome, jitter())
        });
        let Some(advice) = advice else {
            return Err(self.failed(error));
        };
        // Waiting past the deadline only to say that it has passed helps nobody.
        if after(Instant::now(), advice.after) >= self.deadline {
            return Err(self.failed(error));
        }
        self.unknown |= error.delivery() == Delivery::Unknown;
        if advice.switch_host {
            self.host += 1;
        }
        tracing::debug!(
            attempt = self.attempts,
            kind = ?error.kind(),
            after_ms = u64::try_from(advice.after.as_millis()).unwrap_or(u64::MAX),
            switch_host = advice.switch_host,
            "trying again"
        );
        sleep(advice.after).await;
        Ok(())
    }

    /// One attempt, up to the head of the answer.
    async fn attempt(
        &mut self,
        encoded: &EncodedRequest,
        only: Option<&Endpoint>,
    ) -> Result<Response<Incoming>, Failure> {
        let request = self.sign(encoded).await?;
        self.attempts += 1;
        let mut request = only
            .unwrap_or_else(|| self.shared.hosts.at(self.host))
            .apply(request);
        request
            .headers_mut()
            .insert(USER_AGENT, self.shared.user_agent.clone());
        let now = Instant::now();
        let limits = Limits {
            connected_by: self
                .deadline
                .min(after(now, self.shared.timeouts.connect())),
            answered_by: self
                .deadline
                .min(after(now, self.shared.timeouts.response())),
        };
        let sent = self.shared.transport.send(request, limits).await;
        sent.map_err(|failure| {
            let outcome = if failure.possibly_sent {
                Outcome::Unknown
            } else {
                Outcome::NotSent
            };
            let mut error = Error::send(failure);
            if error.is_timeout() && Instant::now() >= self.deadline {
                error = error.problem_is("the limit of the call passed before an answer");
            }
            Failure {
                error,
                outcome: Some(outcome),
            }
        })
    }

    /// Signs with the time and a nonce of now. Keys that take long to sign do so on tokio's pool for
    /// blocking work, so that no other task waits for them.
    async fn sign(&mut self, encoded: &EncodedRequest) -> Result<Request<Bytes>, Failure> {
        let now = self.shared.clock.now();
        let nonce = nonce().map_err(|error| {
            Failure::fatal(
                Error::new(
                    ErrorKind::Request,
                    Delivery::NotSent,
                    "no random numbers to be had",
                )
                .caused_by(error),
            )
        })?;
        self.signed = Some((now, nonce.clone()));
        let merchant = &self.shared.merchant;
        let signed = if merchant.credential().signer().is_slow() {
            let (merchant, encoded) = (merchant.clone(), encoded.clone());
            let signing = tokio::task::spawn_blocking(move || merchant.sign(&encoded, now, nonce));
            match timeout_at(self.deadline, signing).await {
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
            merchant.sign(encoded, now, nonce)
        };
        signed.map_err(|error| Failure::fatal(Error::prepare(error)))
    }

    /// Reads the body of an answer, as far as the limit allows.
    async fn read(&mut self, head: Response<Incoming>) -> Result<Response<Bytes>, Failure> {
        let (parts, body) = head.into_parts();
        let span = Span::current();
        span.record("status", parts.status.as_u16());
        let request_id = parts
            .headers
            .get("request-id")
            .and_then(|id| id.to_str().ok());
        if let Some(id) = request_id {
            span.record("request_id", display(id));
        }
        let limit = self.shared.max_response_bytes;
        let read = timeout_at(self.deadline, collect(body, limit)).await;
        let error = match read {
            Ok(Ok(body)) => return Ok(Response::from_parts(parts, body)),
            Ok(Err(Unread::TooLarge)) => {
                return Err(Failure::fatal(
                    Error::new(
                        ErrorKind::TooLarge,
                        Delivery::Unknown,
                        "the answer is larger than this client takes",
                    )
                    .request_id_is(request_id),
                ));
            }
            Ok(Err(Unread::Broken(error))) => Error::new(
                ErrorKind::Connection,
                Delivery::Unknown,
                "the connection broke within the answer",
            )
            .caused_by(error),
            Err(_) => Error::new(
                ErrorKind::Timeout,
                Delivery::Unknown,
                "the answer did not end within the limit of the call",
            ),
        };
        Err(Failure {
            error: error.request_id_is(request_id),
            outcome: Some(Outcome::Unknown),
        })
    }
}

/// A target without its query.
fn path(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

enum Unread {
    TooLarge,
    Broken(hyper::Error),
}

async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, Unread> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else {
            continue;
        };
        if first.len().max(rest.len()).saturating_add(data.len()) > limit {
            return Err(Unread::TooLarge);
        }
        // Nearly every answer comes in one piece, which then needs no copy.
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

impl Failure {
    fn fatal(error: Error) -> Self {
        Self {
            error,
            outcome: None,
        }
    }
}
