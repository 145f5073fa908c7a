//! Hashing of texts that come in many small pieces, and the digits of the result.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroize as _;

/// The digits of a parameter signature: 32 for MD5, 64 for HMAC-SHA256, upper case.
///
/// It derefs to the text, is copied like a number, and needs no memory of its own. To check a signature that came
/// from outside use [`ApiV2Key::verify_sorted`](crate::ApiV2Key::verify_sorted) and do not compare: there is no
/// `==` here, because that would take a time that depends on the digits.
#[derive(Clone, Copy)]
pub struct Sign {
    digits: [u8; 64],
    length: u8,
}

impl Sign {
    /// The digits of up to 32 bytes.
    pub(crate) fn upper(bytes: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let mut digits = [b'0'; 64];
        let (pairs, _) = digits.as_chunks_mut::<2>();
        let mut length = 0;
        for (pair, byte) in pairs.iter_mut().zip(bytes) {
            *pair = [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ];
            length += 2;
        }
        Self { digits, length }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // They are ASCII, so it cannot fail.
        str::from_utf8(&self.digits[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Deref for Sign {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Sign {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<Sign> for String {
    fn from(sign: Sign) -> Self {
        sign.as_str().to_owned()
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sign({})", self.as_str())
    }
}

/// Collects pieces, because a hash takes long over many small ones. Wiped at the end, because a key is among them.
struct Pieces<F: FnMut(&[u8])> {
    buffer: [u8; 1024],
    used: usize,
    /// How much was used before the buffer was last emptied.
    most: usize,
    /// Where the key begins, where that is known. Only from there it is wiped: that goes byte by byte, and all of it
    /// would show beside the hash.
    secret: Option<usize>,
    feed: F,
}

impl<F: FnMut(&[u8])> Pieces<F> {
    #[inline]
    fn push(&mut self, piece: &[u8]) {
        if let Some(room) = self.buffer[self.used..].get_mut(..piece.len()) {
            room.copy_from_slice(piece);
            self.used += piece.len();
        } else {
            self.overflow(piece);
        }
    }

    #[cold]
    fn overflow(&mut self, piece: &[u8]) {
        (self.feed)(&self.buffer[..self.used]);
        (self.feed)(piece);
        self.most = self.most.max(self.used);
        self.used = 0;
        if self.secret.is_some() {
            // What went before is none of the key, and what comes stands at the beginning.
            self.secret = Some(0);
        }
    }
}

impl<F: FnMut(&[u8])> Drop for Pieces<F> {
    fn drop(&mut self) {
        let used = match self.secret {
            Some(from) => self.buffer.get_mut(from..self.used),
            None => self.buffer.get_mut(..self.most.max(self.used)),
        };
        used.unwrap_or_default().zeroize();
    }
}

/// `name=value` pairs with `&` between them, fed in large pieces and without a copy of the key that stays: that is the
/// `last` value, or any where there is no `last`.
#[inline]
pub(crate) fn join<K: AsRef<str>, V: AsRef<[u8]>>(
    pairs: impl Iterator<Item = (K, V)>,
    last: Option<(&str, &[u8])>,
    feed: impl FnMut(&[u8]),
) {
    let mut pieces = Pieces {
        buffer: [0; 1024],
        used: 0,
        most: 0,
        secret: None,
        feed,
    };
    let mut first = true;
    for (name, value) in pairs {
        if !first {
            pieces.push(b"&");
        }
        first = false;
        pieces.push(name.as_ref().as_bytes());
        pieces.push(b"=");
        pieces.push(value.as_ref());
    }
    if let Some((name, value)) = last {
        pieces.secret = Some(pieces.used);
        if !first {
            pieces.push(b"&");
        }
        pieces.push(name.as_bytes());
        pieces.push(b"=");
        pieces.push(value);
    }
    (pieces.feed)(&pieces.buffer[..pieces.used]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_length_come_out_whole() {
        for length in [0, 1, 1020, 1021, 1022, 1023, 1024, 1025, 3000] {
            let value = "v".repeat(length);
            let mut fed = Vec::new();
            let pairs = [("a", value.as_str()), ("b", "2"), ("c", &value)];
            join(pairs.into_iter(), Some(("key", b"k")), |piece| {
                fed.extend_from_slice(piece);
            });
            let expected = format!("a={value}&b=2&c={value}&key=k");
            assert!(fed == expected.as_bytes(), "{length}");
        }
    }

    #[test]
    fn digits_are_upper_case_and_as_many_as_needed() {
        assert_eq!(&*Sign::upper(&[0x0A, 0xFF]), "0AFF");
        assert_eq!(Sign::upper(&[0xAB; 32]).to_string(), "AB".repeat(32));
        assert_eq!(format!("{:?}", Sign::upper(&[1])), "Sign(01)");
    }
}
