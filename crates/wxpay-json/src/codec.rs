//! Bytes to values and back.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::node::PLACE;

/// Reads a value from the JSON in `body`.
///
/// Unknown keys are ignored, as WeChat Pay asks for. Nesting deeper than 128 levels is refused;
/// the size is for the caller to bound before the bytes are collected.
///
/// # Errors
///
/// Text that is not JSON, or JSON that is not a `T`. The error names the place by its path and
/// never repeats a value of the document, so it may be logged.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    // Looking at the whole once is quicker than at every text in it.
    let read = std::str::from_utf8(body).map(serde_json::from_str);
    match read {
        Ok(Ok(value)) => Ok(value),
        // The path costs time on every field, so it is only looked for once something is wrong.
        _ => decode_with_path(body),
    }
}

#[cold]
fn decode_with_path<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    if body.is_empty() {
        return Err(DecodeError::new(
            "",
            "the body is empty, expected JSON".to_owned(),
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        DecodeError::explain(if path == "." { "" } else { &path }, error.inner())
    })?;
    deserializer
        .end()
        .map_err(|error| DecodeError::explain("", &error))?;
    Ok(value)
}

/// Writes `value` as compact JSON, its fields in the order the type lists them.
///
/// # Errors
///
/// A value JSON has no form for, such as a map with keys that are not text.
pub fn encode<T: Serialize>(value: &T) -> Result<Bytes, EncodeError> {
    match serde_json::to_vec(value) {
        Ok(json) => Ok(Bytes::from(json)),
        Err(_) => Err(EncodeError(())),
    }
}

/// JSON that could not be read as what was expected.
///
/// `Display` names the place and what was wrong there, never a value of the document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Inner {
    path: String,
    message: String,
}

/// Paths contain keys of the document where a type holds a map, so they are cut.
const MAX_PATH_CHARS: usize = 200;

impl DecodeError {
    /// Where in the document it was: `amount.total`, `data[1].serial_no`; empty at the top.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// A value at `path` that cannot be used for a reason JSON knows nothing of, such as encrypted
    /// text that cannot be opened. `message` must not repeat values of the document.
    #[must_use]
    pub fn at(path: &str, message: impl Into<String>) -> Self {
        Self::new(path, message.into())
    }

    /// The same complaint seen from the field around: `total` within `detail` is `detail.total`.
    #[must_use]
    #[cold]
    pub fn within(self, field: &str) -> Self {
        let Inner { path, message } = *self.0;
        let dot = if path.is_empty() || path.starts_with('[') {
            ""
        } else {
            "."
        };
        Self::new(&format!("{field}{dot}{path}"), message)
    }

    /// What was wrong there.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    fn new(path: &str, message: String) -> Self {
        let path = path
            .chars()
            .filter(|char| !char.is_control())
            .take(MAX_PATH_CHARS)
            .collect();
        Self(Box::new(Inner { path, message }))
    }

    /// Says what `error` says without the values serde puts into its messages.
    fn explain(path: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let text = text
            .strip_suffix(&format!(" at line {line} column {column}"))
            .unwrap_or(&text);
        if !error.is_data() {
            // serde_json's own messages about syntax are fixed texts.
            return Self::new(
                path,
                format!("not valid JSON at line {line} column {column}: {text}"),
            );
        }
        // What reads by nodes knows the place within, and its messages hold no values.
        if let Some((inner, message)) = text
            .strip_prefix(PLACE)
            .and_then(|rest| rest.split_once("`: "))
        {
            let error = Self::new(inner, message.to_owned());
            return if path.is_empty() {
                error
            } else {
                error.within(path)
            };
        }
        for (prefix, message) in [
            ("missing field `", "the field is missing"),
            ("duplicate field `", "the field is there twice"),
        ] {
            if let Some(field) = text
                .strip_prefix(prefix)
                .and_then(|rest| rest.split('`').next())
            {
                let dot = if path.is_empty() { "" } else { "." };
                return Self::new(&format!("{path}{dot}{field}"), message.to_owned());
            }
        }
        // `invalid type: string "…", expected …`: the value stands before the last `expected`.
        let expected = ["invalid type: ", "invalid value: ", "invalid length "]
            .iter()
            .any(|prefix| text.starts_with(prefix))
            .then(|| text.rsplit_once(", expected "))
            .flatten();
        let message = match expected {
            Some((found, expected)) => match found_type(found) {
                Some(found) => format!("found {found}, expected {expected}"),
                None => format!("expected {expected}"),
            },
            None => format!("not the expected value (line {line} column {column})"),
        };
        Self::new(path, message)
    }
}

fn found_type(found: &str) -> Option<&'static str> {
    let found = found.strip_prefix("invalid type: ")?;
    [
        ("string", "text"),
        ("integer", "an integer"),
        ("floating point", "a floating-point number"),
        ("boolean", "true or false"),
        ("null", "null"),
        ("sequence", "a list"),
        ("map", "an object"),
    ]
    .iter()
    .find_map(|(prefix, name)| found.starts_with(prefix).then_some(*name))
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, message } = &*self.0;
        if path.is_empty() {
            f.write_str(message)
        } else {
            write!(f, "{path}: {message}")
        }
    }
}

impl Error for DecodeError {}

/// A value that has no form in JSON.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EncodeError(());

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value has no form in JSON (a map whose keys are not text, or a type that refuses to be written)")
    }
}

impl Error for EncodeError {}
