//! What can go wrong. No error holds a secret, and none shows more than it must.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A key or a certificate that cannot be used.
///
/// The text says what was given and what to give instead; it never shows any of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    kind: KeyErrorKind,
    text: Cow<'static, str>,
}

impl KeyError {
    pub(crate) fn new(kind: KeyErrorKind, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// What is wrong, for a caller that has to decide something.
    #[must_use]
    pub const fn kind(&self) -> KeyErrorKind {
        self.kind
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for KeyError {}

/// The kinds of [`KeyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// There is no `-----BEGIN …-----` line, or no matching end.
    NotPem,
    /// A certificate was given where a key is expected.
    CertificateGiven,
    /// A certificate signing request (证书请求串) was given.
    CertificateRequestGiven,
    /// A public key was given where something else is expected.
    PublicKeyGiven,
    /// A private key was given where something else is expected.
    PrivateKeyGiven,
    /// The private key is encrypted with a password.
    Encrypted,
    /// The key is of another algorithm, such as EC, SM2 or Ed25519.
    NotRsa,
    /// The RSA key is shorter than 2048 bits or longer than 8192.
    Size,
    /// The PEM block is none of those that are known here.
    UnknownLabel,
    /// The Base64 or the DER inside is broken.
    Malformed,
    /// The structure is sound but the numbers are no usable RSA key.
    Rejected,
    /// A key text of the merchant portal has the wrong length.
    Length,
    /// A key text of the merchant portal has characters that it cannot have.
    Alphabet,
}

/// A signature could not be made.
pub struct SignError(Option<Box<dyn Error + Send + Sync>>);

impl SignError {
    /// For a [`Signer`](crate::Signer) of the caller's own, such as one in front of a hardware module.
    /// `source` must not show any secret: it is what [`Error::source`] returns.
    #[must_use]
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Some(source.into()))
    }

    pub(crate) const fn backend() -> Self {
        Self(None)
    }
}

impl fmt::Debug for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SignError").field(&self.0).finish()
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message could not be signed")
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_deref().map(|source| source as _)
    }
}

/// A signature that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyError {
    /// It is not even a signature: wrong Base64, wrong length, wrong digits.
    Malformed,
    /// It is a signature, but not of this message by this key.
    Mismatch,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the signature is malformed",
            Self::Mismatch => "the signature does not match the message",
        })
    }
}

impl Error for VerifyError {}

/// Something could not be encrypted or decrypted.
///
/// Every way decryption can fail gives the same error with the same text, so that it tells a peer nothing.
pub struct CipherError {
    kind: CipherErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CipherError {
    pub(crate) const fn new(kind: CipherErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// For an [`Encryptor`](crate::Encryptor) of the caller's own. `source` must not show any secret.
    #[must_use]
    pub fn encryption(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: CipherErrorKind::Encryption,
            source: Some(source.into()),
        }
    }

    /// For a [`Decryptor`](crate::Decryptor) of the caller's own. `source` must not show any secret, nor
    /// say why a padding was wrong.
    #[must_use]
    pub fn decryption(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: CipherErrorKind::Decryption,
            source: Some(source.into()),
        }
    }

    /// What went wrong, for a caller that has to decide something.
    #[must_use]
    pub const fn kind(&self) -> CipherErrorKind {
        self.kind
    }
}

impl fmt::Debug for CipherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CipherError")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}

impl fmt::Display for CipherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            CipherErrorKind::TooLong { length, limit } => {
                write!(
                    f,
                    "{length} bytes cannot be encrypted, at most {limit} with this key"
                )
            }
            CipherErrorKind::Encryption => f.write_str("encryption failed"),
            CipherErrorKind::Decryption => f.write_str(
                "decryption failed: the key does not belong to the ciphertext, or it was changed",
            ),
        }
    }
}

impl Error for CipherError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The kinds of [`CipherError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CipherErrorKind {
    /// The text is longer than the key can encrypt; both in bytes of UTF-8.
    #[non_exhaustive]
    TooLong {
        /// How long the text is.
        length: usize,
        /// How long it may be: 214 for a key of 2048 bits.
        limit: usize,
    },
    /// Encryption failed for another reason, such as a lack of randomness.
    Encryption,
    /// Decryption failed.
    Decryption,
}
