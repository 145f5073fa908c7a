//! Why an answer became no value.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use wxpay_json::DecodeError;

use super::charset::CharsetError;
use super::error::VerificationError;
use crate::retry::Outcome;
use crate::verification::short;

/// Why an answer became no value.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcceptError {
    /// It is not provably WeChat Pay's. Whether the request was carried out is unknown.
    Verification(VerificationError),
    /// WeChat Pay answered with an error.
    Api(Box<ApiError>),
    /// It is believed, but not of the form the operation answers with. The request may well have been carried
    /// out.
    Decode(Box<DecodeFailure>),
    /// It is no answer of WeChat Pay's: HTML, nothing at all, a wrong charset, an error status. Whether the
    /// request was carried out is unknown.
    Unreadable(Box<UnreadableAnswer>),
}

impl AcceptError {
    pub(crate) fn unreadable(status: StatusCode, body_len: usize, what: Unreadable) -> Self {
        Self::Unreadable(Box::new(UnreadableAnswer {
            status,
            body_len,
            what,
        }))
    }

    pub(crate) fn decode(source: DecodeError, raw: Bytes) -> Self {
        Self::Decode(Box::new(DecodeFailure { source, raw }))
    }

    /// Whether the access token has ended, or another server has fetched a newer one:
    /// [`TokenCache::invalidate`](super::TokenCache::invalidate) it and try once more with the next. The
    /// request was not carried out.
    #[must_use]
    pub fn is_token_expired(&self) -> bool {
        matches!(self, Self::Api(error) if error.is_token_expired())
    }

    /// What it means for another attempt with the same access token.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Api(error) if error.is_busy() => Outcome::Unknown,
            Self::Api(_) | Self::Decode(_) => Outcome::Final,
            Self::Verification(VerificationError::Mismatch { .. }) => Outcome::Unknown,
            Self::Verification(_) => Outcome::Final,
            Self::Unreadable(answer) if !answer.status.is_success() => Outcome::Status {
                status: answer.status,
                retry_after: None,
            },
            Self::Unreadable(_) => Outcome::Unknown,
        }
    }
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verification(_) => {
                "the answer is not proven to be WeChat Pay's; the request may have been carried out"
            }
            Self::Api(_) => "WeChat Pay answered with an error",
            Self::Decode(_) => {
                "the answer is genuine but not of the expected form; the request may have been carried out"
            }
            Self::Unreadable(_) => {
                "the answer is not one of WeChat Pay's; the request may have been carried out"
            }
        })
    }
}

impl Error for AcceptError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Verification(source) => Some(source),
            Self::Api(source) => Some(source),
            Self::Decode(source) => Some(source),
            Self::Unreadable(source) => Some(source),
        }
    }
}

/// An error that WeChat Pay answered with: `errcode` of the platform, `retcode` of Tenpay.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiError {
    status: StatusCode,
    code: Code,
    message: Option<Box<str>>,
    verified: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Code {
    Platform(i64),
    Tenpay(Box<str>),
}

impl ApiError {
    pub(crate) fn platform(status: StatusCode, code: i64, message: Option<String>) -> Self {
        Self {
            status,
            code: Code::Platform(code),
            message: message.and_then(bounded),
            verified: false,
        }
    }

    pub(crate) fn tenpay(
        status: StatusCode,
        code: &str,
        message: Option<&str>,
        verified: bool,
    ) -> Self {
        Self {
            status,
            code: Code::Tenpay(short(code).into()),
            message: message.map(str::to_owned).and_then(bounded),
            verified,
        }
    }

    /// The platform's `errcode`.
    #[must_use]
    pub const fn errcode(&self) -> Option<i64> {
        match self.code {
            Code::Platform(code) => Some(code),
            Code::Tenpay(_) => None,
        }
    }

    /// Tenpay's `retcode`.
    #[must_use]
    pub fn retcode(&self) -> Option<&str> {
        match &self.code {
            Code::Platform(_) => None,
            Code::Tenpay(code) => Some(code),
        }
    }

