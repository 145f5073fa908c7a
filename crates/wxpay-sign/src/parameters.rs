//! Parameter signatures of API v2 and v1: sorted `name=value` pairs, hashed with a key.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::digest::{Sign, join};
use crate::error::{KeyError, VerifyError};
use crate::identifier::lower_hex;
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

    /// The `sign` of these parameters, in whatever order they come.
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
        self.sign_sorted(sign_type, sorted(params)).into()
    }

    /// The `sign` of parameters that are sorted already, by name in byte order. Nothing is allocated.
    ///
    /// In another order the signature is of no use; debug builds panic then.
    #[must_use]
    pub fn sign_sorted<K, V>(
        &self,
        sign_type: SignType,
        params: impl IntoIterator<Item = (K, V)>,
    ) -> Sign
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let params = in_order(params.into_iter()).filter(takes_part);
        let key = self.0.expose();
        match sign_type {
            SignType::Md5 => md5(params, ("key", key)),
            SignType::HmacSha256 => {
                let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
                    unreachable!("an HMAC takes a key of any length");
                };
                join(params, Some(("key", key)), |piece| mac.update(piece));
                Sign::upper(&mac.finalize().into_bytes())
            }
        }
    }

    /// The MD5 of these pairs in the order given, followed by `&key=` and the key, in lower-case digits: how the
    /// bill download of Tenpay (财付通对账单) is signed in API v1. Parameters without a value and `sign` are left out.
    #[must_use]
    pub fn sign_in_order<K, V>(&self, params: impl IntoIterator<Item = (K, V)>) -> String
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let mut hash = Md5::new();
        let last = Some(("key", self.0.expose()));
        join(params.into_iter().filter(takes_part), last, |piece| {
            hash.update(piece);
        });
        lower_hex(&hash.finalize())
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
        self.verify_sorted(sorted(params), sign)
    }

    /// Like [`verify`](Self::verify) for parameters that are sorted already, by name in byte order. Nothing is
    /// allocated.
    ///
    /// # Errors
    ///
    /// Those of [`verify`](Self::verify). In another order nothing matches; debug builds panic then.
    pub fn verify_sorted<K, V>(
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
        compare(&self.sign_sorted(sign_type, params), sign)
    }

    /// The bytes of the key, for the ciphers that are derived from it.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose()
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
        sha1(params, Some(("appkey", self.0.expose())))
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

/// The secret of the enterprise payment application of WeCom (企业微信支付应用 secret), which signs `workwx_sign`:
/// printable ASCII, at most 256 characters.
///
/// It is wiped when the last clone is dropped, and the `Debug` text shows nothing.
#[derive(Clone)]
pub struct WorkwxSecret(SecretText);

impl WorkwxSecret {
    /// Takes the secret as the administration of WeCom shows it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is empty, longer than 256 bytes, or has anything but printable ASCII characters.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        SecretText::up_to("WeCom secret", secret.as_ref(), 256).map(Self)
    }

    /// `workwx_sign` of red packets and payments to employees: the rule of [`ApiV2Key`] with MD5, `&secret=`
    /// and this secret at the end. Which parameters take part is fixed for each interface and for the caller to
    /// choose; their order is not.
    #[must_use]
    pub fn workwx_sign<K, V>(&self, params: impl IntoIterator<Item = (K, V)>) -> String
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let params = sorted(params).into_iter().filter(takes_part);
        md5(params, ("secret", self.0.expose())).into()
    }
}

impl fmt::Debug for WorkwxSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkwxSecret([redacted])")
    }
}

/// `addrSign` of the shared delivery address (共享收货地址): the rule of [`PaySignKey`] without any key, over
/// `accesstoken`, `appid`, `noncestr`, `timestamp` and `url`.
#[must_use]
pub fn address_sign<K, V>(params: impl IntoIterator<Item = (K, V)>) -> String
where
    K: AsRef<str>,
    V: AsRef<[u8]>,
{
    sha1(params, None)
}

/// Whether a parameter is signed.
fn takes_part<K: AsRef<str>, V: AsRef<[u8]>>((name, value): &(K, V)) -> bool {
    !value.as_ref().is_empty() && name.as_ref() != "sign"
}

fn sorted<K: AsRef<str>, V>(params: impl IntoIterator<Item = (K, V)>) -> Vec<(K, V)> {
    let mut params: Vec<_> = params.into_iter().collect();
    params.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
    params
}

/// Passes pairs on; in debug builds it panics when one comes before its time.
#[inline]
fn in_order<K: AsRef<str>, V>(
    params: impl Iterator<Item = (K, V)>,
) -> impl Iterator<Item = (K, V)> {
    // The beginning of the last name, which tells enough and needs no memory either.
    #[cfg(debug_assertions)]
    let (mut last, mut length) = ([0; 64], 0);
    params.inspect(move |(_name, _)| {
        #[cfg(debug_assertions)]
        {
            let name = _name.as_ref().as_bytes();
            let name = &name[..name.len().min(last.len())];
            assert!(
                last[..length] <= *name,
                "sort the parameters by name before they are signed: {} does not come after {}",
                name.escape_ascii(),
                last[..length].escape_ascii()
            );
            length = name.len();
            last[..length].copy_from_slice(name);
        }
    })
}

#[inline]
fn md5<K: AsRef<str>, V: AsRef<[u8]>>(
    params: impl Iterator<Item = (K, V)>,
    last: (&str, &[u8]),
) -> Sign {
    let mut hash = Md5::new();
    join(params, Some(last), |piece| hash.update(piece));
    Sign::upper(&hash.finalize())
}

/// SHA-1 over the pairs with their names in lower case and sorted, the key among them.
fn sha1<K: AsRef<str>, V: AsRef<[u8]>>(
    params: impl IntoIterator<Item = (K, V)>,
    key: Option<(&str, &[u8])>,
) -> String {
    let params: Vec<_> = params
        .into_iter()
        .map(|(name, value)| (name.as_ref().to_ascii_lowercase(), value))
        .collect();
    let mut pairs: Vec<_> = params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_ref()))
        .chain(key)
        .collect();
    pairs.sort_by_key(|&(name, _)| name);
    let mut hash = Sha1::new();
    join(pairs.into_iter(), None, |piece| hash.update(piece));
    lower_hex(&hash.finalize())
}

fn compare(expected: &str, given: &str) -> Result<(), VerifyError> {
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        Ok(())
    } else {
        Err(VerifyError::Mismatch)
    }
}
