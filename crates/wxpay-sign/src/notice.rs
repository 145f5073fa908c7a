//! The refund notice of API v2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use zeroize::{Zeroize as _, Zeroizing};

use crate::backend::{Aes256Ecb, Backend};
use crate::error::{CipherError, CipherErrorKind};
use crate::parameters::ApiV2Key;

const BLOCK: usize = 16;

/// What is inside a refund notice (退款结果通知), `req_info`: Base64 of AES-256 in ECB mode with PKCS#7 padding; its
/// key is the MD5 of the API v2 key in lower-case digits.
///
/// Nothing authenticates such a text. Whoever reads one should compare merchant, order and amount with what is
/// expected, or ask with a query.
impl ApiV2Key {
    /// Decrypts `req_info`.
    ///
    /// # Errors
    ///
    /// [`CipherError`], the same for every reason: Base64, length, key, padding.
    pub fn open_notice(&self, base64: &str) -> Result<Vec<u8>, CipherError> {
        self.open_notice_with(Backend::default(), base64)
    }

    /// Like [`open_notice`](Self::open_notice), with a backend of the caller's choice.
    ///
    /// # Errors
    ///
    /// Those of [`open_notice`](Self::open_notice).
    pub fn open_notice_with(&self, backend: Backend, base64: &str) -> Result<Vec<u8>, CipherError> {
        let failed = || CipherError::new(CipherErrorKind::Decryption);
        let mut buffer = STANDARD.decode(base64).map_err(|_| failed())?;
        if buffer.is_empty() || !buffer.len().is_multiple_of(BLOCK) {
            return Err(failed());
        }
        let cipher = self.notice_cipher(backend).ok_or_else(failed)?;
        let opened = cipher.decrypt(&mut buffer).ok();
        match opened.and_then(|()| padding(&buffer)) {
            Some(padding) => {
                buffer.truncate(buffer.len() - padding);
                Ok(buffer)
            }
            None => {
                buffer.zeroize();
                Err(failed())
            }
        }
    }

    /// Encrypts as WeChat Pay does: for tests, and for whoever plays its part.
    ///
    /// # Errors
    ///
    /// [`CipherError`] if the cryptography library refuses.
    pub fn seal_notice(&self, plain: &[u8]) -> Result<String, CipherError> {
        self.seal_notice_with(Backend::default(), plain)
    }

    /// Like [`seal_notice`](Self::seal_notice), with a backend of the caller's choice.
    ///
    /// # Errors
    ///
    /// Those of [`seal_notice`](Self::seal_notice).
    pub fn seal_notice_with(&self, backend: Backend, plain: &[u8]) -> Result<String, CipherError> {
        let failed = || CipherError::new(CipherErrorKind::Encryption);
        let padding = BLOCK - plain.len() % BLOCK;
        let mut buffer = Vec::with_capacity(plain.len() + padding);
        buffer.extend_from_slice(plain);
        // At most 16.
        buffer.resize(plain.len() + padding, padding as u8);
        let cipher = self.notice_cipher(backend).ok_or_else(failed)?;
        match cipher.encrypt(&mut buffer) {
            Ok(()) => Ok(STANDARD.encode(buffer)),
            Err(_) => {
                buffer.zeroize();
                Err(failed())
            }
        }
    }

    fn notice_cipher(&self, backend: Backend) -> Option<Aes256Ecb> {
        let mut hash = Md5::digest(self.expose());
        let mut key = Zeroizing::new([0; 32]);
        for (pair, byte) in key.as_chunks_mut::<2>().0.iter_mut().zip(&hash) {
            *pair = [byte >> 4, byte & 15].map(|half| match half {
                0..=9 => b'0' + half,
                _ => b'a' + half - 10,
            });
        }
        hash.as_mut_slice().zeroize();
        Aes256Ecb::new(backend, &key).ok()
    }
}

/// How many bytes of padding there are, all of them looked at whatever they say.
fn padding(plain: &[u8]) -> Option<usize> {
    let (_, block) = plain.split_last_chunk::<BLOCK>()?;
    let length = block[BLOCK - 1];
    let mut wrong = (length == 0) | (usize::from(length) > BLOCK);
    for (count, &byte) in block.iter().rev().enumerate() {
        wrong |= (count < usize::from(length)) & (byte != length);
    }
    (!wrong).then_some(usize::from(length))
}
