//! From an answer to a verified value.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use sha1::{Digest as _, Sha1};
use wxpay_json::DecodeError;
use wxpay_sign::{PlatformKeyId, Timestamp};

use crate::api_error::ApiError;
use crate::credential::Credential;
use crate::keyring::PlatformKeyring;
use crate::operation::{Operation, Reply, ReplySignature};
use crate::verification::{SignatureHeaders, VerificationError, is_signed, statement_digest};

/// A verified answer.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    status: StatusCode,
    request_id: Option<Box<str>>,
    key: Option<PlatformKeyId>,
    raw: Bytes,
}

impl<T> Response<T> {
    /// What was answered.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// What was answered, by value.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// The HTTP status, one of the 2xx: 202 says that the outcome is still open.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// WeChat Pay's number for the call (`Request-ID`), for support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The key that signed it; none for unsigned files.
    #[must_use]
    pub const fn key_id(&self) -> Option<&PlatformKeyId> {
        self.key.as_ref()
    }

    /// The bytes that were verified.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Verifies, then decodes.
pub(crate) fn accept<O: Operation + ?Sized>(
    operation: &O,
    response: &http::Response<Bytes>,
    credential: &Credential,
    keyring: &PlatformKeyring,
    now: Timestamp,
) -> Result<Response<O::Response>, AcceptError> {
    let reply = operation.info().reply;
    let key = verified(response, reply, keyring, now)?;
    let status = response.status();
    let request_id = request_id(response.headers());
    let decoded = operation.decode(Reply::new(status, response.body(), credential.decryptor()));
    match decoded {
        Ok(value) => Ok(Response {
            value,
            status,
            request_id: request_id.map(Box::from),
            key,
            raw: response.body().clone(),
        }),
        Err(source) => Err(AcceptError::Decode(Box::new(DecodeFailure {
            source,
            status,
            request_id: request_id.map(Box::from),
            raw: response.body().clone(),
        }))),
    }
}

/// Proves an answer, or turns it into the error it is. Returns the key that signed it.
pub(crate) fn verified(
    response: &http::Response<Bytes>,
    reply: ReplySignature,
    keyring: &PlatformKeyring,
    now: Timestamp,
) -> Result<Option<PlatformKeyId>, AcceptError> {
    let (status, headers, body) = (response.status(), response.headers(), response.body());
    if !status.is_success() {
        // Errors, above all 401, may come without a signature; one that is there has to be right.
        let key = if is_signed(headers) {
            Some(prove(headers, body, keyring, now).map_err(AcceptError::Verification)?)
        } else {
            None
        };
        return Err(refused(response, key.is_some()));
    }
    match reply {
        ReplySignature::Unsigned => Ok(None),
        ReplySignature::Signed => prove(headers, body, keyring, now)
            .map(Some)
            .map_err(AcceptError::Verification),
        ReplySignature::Digest => prove_file(headers, body, keyring, now)
            .map(Some)
            .map_err(AcceptError::Verification),
    }
}

/// Checks a file that is signed by its SHA-1.
fn prove_file(
    headers: &HeaderMap,
    body: &[u8],
    keyring: &PlatformKeyring,
    now: Timestamp,
) -> Result<PlatformKeyId, VerificationError> {
    let (sha1, key) = prove_digest(headers, keyring, now)?;
    if <[u8; 20]>::from(Sha1::digest(body)) == sha1 {
        Ok(key)
    } else {
        let body_len = body.len();
        Err(VerificationError::Digest { body_len })
    }
}

/// Checks the signature over the SHA-1 that a header says, and gives that.
pub(crate) fn prove_digest(
    headers: &HeaderMap,
    keyring: &PlatformKeyring,
    now: Timestamp,
) -> Result<([u8; 20], PlatformKeyId), VerificationError> {
    let (text, sha1) = statement_digest(headers)?;
    let signed = format!("{{\"sha1\":\"{text}\"}}");
    let key = prove(headers, signed.as_bytes(), keyring, now)?;
    Ok((sha1, key))
}

/// The error that an answer with an error status is.
pub(crate) fn refused(response: &http::Response<Bytes>, verified: bool) -> AcceptError {
    let (status, headers, body) = (response.status(), response.headers(), response.body());
    match ApiError::read(status, headers, body, verified) {
        Some(error) => AcceptError::Api(Box::new(error)),
        None => AcceptError::Unexpected(Box::new(UnexpectedAnswer::of(response))),
    }
}

/// Checks headers, clock, key and signature over the raw bytes.
pub(crate) fn prove(
    headers: &HeaderMap,
    body: &[u8],
    keyring: &PlatformKeyring,
    now: Timestamp,
) -> Result<PlatformKeyId, VerificationError> {
    let signature = SignatureHeaders::read(headers, now)?;
    let id = signature.key_id()?;
    let Some(key) = keyring.key(&id) else {
        return Err(VerificationError::UnknownKey(id));
    };
    signature.verify(&id, key.public_key(), body)?;
    Ok(id)
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("request-id")?.to_str().ok()?;
    (!id.is_empty() && id.len() <= 256).then_some(id)
}

/// Why an answer became no value.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcceptError {
    /// It is not provably WeChat Pay's. Whether the request was carried out is unknown.
    Verification(VerificationError),
    /// WeChat Pay answered with an error.
    Api(Box<ApiError>),
    /// It is WeChat Pay's, but not of the form the operation answers with. The request may well have
    /// been carried out.
    Decode(Box<DecodeFailure>),
    /// An error status without WeChat Pay's error body: a gateway, a proxy, an overload page. Whether
    /// the request was carried out is unknown.
    Unexpected(Box<UnexpectedAnswer>),
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
            Self::Unexpected(_) => {
                "the answer is an error that is not WeChat Pay's; the request may have been carried out"
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
            Self::Unexpected(source) => Some(source),
        }
    }
}

/// A genuine answer that could not be read.
#[derive(Clone)]
pub struct DecodeFailure {
    source: DecodeError,
    status: StatusCode,
    request_id: Option<Box<str>>,
    raw: Bytes,
}

impl DecodeFailure {
    /// What could not be read, with its path.
    #[must_use]
    pub const fn error(&self) -> &DecodeError {
        &self.source
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// WeChat Pay's number for the call.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The verified bytes: what was answered can still be read from them.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }
}

impl fmt::Debug for DecodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeFailure")
            .field("error", &self.source)
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .field("raw_len", &self.raw.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for DecodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the verified body of {} bytes cannot be read",
            self.raw.len()
        )
    }
}

impl Error for DecodeFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// An error answer that is not of WeChat Pay's form.
#[derive(Clone, Debug)]
pub struct UnexpectedAnswer {
    status: StatusCode,
    request_id: Option<Box<str>>,
    retry_after: Option<std::time::Duration>,
    body_len: usize,
}

impl UnexpectedAnswer {
    pub(crate) fn of(response: &http::Response<Bytes>) -> Self {
        Self {
            status: response.status(),
            request_id: request_id(response.headers()).map(Box::from),
            retry_after: crate::api_error::retry_after(response.headers()),
            body_len: response.body().len(),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// WeChat Pay's number for the call, where there is one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// How long to wait before another attempt, where the answer says so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<std::time::Duration> {
        self.retry_after
    }
}

impl fmt::Display for UnexpectedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "HTTP {} with {} bytes that are no error object",
            self.status, self.body_len
        )
    }
}

impl Error for UnexpectedAnswer {}
