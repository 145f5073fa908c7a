//! From an operation to a signed request.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{Request, Uri};
use wxpay_json::InvalidField;
use wxpay_sign::{Nonce, PlatformKeyId, SignError, Signature, Timestamp};

use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::keyring::PlatformKey;
use crate::operation::{Body, BodyError, Operation, OperationInfo};
use crate::target::{Target, TargetError};
use crate::verification::SERIAL;

/// What identifies this library where the caller says nothing else. WeChat Pay refuses requests without.
pub(crate) const DEFAULT_USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("wxpay-rust/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Downloads are of many types.
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// A request whose target and body are final, to be signed once or, for another attempt, again.
///
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct EncodedRequest {
    info: OperationInfo,
    target: PathAndQuery,
    content_type: Option<HeaderValue>,
    accept: HeaderValue,
    further: Vec<(HeaderName, HeaderValue)>,
    body: RequestBody,
    key: Option<(PlatformKeyId, HeaderValue)>,
}

#[derive(Clone)]
struct RequestBody {
    sent: Bytes,
    /// The signed text, where it is not what is sent.
    signed: Option<Bytes>,
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Orders, names, files: not for logs.
        write!(f, "{} bytes", self.sent.len())
    }
}

impl EncodedRequest {
    pub(crate) fn new<O: Operation + ?Sized>(
        operation: &O,
        key: &PlatformKey,
    ) -> Result<Self, PrepareError> {
        let info = operation.info();
        let encryptor = key.public_key();
        let body = operation.body(encryptor).map_err(PrepareError::Body)?;
        let target = operation.target().sealed(encryptor);
        let target = target.map_err(PrepareError::Body)?;
        let mut encoded = Self::of(info, &target, body, Some(key))?;
        for (name, value) in operation.headers() {
            encoded.further.push(header(name, &value)?);
        }
        Ok(encoded)
    }

    /// The one request that is made before any platform key is known.
    pub(crate) fn without_key(info: OperationInfo, target: &Target) -> Result<Self, PrepareError> {
        Self::of(info, target, Body::Empty, None)
    }

    fn of(
        info: OperationInfo,
        target: &Target,
        body: Body,
        key: Option<&PlatformKey>,
    ) -> Result<Self, PrepareError> {
        // What is signed must be what is sent: nothing may be left that somebody would normalise.
        target.check().map_err(PrepareError::Target)?;
        let target: PathAndQuery = target
            .as_str()
            .parse()
            .map_err(|_| PrepareError::Target(TargetError::syntax()))?;
        let (content_type, body) = match body {
            Body::Empty => (
                None,
                RequestBody {
                    sent: Bytes::new(),
                    signed: None,
                },
            ),
            Body::Json(json) => (
                Some(JSON),
                RequestBody {
                    sent: json,
                    signed: None,
                },
            ),
            Body::Multipart(form) => {
                let content_type = HeaderValue::from_str(form.content_type())
                    .map_err(|_| PrepareError::Header("Content-Type"))?;
                let signed = Some(form.meta().clone());
                (
                    Some(content_type),
                    RequestBody {
                        sent: form.body().clone(),
                        signed,
                    },
                )
            }
        };
        let key = key.map(|key| {
            let value = HeaderValue::from_str(key.id().as_str())
                .map_err(|_| PrepareError::Header("Wechatpay-Serial"))?;
            Ok((key.id().clone(), value))
        });
        let accept = match info.reply {
            crate::ReplySignature::Signed => JSON,
            crate::ReplySignature::Unsigned | crate::ReplySignature::Digest => ANYTHING,
        };
        Ok(Self {
            info,
            target,
            content_type,
            accept,
            further: Vec::new(),
            body,
            key: key.transpose()?,
        })
    }

    /// What the operation says of itself.
    #[must_use]
    pub const fn info(&self) -> &OperationInfo {
        &self.info
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        self.target.as_str()
    }

    /// The bytes to send.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body.sent
    }

    /// The platform key that sensitive fields are encrypted with and the answer should be signed by.
    #[must_use]
    pub fn key_id(&self) -> Option<&PlatformKeyId> {
        self.key.as_ref().map(|(id, _)| id)
    }

    /// The message a signature covers, with this time and nonce.
    #[must_use]
    pub fn message(&self, at: Timestamp, nonce: &Nonce) -> Vec<u8> {
        let body = self.body.signed.as_ref().unwrap_or(&self.body.sent);
        wxpay_sign::request_message(self.info.method.as_str(), self.target(), at, nonce, body)
    }

    pub(crate) fn sign(
        &self,
        credential: &Credential,
        at: Timestamp,
        nonce: &Nonce,
    ) -> Result<Request<Bytes>, PrepareError> {
        let signature = credential
            .signer()
            .sign(&self.message(at, nonce))
            .map_err(PrepareError::Sign)?;
        self.attach(credential, at, nonce, &signature)
    }

    fn attach(
        &self,
        credential: &Credential,
        at: Timestamp,
        nonce: &Nonce,
        signature: &Signature,
    ) -> Result<Request<Bytes>, PrepareError> {
        let authorization = credential.authorization(nonce, at, signature);
        let mut authorization = HeaderValue::try_from(authorization)
            .map_err(|_| PrepareError::Header("Authorization"))?;
        authorization.set_sensitive(true);
        let mut request = Request::new(self.body.sent.clone());
        *request.method_mut() = self.info.method.clone();
        *request.uri_mut() = Uri::from(self.target.clone());
        let headers = request.headers_mut();
        headers.reserve(5 + self.further.len());
        for (name, value) in &self.further {
            headers.append(name, value.clone());
        }
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(ACCEPT, self.accept.clone());
        headers.insert(USER_AGENT, DEFAULT_USER_AGENT);
        if let Some(content_type) = &self.content_type {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        if let Some((_, value)) = &self.key {
            headers.insert(SERIAL, value.clone());
        }
        Ok(request)
    }
}

