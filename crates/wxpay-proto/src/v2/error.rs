//! Why an answer became no value.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use wxpay_json::DecodeError;
use wxpay_sign::VerifyError;

use super::error_code::{ErrorCode, Repeat};
use super::parameters::Parameters;
use crate::response::UnexpectedAnswer;

/// Why an answer became no value, in the order in which an answer is judged.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcceptError {
    /// The HTTP status is not 200: a gateway, a proxy, a client certificate that is missing or wrong. v2 answers 200
    /// to errors as well, so whether the request was carried out is unknown.
    Status(Box<UnexpectedAnswer>),
    /// The body is no answer of v2: HTML, nothing, a part of an answer. Whether the request was carried out is
    /// unknown.
    NotXml(Box<NotXml>),
    /// `return_code` is not `SUCCESS`: WeChat Pay did not take the request, mostly for its signature or its form. Such
    /// answers are not signed.
    Protocol(Box<ProtocolError>),
    /// It is not provably WeChat Pay's answer to this merchant. Whether the request was carried out is unknown.
    Verification(VerificationError),
    /// WeChat Pay answered with an error.
    Api(Box<ApiError>),
    /// It is WeChat Pay's, but not of the form the operation answers with. The request may well have been carried
    /// out.
    Decode(Box<DecodeFailure>),
}

impl AcceptError {
    /// Whether the request may have been carried out in spite of the error: ask before anything else is done, and
    /// never with another number.
    #[must_use]
    pub fn is_undetermined(&self) -> bool {
        match self {
            Self::Protocol(error) => error.is_undetermined(),
            Self::Api(error) => error.is_undetermined(),
            Self::Status(_) | Self::NotXml(_) | Self::Verification(_) | Self::Decode(_) => true,
        }
    }
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status(_) => {
                "the answer is an error that is not WeChat Pay's; the request may have been carried out"
            }
            Self::NotXml(_) => {
                "the answer is none of WeChat Pay's; the request may have been carried out"
            }
            Self::Protocol(_) => "WeChat Pay did not take the request",
            Self::Verification(_) => {
                "the answer is not proven to be WeChat Pay's; the request may have been carried out"
            }
            Self::Api(_) => "WeChat Pay answered with an error",
            Self::Decode(_) => {
                "the answer is genuine but not of the expected form; the request may have been carried out"
            }
        })
    }
}

impl Error for AcceptError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Status(source) => Some(source),
            Self::NotXml(source) => Some(source),
            Self::Protocol(source) => Some(source),
            Self::Verification(source) => Some(source),
            Self::Api(source) => Some(source),
            Self::Decode(source) => Some(source),
        }
    }
}

/// A body that is no document of v2.
#[derive(Clone, Debug)]
pub struct NotXml {
    kind: NotXmlKind,
    source: Option<wxpay_xml::Error>,
    body_len: usize,
}

/// What such a body is instead.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NotXmlKind {
    /// Nothing at all. WeChat Pay's gateways sometimes answer 200 with no body.
    Empty,
    /// An HTML page, as gateways and proxies send it.
    Html,
    /// It ends before the document does.
    Truncated,
    /// Something else: other text, or XML that is broken, too large, or not flat.
    Other,
    /// A document, but without `return_code`, or under another root than `xml`.
    NoReturnCode,
    /// XML without an error, where a file was to come.
    NoFile,
}

impl NotXml {
    pub(crate) fn parse(source: wxpay_xml::Error, body_len: usize) -> Self {
        use wxpay_xml::ErrorKind;
        let kind = match source.kind() {
            ErrorKind::Empty => NotXmlKind::Empty,
            ErrorKind::Html => NotXmlKind::Html,
            ErrorKind::Unclosed | ErrorKind::UnclosedCdata => NotXmlKind::Truncated,
            _ => NotXmlKind::Other,
        };
        Self {
            kind,
            source: Some(source),
            body_len,
        }
    }

    pub(crate) const fn of(kind: NotXmlKind, body_len: usize) -> Self {
        Self {
            kind,
            source: None,
            body_len,
        }
    }

