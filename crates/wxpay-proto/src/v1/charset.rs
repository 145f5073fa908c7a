//! `input_charset`: one choice for three things that must agree.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use encoding_rs::{EncoderResult, GBK};
use percent_encoding::{percent_decode_str, percent_encode};

use crate::target::RESERVED;

/// The charset of a package, a notice or a Tenpay message (`input_charset`, 字符编码). It decides which bytes
/// are hashed, which are percent-encoded, and how an answer is read; an MD5 over the bytes of the other one is
/// right for English and wrong for Chinese.
///
/// GBK is meant as Tencent means it, code page 936, and where `input_charset` is not sent it is what is
/// assumed. This library sends it always, and UTF-8 unless told otherwise.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "v1 is closed: no charset will be added"
)]
pub enum Charset {
    /// GBK: Chinese and ASCII, no emoji.
    Gbk,
    /// UTF-8.
    #[default]
    Utf8,
}

impl Charset {
    /// The value of `input_charset`: `GBK` or `UTF-8`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gbk => "GBK",
            Self::Utf8 => "UTF-8",
        }
    }

    /// Reads a name as it stands in `input_charset` or an XML declaration. Either case; `GB2312` and `GB18030`,
    /// the subset and the superset, count as GBK.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("UTF-8") || is("UTF8") {
            Some(Self::Utf8)
        } else if is("GBK") || is("GB2312") || is("GB18030") || is("CP936") {
            Some(Self::Gbk)
        } else {
            None
        }
    }

    /// The bytes of a text. `field` is what the error names.
    ///
    /// # Errors
    ///
    /// Where GBK has no code for a character. Nothing is ever replaced by a question mark.
    pub fn encode<'t>(
        self,
        field: &'static str,
        text: &'t str,
    ) -> Result<Cow<'t, [u8]>, CharsetError> {
        if self == Self::Utf8 || text.is_ascii() {
            return Ok(Cow::Borrowed(text.as_bytes()));
        }
        let mut encoder = GBK.new_encoder();
        let room = encoder.max_buffer_length_from_utf8_without_replacement(text.len());
        let mut bytes = Vec::with_capacity(room.unwrap_or_default());
        match encoder
            .encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true)
            .0
        {
            EncoderResult::InputEmpty => Ok(Cow::Owned(bytes)),
            EncoderResult::Unmappable(character) => Err(CharsetError::Unmappable {
                field,
                position: text.chars().take_while(|&one| one != character).count() + 1,
            }),
            // The room is enough for whatever there is.
            EncoderResult::OutputFull => Err(CharsetError::Unmappable { field, position: 1 }),
        }
    }

    /// The text of these bytes. `field` is what the error names.
    ///
    /// # Errors
    ///
    /// Where they are no text of this charset: mostly, the other one was meant.
    pub fn decode<'b>(
        self,
        field: &'static str,
        bytes: &'b [u8],
    ) -> Result<Cow<'b, str>, CharsetError> {
        let text = match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Gbk => GBK.decode_without_bom_handling_and_without_replacement(bytes),
        };
        text.ok_or(CharsetError::NotText {
            field,
            charset: self,
        })
    }

    /// A value as it stands in a package: every byte but letters, digits and `-._~` percent-encoded, a space
    /// as `%20` and never as `+`.
    pub(crate) fn escape(bytes: &[u8], escapes: Escapes, out: &mut String) {
        for piece in percent_encode(bytes, RESERVED) {
            match escapes {
                Escapes::Lower if piece.starts_with('%') => {
                    out.extend(piece.chars().map(|digit| digit.to_ascii_lowercase()));
                }
                _ => out.push_str(piece),
            }
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The bytes of a percent-encoded value. A plus is a space where forms are read (`+` never comes from this
/// library).
pub(crate) fn unescape(value: &str, plus_is_space: bool) -> Vec<u8> {
    if plus_is_space && value.contains('+') {
        return percent_decode_str(&value.replace('+', " ")).collect();
    }
    percent_decode_str(value).collect()
}

/// Which hexadecimal digits percent-encoding writes. WeChat Pay takes either, because a package is signed and
/// compared as the text it is.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "hexadecimal digits have two cases")]
pub enum Escapes {
    /// `%2F`, as RFC 3986 asks for.
    #[default]
    Upper,
    /// `%2f`.
    Lower,
}

/// A text that does not fit its charset.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CharsetError {
    /// A character that GBK has no code for, an emoji for instance: send UTF-8, or leave it out.
    Unmappable {
        /// The field.
        field: &'static str,
        /// Where the first such character stands, counted from 1.
        position: usize,
    },
    /// Bytes that are no text of the charset they are said to be in.
    NotText {
        /// The field or the part of the message.
        field: &'static str,
        /// The charset they are said to be in.
        charset: Charset,
    },
    /// The name of a charset other than GBK and UTF-8.
    Unknown {
        /// Where it stands: `input_charset` or `encoding`.
        field: &'static str,
    },
}

impl fmt::Display for CharsetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmappable { field, position } => write!(
                f,
                "{field}: GBK has no code for character {position}; use UTF-8 or leave it out"
            ),
            Self::NotText { field, charset } => {
                write!(
                    f,
                    "{field}: not text in {charset}, the charset it is declared in"
                )
            }
            Self::Unknown { field } => {
                write!(f, "{field}: neither GBK nor UTF-8 is named")
            }
        }
    }
}

impl Error for CharsetError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str, charset: Charset, escapes: Escapes) -> String {
        let mut out = String::new();
        Charset::escape(&charset.encode("body", text).unwrap(), escapes, &mut out);
        out
    }

    #[test]
    fn one_charset_drives_bytes_and_escapes() {
        assert_eq!(
            escaped("支 +", Charset::Gbk, Escapes::Upper),
            "%D6%A7%20%2B"
        );
        assert_eq!(
            escaped("支 +", Charset::Utf8, Escapes::Lower),
            "%e6%94%af%20%2b"
        );
        assert_eq!(escaped("A-z_0.~", Charset::Gbk, Escapes::Lower), "A-z_0.~");
    }

    #[test]
    fn nothing_becomes_a_question_mark() {
        for text in ["矿泉水😀", "矿泉水\u{e5e5}", "é😀"] {
            let error = Charset::Gbk.encode("attach", text).unwrap_err();
            assert!(
                matches!(error, CharsetError::Unmappable { field: "attach", position } if position > 0)
            );
        }
        let error = Charset::Gbk.encode("body", "矿泉水😀").unwrap_err();
        assert_eq!(
            error.to_string(),
            "body: GBK has no code for character 4; use UTF-8 or leave it out"
        );
        assert!(Charset::Utf8.encode("body", "矿泉水😀").is_ok());
    }

    #[test]
    fn what_is_no_text_is_refused_and_not_replaced() {
        for (charset, bytes) in [
            (Charset::Utf8, &b"\xb8\xbd"[..]),
            (Charset::Gbk, b"\xd6"),
            (Charset::Gbk, b"\xff\xff"),
        ] {
            assert!(charset.decode("x", bytes).is_err(), "{charset} {bytes:?}");
        }
        assert_eq!(Charset::Gbk.decode("x", b"\xd6\xa7").unwrap(), "支");
    }

    #[test]
    fn names_are_read_in_either_case() {
        assert_eq!(Charset::parse("gbk"), Some(Charset::Gbk));
        assert_eq!(Charset::parse("utf-8"), Some(Charset::Utf8));
        for other in ["", "latin1", "UTF-16", "utf-8 "] {
            assert_eq!(Charset::parse(other), None, "{other}");
        }
    }
}
