//! What an operation is to the protocol.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wxpay_json::{DecodeError, EncodeError, InvalidField};
use wxpay_sign::{CipherError, Decryptor, Encryptor};

use crate::endpoint::Endpoint;
use crate::multipart::Multipart;
use crate::target::Target;

/// A request to WeChat Pay as a value: what is asked, and how its answer is read.
///
/// `wxpay-api` has one type for every documented interface. Write your own for what is not there, it
/// is a handful of lines, or use [`Untyped`](crate::Untyped).
pub trait Operation: Send + Sync {
    /// What a good answer becomes.
    type Response: Send;

    /// Name, method, and how the operation may be repeated and believed.
    fn info(&self) -> OperationInfo;

    /// Checks the fields before anything is sent.
    ///
    /// # Errors
    ///
    /// The first field that is missing, too long, or outside its alphabet or range.
    fn check(&self) -> Result<(), InvalidField> {
        Ok(())
    }

    /// Path and query, percent-encoded once: what is signed and what is sent. Sensitive values of the
    /// query are given to [`Target::query_encrypted`].
    fn target(&self) -> Target;

    /// Headers of its own, such as `Idempotency-Key`; what the protocol writes is not among them.
    fn headers(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The body. Sensitive fields are encrypted with `encryptor`, the platform key whose id the request
    /// will name in `Wechatpay-Serial`.
    ///
    /// # Errors
    ///
    /// Where a field cannot be encrypted or the value has no form in JSON.
    fn body(&self, encryptor: &dyn Encryptor) -> Result<Body, BodyError>;

    /// Reads a verified answer.
    ///
    /// # Errors
    ///
    /// Where the body is not what the operation answers with.
    fn decode(&self, reply: Reply<'_>) -> Result<Self::Response, DecodeError>;
}

/// What the protocol has to know about an operation, apart from its values.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// Family and name, `pay.native_prepay`: for traces and errors.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// Whether it may be repeated.
    pub idempotency: Idempotency,
    /// Whether its answer is signed.
    pub reply: ReplySignature,
    /// Where it is found.
    pub host: Host,
}

impl OperationInfo {
    /// Puts the four together, for the main host.
    #[must_use]
    pub const fn new(
        name: &'static str,
        method: Method,
        idempotency: Idempotency,
        reply: ReplySignature,
    ) -> Self {
        Self {
            name,
            method,
            idempotency,
            reply,
            host: Host::Main,
        }
    }

    /// The same on another host.
    #[must_use]
    pub const fn at(mut self, host: Host) -> Self {
        self.host = host;
        self
    }
}

/// Where an operation is found. An endpoint of one's own, such as the sandbox's, stands for all of them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Host {
    /// <https://api.mch.weixin.qq.com>.
    Main,
    /// <https://apihk.mch.weixin.qq.com>: cross-border payment (境外).
    HongKong,
}

impl Host {
    /// Where to send to, for a merchant that sends to `endpoint`: an endpoint that is not WeChat Pay's own
    /// (the sandbox, a gateway) stands for every host.
    #[must_use]
    pub fn endpoint(self, endpoint: &Endpoint) -> Endpoint {
        match self {
            Self::HongKong if endpoint.is_main() => Endpoint::hong_kong(),
            _ => endpoint.clone(),
        }
    }
}

/// What happens when the same request is carried out twice.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Idempotency {
    /// Nothing is changed by it: a query.
    Safe,
    /// A number chosen by the merchant (`out_trade_no`, `out_refund_no`, …) makes the second time
    /// return the result of the first.
    MerchantNumber,
    /// It would happen twice.
    No,
}

/// Whether a good answer carries a signature.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ReplySignature {
    /// It does, and is not believed without.
    Signed,
    /// It does not: files, whose integrity is proven by a hash from a signed answer.
    Unsigned,
    /// A file that is signed by its SHA-1: the signature covers `{"sha1":"…"}` with what the header
    /// `Wechatpay-Statement-Sha1` says, and the file has to have that hash (cross-border statements).
    Digest,
}

/// The body of a request.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// None. GET and most DELETEs have none, some POSTs too; the signature covers an empty text.
    Empty,
    /// JSON in UTF-8; these very bytes are signed and sent.
    Json(Bytes),
    /// An upload, of which the `meta` part is signed.
    Multipart(Multipart),
}

impl Body {
    /// Writes a value as JSON.
    ///
    /// # Errors
    ///
    /// Where the value has no form in JSON.
    pub fn json<T: Serialize>(value: &T) -> Result<Self, BodyError> {
        wxpay_json::encode(value)
            .map(Self::Json)
            .map_err(BodyError::Encode)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Orders and names: not for logs.
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(json) => write!(f, "Json({} bytes)", json.len()),
            Self::Multipart(form) => f.debug_tuple("Multipart").field(form).finish(),
        }
    }
}

/// An answer that has been verified, about to be read.
#[derive(Clone, Copy)]
pub struct Reply<'a> {
    status: StatusCode,
    body: &'a Bytes,
    decryptor: &'a dyn Decryptor,
}

impl<'a> Reply<'a> {
    pub(crate) const fn new(
        status: StatusCode,
        body: &'a Bytes,
        decryptor: &'a dyn Decryptor,
    ) -> Self {
        Self {
            status,
            body,
            decryptor,
        }
    }

    /// The HTTP status: 200, 202 or 204, mostly.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The bytes that were verified.
    #[must_use]
    pub const fn body(&self) -> &'a Bytes {
        self.body
    }

    /// Decrypts sensitive fields with the merchant's private key.
    #[must_use]
    pub const fn decryptor(&self) -> &'a dyn Decryptor {
        self.decryptor
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// Where it is not, with the path of the field.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        wxpay_json::decode(self.body)
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Answers hold what is nobody else's business.
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why a body could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum BodyError {
    /// The value has no form in JSON.
    Encode(EncodeError),
    /// A sensitive field could not be encrypted.
    Encrypt {
        /// Its path.
        field: &'static str,
        /// Why not: mostly too long for the key.
        source: CipherError,
    },
    /// A field breaks its limit, seen only while the body was made.
    Invalid(InvalidField),
    /// A sensitive field of v2 has to be encrypted, and no key for it was configured.
    NoEncryptionKey {
        /// Its name.
        field: &'static str,
    },
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(_) => f.write_str("the body cannot be written"),
            Self::Encrypt { field, .. } => write!(f, "{field}: cannot be encrypted"),
            Self::Invalid(_) => f.write_str("a field of the request breaks its limit"),
            Self::NoEncryptionKey { field } => write!(
                f,
                "{field}: has to be encrypted and there is no key for it: fetch one with /risk/getpublickey and \
                 give it to `Merchant::with_encryption_key`"
            ),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(source) => Some(source),
            Self::Encrypt { source, .. } => Some(source),
            Self::Invalid(source) => Some(source),
            Self::NoEncryptionKey { .. } => None,
        }
    }
}
