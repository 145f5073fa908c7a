//! Lists of parameters: written as a query, read from one, signed with MD5.

use wxpay_sign::{ApiV2Key, SignType};

use super::charset::{Charset, Escapes, unescape};
use super::error::VerificationError;

/// Names and the bytes of their values, in the charset of the message, in the order in which they came.
#[derive(Clone, Default)]
pub(crate) struct Parameters<'a>(pub(crate) Vec<(&'a str, Vec<u8>)>);

/// Why a query is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    TooMany,
    Name,
    Duplicate,
}

/// The most parameters a package or a notice has: about three times those there are.
const MOST: usize = 64;

impl<'a> Parameters<'a> {
    /// Reads `name=value&…`, each name once.
    pub(crate) fn parse(query: &'a str, plus_is_space: bool) -> Result<Self, Fault> {
        let mut read: Vec<(&str, Vec<u8>)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
                return Err(Fault::Name);
            }
            if read.iter().any(|(other, _)| *other == name) {
                return Err(Fault::Duplicate);
            }
            if read.len() == MOST {
                return Err(Fault::TooMany);
            }
            read.push((name, unescape(value, plus_is_space)));
        }
        Ok(Self(read))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(other, _)| *other == name);
        found
            .map(|(_, value)| value.as_slice())
            .filter(|value| !value.is_empty())
    }

    /// Leaves out what is empty and sorts by name: the order in which it is signed and sent.
    pub(crate) fn sort(&mut self) {
        self.0.retain(|(_, value)| !value.is_empty());
        self.0.sort_by_key(|(name, _)| *name);
    }

    /// The MD5 over the raw bytes and the partner key, upper case.
    pub(crate) fn sign(&self, key: &ApiV2Key) -> String {
        key.sign(
            SignType::Md5,
            self.0.iter().map(|(name, value)| (*name, value)),
        )
    }

    /// Checks `sign`, which is one of the parameters.
    pub(crate) fn verify(&self, key: &ApiV2Key) -> Result<(), VerificationError> {
        let sign = self
            .get("sign")
            .ok_or(VerificationError::Missing { field: "sign" })?;
        verify(key, self.0.iter().map(|(name, value)| (*name, value)), sign)
    }

    /// `name=value&…` with the values percent-encoded.
    pub(crate) fn write(&self, escapes: Escapes, out: &mut String) {
        for (name, value) in &self.0 {
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            Charset::escape(value, escapes, out);
        }
    }
}

/// Checks an MD5 signature in constant time. `params` may hold `sign` itself.
pub(crate) fn verify<K: AsRef<str>, V: AsRef<[u8]>>(
    key: &ApiV2Key,
    params: impl IntoIterator<Item = (K, V)>,
    sign: &[u8],
) -> Result<(), VerificationError> {
    // By its length the key would take an HMAC-SHA256, which v1 does not have.
    let sign = match std::str::from_utf8(sign) {
        Ok(sign) if sign.len() == 32 => sign,
        _ => return Err(VerificationError::Malformed { field: "sign" }),
    };
    key.verify(params, sign)
        .map_err(|_| VerificationError::Mismatch { field: "sign" })
}
