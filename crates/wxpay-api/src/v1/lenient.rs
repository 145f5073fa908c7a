//! JSON of 2014: numbers as texts, truth as text, empty texts for what is not there.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};
use wxpay_json::Fen;

/// A text, or a number that stands for one; an empty one is absent.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar)
}

/// An amount in fen, as a number or a text.
pub(super) fn fen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fen>, D::Error> {
    let Some(text) = text(deserializer)? else {
        return Ok(None);
    };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::custom("not an amount in fen"));
    }
    let fen = text.parse().map(Fen::new);
    fen.map(Some)
        .map_err(|_| Error::custom("not an amount in fen"))
}

/// `true`, `"true"`, `"1"` and their like; absent means no.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match text(deserializer)?.as_deref() {
        None | Some("false" | "False" | "FALSE" | "0") => Ok(false),
        Some("true" | "True" | "TRUE" | "1") => Ok(true),
        Some(_) => Err(Error::custom("neither true nor false")),
    }
}

struct Scalar;

impl Visitor<'_> for Scalar {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, true or false")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}