    /// What it is instead.
    #[must_use]
    pub const fn kind(&self) -> NotXmlKind {
        self.kind
    }

    /// The length of the body in bytes.
    #[must_use]
    pub const fn body_len(&self) -> usize {
        self.body_len
    }
}

impl fmt::Display for NotXml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.body_len;
        match self.kind {
            NotXmlKind::Empty => f.write_str("the body is empty, expected XML"),
            NotXmlKind::Html => write!(f, "the body of {bytes} bytes is an HTML page"),
            NotXmlKind::Truncated => write!(f, "the body ends after {bytes} bytes, too early"),
            NotXmlKind::Other => write!(f, "the body of {bytes} bytes is not the XML of v2"),
            NotXmlKind::NoReturnCode => {
                write!(f, "the body of {bytes} bytes is XML without a return_code")
            }
            NotXmlKind::NoFile => {
                write!(
                    f,
                    "the body of {bytes} bytes is XML without an error, expected a file"
                )
            }
        }
    }
}

impl Error for NotXml {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// An answer whose `return_code` is not `SUCCESS`. Nobody signed it.
#[derive(Clone)]
pub struct ProtocolError {
    parameters: Parameters,
}

impl ProtocolError {
    pub(crate) const fn new(parameters: Parameters) -> Self {
        Self { parameters }
    }

    /// `FAIL`, rarely another word.
    #[must_use]
    pub fn return_code(&self) -> &str {
        self.parameters.get("return_code").unwrap_or_default()
    }

    /// What is wrong, for people: `签名错误`, `No Bill Exist`. It may repeat what the merchant sent.
    #[must_use]
    pub fn message(&self) -> &str {
        self.parameters.get("return_msg").unwrap_or_default()
    }

    /// The error code that a few interfaces add: those of bills (`20002`, there is no bill) above all.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        code(&self.parameters).map(ErrorCode::from)
    }

    /// Whether the request may have been carried out all the same, because of trouble within WeChat Pay. At this level
    /// there are words and hardly any codes; they have been these for ten years. Where none of them stands, the request
    /// was found wrong before anything was done with it.
    #[must_use]
    pub fn is_undetermined(&self) -> bool {
        const CODES: [ErrorCode; 3] = [
            ErrorCode::SystemError,
            ErrorCode::BankError,
            ErrorCode::NetworkError,
        ];
        const LATIN: [&str; 4] = ["SYSTEM", "TIMEOUT", "TIMED OUT", "BUSY"];
        const CHINESE: [&str; 4] = ["系统", "超时", "繁忙", "稍后"];
        let message = self.message();
        let latin = [message, self.return_code()].map(str::to_ascii_uppercase);
        self.code().is_some_and(|code| CODES.contains(&code))
            || LATIN
                .iter()
                .any(|word| latin.iter().any(|text| text.contains(word)))
            || CHINESE.iter().any(|word| message.contains(word))
    }

    /// Any field of the answer.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }
}

