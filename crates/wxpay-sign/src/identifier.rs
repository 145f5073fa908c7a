//! The names of keys: certificate serials and public key ids.

use std::fmt;
use std::str::FromStr;

/// The serial number of an X.509 certificate (证书序列号), as WeChat Pay writes it: upper-case hexadecimal
/// digits in pairs, leading zeros kept, at most 40 digits.
///
/// Certificates of WeChat Pay have 40 digits. A serial is never an integer here, because that is how a
/// leading zero gets lost.
///
/// ```
/// # use wxpay_sign::SerialNumber;
/// let serial = SerialNumber::parse("0a:1b:2c:3d:4e:5f:60:71:82:93:a4:b5:c6:d7:e8:f9:01:23:45:67")?;
/// assert_eq!(serial.as_str(), "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567");
/// # Ok::<(), wxpay_sign::IdentifierError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(String);

impl SerialNumber {
    /// RFC 5280, section 4.1.2.2.
    const MAX_BYTES: usize = 20;

    /// Reads a serial as people and tools write it: either case, colons between the bytes or not, with
    /// or without the `00` byte that DER puts before a serial whose first bit is set.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] for an odd number of digits (a leading zero was lost on the way), no digits,
    /// more than 40, or anything that is not hexadecimal.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        // Far above 41 digits and 20 colons: bounds the work done for hostile input.
        if text.len() > 128 {
            return Err(IdentifierError(Fault::SerialLength(text.len())));
        }
        let mut digits = String::with_capacity(text.len());
        for character in text.chars().filter(|&character| character != ':') {
            if !character.is_ascii_hexdigit() {
                return Err(IdentifierError(Fault::SerialCharacter));
            }
            digits.push(character.to_ascii_uppercase());
        }
        if digits.is_empty() {
            return Err(IdentifierError(Fault::SerialLength(0)));
        }
        if !digits.len().is_multiple_of(2) {
            return Err(IdentifierError(Fault::SerialOdd(digits.len())));
        }
        // A full serial keeps its zeros; elsewhere `00` before a set bit can only be the sign of DER.
        let bytes = digits.as_bytes();
        if bytes.len() != Self::MAX_BYTES * 2 && matches!(bytes, [b'0', b'0', b'8'..=b'F', ..]) {
            digits.drain(..2);
        }
        if digits.len() > Self::MAX_BYTES * 2 {
            return Err(IdentifierError(Fault::SerialLength(digits.len())));
        }
        Ok(Self(digits))
    }

    /// Renders the content bytes of a DER INTEGER.
    pub(crate) fn from_der_integer(bytes: &[u8]) -> Option<Self> {
        let bytes = match bytes {
            [0, rest @ ..] if !rest.is_empty() => rest,
            _ => bytes,
        };
        if bytes.is_empty() || bytes.len() > Self::MAX_BYTES {
            return None;
        }
        Some(Self(upper_hex(bytes)))
    }

    /// The hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a WeChat Pay public key (微信支付公钥ID): `PUB_KEY_ID_` and digits.
///
/// What follows the prefix means nothing to us and is compared as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKeyId(String);

impl PublicKeyId {
    /// What every public key id starts with.
    pub const PREFIX: &'static str = "PUB_KEY_ID_";
    const MAX: usize = 128;

    /// Reads an id as the merchant portal shows it.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] if it does not start with [`PREFIX`](Self::PREFIX), has nothing after it, is
    /// longer than 128 characters, or has anything but ASCII letters, digits, `_` and `-`.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let Some(rest) = text.strip_prefix(Self::PREFIX) else {
            return Err(IdentifierError(Fault::KeyIdPrefix));
        };
        if rest.is_empty() || text.len() > Self::MAX {
            return Err(IdentifierError(Fault::KeyIdLength(text.len())));
        }
        if !rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        {
            return Err(IdentifierError(Fault::KeyIdCharacter));
        }
        Ok(Self(text.to_owned()))
    }

    /// The id with its prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which key of WeChat Pay's signed an answer or decrypts a field: the value of `Wechatpay-Serial`.
///
/// During a migration WeChat Pay signs now with a platform certificate (平台证书), now with the public
/// key (微信支付公钥); this id says which, and nothing else may decide.
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012153196>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PlatformKeyId {
    /// A platform certificate, by its serial number.
    Certificate(SerialNumber),
    /// A WeChat Pay public key, by its id.
    PublicKey(PublicKeyId),
}

impl PlatformKeyId {
    /// Reads the value of a `Wechatpay-Serial` header.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] if it is neither a public key id nor a certificate serial.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        if text.starts_with(PublicKeyId::PREFIX) {
            PublicKeyId::parse(text).map(Self::PublicKey)
        } else {
            SerialNumber::parse(text).map(Self::Certificate)
        }
    }

    /// The value for a `Wechatpay-Serial` header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Certificate(serial) => serial.as_str(),
            Self::PublicKey(id) => id.as_str(),
        }
    }
}

impl From<SerialNumber> for PlatformKeyId {
    fn from(serial: SerialNumber) -> Self {
        Self::Certificate(serial)
    }
}

impl From<PublicKeyId> for PlatformKeyId {
    fn from(id: PublicKeyId) -> Self {
        Self::PublicKey(id)
    }
}

macro_rules! text_traits {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    )*};
}

text_traits!(SerialNumber, PublicKeyId, PlatformKeyId);

/// A text that is no [`SerialNumber`], [`PublicKeyId`] or [`PlatformKeyId`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifierError(Fault);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    SerialCharacter,
    SerialLength(usize),
    SerialOdd(usize),
    KeyIdPrefix,
    KeyIdLength(usize),
    KeyIdCharacter,
}

impl fmt::Display for IdentifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Fault::SerialCharacter => f.write_str(
                "certificate serial number: only hexadecimal digits and colons are allowed",
            ),
            Fault::SerialLength(digits) => {
                write!(
                    f,
                    "certificate serial number: {digits} digits, 2 to 40 needed"
                )
            }
            Fault::SerialOdd(digits) => write!(
                f,
                "certificate serial number: {digits} digits, an even number needed; \
                 the leading zero was lost, take the serial from the certificate itself"
            ),
            Fault::KeyIdPrefix => f.write_str("public key id: it must start with PUB_KEY_ID_"),
            Fault::KeyIdLength(characters) => {
                write!(f, "public key id: {characters} bytes, 12 to 128 needed")
            }
            Fault::KeyIdCharacter => {
                f.write_str("public key id: only ASCII letters, digits, `_` and `-` are allowed")
            }
        }
    }
}

impl std::error::Error for IdentifierError {}

/// Upper-case hexadecimal digits, two a byte.
pub(crate) fn upper_hex(bytes: &[u8]) -> String {
    hex(bytes, b"0123456789ABCDEF")
}

/// Lower-case hexadecimal digits, two a byte.
pub(crate) fn lower_hex(bytes: &[u8]) -> String {
    hex(bytes, b"0123456789abcdef")
}

fn hex(bytes: &[u8], digits: &[u8; 16]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(digits[usize::from(byte >> 4)]));
        text.push(char::from(digits[usize::from(byte & 15)]));
    }
    text
}
