//! Public keys: the platform's, and the public halves of others.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::asn1::{self, PublicNumbers};
use crate::backend::{Backend, RsaPublicKey};
use crate::error::{CipherError, CipherErrorKind, KeyError, VerifyError};
use crate::pem::{self, Wanted};
use crate::{Encryptor, Signature};

/// An RSA public key of 2048 to 8192 bits: WeChat Pay's (微信支付公钥, `pub_key.pem`), or that of a
/// [`Certificate`](crate::Certificate).
///
/// Two keys are equal when their numbers are, whatever they were read from. A clone is cheap.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    key: RsaPublicKey,
    modulus: Box<[u8]>,
    exponent: Box<[u8]>,
}

impl PublicKey {
    /// Reads a PEM text: `-----BEGIN PUBLIC KEY-----` (SubjectPublicKeyInfo) or
    /// `-----BEGIN RSA PUBLIC KEY-----` (PKCS#1). Either sort of line end will do, and so will text
    /// around the block.
    ///
    /// # Errors
    ///
    /// [`KeyError`], which says what was given instead: no PEM, a certificate, a private key, a key of
    /// another algorithm or size.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_pem_with(Backend::default(), text)
    }

    /// Like [`from_pem`](Self::from_pem), with a backend of the caller's choice.
    ///
    /// # Errors
    ///
    /// Those of [`from_pem`](Self::from_pem).
    pub fn from_pem_with(backend: Backend, text: &str) -> Result<Self, KeyError> {
        let (label, der) = pem::read(text, Wanted::PublicKey)?;
        let numbers = match label {
            "RSA PUBLIC KEY" => asn1::pkcs1_public_key(&der)?,
            _ => asn1::spki_public_key(&der)?,
        };
        Self::from_numbers(backend, numbers)
    }

    /// Reads a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is something else, or a key of another algorithm or size.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki_der_with(Backend::default(), der)
    }

    /// Like [`from_spki_der`](Self::from_spki_der), with a backend of the caller's choice.
    ///
    /// # Errors
    ///
    /// Those of [`from_spki_der`](Self::from_spki_der).
    pub fn from_spki_der_with(backend: Backend, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_numbers(backend, asn1::spki_public_key(der)?)
    }

    pub(crate) fn from_numbers(
        backend: Backend,
        numbers: PublicNumbers<'_>,
    ) -> Result<Self, KeyError> {
        let key = RsaPublicKey::new(backend, numbers).map_err(|_| asn1::rejected())?;
        Ok(Self(Arc::new(Inner {
            key,
            modulus: numbers.modulus.into(),
            exponent: numbers.exponent.into(),
        })))
    }

    /// Checks that `signature` is of this message, by the owner of this key: RSASSA-PKCS1-v1_5 with
    /// SHA-256.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Mismatch`] if it is not.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), VerifyError> {
        self.0
            .key
            .verify(message, signature.as_bytes())
            .map_err(|_| VerifyError::Mismatch)
    }

    /// The size of the key in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        asn1::bit_length(&self.0.modulus)
    }

    /// How many bytes of text this key can encrypt at once: 214 for a key of 2048 bits.
    #[must_use]
    pub fn max_plaintext(&self) -> usize {
        // RFC 8017, section 7.1.1: two SHA-1 values and two bytes are spent.
        self.0.modulus.len() - 2 * 20 - 2
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.modulus == other.0.modulus && self.0.exponent == other.0.exponent
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("bits", &self.bits())
            .finish_non_exhaustive()
    }
}

impl Encryptor for PublicKey {
    /// RSAES-OAEP with SHA-1 and MGF1-SHA-1, as
    /// <https://pay.weixin.qq.com/doc/v3/merchant/4013053257> has it.
    fn encrypt(&self, plain: &str) -> Result<String, CipherError> {
        if plain.is_empty() {
            return Ok(String::new());
        }
        let limit = self.max_plaintext();
        if plain.len() > limit {
            return Err(CipherError::new(CipherErrorKind::TooLong {
                length: plain.len(),
                limit,
            }));
        }
        match self.0.key.encrypt(plain.as_bytes()) {
            Ok(ciphertext) => Ok(STANDARD.encode(ciphertext)),
            Err(_) => Err(CipherError::new(CipherErrorKind::Encryption)),
        }
    }
}