impl fmt::Debug for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtocolError")
            .field("return_code", &self.return_code())
            .field("message", &self.message())
            .field("code", &self.code())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.return_code(), self.message())?;
        match self.code() {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

impl Error for ProtocolError {}

/// An error of WeChat Pay's: `result_code`, `err_code`, `err_code_des`.
///
/// Each interface lists its own, <https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_1> for one.
#[derive(Clone)]
pub struct ApiError {
    code: ErrorCode,
    parameters: Parameters,
    signed: bool,
}

impl ApiError {
    /// What is an error for all its good `return_code`: a `result_code` that is not `SUCCESS`, or an error code beside
    /// one that is.
    pub(crate) fn find(parameters: &Parameters, signed: bool) -> Option<Self> {
        let refused = parameters
            .get("result_code")
            .is_some_and(|word| word != "SUCCESS");
        let code = code(parameters).filter(|code| !matches!(*code, "SUCCESS" | "OK" | "0"));
        if !refused && code.is_none() {
            return None;
        }
        // Without a code the word itself has to do.
        let code = code.or_else(|| parameters.get("result_code"));
        Some(Self {
            code: code.unwrap_or_default().into(),
            parameters: parameters.clone(),
            signed,
        })
    }

    /// The error code. New ones may come at any time.
    #[must_use]
    pub const fn code(&self) -> &ErrorCode {
        &self.code
    }

    /// The explanation, mostly in Chinese, for people alone: never decide by it. It may repeat what the merchant
    /// sent.
    #[must_use]
    pub fn message(&self) -> &str {
        ["err_code_des", "error_code_des", "error_message"]
            .iter()
            .find_map(|name| self.parameters.get(name))
            .unwrap_or_default()
    }

    /// Whether the answer was signed. Some interfaces do not sign.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.signed
    }

    /// Whether trying again is safe; that of the [code](ErrorCode::repeat).
    #[must_use]
    pub fn repeat(&self) -> Repeat {
        self.code.repeat()
    }

    /// Whether the request may have been carried out all the same: the code says so, or is not known to this version.
    /// Where money goes out, ask first, and try again with the same number only.
    #[must_use]
    pub fn is_undetermined(&self) -> bool {
        self.repeat() == Repeat::Query
    }

    /// Any field of the answer: `result_code`, the number of the order, …
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// All fields of the answer.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

/// The error code, by any of its names.
fn code(parameters: &Parameters) -> Option<&str> {
    ["err_code", "error_code"]
        .iter()
        .find_map(|name| parameters.get(name))
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The other fields are of the order.
        f.debug_struct("ApiError")
            .field("code", &self.code)
            .field("message", &self.message())
            .field("signed", &self.signed)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message())?;
        match self.code.meaning() {
            Some(meaning) => write!(f, " ({meaning})"),
            None => Ok(()),
        }
    }
}

impl Error for ApiError {}

/// Why an answer or a notification is not believed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum VerificationError {
    /// There is no `sign`.
    Missing,
    /// `sign` is neither 32 nor 64 digits long, so it is of no known type.
    Malformed {
        /// How long it is, in bytes.
        length: usize,
    },
    /// `sign` does not fit: the message was changed, or is signed with another API v2 key (API密钥).
    Mismatch,
    /// It is of another merchant.
    OtherMerchant {
        /// The field that says so: `mch_id`.
        field: &'static str,
        /// Which merchant.
        found: Box<str>,
    },
    /// It is of another app than the request.
    OtherApp {
        /// Which app.
        found: Box<str>,
    },
}

impl VerificationError {
    pub(crate) const fn sign(error: VerifyError, length: usize) -> Self {
        match error {
            VerifyError::Malformed => Self::Malformed { length },
            _ => Self::Mismatch,
        }
    }
}

impl fmt::Display for VerificationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("sign: missing"),
            Self::Malformed { length } => write!(
                f,
                "sign: {length} bytes, expected 32 (MD5) or 64 (HMAC-SHA256)"
            ),
            Self::Mismatch => f.write_str(
                "sign: does not fit; see that the API v2 key is the one set in the merchant portal and that the \
                 body came through unchanged",
            ),
            Self::OtherMerchant { field, found } => {
                write!(f, "{field}: of another merchant, {found}")
            }
            Self::OtherApp { found } => {
                write!(f, "appid: of another app than the request, {found}")
            }
        }
    }
}

impl Error for VerificationError {}

/// A genuine answer that could not be read.
#[derive(Clone)]
pub struct DecodeFailure {
    source: DecodeError,
    raw: Bytes,
}

impl DecodeFailure {
    pub(crate) const fn new(source: DecodeError, raw: Bytes) -> Self {
        Self { source, raw }
    }

    /// What could not be read, with its name.
    #[must_use]
    pub const fn error(&self) -> &DecodeError {
        &self.source
    }

    /// The bytes that were verified: what was answered can still be read from them.
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
        let bytes = self.raw.len();
        write!(f, "the verified body of {bytes} bytes cannot be read")
    }
}

impl Error for DecodeFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
