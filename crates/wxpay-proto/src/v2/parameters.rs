//! The fields of a document, kept.

use std::cmp::Ordering;
use std::fmt;

use bytes::Bytes;
use wxpay_sign::{ApiV2Key, VerifyError};
use wxpay_xml::{Document, Limits};

use super::fields::Fields;
use super::key::{Key, Wanted};

/// The fields of an answer or a notification, sorted by name: what is signed, known or not. Empty fields are left
/// out, since to WeChat Pay they are the same as none.
///
/// `Debug` shows names and lengths and no value.
#[derive(Clone, Default)]
pub struct Parameters {
    /// All names and texts, one behind the other.
    text: String,
    entries: Vec<Entry>,
    /// The document, where it may hold nested lists: they are no fields, and read again when they are asked for.
    lists: Bytes,
}

/// Where a name stands, with its text right behind it.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    key: Key,
    start: u32,
    name: u32,
    value: u32,
}

impl Entry {
    pub(crate) fn order(self, text: &str, wanted: &Wanted<'_>) -> Ordering {
        wanted.order(self.key, || self.name(text))
    }

    pub(crate) fn name(self, text: &str) -> &str {
        let start = self.start as usize;
        text.get(start..start + self.name as usize)
            .unwrap_or_default()
    }

    pub(crate) fn value(self, text: &str) -> &str {
        let start = self.start as usize + self.name as usize;
        text.get(start..start + self.value as usize)
            .unwrap_or_default()
    }
}

impl Parameters {
    /// Takes the fields of a document.
    pub(crate) fn of(document: &Document<'_>) -> Self {
        Self::collect(document.iter(), document.len())
    }

    fn collect<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)> + Clone, count: usize) -> Self {
        let size = pairs
            .clone()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        // Two allocations, whatever is in it.
        let mut text = String::with_capacity(size);
        let mut entries = Vec::with_capacity(count);
        for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
            // Documents are bounded far below this.
            let (Ok(start), Ok(name_len), Ok(value_len)) = (
                u32::try_from(text.len()),
                u32::try_from(name.len()),
                u32::try_from(value.len()),
            ) else {
                continue;
            };
            text.push_str(name);
            text.push_str(value);
            entries.push(Entry {
                key: Key::of(name),
                start,
                name: name_len,
                value: value_len,
            });
        }
        entries.sort_unstable_by(|one: &Entry, other| {
            let keys = one.key.cmp(&other.key);
            keys.then_with(|| one.name(&text).cmp(other.name(&text)))
        });
        Self {
            text,
            entries,
            lists: Bytes::new(),
        }
    }

    /// Takes any document, with its nested lists.
    pub(crate) fn unverified(body: &[u8]) -> Result<Self, wxpay_xml::Error> {
        let document = Document::parse_within(body, Limits::new().lists(true))?;
        let mut parameters = Self::of(&document);
        parameters.keep_lists(&Bytes::copy_from_slice(body));
        Ok(parameters)
    }

    /// Nested lists may be asked for.
    pub(crate) fn keep_lists(&mut self, raw: &Bytes) {
        self.lists = raw.clone();
    }

    /// The text of a field; `None` where it is not there or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let wanted = Wanted::new(name, b"");
        let at = self
            .entries
            .binary_search_by(|entry| entry.order(&self.text, &wanted));
        let entry = self.entries.get(at.ok()?)?;
        Some(entry.value(&self.text))
    }

    /// Names and texts in the byte order of the names.
    #[must_use]
    pub fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = (&str, &str)> + DoubleEndedIterator + Clone {
        self.entries
            .iter()
            .map(|entry| (entry.name(&self.text), entry.value(&self.text)))
    }

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A view to read values from.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.text, &self.entries, &self.lists)
    }

    /// Checks `sign` over every other field.
    pub(crate) fn verify(&self, key: &ApiV2Key, sign: &str) -> Result<(), VerifyError> {
        key.verify_sorted(self.iter(), sign)
    }
}

/// Of a name that comes twice the first is taken.
impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<(N, V)> = pairs.into_iter().collect();
        pairs.sort_by(|(one, _), (other, _)| one.as_ref().cmp(other.as_ref()));
        pairs.dedup_by(|(one, _), (other, _)| one.as_ref() == other.as_ref());
        let count = pairs.len();
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()));
        Self::collect(pairs, count)
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Length(usize);
        impl fmt::Debug for Length {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} bytes", self.0)
            }
        }
        let lengths = self.iter().map(|(name, text)| (name, Length(text.len())));
        f.debug_map().entries(lengths).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_sorted_and_empty_ones_are_none() {
        let pairs = [
            ("b", "2"),
            ("a_10", "y"),
            ("a_2", "x"),
            ("e", ""),
            ("Z", "0"),
        ];
        let parameters = Parameters::collect(pairs.into_iter(), 5);
        let read: Vec<_> = parameters.iter().collect();
        assert_eq!(read, [("Z", "0"), ("a_10", "y"), ("a_2", "x"), ("b", "2")]);
        assert_eq!(parameters.get("a_2"), Some("x"));
        assert_eq!(parameters.get("e"), None);
        assert_eq!(parameters.get("c"), None);
        assert_eq!(
            format!("{parameters:?}"),
            "{\"Z\": 1 bytes, \"a_10\": 1 bytes, \"a_2\": 1 bytes, \"b\": 1 bytes}"
        );
    }
}
