//! Parameters as bytes: packages, queries and forms, signed with MD5 in a charset they name themselves.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use wxpay_sign::{ApiV2Key, SignType};

use super::charset::Charset;
use crate::core::check::clip;
use crate::core::v2::wire::Pairs;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// More parameters than any message has.
const MOST: usize = 64;

/// What a plus stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Plus {
    /// Itself: in packages.
    Plus,
    /// A space: in forms and queries.
    Space,
}

/// Names and values in the order they came, no name twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Params(Vec<(String, Vec<u8>)>);

impl Params {
    /// Takes `name=value&…` apart; the error says what is wrong.
    pub(super) fn parse(text: &str, plus: Plus) -> Result<Self, String> {
        let mut params: Vec<(String, Vec<u8>)> = Vec::new();
        for (index, piece) in text.split('&').enumerate() {
            if piece.is_empty() && plus == Plus::Space {
                continue;
            }
            let number = index + 1;
            let (name, value) = piece.split_once('=').ok_or_else(|| {
                format!(
                    "parameter {number} has no =: & and = within values must be percent-encoded"
                )
            })?;
            let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if name.is_empty() || !name.bytes().all(known) {
                return Err(format!("parameter {number} has no proper name"));
            }
            let whole = |escape: &str| {
                escape.len() >= 2
                    && escape
                        .bytes()
                        .take(2)
                        .all(|digit| digit.is_ascii_hexdigit())
            };
            if !value.split('%').skip(1).all(whole) {
                return Err(format!("{name}: a % that no two hexadecimal digits follow"));
            }
            if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(format!("{name}: it must be percent-encoded"));
            }
            let value: Vec<u8> = match plus {
                Plus::Space => percent_decode_str(&value.replace('+', " ")).collect(),
                Plus::Plus => percent_decode_str(value).collect(),
            };
            if params.iter().any(|(known, _)| known == name) {
                return Err(format!("{name} is there twice"));
            }
            if params.len() == MOST {
                return Err(format!("more than {MOST} parameters"));
            }
            params.push((name.to_owned(), value));
        }
        Ok(Self(params))
    }

    /// The bytes of fields in a charset.
    pub(super) fn of(fields: &Pairs, charset: Charset) -> Self {
        let params = fields
            .iter()
            .map(|(name, text)| (name.to_owned(), charset.encode(text)));
        Self(params.collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The bytes of a value; one that is empty is none.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(known, value)| *known == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// The charset these are in, if it is one.
    pub(super) fn charset(&self) -> Result<Charset, String> {
        let name = self.get("input_charset");
        Charset::named(name).ok_or_else(|| "input_charset is neither GBK nor UTF-8".to_owned())
    }

    /// All values as texts of that charset. An empty one is left out.
    pub(super) fn texts(&self, charset: Charset) -> Result<Pairs, String> {
        let mut pairs = Pairs::default();
        for (name, value) in self.iter() {
            let text = charset.decode(value).ok_or_else(|| {
                format!(
                    "{name}: its bytes are no text in {}, the charset declared",
                    charset.as_str()
                )
            })?;
            if text
                .chars()
                .any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
            {
                return Err(format!("{name}: it has control characters"));
            }
            pairs.set(name, text);
        }
        Ok(pairs)
    }

    /// The upper-case MD5.
    pub(super) fn sign(&self, key: &ApiV2Key) -> String {
        key.sign(SignType::Md5, self.iter())
    }

    /// Verifies the MD5; the error says what may be wrong and gives nothing away.
    pub(super) fn verify(&self, key: &ApiV2Key) -> Result<(), String> {
        let sign = self.get("sign").ok_or("there is no sign")?;
        let sign = std::str::from_utf8(sign).unwrap_or_default();
        if sign.len() == 32 && key.verify(self.iter(), sign).is_ok() {
            return Ok(());
        }
        Err(self.diagnose(key, sign))
    }

    fn diagnose(&self, key: &ApiV2Key, sign: &str) -> String {
        let upper = sign.to_ascii_uppercase();
        let fits = |params: &Self| upper.len() == 32 && key.verify(params.iter(), &upper).is_ok();
        if upper.len() != 32 {
            return format!("sign has {} characters, an MD5 has 32", sign.len());
        }
        if fits(self) {
            return "sign is right but for its case: the digits are upper-case".to_owned();
        }
        if let Ok(charset) = self.charset() {
            let other = charset.other();
            let hashed = self.texts(charset).map(|texts| Self::of(&texts, other));
            if hashed.is_ok_and(|params| fits(&params)) {
                return format!(
                    "sign is the MD5 of the {} bytes; what is hashed are the bytes in {}, the charset declared",
                    other.as_str(),
                    charset.as_str()
                );
            }
        }
        let escaped = self.0.iter().map(|(name, value)| {
            (
                name.clone(),
                percent_encode(value, RESERVED).to_string().into_bytes(),
            )
        });
        if fits(&Self(escaped.collect())) {
            return "sign is the MD5 of the values percent-encoded; what is hashed are the values themselves"
                .to_owned();
        }
        let names: Vec<&str> = self
            .iter()
            .filter(|(name, value)| *name != "sign" && !value.is_empty())
            .map(|(name, _)| name)
            .collect();
        format!(
            "sign does not match the MD5 over {} with partner_key: another key, another value, or a field left out",
            clip(&names.join(", "), 512)
        )
    }

    /// As a query.
    pub(super) fn to_query(&self) -> String {
        let pairs: Vec<String> = self
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encode(value, RESERVED)))
            .collect();
        pairs.join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiV2Key {
        ApiV2Key::new("8934e7d15453e97507ef794cf7b0519d").unwrap()
    }

    /// Published together with the key in 2014.
    const UTF8: &str = "bank_type=WX&body=%E6%94%AF%E4%BB%98%E6%B5%8B%E8%AF%95&fee_type=1&input_charset=UTF-8\
        &notify_url=http%3A%2F%2Fweixin.qq.com&out_trade_no=7240b65810859cbf2a8d9f76a638c0a3&partner=1900000109\
        &spbill_create_ip=196.168.1.1&total_fee=1&sign=7F77B507B755B3262884291517E380F8";
    const GBK: &str = "bank_type=WX&body=XXX&fee_type=1&input_charset=GBK&notify_url=http%3a%2f%2fwww.qq.com\
        &out_trade_no=16642817866003386000&partner=1900000109&spbill_create_ip=127.0.0.1&total_fee=1\
        &sign=BEEF37AD19575D92E191C1E4B1474CA9";

    #[test]
    fn published_packages_verify() {
        for package in [UTF8, GBK] {
            let params = Params::parse(package, Plus::Plus).unwrap();
            params.verify(&key()).unwrap();
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let problem = |package: &str| {
            let params = Params::parse(package, Plus::Plus).unwrap();
            params.verify(&key()).unwrap_err()
        };
        let (unsigned, _) = UTF8.split_once("&sign=").unwrap();
        // The MD5 of the GBK bytes of the same text.
        let gbk = format!("{unsigned}&sign=840A2636FE1AA0A423D955E3777CBDCC");
        assert!(problem(&gbk).starts_with("sign is the MD5 of the GBK bytes"));
        assert!(problem(&UTF8.replace("7F77B", "7f77b")).contains("upper-case"));
        assert!(problem(&UTF8.replace("total_fee=1", "total_fee=2")).contains("does not match"));
        assert_eq!(problem(unsigned), "there is no sign");
    }

    #[test]
    fn malformed_texts_are_refused() {
        for text in [
            "", "a", "=1", "a=1&&b=2", "a=1&a=2", "a=%4", "a=%zz", "a=支", "a b=1",
        ] {
            assert!(Params::parse(text, Plus::Plus).is_err(), "{text}");
        }
        let form = Params::parse("a=1+%2B&&b=", Plus::Space).unwrap();
        assert_eq!(form.get("a"), Some(&b"1 +"[..]));
        assert_eq!(form.get("b"), None);
        assert_eq!(form.to_query(), "a=1%20%2B&b=");
    }
}