    /// `errmsg` or `retmsg`: for people, at most 256 characters.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The HTTP status, mostly 200.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether a signature proves it. The platform signs nothing; Tenpay signs most errors.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.verified
    }

    /// Whether the access token has ended or was replaced: 40001, 40014, 42001.
    #[must_use]
    pub const fn is_token_expired(&self) -> bool {
        matches!(self.code, Code::Platform(40001 | 40014 | 42001))
    }

    /// Whether the platform was busy (-1).
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.code, Code::Platform(-1))
    }

    /// Whether Tenpay says that there is no such thing: no refund yet (88222014), no such order (88221009).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.retcode(), Some("88222014" | "88221009"))
    }

    /// What the code means and what to do, where that is known.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        Some(match &self.code {
            Code::Platform(-1) => "the platform is busy; try again later",
            Code::Platform(40001) => {
                "the access token is not valid, mostly because another server has fetched a newer one; or the app \
                 secret is wrong"
            }
            Code::Platform(40013) => "the app id is not valid",
            Code::Platform(40014) => "the access token is not valid; fetch a new one",
            Code::Platform(40125) => "the app secret is wrong",
            Code::Platform(41001) => "the access token is missing",
            Code::Platform(42001) => "the access token has ended; fetch a new one",
            Code::Platform(45009) => {
                "the daily number of calls is used up; one central server must fetch tokens"
            }
            Code::Platform(48001) => "the account is not allowed to use this interface",
            Code::Platform(49004) => "the signature is wrong; see the paySignKey",
            Code::Tenpay(code) => match &**code {
                "88221009" => "there is no such order",
                "88222014" => "there is no refund of this order yet",
                _ => return None,
            },
            Code::Platform(_) => return None,
        })
    }
}

fn bounded(text: String) -> Option<Box<str>> {
    let text: String = text
        .chars()
        .filter(|one| !one.is_control())
        .take(256)
        .collect();
    (!text.is_empty()).then(|| text.into())
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Code::Platform(code) => write!(f, "errcode {code}")?,
            Code::Tenpay(code) => write!(f, "retcode {code}")?,
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(meaning) = self.meaning() {
            write!(f, " ({meaning})")?;
        }
        Ok(())
    }
}

impl Error for ApiError {}

/// A believed answer that could not be read.
#[derive(Clone)]
pub struct DecodeFailure {
    source: DecodeError,
    raw: Bytes,
}

impl DecodeFailure {
    /// What could not be read, with its path.
    #[must_use]
    pub const fn error(&self) -> &DecodeError {
        &self.source
    }

    /// The bytes: what was answered can still be read from them.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }
}

impl fmt::Debug for DecodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeFailure")
            .field("error", &self.source)
            .field("raw_len", &self.raw.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for DecodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body of {} bytes cannot be read", self.raw.len())
    }
}

impl Error for DecodeFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// An answer that is none of WeChat Pay's.
#[derive(Clone, Debug)]
pub struct UnreadableAnswer {
    status: StatusCode,
    body_len: usize,
    what: Unreadable,
}

impl UnreadableAnswer {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn what(&self) -> &Unreadable {
        &self.what
    }
}

impl fmt::Display for UnreadableAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, body_len) = (self.status, self.body_len);
        write!(f, "HTTP {status} with {body_len} bytes: ")?;
        f.write_str(match self.what {
            Unreadable::Empty => "nothing at all",
            Unreadable::Html => "an html page; see what gateway or proxy is on the way",
            Unreadable::NotJson => "not json",
            Unreadable::NotAFile => "a document where a file was expected",
            Unreadable::Status => "an error status",
            Unreadable::Charset(_) => "not in its charset",
            Unreadable::Xml(_) => "not the flat xml of Tenpay",
        })
    }
}

impl Error for UnreadableAnswer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.what {
            Unreadable::Charset(source) => Some(source),
            Unreadable::Xml(source) => Some(source),
            _ => None,
        }
    }
}

/// What is wrong with an answer that is none.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unreadable {
    /// An empty body.
    Empty,
    /// An HTML page.
    Html,
    /// JSON was expected, and it is not.
    NotJson,
    /// A file was expected, and it is an XML document without a code.
    NotAFile,
    /// An error status; such answers are not looked into.
    Status,
    /// The bytes are not text of the charset they are declared in.
    Charset(CharsetError),
    /// It is not flat XML: HTML, entities, nothing at all, cut off.
    Xml(wxpay_xml::Error),
}

impl Unreadable {
    pub(crate) fn json(body: &[u8]) -> Self {
        match body.trim_ascii_start().first() {
            None => Self::Empty,
            Some(b'<') => Self::Html,
            Some(_) => Self::NotJson,
        }
    }
}
