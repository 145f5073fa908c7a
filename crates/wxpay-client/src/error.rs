//! What a call ends in when it does not end well.

mod display;
#[cfg(feature = "v1")]
mod v1;
#[cfg(feature = "v2")]
mod v2;

use std::error::Error as StdError;
use std::sync::Arc;

use wxpay_proto::{AcceptError, ApiError, Idempotency};

use crate::transport::{SendError, Stage};

/// What is known about the effect of a call that failed.
///
/// The question a payment's caller has to answer before trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// WeChat Pay has never seen a complete request: nothing happened.
    NotSent,
    /// The request may have been carried out, and no answer says whether. Query with the same
    /// merchant number, or send the same request again where a merchant number makes that safe.
    Unknown,
    /// WeChat Pay answered that it did not do it. See [`Error::api`] for why.
    Refused,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request breaks a documented limit, or could not be encoded, encrypted or signed.
    Request,
    /// No platform key to verify answers with could be had. The source says what came in between.
    PlatformKeys,
    /// The operation needs a client certificate, and the client has none that holds now.
    ClientCertificate,
    /// No access token of v1 could be had. The source says what came in between.
    AccessToken,
    /// Name resolution, TCP, the proxy or TLS failed.
    Connect,
    /// The connection broke before the whole answer was there.
    Connection,
    /// Time ran out; which limit says the text.
    Timeout,
    /// The answer is larger than the client takes.
    TooLarge,
    /// An answer came that is not provably WeChat Pay's: not signed, wrongly signed, too old, or
    /// signed with a key that is not known.
    Verification,
    /// The answer is WeChat Pay's, and not of the form the operation has.
    Decode,
    /// Something answered that does not speak the protocol: a redirect, an HTML page.
    Unexpected,
    /// WeChat Pay answered with an error; [`Error::api`] has it.
    Api,
    /// A downloaded file is not the one that was announced: wrong hash, damaged, cut short.
    Content,
    /// A file on this machine could not be written.
    File,
}

/// Why a call failed, and what is known of its effect.
///
/// `Display` names the operation, what went wrong, and what to do next; the cause is in
/// [`source`](StdError::source). Neither ever holds a key, a signature or a body.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    operation: &'static str,
    kind: ErrorKind,
    problem: &'static str,
    delivery: Delivery,
    idempotency: Idempotency,
    attempts: u32,
    part: Option<u32>,
    request_id: Option<String>,
    hint: Option<String>,
    cause: Cause,
}

/// What is kept of the cause.
#[derive(Debug)]
enum Cause {
    None,
    Api(Box<ApiError>),
    Accept(Box<AcceptError>),
    #[cfg(feature = "v2")]
    ApiV2(Box<wxpay_proto::v2::ApiError>),
    #[cfg(feature = "v2")]
    ProtocolV2(Box<wxpay_proto::v2::ProtocolError>),
    #[cfg(feature = "v2")]
    AcceptV2(Box<wxpay_proto::v2::AcceptError>),
    #[cfg(feature = "v1")]
    ApiV1(Box<wxpay_proto::v1::ApiError>),
    #[cfg(feature = "v1")]
    AcceptV1(Box<wxpay_proto::v1::AcceptError>),
    /// A failure several waiting calls have in common.
    Shared(Arc<Error>),
    Other(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// What is known about the effect of the call. Over several attempts it is the least certain of
    /// them: a refusal after an attempt that may have been carried out is still
    /// [`Delivery::Unknown`].
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// WeChat Pay's own error, when it answered with one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match &self.0.cause {
            Cause::Api(error) => Some(error),
            _ => None,
        }
    }

    /// Why an answer was not accepted ([`ErrorKind::Verification`], [`ErrorKind::Decode`],
    /// [`ErrorKind::Unexpected`]), with the raw answer where it is kept.
    #[must_use]
    pub fn answer(&self) -> Option<&AcceptError> {
        match &self.0.cause {
            Cause::Accept(error) => Some(error),
            _ => None,
        }
    }

    /// The `Request-ID` of the last answer: what WeChat Pay's support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The name of the operation, such as `pay.native_prepay`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// How many times the request was tried; 0 when the call ended before the first.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Which part of an encrypted bill it was, by its `bill_sequence` (账单文件序号).
    #[must_use]
    pub fn part(&self) -> Option<u32> {
        self.0.part
    }

    /// On `SIGN_ERROR`: in which line the message WeChat Pay checked differs from the one that was
    /// signed, as far as its answer tells.
    #[must_use]
    pub fn sign_hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whether time ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Whether no connection could be made.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.kind() == ErrorKind::Connect
    }

    /// Whether WeChat Pay asked for fewer requests (HTTP 429, `FREQUENCY_LIMITED` in v2; such a request
    /// was not processed).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        #[cfg(feature = "v2")]
        if self.is_v2_rate_limited() {
            return true;
        }
        self.api()
            .is_some_and(|api| api.status() == http::StatusCode::TOO_MANY_REQUESTS)
    }
}

