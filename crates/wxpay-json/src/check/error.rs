use std::error::Error;
use std::fmt;

use super::Alphabet;

/// A field of a request that breaks a limit. Nothing was sent.
///
/// `Display` names the field and the limit: `description: 128 characters, at most 127 allowed`.
/// It repeats numbers and single characters of the value, and neither for
/// [`Sensitive`](crate::Sensitive) text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidField(Box<Inner>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Inner {
    field: String,
    kind: InvalidKind,
}

impl InvalidField {
    /// A complaint about `field`.
    #[must_use]
    #[cold]
    pub fn new(field: impl Into<String>, kind: InvalidKind) -> Self {
        Self(Box::new(Inner {
            field: field.into(),
            kind,
        }))
    }

    /// The path of the field: `detail.goods_detail[3].goods_name`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.0.field
    }

    /// What is wrong with it.
    #[must_use]
    pub fn kind(&self) -> &InvalidKind {
        &self.0.kind
    }

    /// The same complaint seen from the object around: `total` within `amount` is `amount.total`.
    #[must_use]
    #[cold]
    pub fn within(mut self, object: &str) -> Self {
        self.0.field = format!("{object}.{}", self.0.field);
        self
    }

    /// The same complaint seen from the list around: `goods_name` within entry 3 of
    /// `goods_detail` is `goods_detail[3].goods_name`.
    #[must_use]
    #[cold]
    pub fn within_entry(mut self, list: &str, index: usize) -> Self {
        // A check of an entry that is not an object complains about the entry itself.
        let dot = if self.0.field.is_empty() { "" } else { "." };
        self.0.field = format!("{list}[{index}]{dot}{}", self.0.field);
        self
    }

    pub(super) fn redacted(mut self) -> Self {
        if let InvalidKind::Alphabet { found, .. }
        | InvalidKind::NotBmp { found, .. }
        | InvalidKind::Control { found, .. } = &mut self.0.kind
        {
            *found = None;
        }
        self
    }
}

/// What is wrong with a field. Positions count characters from 1.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InvalidKind {
    /// The field must be there.
    #[non_exhaustive]
    Missing,
    /// Shorter than allowed.
    #[non_exhaustive]
    TooShort {
        /// The length found.
        length: usize,
        /// The least allowed.
        min: usize,
        /// What is counted.
        unit: Unit,
    },
    /// Longer than allowed.
    #[non_exhaustive]
    TooLong {
        /// The length found.
        length: usize,
        /// The most allowed.
        max: usize,
        /// What is counted.
        unit: Unit,
    },
    /// A character that the field does not take.
    #[non_exhaustive]
    Alphabet {
        /// The character; `None` in sensitive text.
        found: Option<char>,
        /// Where it stands.
        position: usize,
        /// What the field takes.
        allowed: Alphabet,
    },
    /// A number outside its range.
    #[non_exhaustive]
    Range {
        /// The number found.
        value: i64,
        /// The least allowed.
        min: i64,
        /// The most allowed.
        max: i64,
    },
    /// A character of four UTF-8 bytes, such as an emoji, which WeChat Pay does not take.
    #[non_exhaustive]
    NotBmp {
        /// The character; `None` in sensitive text.
        found: Option<char>,
        /// Where it stands.
        position: usize,
    },
    /// A control character other than tab and the line ends.
    #[non_exhaustive]
    Control {
        /// The character; `None` in sensitive text.
        found: Option<char>,
        /// Where it stands.
        position: usize,
    },
    /// Not an address that WeChat Pay can call; what is wrong about it.
    #[non_exhaustive]
    Url(&'static str),
    /// A file's name that does not end with one of these, each behind a dot.
    #[non_exhaustive]
    Ending(&'static [&'static str]),
}

/// What a length counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unit {
    /// Unicode characters (字符).
    Characters,
    /// Bytes of UTF-8 (字节).
    Bytes,
    /// Entries of a list.
    Entries,
}

impl Unit {
    fn name(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Characters, 1) => "character",
            (Self::Characters, _) => "characters",
            (Self::Bytes, 1) => "byte",
            (Self::Bytes, _) => "bytes",
            (Self::Entries, 1) => "entry",
            (Self::Entries, _) => "entries",
        }
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { field, kind } = &*self.0;
        write!(f, "{field}: ")?;
        match *kind {
            InvalidKind::Missing => f.write_str("missing"),
            InvalidKind::TooShort {
                length: 0,
                min: 1,
                unit: Unit::Characters | Unit::Bytes,
            } => f.write_str("empty, leave the field out or fill it"),
            InvalidKind::TooShort { length, min, unit } => {
                write!(f, "{length} {}, at least {min} needed", unit.name(length))
            }
            InvalidKind::TooLong { length, max, unit } => {
                write!(f, "{length} {}, at most {max} allowed", unit.name(length))
            }
            InvalidKind::Alphabet {
                found,
                position,
                allowed,
            } => {
                write!(f, "{}, only {allowed} allowed", Culprit { found, position })
            }
            InvalidKind::Range { value, min, .. } if value < min => {
                write!(f, "{value}, at least {min} allowed")
            }
            InvalidKind::Range { value, max, .. } => write!(f, "{value}, at most {max} allowed"),
            InvalidKind::NotBmp { found, position } => write!(
                f,
                "{}, characters of four UTF-8 bytes (such as emoji) are not allowed",
                Culprit { found, position }
            ),
            InvalidKind::Control { found, position } => {
                write!(
                    f,
                    "{}, control characters are not allowed",
                    Culprit { found, position }
                )
            }
            InvalidKind::Url(problem) => f.write_str(problem),
            InvalidKind::Ending(endings) => {
                write!(f, "does not end with one of .{}", endings.join(", ."))
            }
        }
    }
}

impl Error for InvalidField {}

struct Culprit {
    found: Option<char>,
    position: usize,
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = self.position;
        match self.found {
            Some(found) if (' '..='~').contains(&found) => {
                write!(f, "{found:?} at position {position}")
            }
            // The character itself would not show, or would be misread.
            Some(found) => write!(f, "U+{:04X} at position {position}", u32::from(found)),
            None => write!(f, "a character at position {position}"),
        }
    }
}
