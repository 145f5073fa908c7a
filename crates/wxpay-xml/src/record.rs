//! What may stand among the fields where lists are read, the only shapes below that of fields.

use std::borrow::Cow;
use std::fmt;

use crate::document::{Iter, Length};

/// An element that holds elements. One that holds nothing but empty ones may be a record or a list, and is both.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Group<'a> {
    pub(crate) name: &'a str,
    /// If it is a record.
    pub(crate) record: Option<Record<'a>>,
    /// If it is a list, its records, each with the name of its element.
    pub(crate) records: Vec<(&'a str, Record<'a>)>,
}

/// A record: an `hbinfo` of the list `hblist`, or one of several `mchinfo` directly below the root. Its fields are
/// like those of a [`Document`](crate::Document), in the order in which they came, no name twice.
///
/// `Debug` prints names and lengths and no value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Record<'a> {
    pub(crate) fields: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Record<'a> {
    /// The text of a field. An empty field is `Some("")`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(other, _)| *other == name)
            .map(|(_, text)| text)
    }

    /// Names and texts in the order of the document.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, 'a> {
        Iter(self.fields.iter())
    }

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl<'d, 'a> IntoIterator for &'d Record<'a> {
    type Item = (&'a str, &'d str);
    type IntoIter = Iter<'d, 'a>;

    fn into_iter(self) -> Iter<'d, 'a> {
        self.iter()
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths = self.iter().map(|(name, text)| (name, Length(text.len())));
        f.write_str("Record ")?;
        f.debug_map().entries(lengths).finish()
    }
}