/// A header of an operation's own.
fn header(name: &'static str, value: &str) -> Result<(HeaderName, HeaderValue), PrepareError> {
    let refused = PrepareError::Header(name);
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(refused);
    };
    // What the protocol writes is nobody else's.
    let own = [
        ACCEPT,
        AUTHORIZATION,
        CONTENT_LENGTH,
        CONTENT_TYPE,
        HOST,
        USER_AGENT,
    ];
    if own.contains(&parsed) || parsed.as_str().starts_with("wechatpay-") {
        return Err(refused);
    }
    match HeaderValue::from_str(value) {
        Ok(value) if !value.is_empty() => Ok((parsed, value)),
        _ => Err(refused),
    }
}

/// A request that lacks nothing but its signature: for keys that live in an HSM or a KMS.
#[derive(Clone)]
#[must_use = "an unsigned request has to be signed"]
pub struct UnsignedRequest {
    encoded: EncodedRequest,
    credential: Credential,
    endpoint: Endpoint,
    at: Timestamp,
    nonce: Nonce,
    message: Vec<u8>,
}

impl UnsignedRequest {
    pub(crate) fn new(
        encoded: EncodedRequest,
        credential: Credential,
        endpoint: Endpoint,
        at: Timestamp,
        nonce: Nonce,
    ) -> Self {
        let message = encoded.message(at, &nonce);
        Self {
            encoded,
            credential,
            endpoint,
            at,
            nonce,
            message,
        }
    }

    /// What to sign, with RSASSA-PKCS1-v1_5 and SHA-256.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Adds the signature. It is not checked: WeChat Pay will.
    ///
    /// # Errors
    ///
    /// Where the signature cannot be written into a header.
    pub fn attach(self, signature: &Signature) -> Result<Request<Bytes>, PrepareError> {
        let request = self
            .encoded
            .attach(&self.credential, self.at, &self.nonce, signature)?;
        Ok(self.endpoint.apply(request))
    }
}

impl fmt::Debug for UnsignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The message holds the whole body.
        f.debug_struct("UnsignedRequest")
            .field("encoded", &self.encoded)
            .field("endpoint", &self.endpoint)
            .field("message_len", &self.message.len())
            .finish_non_exhaustive()
    }
}

/// Why a request could not be made. Nothing was sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum PrepareError {
    /// A field is missing or breaks its limit.
    Invalid(InvalidField),
    /// The body could not be made.
    Body(BodyError),
    /// The target cannot be sent as it would be signed.
    Target(TargetError),
    /// The header of this name cannot be written: the text for it is empty or has a character that no header
    /// may have, or the header is one that only the protocol writes.
    Header(&'static str),
    /// No platform key is known: fetch the certificates first, or configure a WeChat Pay public key.
    NoPlatformKey,
    /// The operation is a brand's (`/brand/…`), and the merchant was given none.
    NoBrand,
    /// The signer failed.
    Sign(SignError),
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid(_) => "a field of the request breaks its limit; nothing was sent",
            Self::Body(_) => "the body of the request cannot be made; nothing was sent",
            Self::Target(_) => "the target of the request cannot be sent; nothing was sent",
            Self::Header(name) => {
                return write!(f, "{name}: cannot be written as a header; nothing was sent");
            }
            Self::NoPlatformKey => {
                "no valid platform key: fetch the platform certificates or configure a WeChat Pay public \
                 key; nothing was sent"
            }
            Self::NoBrand => {
                "the operation is a brand's: give the merchant one with `Merchant::with_brand`; nothing was \
                 sent"
            }
            Self::Sign(_) => "the request could not be signed; nothing was sent",
        })
    }
}

impl Error for PrepareError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(source) => Some(source),
            Self::Body(source) => Some(source),
            Self::Target(source) => Some(source),
            Self::Sign(source) => Some(source),
            Self::Header(_) | Self::NoPlatformKey | Self::NoBrand => None,
        }
    }
}
