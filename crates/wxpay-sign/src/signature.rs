//! Signatures, and the traits of those who make them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{CipherError, SignError, VerifyError};

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
}

impl Algorithm {
    /// The authentication scheme of the `Authorization` header, and the value of
    /// `Wechatpay-Signature-Type`.
    #[must_use]
    pub const fn auth_scheme(self) -> &'static str {
        match self {
            Self::RsaSha256 => "WECHATPAY2-SHA256-RSA2048",
        }
    }
}

/// A signature: on the wire Base64 of the standard alphabet, padded, on one line.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Signature(Vec<u8>);

impl Signature {
    /// What the signature text of a probe (签名探测) starts with: WeChat Pay now and then sends a wrong
    /// signature on purpose, to see whether it is refused.
    pub const PROBE_PREFIX: &'static str = "WECHATPAY/SIGNTEST/";

    /// As long as the largest key makes them: 8192 bits.
    const MAX_BYTES: usize = 1024;

    /// Takes the bytes of a signature.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Reads the text of a `Wechatpay-Signature` header.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`] if it is empty, longer than any key here makes, or not strict Base64:
    /// white space, a line break, missing padding and the other alphabet are all refused.
    pub fn from_base64(text: &str) -> Result<Self, VerifyError> {
        if text.is_empty() || text.len() > Self::MAX_BYTES.div_ceil(3) * 4 {
            return Err(VerifyError::Malformed);
        }
        match STANDARD.decode(text) {
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(VerifyError::Malformed),
        }
    }

    /// The text for a header or a parameter.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether a signature text is a probe. It must be refused like any wrong signature; a log may say
    /// why.
    #[must_use]
    pub fn is_probe(text: &str) -> bool {
        text.starts_with(Self::PROBE_PREFIX)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", self.to_base64())
    }
}

/// Signs messages: a [`PrivateKey`](crate::PrivateKey), or the caller's own way to a hardware module or a
/// key management service.
pub trait Signer: fmt::Debug + Send + Sync {
    /// How this signs; decides the scheme of the `Authorization` header.
    fn algorithm(&self) -> Algorithm;

    /// Signs the message; hashing it is part of signing.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the key, the module behind it or the source of randomness fails.
    fn sign(&self, message: &[u8]) -> Result<Signature, SignError>;

    /// Whether a signature takes long enough (more than about half a millisecond) that an asynchronous
    /// caller should move it off its executor.
    fn is_slow(&self) -> bool {
        false
    }
}

/// Encrypts sensitive fields (敏感信息加密) for WeChat Pay: a [`PublicKey`](crate::PublicKey) of the platform.
pub trait Encryptor: fmt::Debug + Send + Sync {
    /// Encrypts a text; the result is Base64. An empty text stays empty, as WeChat Pay wants it.
    ///
    /// # Errors
    ///
    /// [`CipherError`] if the text is too long for the key, or encryption fails.
    fn encrypt(&self, plain: &str) -> Result<String, CipherError>;
}

/// Decrypts sensitive fields (敏感信息解密) that WeChat Pay encrypted for the merchant: a
/// [`PrivateKey`](crate::PrivateKey), or the caller's own.
pub trait Decryptor: fmt::Debug + Send + Sync {
    /// Decrypts Base64 text. An empty text stays empty.
    ///
    /// # Errors
    ///
    /// [`CipherError`], the same for every reason.
    fn decrypt(&self, cipher_base64: &str) -> Result<String, CipherError>;
}
