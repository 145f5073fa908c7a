//! Encrypted files, opened while they come.

use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::backend::stream::{GcmStream, StreamKey};
use crate::error::{CipherError, CipherErrorKind, KeyError};
use crate::secret;

const TAG: usize = GcmStream::TAG;

/// The key of one encrypted file (文件密钥): 32 bytes that WeChat Pay chose for it.
///
/// Bills of sub-merchants (子商户资金账单) come as files of AEAD_AES_256_GCM: the ciphertext as it is, no
/// Base64, the tag of 16 bytes at its end, no associated data
/// (<https://pay.weixin.qq.com/doc/v3/partner/4014314390>). The key stands beside the link as
/// `encrypt_key`, itself encrypted for the merchant's private key.
///
/// Only the prepared cipher is kept; it is wiped when the last clone is dropped. A clone is cheap. The
/// `Debug` text shows nothing. The cipher is RustCrypto's with either [`Backend`](crate::Backend): AWS-LC
/// opens a text only whole, and only with a nonce of 12 bytes.
#[derive(Clone)]
pub struct FileKey(Arc<StreamKey>);

impl FileKey {
    const LENGTH: usize = 32;

    /// Takes the key as it was decrypted.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is not exactly 32 bytes long.
    pub fn new(key: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let key = key.as_ref();
        secret::check("file key", key, Self::LENGTH)?;
        let mut bytes = Zeroizing::new([0; Self::LENGTH]);
        bytes.copy_from_slice(key);
        Ok(Self(Arc::new(StreamKey::new(&bytes))))
    }

    /// Begins to open a file. `nonce` is the text of the field `nonce` as bytes, of any length but none:
    /// WeChat Pay sends 16 characters.
    ///
    /// # Errors
    ///
    /// [`CipherError`] if the nonce is empty.
    pub fn opener(&self, nonce: &[u8]) -> Result<FileOpener, CipherError> {
        match self.0.stream(nonce) {
            Ok(stream) => Ok(FileOpener(Box::new(Opening {
                stream,
                held: [0; TAG],
                filled: 0,
                failed: false,
            }))),
            Err(_) => Err(failed()),
        }
    }

    /// Encrypts a file as WeChat Pay does, in place, and appends the tag: for tests, and for whoever plays
    /// its part. One nonce must never serve for two texts.
    ///
    /// # Errors
    ///
    /// [`CipherError`] if the nonce is empty, or the text longer than 2^36 - 32 bytes; it is then left as
    /// it was.
    pub fn seal(&self, nonce: &[u8], text: &mut Vec<u8>) -> Result<(), CipherError> {
        let failed = |_| CipherError::new(CipherErrorKind::Encryption);
        let mut stream = self.0.stream(nonce).map_err(failed)?;
        stream.encrypt(text).map_err(failed)?;
        text.extend_from_slice(&stream.tag());
        Ok(())
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey([redacted])")
    }
}

/// Opens one encrypted file piece by piece, in place and without asking for memory.
///
/// **What [`update`](Self::update) gives is unproven until [`finish`](Self::finish) has returned `Ok`.**
/// Whoever can change the file can flip any bit of the text, and it shows only at the end. Before that
/// the text may be unpacked, hashed, parsed or written to a temporary file, but nothing may be done by it
/// that cannot be undone; and where `finish` fails, all of it is to be thrown away.
///
/// ```
/// use wxpay_sign::FileKey;
///
/// let key = FileKey::new("0123456789ABCDEF0123456789abcdef")?;
/// let mut file = b"`a bill".to_vec();
/// key.seal(b"a8607ef79034c49c", &mut file)?;
///
/// let mut opener = key.opener(b"a8607ef79034c49c")?;
/// let mut text = Vec::new();
/// for piece in file.chunks_mut(5) {
///     text.extend_from_slice(opener.update(piece)?);
/// }
/// opener.finish()?;
/// assert_eq!(text, b"`a bill");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an encrypted file is only proven by `finish`"]
pub struct FileOpener(Box<Opening>);

struct Opening {
    stream: GcmStream,
    /// The last bytes that came: the tag, if nothing follows.
    held: [u8; TAG],
    filled: usize,
    /// The file is too long; nothing may prove it any more.
    failed: bool,
}

impl FileOpener {
    /// Opens the next piece of the file, whatever its size. What comes back is the beginning of `piece`,
    /// or the whole of it, and begins with up to 16 bytes that were held back before: the last 16 bytes of
    /// what came so far are never given out, because they may be the tag. The rest of `piece` has no
    /// meaning afterwards.
    ///
    /// The text is **unproven** until [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// [`CipherError`] if the text is longer than GCM permits, 2^36 - 32 bytes; the file is then refused
    /// for good.
    pub fn update<'p>(&mut self, piece: &'p mut [u8]) -> Result<&'p mut [u8], CipherError> {
        let Opening {
            stream,
            held,
            filled,
            failed: refused,
        } = &mut *self.0;
        let come = *filled + piece.len();
        if come <= TAG {
            held[*filled..come].copy_from_slice(piece);
            *filled = come;
            return Ok(&mut piece[..0]);
        }
        // What was held goes before the piece, and its end is held in its place.
        let given = come - TAG;
        let (before, length) = (*held, *filled);
        if let Some(kept) = piece.len().checked_sub(TAG) {
            held.copy_from_slice(&piece[kept..]);
            piece.copy_within(..kept, length);
            piece[..length].copy_from_slice(&before[..length]);
        } else {
            held[..length - given].copy_from_slice(&before[given..length]);
            held[length - given..].copy_from_slice(piece);
            piece[..given].copy_from_slice(&before[..given]);
        }
        *filled = TAG;
        let text = &mut piece[..given];
        if *refused || stream.decrypt(text).is_err() {
            *refused = true;
            return Err(failed());
        }
        Ok(text)
    }

    /// The file is over: proves all that was given out. The tag is compared in constant time.
    ///
    /// # Errors
    ///
    /// [`CipherError`], the same for every reason: another key, another nonce, a changed, shortened or too
    /// long file. Nothing that was given out may then be used.
    pub fn finish(self) -> Result<(), CipherError> {
        let Opening {
            stream,
            held,
            filled,
            failed: refused,
        } = *self.0;
        let right = stream.tag().ct_eq(&held);
        if bool::from(right) && filled == TAG && !refused {
            Ok(())
        } else {
            Err(failed())
        }
    }
}

impl fmt::Debug for FileOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileOpener([redacted])")
    }
}

const fn failed() -> CipherError {
    CipherError::new(CipherErrorKind::Decryption)
}
