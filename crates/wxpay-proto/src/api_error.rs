//! WeChat Pay's own errors.

mod diagnosis;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use wxpay_json::ErrorBody;

/// The longest pause that is taken over from a header.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// An error answer: status, `code`, `message`, `detail`.
///
/// Spelling of codes differs between interfaces; decide by the status first. See
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012081709>.
#[derive(Clone)]
pub struct ApiError {
    status: StatusCode,
    body: ErrorBody,
    request_id: Option<Box<str>>,
    retry_after: Option<Duration>,
    verified: bool,
}

impl ApiError {
    pub(crate) fn read(
        status: StatusCode,
        headers: &HeaderMap,
        body: &Bytes,
        verified: bool,
    ) -> Option<Self> {
        // A list would be read as a struct, field by field.
        if !body.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        let body: ErrorBody = wxpay_json::decode(body).ok()?;
        if body.code.is_empty() {
            return None;
        }
        Some(Self {
            status,
            body,
            request_id: crate::response::request_id(headers).map(Box::from),
            retry_after: retry_after(headers),
            verified,
        })
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The error code, `PARAM_ERROR` for instance.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.body.code
    }

    /// The explanation, mostly in Chinese. It may repeat what the merchant sent: escape it before it
    /// goes into HTML.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.body.message
    }

    /// What further was said.
    #[must_use]
    pub const fn detail(&self) -> Option<&Value> {
        self.body.detail.as_ref()
    }

    /// The field that is at fault, as a JSON pointer (`/amount/total`) or a name, where it is said.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.body.field()
    }

    /// WeChat Pay's number for the call (`Request-ID`), for support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The numeric code at the end of `Request-ID`; finer than [`code`](Self::code).
    #[must_use]
    pub fn numeric_code(&self) -> Option<u64> {
        self.request_id()?.rsplit_once('-')?.1.parse().ok()
    }

    /// How long to wait before another attempt, where the answer says so; at most an hour.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the answer was signed and the signature is right. WeChat Pay does not sign all errors.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.verified
    }

    /// For `SIGN_ERROR`: compares the message that was signed with what WeChat Pay says it saw, and
    /// explains the first difference.
    ///
    /// `None` where the answer is no `SIGN_ERROR` or says nothing to compare with.
    #[must_use]
    pub fn diagnose(&self, message: &[u8]) -> Option<String> {
        if self.code() != "SIGN_ERROR" {
            return None;
        }
        diagnosis::explain(message, &self.body.sign_information()?)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The detail repeats parts of the request.
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("code", &self.body.code)
            .field("message", &self.body.message)
            .field("request_id", &self.request_id)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} (HTTP {}",
            self.code(),
            self.message(),
            self.status.as_u16()
        )?;
        if let Some(field) = self.field() {
            write!(f, ", {field}")?;
        }
        if let Some(id) = self.request_id() {
            write!(f, ", Request-ID {id}")?;
        }
        f.write_str(")")
    }
}

impl Error for ApiError {}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3); a date is not taken: it would need a clock.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}
