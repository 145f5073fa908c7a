//! The one door to cryptography. Everything else in this crate calls through here.

use crate::asn1::{PrivateNumbers, PublicNumbers};

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;
#[cfg(feature = "file")]
pub(crate) mod stream;

/// Which library does the cryptography. Both give the same bytes; both may be compiled in at once.
///
/// A variant exists only with its feature. The default is AWS-LC where it is compiled in, else RustCrypto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// The pure-Rust crates `rsa`, `aes-gcm` and `sha2`. Needs the feature `rustcrypto`.
    #[cfg(feature = "rustcrypto")]
    RustCrypto,
    /// AWS-LC through `aws-lc-rs`. Needs the feature `aws-lc-rs`.
    #[cfg(feature = "aws-lc-rs")]
    AwsLc,
}

impl Backend {
    /// Every backend that is compiled in.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &[
            #[cfg(feature = "rustcrypto")]
            Self::RustCrypto,
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc,
        ]
    }
}

impl Default for Backend {
    fn default() -> Self {
        #[cfg(feature = "aws-lc-rs")]
        return Self::AwsLc;
        #[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
        return Self::RustCrypto;
        #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
        unreachable!("refused when compiled")
    }
}

/// A backend could not do it. Why is not told, because an attacker could learn from it.
pub(crate) struct Failed;

/// One match for all that is done the same way with either backend.
///
/// It matches on the place, not on a reference, so that a build without any backend has one error to show:
/// the one that says which feature is missing.
macro_rules! with {
    ($value:expr, $inner:ident => $call:expr) => {
        match *$value {
            #[cfg(feature = "rustcrypto")]
            Self::RustCrypto(ref $inner) => $call,
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(ref $inner) => $call,
        }
    };
}

/// An RSA private key. Wiped when dropped, by the library that holds it.
pub(crate) enum RsaPrivateKey {
    #[cfg(feature = "rustcrypto")]
    RustCrypto(Box<rustcrypto::PrivateKey>),
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(aws_lc::PrivateKey),
}

impl RsaPrivateKey {
    pub(crate) fn new(backend: Backend, numbers: &PrivateNumbers<'_>) -> Result<Self, Failed> {
        Ok(match backend {
            #[cfg(feature = "rustcrypto")]
            Backend::RustCrypto => {
                Self::RustCrypto(Box::new(rustcrypto::PrivateKey::new(numbers)?))
            }
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLc => Self::AwsLc(aws_lc::PrivateKey::new(numbers)?),
        })
    }

    /// RSASSA-PKCS1-v1_5 over the SHA-256 of the message.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failed> {
        with!(self, key => key.sign(message))
    }

    /// RSAES-OAEP with SHA-1, MGF1 with SHA-1, no label.
    pub(crate) fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, Failed> {
        with!(self, key => key.decrypt(ciphertext))
    }

    pub(crate) const fn backend(&self) -> Backend {
        match *self {
            #[cfg(feature = "rustcrypto")]
            Self::RustCrypto(_) => Backend::RustCrypto,
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(_) => Backend::AwsLc,
        }
    }
}

/// An RSA public key.
pub(crate) enum RsaPublicKey {
    #[cfg(feature = "rustcrypto")]
    RustCrypto(rustcrypto::PublicKey),
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(aws_lc::PublicKey),
}

impl RsaPublicKey {
    pub(crate) fn new(backend: Backend, numbers: PublicNumbers<'_>) -> Result<Self, Failed> {
        Ok(match backend {
            #[cfg(feature = "rustcrypto")]
            Backend::RustCrypto => Self::RustCrypto(rustcrypto::PublicKey::new(numbers)?),
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLc => Self::AwsLc(aws_lc::PublicKey::new(numbers)?),
        })
    }

    /// Checks an RSASSA-PKCS1-v1_5 signature over the SHA-256 of the message.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Failed> {
        with!(self, key => key.verify(message, signature))
    }

    /// RSAES-OAEP with SHA-1, MGF1 with SHA-1, no label.
    pub(crate) fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, Failed> {
        with!(self, key => key.encrypt(plain))
    }
}

/// AES-256-GCM with a tag of 16 bytes after the ciphertext. The key schedule is made once.
pub(crate) enum Aes256Gcm {
    #[cfg(feature = "rustcrypto")]
    RustCrypto(Box<rustcrypto::Gcm>),
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(Box<aws_lc::Gcm>),
}

impl Aes256Gcm {
    pub(crate) const TAG: usize = 16;

    pub(crate) fn new(backend: Backend, key: &[u8; 32]) -> Result<Self, Failed> {
        Ok(match backend {
            #[cfg(feature = "rustcrypto")]
            Backend::RustCrypto => Self::RustCrypto(Box::new(rustcrypto::Gcm::new(key))),
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLc => Self::AwsLc(Box::new(aws_lc::Gcm::new(key)?)),
        })
    }

    /// Decrypts in place and cuts the tag off. What is in `buffer` after a failure is of no use.
    pub(crate) fn open(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        with!(self, gcm => gcm.open(nonce, aad, buffer))
    }

    /// Encrypts in place and appends the tag.
    pub(crate) fn seal(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        with!(self, gcm => gcm.seal(nonce, aad, buffer))
    }
}

/// AES-256 in ECB mode, block by block, no padding.
pub(crate) enum Aes256Ecb {
    #[cfg(feature = "rustcrypto")]
    RustCrypto(Box<rustcrypto::Ecb>),
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(Box<aws_lc::Ecb>),
}

impl Aes256Ecb {
    pub(crate) fn new(backend: Backend, key: &[u8; 32]) -> Result<Self, Failed> {
        Ok(match backend {
            #[cfg(feature = "rustcrypto")]
            Backend::RustCrypto => Self::RustCrypto(Box::new(rustcrypto::Ecb::new(key))),
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLc => Self::AwsLc(Box::new(aws_lc::Ecb::new(key)?)),
        })
    }

    /// Decrypts whole blocks in place.
    pub(crate) fn decrypt(&self, buffer: &mut [u8]) -> Result<(), Failed> {
        with!(self, ecb => ecb.decrypt(buffer))
    }

    /// Encrypts whole blocks in place.
    pub(crate) fn encrypt(&self, buffer: &mut [u8]) -> Result<(), Failed> {
        with!(self, ecb => ecb.encrypt(buffer))
    }
}
