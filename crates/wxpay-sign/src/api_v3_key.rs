//! The API v3 key.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize as _, Zeroizing};

use crate::backend::{Aes256Gcm, Backend};
use crate::error::{CipherError, CipherErrorKind, KeyError, KeyErrorKind};
use crate::secret;

/// The API v3 key (APIv3密钥): 32 bytes that the merchant sets in the merchant portal.
///
/// WeChat Pay encrypts notifications and platform certificates with it: AEAD_AES_256_GCM, a nonce of 12
/// bytes, and Base64 of the ciphertext followed by a tag of 16 bytes
/// (<https://pay.weixin.qq.com/doc/v3/merchant/4012071382>).
///
/// Only the prepared cipher is kept; it is wiped when the last clone is dropped. A clone is cheap. The
/// `Debug` text shows nothing.
#[derive(Clone)]
pub struct ApiV3Key(Arc<Aes256Gcm>);

impl ApiV3Key {
    const LENGTH: usize = 32;

    /// Takes the key as set in the merchant portal.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is not exactly 32 bytes long; the usual reason is a line break at the end.
    pub fn new(key: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::new_with(Backend::default(), key)
    }

    /// Like [`new`](Self::new), with a backend of the caller's choice.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn new_with(backend: Backend, key: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let key = key.as_ref();
        secret::check("API v3 key", key, Self::LENGTH)?;
        let mut bytes = Zeroizing::new([0; Self::LENGTH]);
        bytes.copy_from_slice(key);
        match Aes256Gcm::new(backend, &bytes) {
            Ok(cipher) => Ok(Self(Arc::new(cipher))),
            Err(_) => Err(KeyError::new(
                KeyErrorKind::Rejected,
                "API v3 key: the cryptography library refused it",
            )),
        }
    }

    /// Decrypts a `resource` of a notification or an `encrypt_certificate`. `nonce` and `aad` are the
    /// bytes of the fields `nonce` and `associated_data`; a missing `associated_data` is empty.
    ///
    /// # Errors
    ///
    /// [`CipherError`], the same for every reason: Base64, lengths, key, nonce, associated data, tag.
    pub fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        ciphertext_base64: &str,
    ) -> Result<Vec<u8>, CipherError> {
        let failed = || CipherError::new(CipherErrorKind::Decryption);
        let nonce: [u8; 12] = nonce.try_into().map_err(|_| failed())?;
        let mut buffer = STANDARD.decode(ciphertext_base64).map_err(|_| failed())?;
        if buffer.len() < Aes256Gcm::TAG || self.0.open(nonce, aad, &mut buffer).is_err() {
            buffer.zeroize();
            return Err(failed());
        }
        Ok(buffer)
    }

    /// Encrypts as WeChat Pay does: for tests, and for whoever plays its part. One nonce must never
    /// serve for two texts.
    ///
    /// # Errors
    ///
    /// [`CipherError`] if the text is too long for the cipher (about 64 GiB).
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], plain: &[u8]) -> Result<String, CipherError> {
        let mut buffer = Vec::with_capacity(plain.len() + Aes256Gcm::TAG);
        buffer.extend_from_slice(plain);
        match self.0.seal(*nonce, aad, &mut buffer) {
            Ok(()) => Ok(STANDARD.encode(buffer)),
            Err(_) => Err(CipherError::new(CipherErrorKind::Encryption)),
        }
    }
}

impl fmt::Debug for ApiV3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiV3Key([redacted])")
    }
}
