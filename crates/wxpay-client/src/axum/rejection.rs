//! Why a handler was not called.

use std::error::Error;
use std::fmt::{self, Write as _};

use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use wxpay_proto::{ContentError, NotificationError, reply};

use super::body::BodyError;
use super::reply::Reply;

/// Why a notification was not taken, and what is answered.
///
/// [`source`](Error::source) is the error of the step that failed: a [`NotificationError`] (of the generation), a
/// [`ContentError`], or one of the body.
pub struct Rejection(Box<Inner>);

struct Inner {
    reply: http::Response<Bytes>,
    cause: Box<dyn Error + Send + Sync>,
    probe: bool,
    genuine: bool,
}

impl Rejection {
    pub(super) fn new(
        reply: http::Response<Bytes>,
        cause: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(Inner {
            reply,
            cause: Box::new(cause),
            probe: false,
            genuine: false,
        }))
    }

    pub(super) fn genuine(mut self, genuine: bool) -> Self {
        self.0.genuine = genuine;
        self
    }

    /// Of v3; the older generations answer 200 to everything.
    pub(super) fn of_body(error: BodyError) -> Self {
        let (status, message) = match error {
            BodyError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body too large"),
            BodyError::Late => (StatusCode::REQUEST_TIMEOUT, "body too slow"),
            BodyError::Broken(_) => (StatusCode::BAD_REQUEST, "body incomplete"),
        };
        let mut reply = reply::failure(message);
        *reply.status_mut() = status;
        Self::new(reply, error)
    }

    pub(super) fn of_notification(error: NotificationError) -> Self {
        let probe = error.is_probe();
        let genuine = matches!(
            error,
            NotificationError::Envelope(_)
                | NotificationError::ResourceType(_)
                | NotificationError::Algorithm(_)
                | NotificationError::Decrypt(_)
        );
        let mut rejection = Self::new(error.reply(), error).genuine(genuine);
        rejection.0.probe = probe;
        rejection
    }

    pub(super) fn of_content(error: ContentError) -> Self {
        Self::new(reply::failure("cannot be processed"), error).genuine(true)
    }

    /// What is answered.
    #[must_use]
    pub fn reply(&self) -> &http::Response<Bytes> {
        &self.0.reply
    }

    /// Whether it is a signature probe (签名探测), which is refused as a forgery is and is no reason for alarm.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.0.probe
    }

    /// Whether WeChat Pay's signature was verified, so that something was told and not understood: the wrong API v3 key
    /// (APIv3密钥), the wrong path for the event, a form that is new. This is the one to look after. In v2 nothing is known of what
    /// was refused.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        self.0.genuine
    }

    /// A genuine v3 notification that is not what the handler asked for; it has the plaintext.
    #[must_use]
    pub fn content_error(&self) -> Option<&ContentError> {
        self.0.cause.downcast_ref()
    }

    /// Tells the log, before it is answered: of rejections axum says nothing.
    pub(super) fn logged(self) -> Self {
        let mut reasons = self.0.cause.to_string();
        let mut next = self.0.cause.source();
        while let Some(error) = next {
            // A `String` takes everything.
            let _ = write!(reasons, ": {error}");
            next = error.source();
        }
        // With `?`, because a stranger may have written line breaks into it.
        if self.0.probe {
            tracing::debug!(error = ?reasons, "a signature probe was refused");
        } else {
            tracing::warn!(error = ?reasons, genuine = self.0.genuine, "a notification was not taken");
        }
        self
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("status", &self.0.reply.status())
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a notification was not taken")
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0.cause)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        Reply(self.0.reply).into_response()
    }
}
