//! `nonce_str`.

use std::fmt;

/// The random text of a request (`nonce_str`, 随机字符串): 1 to 32 printable ASCII characters.
///
/// Neither `"` nor `\` nor a space may occur, because the text stands in quotes in the `Authorization`
/// header. This crate makes no randomness: give it sixteen random bytes with [`Nonce::from_bytes`].
///
/// ```
/// # use wxpay_sign::Nonce;
/// let nonce = Nonce::from_bytes([0x5a; 16]);
/// assert_eq!(nonce.as_str(), "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(String);

impl Nonce {
    const MAX: usize = 32;

    /// Takes a text of the caller's making.
    ///
    /// # Errors
    ///
    /// [`NonceError`] if it is empty, longer than 32 characters, or has a character that cannot stand in
    /// the header.
    pub fn new(text: &str) -> Result<Self, NonceError> {
        if text.is_empty() || text.len() > Self::MAX {
            return Err(NonceError(Fault::Length(text.len())));
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
        {
            return Err(NonceError(Fault::Character));
        }
        Ok(Self(text.to_owned()))
    }

    /// Renders sixteen bytes, which should come from a secure random source, as 32 upper-case
    /// hexadecimal digits.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(crate::identifier::upper_hex(&bytes))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot be a [`Nonce`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonceError(Fault);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Length(usize),
    Character,
}

impl fmt::Display for NonceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Fault::Length(bytes) => write!(f, "nonce: {bytes} bytes, 1 to 32 needed"),
            Fault::Character => f.write_str(
                "nonce: only printable ASCII other than space, quote and backslash is allowed",
            ),
        }
    }
}

impl std::error::Error for NonceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_the_header_can_carry() {
        for text in [
            "a",
            "593BEC0C930BF1AFEB40B4A08C8FB242",
            "a-b_c.d~!#$%&'()*+,/:;<=>?@[]^`",
        ] {
            assert_eq!(Nonce::new(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_the_rest() {
        let long = "a".repeat(33);
        for text in ["", &long, "a b", "a\"b", "a\\b", "a\nb", "a\u{7f}", "随机"] {
            assert!(Nonce::new(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn bytes_keep_leading_zeros() {
        let mut bytes = [0; 16];
        bytes[15] = 0xab;
        assert_eq!(
            Nonce::from_bytes(bytes).as_str(),
            "000000000000000000000000000000AB"
        );
    }
}
