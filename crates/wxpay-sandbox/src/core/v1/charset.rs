//! `input_charset`: which bytes are hashed, percent-encoded and read.

use encoding_rs::GBK;
use serde::{Deserialize, Serialize};

/// The charset of a package, a notice or a message of Tenpay.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Charset {
    /// Assumed where nothing is said. Code page 936, and what GB18030 has besides.
    #[default]
    #[serde(rename = "GBK")]
    Gbk,
    #[serde(rename = "UTF-8")]
    Utf8,
}

impl Charset {
    /// The value on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Gbk => "GBK",
            Self::Utf8 => "UTF-8",
        }
    }

    /// What `input_charset` names; GBK where it is not sent.
    pub(crate) fn named(name: Option<&[u8]>) -> Option<Self> {
        let Some(name) = name else {
            return Some(Self::Gbk);
        };
        [Self::Gbk, Self::Utf8]
            .into_iter()
            .find(|charset| name.eq_ignore_ascii_case(charset.as_str().as_bytes()))
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Gbk => Self::Utf8,
            Self::Utf8 => Self::Gbk,
        }
    }

    /// The text of these bytes, if they are one.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Gbk => GBK
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(std::borrow::Cow::into_owned),
        }
    }

    /// The bytes of a text. A character that GBK does not have becomes a question mark, as in what
    /// Tenpay sent.
    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        if self == Self::Utf8 {
            return text.as_bytes().to_vec();
        }
        let (bytes, _, unmappable) = GBK.encode(text);
        if !unmappable {
            return bytes.into_owned();
        }
        let mut bytes = Vec::with_capacity(text.len());
        for character in text.chars() {
            let mut buffer = [0; 4];
            match GBK.encode(character.encode_utf8(&mut buffer)) {
                (code, _, false) => bytes.extend_from_slice(&code),
                _ => bytes.push(b'?'),
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gbk_is_what_nobody_names() {
        assert_eq!(Charset::named(None), Some(Charset::Gbk));
        assert_eq!(Charset::named(Some(b"gbk")), Some(Charset::Gbk));
        assert_eq!(Charset::named(Some(b"utf-8")), Some(Charset::Utf8));
        for other in [&b"latin1"[..], b"utf8 ", b"UTF-16"] {
            assert_eq!(Charset::named(Some(other)), None);
        }
    }

    #[test]
    fn texts_become_bytes_and_texts_again() {
        assert_eq!(Charset::Gbk.encode("支"), b"\xd6\xa7");
        assert_eq!(Charset::Gbk.encode("支😀付"), b"\xd6\xa7?\xb8\xb6");
        assert_eq!(Charset::Gbk.decode(b"\xd6\xa7").as_deref(), Some("支"));
        assert_eq!(Charset::Gbk.decode(b"\xd6"), None);
        assert_eq!(Charset::Utf8.decode(b"\xb8\xbd"), None);
        assert_eq!(Charset::Utf8.encode("支"), "支".as_bytes());
    }
}
