//! Text that must not reach a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text about a person (敏感信息), such as a name, a phone number, a bank account.
///
/// `Debug` prints `Sensitive([redacted])`, and there is no `Display`, so that the text reaches a
/// log only through [`Sensitive::expose`]. Serde reads and writes the text itself: a value that
/// holds sensitive text can be stored, and is as confidential as what is in it.
///
/// On its way to WeChat Pay such text is encrypted with the platform's key; the operation does
/// that with a copy, the value here stays plain.
#[derive(Clone, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Sensitive(String);

impl Sensitive {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text itself, taken out.
    #[must_use]
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive([redacted])")
    }
}

impl From<String> for Sensitive {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Sensitive {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        let name = Some(Sensitive::from("张三"));
        assert_eq!(format!("{name:?}"), "Some(Sensitive([redacted]))");
        assert_eq!(format!("{name:#?}"), "Some(\n    Sensitive([redacted]),\n)");
    }

    #[test]
    fn serde_keeps_the_text() {
        let name = Sensitive::from("张三");
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"张三\"");
        assert_eq!(serde_json::from_str::<Sensitive>("\"张三\"").unwrap(), name);
    }
}
