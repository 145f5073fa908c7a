//! The merchant's private key.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroize as _;

use crate::asn1::{self, PrivateNumbers};
use crate::backend::{Backend, RsaPrivateKey};
use crate::error::{CipherError, CipherErrorKind, KeyError, SignError};
use crate::pem::{self, Wanted};
use crate::{Algorithm, Decryptor, PublicKey, Signature, Signer};

/// An RSA private key of 2048 to 8192 bits: the merchant's (商户API私钥, `apiclient_key.pem`).
///
/// It signs requests and decrypts what WeChat Pay encrypted for the merchant. Every use of the key is
/// blinded against timing attacks. The key is wiped from memory when the last clone is dropped, its
/// `Debug` text shows nothing, and there is no way to get it out again.
///
/// A clone is cheap: clones share one key.
#[derive(Clone)]
pub struct PrivateKey(Arc<Inner>);

struct Inner {
    key: RsaPrivateKey,
    public: PublicKey,
}

impl PrivateKey {
    /// Reads a PEM text: `-----BEGIN PRIVATE KEY-----` (PKCS#8) or `-----BEGIN RSA PRIVATE KEY-----`
    /// (PKCS#1), not encrypted. Either sort of line end will do, and so will text around the block.
    ///
    /// # Errors
    ///
    /// [`KeyError`], which says what was given instead: no PEM, a certificate, a public key, an encrypted
    /// key, a key of another algorithm or size.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_pem_with(Backend::default(), text)
    }

    /// Like [`from_pem`](Self::from_pem), with a backend of the caller's choice.
    ///
    /// # Errors
    ///
    /// Those of [`from_pem`](Self::from_pem).
    pub fn from_pem_with(backend: Backend, text: &str) -> Result<Self, KeyError> {
        let (label, der) = pem::read(text, Wanted::PrivateKey)?;
        let numbers = match label {
            "RSA PRIVATE KEY" => asn1::pkcs1_private_key(&der)?,
            _ => asn1::pkcs8_private_key(&der)?,
        };
        Self::from_numbers(backend, &numbers)
    }

    /// Reads a PKCS#8 `PrivateKeyInfo` in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is something else, or a key of another algorithm or size.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_pkcs8_der_with(Backend::default(), der)
    }

    /// Like [`from_pkcs8_der`](Self::from_pkcs8_der), with a backend of the caller's choice.
    ///
    /// # Errors
    ///
    /// Those of [`from_pkcs8_der`](Self::from_pkcs8_der).
    pub fn from_pkcs8_der_with(backend: Backend, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_numbers(backend, &asn1::pkcs8_private_key(der)?)
    }

    fn from_numbers(backend: Backend, numbers: &PrivateNumbers<'_>) -> Result<Self, KeyError> {
        let public = PublicKey::from_numbers(backend, numbers.public)?;
        let key = RsaPrivateKey::new(backend, numbers).map_err(|_| asn1::rejected())?;
        Ok(Self(Arc::new(Inner { key, public })))
    }

    /// The public half. Compare it with a certificate's to see whether the two belong together.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.0.public.clone()
    }

    /// Which library holds the key.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.0.key.backend()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([redacted])")
    }
}

impl Signer for PrivateKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        match self.0.key.sign(message) {
            Ok(bytes) => Ok(Signature::from_bytes(bytes)),
            Err(_) => Err(SignError::backend()),
        }
    }

    /// With a key of 2048 bits RustCrypto takes between one and two milliseconds, AWS-LC a quarter of one;
    /// twice the bits take six to eight times as long.
    fn is_slow(&self) -> bool {
        match self.backend() {
            #[cfg(feature = "rustcrypto")]
            Backend::RustCrypto => true,
            #[cfg(feature = "aws-lc-rs")]
            Backend::AwsLc => self.0.public.bits() > 2048,
        }
    }
}

impl Decryptor for PrivateKey {
    /// RSAES-OAEP with SHA-1 and MGF1-SHA-1, as
    /// <https://pay.weixin.qq.com/doc/v3/merchant/4013053265> has it.
    fn decrypt(&self, cipher_base64: &str) -> Result<String, CipherError> {
        if cipher_base64.is_empty() {
            return Ok(String::new());
        }
        let failed = || CipherError::new(CipherErrorKind::Decryption);
        // Base64 of the largest key's ciphertext; nothing longer is looked at.
        if cipher_base64.len() > 1368 {
            return Err(failed());
        }
        let ciphertext = STANDARD.decode(cipher_base64).map_err(|_| failed())?;
        let plain = self.0.key.decrypt(&ciphertext).map_err(|_| failed())?;
        String::from_utf8(plain).map_err(|error| {
            error.into_bytes().zeroize();
            failed()
        })
    }
}
