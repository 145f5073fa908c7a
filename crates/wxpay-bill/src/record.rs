//! A row as it is, by column name.

use std::fmt;

use crate::header::Header;
use crate::scan::Fields;

/// A row of a bill (明细行): its fields by the names of their columns, whatever they are.
///
/// Every typed row has it as well, so that columns which are newer than this crate can be read.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub(crate) text: &'a str,
    pub(crate) fields: &'a Fields,
    pub(crate) header: &'a Header,
    pub(crate) line: u64,
}

impl<'a> Record<'a> {
    /// The field of the column with this name; `None` where the bill has no such column. Units in brackets and spaces
    /// in names do not count: `收支金额（元）` is `收支金额`.
    ///
    /// This looks through the names every time; columns this crate knows are fields of typed rows.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.header.find(&[name]).map(|index| self.at(index))
    }

    /// The fields with the names of their columns, in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + use<'a> {
        let record = *self;
        let names = self.header.names().enumerate();
        names.map(move |(index, name)| (name, record.at(index)))
    }

    /// The line of the file it is in; the header is line 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// A field by the place of its column.
    pub(crate) fn at(&self, index: usize) -> &'a str {
        u8::try_from(index).map_or("", |column| self.fields.text(self.text, column))
    }

    #[inline]
    pub(crate) fn text(&self, column: u8) -> &'a str {
        self.fields.text(self.text, column)
    }

    #[inline]
    pub(crate) fn bytes(&self, column: u8) -> &'a [u8] {
        self.fields.bytes(self.text, column)
    }

    /// Where in the text a field is; empty where the bill has no such column, or leaves it empty.
    #[inline]
    pub(crate) fn place(&self, column: u8) -> (usize, usize) {
        self.fields.bounds(column)
    }

    /// A number: `0` and nothing stand for none.
    #[inline]
    pub(crate) fn number(&self, column: u8) -> Option<&'a str> {
        let text = self.text(column);
        (!text.is_empty() && text != "0").then_some(text)
    }

    /// A text that may be left empty.
    #[inline]
    pub(crate) fn optional(&self, column: u8) -> Option<&'a str> {
        let text = self.text(column);
        (!text.is_empty()).then_some(text)
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