/// How the parts of the client make errors: what happened first, then whose call it was.
impl Error {
    pub(crate) fn new(kind: ErrorKind, delivery: Delivery, problem: &'static str) -> Self {
        Self(Box::new(Inner {
            operation: "",
            kind,
            problem,
            delivery,
            idempotency: Idempotency::No,
            attempts: 0,
            part: None,
            request_id: None,
            hint: None,
            cause: Cause::None,
        }))
    }

    pub(crate) fn problem_is(mut self, problem: &'static str) -> Self {
        self.0.problem = problem;
        self
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Cause::Other(source.into());
        self
    }

    pub(crate) fn shared(mut self, source: Arc<Self>) -> Self {
        self.0.cause = Cause::Shared(source);
        self
    }

    pub(crate) fn of_part(mut self, number: u32) -> Self {
        self.0.part = Some(number);
        self
    }

    pub(crate) fn request_id_is(mut self, request_id: Option<&str>) -> Self {
        self.0.request_id = request_id.map(str::to_owned);
        self
    }

    pub(crate) fn hinting(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint;
        self
    }

    /// Adds whose call it was. `unknown_before`: an earlier attempt may have been carried out.
    pub(crate) fn of_call(
        mut self,
        operation: &'static str,
        idempotency: Idempotency,
        attempts: u32,
        unknown_before: bool,
    ) -> Self {
        let inner = &mut *self.0;
        inner.operation = operation;
        inner.idempotency = idempotency;
        inner.attempts = attempts;
        if unknown_before {
            inner.delivery = Delivery::Unknown;
        }
        self
    }

    pub(crate) fn prepare(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(
            ErrorKind::Request,
            Delivery::NotSent,
            "the request could not be prepared",
        )
        .caused_by(source)
    }

    pub(crate) fn send(failure: SendError) -> Self {
        let delivery = if failure.possibly_sent {
            Delivery::Unknown
        } else {
            Delivery::NotSent
        };
        match (failure.stage, failure.source) {
            (Stage::Connect, None) => Self::new(
                ErrorKind::Timeout,
                delivery,
                "no connection within the connect limit",
            ),
            (Stage::Answer, None) => Self::new(
                ErrorKind::Timeout,
                delivery,
                "no answer within the response limit",
            ),
            (Stage::Connect, Some(source)) => {
                Self::new(ErrorKind::Connect, delivery, "no connection could be made")
                    .caused_by(source)
            }
            (Stage::Answer, Some(source)) => Self::new(
                ErrorKind::Connection,
                delivery,
                "the connection broke before the answer",
            )
            .caused_by(source),
        }
    }

    /// An answer that was not accepted.
    pub(crate) fn accept(error: AcceptError) -> Self {
        match error {
            AcceptError::Api(api) => {
                let delivery = after_status(api.status());
                let problem = match delivery {
                    Delivery::Refused => "WeChat Pay refused",
                    _ => "WeChat Pay answered with an error",
                };
                let mut error =
                    Self::new(ErrorKind::Api, delivery, problem).request_id_is(api.request_id());
                error.0.cause = Cause::Api(api);
                error
            }
            other => {
                let (kind, problem) = match &other {
                    AcceptError::Verification(_) => (
                        ErrorKind::Verification,
                        "the answer is not provably WeChat Pay's",
                    ),
                    AcceptError::Decode(_) => (
                        ErrorKind::Decode,
                        "the answer is not of the form the operation has",
                    ),
                    _ => (
                        ErrorKind::Unexpected,
                        "the answer does not follow the protocol",
                    ),
                };
                let mut error = Self::new(kind, Delivery::Unknown, problem);
                error.0.cause = Cause::Accept(Box::new(other));
                error
            }
        }
    }
}

/// What an error status of WeChat Pay says about the request's effect. 429 was not processed;
/// 5xx, and a gateway's 408, leave it open.
fn after_status(status: http::StatusCode) -> Delivery {
    if status.is_client_error() && status != http::StatusCode::REQUEST_TIMEOUT {
        Delivery::Refused
    } else {
        Delivery::Unknown
    }
}
