//! Parameter signatures of API v2 and v1: sorted `name=value` pairs, hashed with a key.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::error::{KeyError, VerifyError};
use crate::identifier::{lower_hex, upper_hex};
use crate::secret::SecretText;

/// How API v2 signs: the values of `sign_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignType {
    /// MD5, what WeChat Pay assumes when `sign_type` is not sent.
    #[default]
    Md5,
    /// HMAC-SHA256.
    HmacSha256,
}

impl SignType {
    /// The value on the wire: `MD5` or `HMAC-SHA256`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }
}

impl fmt::Display for SignType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The API v2 key (API密钥): 32 printable ASCII characters that the merchant sets in the merchant portal.
/// The `partnerKey` of API v1 works the same way.
///
/// The rule (<https://pay.weixin.qq.com/doc/v2/merchant/4011985891>): parameters without a value and
/// `sign` itself are left out, the rest is sorted by name in byte order, joined as `name=value` with `&`,
/// followed by `&key=` and the key, hashed, and written as upper-case hexadecimal digits. `sign_type` is
/// a parameter like any other: where it is sent, it is signed.
///
/// A value may be text or bytes: what is signed is the value before any XML or URL escaping, in the
/// charset of the message (API v1 knows GBK).
///
/// The key is wiped when the last clone is dropped, and the `Debug` text shows nothing.
#[derive(Clone)]
pub struct ApiV2Key(SecretText);

impl ApiV2Key {
    /// Takes the key as set in the merchant portal.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is not exactly 32 bytes long (the usual reason is a line break at the end) or
    /// has anything but printable ASCII characters.
    pub fn new(key: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        SecretText::new("API v2 key", key.as_ref(), 32).map(Self)
    }

    /// The `sign` of these parameters.
    #[must_use]
    pub fn sign<K, V>(
        &self,
        sign_type: SignType,
        params: impl IntoIterator<Item = (K, V)>,
    ) -> String
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let mut params: Vec<_> = params
            .into_iter()
            .filter(|(name, value)| !value.as_ref().is_empty() && name.as_ref() != "sign")
            .collect();
        params.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        let pairs = params
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()));
        let key = self.0.expose();
        match sign_type {
            SignType::Md5 => {
                let mut hash = Md5::new();
                join(pairs.chain([("key", key)]), |piece| hash.update(piece));
                upper_hex(&hash.finalize())
            }
            SignType::HmacSha256 => {
                // An HMAC takes a key of any length.
                let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
                    return String::new();
                };
                join(pairs.chain([("key", key)]), |piece| mac.update(piece));
                upper_hex(&mac.finalize().into_bytes())
            }
        }
    }

    /// Checks a `sign` in constant time. Its length tells the type, 32 digits for MD5 and 64 for
    /// HMAC-SHA256, because answers do not say it and may differ from the request.
    ///
    /// `params` must be all parameters of the message, known or not; `sign` may be among them.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`] for any other length, [`VerifyError::Mismatch`] if it does not match.
    pub fn verify<K, V>(
        &self,
        params: impl IntoIterator<Item = (K, V)>,
        sign: &str,
    ) -> Result<(), VerifyError>
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let sign_type = match sign.len() {
            32 => SignType::Md5,
            64 => SignType::HmacSha256,
            _ => return Err(VerifyError::Malformed),
        };
        compare(&self.sign(sign_type, params), sign)
    }
}

impl fmt::Debug for ApiV2Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiV2Key([redacted])")
    }
}

/// The `paySignKey` of API v1: 128 printable ASCII characters.
///
/// The rule: names in lower case, `appkey` with the key added, sorted by name in byte order, joined as
/// `name=value` with `&`, hashed with SHA-1 over UTF-8, and written as lower-case hexadecimal digits.
/// Which fields take part is fixed for each message and for the caller to choose; a field without a value
/// takes part.
///
/// The key is wiped when the last clone is dropped, and the `Debug` text shows nothing.
#[derive(Clone)]
pub struct PaySignKey(SecretText);

impl PaySignKey {
    /// Takes the key as WeChat sent it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is not exactly 128 bytes long or has anything but printable ASCII characters.
    pub fn new(key: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        SecretText::new("paySignKey", key.as_ref(), 128).map(Self)
    }

    /// The signature of these fields: `paySign`, `app_signature`, or `sign` of a native payment URL.
    #[must_use]
    pub fn sign<K, V>(&self, params: impl IntoIterator<Item = (K, V)>) -> String
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let params: Vec<_> = params
            .into_iter()
            .map(|(name, value)| (name.as_ref().to_ascii_lowercase(), value))
            .collect();
        let mut pairs: Vec<_> = params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_ref()))
            .collect();
        pairs.push(("appkey", self.0.expose()));
        pairs.sort_by_key(|&(name, _)| name);
        let mut hash = Sha1::new();
        join(pairs.into_iter(), |piece| hash.update(piece));
        lower_hex(&hash.finalize())
    }

    /// Checks a signature in constant time.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`] if it is not 40 characters long, [`VerifyError::Mismatch`] if it does not
    /// match.
    pub fn verify<K, V>(
        &self,
        params: impl IntoIterator<Item = (K, V)>,
        sign: &str,
    ) -> Result<(), VerifyError>
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        if sign.len() != 40 {
            return Err(VerifyError::Malformed);
        }
        compare(&self.sign(params), sign)
    }
}

impl fmt::Debug for PaySignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaySignKey([redacted])")
    }
}

/// `name=value` pairs with `&` between them, fed piece by piece so that no copy of the key is made.
fn join<'a>(pairs: impl Iterator<Item = (&'a str, &'a [u8])>, mut feed: impl FnMut(&[u8])) {
    let mut first = true;
    for (name, value) in pairs {
        if !first {
            feed(b"&");
        }
        first = false;
        feed(name.as_bytes());
        feed(b"=");
        feed(value);
    }
}

fn compare(expected: &str, given: &str) -> Result<(), VerifyError> {
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        Ok(())
    } else {
        Err(VerifyError::Mismatch)
    }
}
