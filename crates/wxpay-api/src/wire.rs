//! What the generated code has in common.

#![cfg_attr(
    not(feature = "full"),
    allow(dead_code, reason = "which of it is needed depends on the families")
)]

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::StrDeserializer;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use wxpay_json::{DecodeError, Sensitive};
use wxpay_proto::BodyError;
use wxpay_proto::sign::{Decryptor, Encryptor};

/// Encrypts `text` in its place.
pub(crate) fn seal(
    field: &'static str,
    text: &mut Sensitive,
    encryptor: &dyn Encryptor,
) -> Result<(), BodyError> {
    let sealed = encryptor.encrypt(text.expose());
    *text = Sensitive::new(sealed.map_err(|source| BodyError::Encrypt { field, source })?);
    Ok(())
}

/// Decrypts `text` in its place.
pub(crate) fn open(
    field: &'static str,
    text: &mut Sensitive,
    decryptor: &dyn Decryptor,
) -> Result<(), DecodeError> {
    let opened = decryptor.decrypt(text.expose());
    // The cause says which key does not fit, and never anything about the text.
    *text = Sensitive::new(opened.map_err(|cause| {
        DecodeError::at(
            field,
            format!("cannot be decrypted with the merchant's key: {cause}"),
        )
    })?);
    Ok(())
}

/// A list that may be missing or `null`, which are both empty.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A word, a time or a date that may be missing, `null` or an empty text: all of them are absent.
pub(crate) fn filled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a>,
{
    deserializer.deserialize_option(Filled(PhantomData))
}

struct Filled<T>(PhantomData<T>);

impl<'de, T: for<'a> Deserialize<'a>> Visitor<'de> for Filled<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            "" => Ok(None),
            text => T::deserialize(StrDeserializer::new(text)).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use wxpay_json::DateTime;

    #[derive(Debug, Deserialize)]
    struct Answer {
        #[serde(default, deserialize_with = "super::list")]
        words: Vec<String>,
        #[serde(default, deserialize_with = "super::filled")]
        time: Option<DateTime>,
    }

    #[test]
    fn null_and_missing_are_absent() {
        for text in [
            "{}",
            r#"{"words":null,"time":null}"#,
            r#"{"words":[],"time":""}"#,
        ] {
            let answer: Answer = serde_json::from_str(text).unwrap();
            assert!(answer.words.is_empty() && answer.time.is_none(), "{text}");
        }
        let text = r#"{"words":["a"],"time":"2018-06-08T10:34:56+08:00"}"#;
        let answer: Answer = serde_json::from_str(text).unwrap();
        assert_eq!(answer.words, ["a"]);
        assert_eq!(answer.time.map(DateTime::as_unix), Some(1_528_425_296));
    }

    #[test]
    fn something_else_is_an_error() {
        for text in [
            r#"{"words":"a"}"#,
            r#"{"time":1}"#,
            r#"{"time":"yesterday"}"#,
        ] {
            serde_json::from_str::<Answer>(text).unwrap_err();
        }
    }
}
