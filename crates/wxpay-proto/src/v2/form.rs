//! The fields of a request, on their way to be signed and written.

use std::fmt::{self, Write as _};

use bytes::Bytes;
use md5::{Digest as _, Md5};
use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use wxpay_json::{Date, DateTime, Fen, Sensitive};
use wxpay_sign::{Encryptor as _, PublicKey};

use super::words::{DateForm, TimeForm};
use crate::operation::BodyError;
use crate::target::RESERVED;

/// The fields of a request: names and texts, those that are empty left out.
///
/// It is made by [`Merchant::encode`](super::Merchant::encode) and filled by
/// [`Request::write`](super::Request::write). Texts are borrowed from the request; numbers and other texts that are
/// made go to one buffer, so that a request costs two allocations and not one a field.
pub struct Form<'a> {
    entries: Vec<Entry<'a>>,
    scratch: String,
    file: Option<FilePart<'a>>,
    sorted: bool,
    key: Option<&'a PublicKey>,
    /// Where one field is looked for, its name: the others are not worth their making.
    only: Option<&'static str>,
}

struct Entry<'a> {
    name: &'static str,
    /// What is signed.
    value: Value<'a>,
    sent: Sent,
}

enum Value<'a> {
    Borrowed(&'a str),
    Scratch(Span),
}

/// How a text is sent.
enum Sent {
    /// As its characters need.
    Plain,
    /// In CDATA in any case: WeChat Pay demands it of JSON.
    Json,
    /// As another text, which stands in the buffer.
    Instead(Span),
}

/// A part of the buffer.
struct Span {
    start: u32,
    end: u32,
}

/// The file of an upload. It is not signed.
pub(crate) struct FilePart<'a> {
    pub(crate) part: &'static str,
    pub(crate) file_name: &'a str,
    pub(crate) mime: &'a str,
    pub(crate) content: &'a Bytes,
}

/// Most requests have no more fields.
const USUAL_FIELDS: usize = 20;
/// Numbers and times of a request have about so many digits together.
const USUAL_SCRATCH: usize = 128;

impl<'a> Form<'a> {
    pub(crate) fn new(key: Option<&'a PublicKey>) -> Self {
        Self {
            entries: Vec::with_capacity(USUAL_FIELDS),
            scratch: String::with_capacity(USUAL_SCRATCH),
            file: None,
            sorted: true,
            key,
            only: None,
        }
    }

    /// For looking up one text: nothing else is kept, encrypted or turned into JSON.
    pub(crate) const fn only(name: &'static str) -> Self {
        Self {
            entries: Vec::new(),
            scratch: String::new(),
            file: None,
            sorted: true,
            key: None,
            only: Some(name),
        }
    }

    /// A text.
    pub fn text(&mut self, name: &'static str, value: impl Into<Option<&'a str>>) {
        self.borrowed(name, value.into());
    }

    /// A text about a person: on the wire like any other.
    pub fn sensitive(&mut self, name: &'static str, value: Option<&'a Sensitive>) {
        self.borrowed(name, value.map(Sensitive::expose));
    }

    /// A text that is signed as it is and sent percent-encoded (RFC 3986): `long_url` of the short-link interface,
    /// `risk_info` of red packets.
    pub fn url_encoded(&mut self, name: &'static str, value: impl Into<Option<&'a str>>) {
        if let Some(value) = value.into()
            && !value.is_empty()
            && self.wants(name)
        {
            let start = self.scratch.len();
            self.scratch.extend(utf8_percent_encode(value, RESERVED));
            let sent = Sent::Instead(self.span(start));
            self.push(name, Value::Borrowed(value), sent);
        }
    }

    /// An integer.
    pub fn integer(&mut self, name: &'static str, value: impl Into<Option<i64>>) {
        if let Some(value) = value.into()
            && self.wants(name)
        {
            let start = self.scratch.len();
            push_decimal(&mut self.scratch, value);
            self.made(name, start, Sent::Plain);
        }
    }

    /// An amount of money, in fen.
    pub fn fen(&mut self, name: &'static str, value: impl Into<Option<Fen>>) {
        self.integer(name, value.into().map(Fen::as_fen));
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &'static str, value: impl Into<Option<bool>>) {
        let word = |value| if value { "true" } else { "false" };
        self.borrowed(name, value.into().map(word));
    }

    /// A point in time, as a clock in Beijing shows it.
    pub fn time(&mut self, name: &'static str, value: impl Into<Option<DateTime>>, form: TimeForm) {
        if let Some(value) = value.into() {
            let text = match form {
                TimeForm::Compact => value.compact(),
                TimeForm::Spaced => value.spaced(),
            };
            self.copied(name, &text);
        }
    }

    /// A date.
    pub fn date(&mut self, name: &'static str, value: impl Into<Option<Date>>, form: DateForm) {
        match (value.into(), form) {
            (Some(value), DateForm::Compact) => self.copied(name, &value.compact()),
            (Some(value), DateForm::Dashed) if self.wants(name) => {
                let start = self.scratch.len();
                // A string takes whatever is written to it.
                let _ = write!(self.scratch, "{value}");
                self.made(name, start, Sent::Plain);
            }
            _ => {}
        }
    }

    /// A value as JSON, which v2 puts into a text: `detail`, `scene_info`, `receivers`.
    ///
    /// # Errors
    ///
    /// Where the value has no form in JSON.
    pub fn json<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
    ) -> Result<(), BodyError> {
        let Some(value) = value else {
            return Ok(());
        };
        if !self.wants(name) {
            return Ok(());
        }
        let json = wxpay_json::encode(&value).map_err(BodyError::Encode)?;
        let start = self.scratch.len();
        // What serde_json writes is UTF-8.
        self.scratch
            .push_str(std::str::from_utf8(&json).unwrap_or_default());
        self.made(name, start, Sent::Json);
        Ok(())
    }

    /// A text about a person, encrypted (RSA-OAEP) with [`Merchant::with_encryption_key`](super::Merchant::with_encryption_key).
    ///
    /// # Errors
    ///
    /// Where the merchant has no such key, or the text is too long for it.
    pub fn encrypted(
        &mut self,
        name: &'static str,
        value: Option<&'a Sensitive>,
    ) -> Result<(), BodyError> {
        let Some(value) = value.filter(|value| !value.expose().is_empty()) else {
            return Ok(());
        };
        if !self.wants(name) {
            return Ok(());
        }
        let key = self.key.ok_or(BodyError::NoEncryptionKey { field: name })?;
        let cipher = key
            .encrypt(value.expose())
            .map_err(|source| BodyError::Encrypt {
                field: name,
                source,
            })?;
        self.copied(name, &cipher);
        Ok(())
    }

    /// The MD5 of a file in lower-case digits: `media_hash`.
    pub fn file_hash(&mut self, name: &'static str, content: &[u8]) {
        if !self.wants(name) {
            return;
        }
        let start = self.scratch.len();
        for byte in Md5::digest(content) {
            let _ = write!(self.scratch, "{byte:02x}");
        }
        self.made(name, start, Sent::Plain);
    }

    /// A file: the request becomes an upload, `multipart/form-data` in place of XML. The file is not signed, so say
    /// its hash with [`file_hash`](Self::file_hash). `part` is the name of its part, `media`.
    pub fn file(
        &mut self,
        part: &'static str,
        file_name: &'a str,
        mime: &'a str,
        content: &'a Bytes,
    ) {
        if self.only.is_none() {
            self.file = Some(FilePart {
                part,
                file_name,
                mime,
                content,
            });
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_none_or(|only| only == name)
    }

    fn borrowed(&mut self, name: &'static str, value: Option<&'a str>) {
        if let Some(value) = value
            && !value.is_empty()
            && self.wants(name)
        {
            self.push(name, Value::Borrowed(value), Sent::Plain);
        }
    }

    /// A text that does not live as long as the request.
    pub(crate) fn copied(&mut self, name: &'static str, value: &str) {
        if self.wants(name) {
            let start = self.scratch.len();
            self.scratch.push_str(value);
            self.made(name, start, Sent::Plain);
        }
    }

    /// A field of what was put into the buffer from here on.
    fn made(&mut self, name: &'static str, start: usize, sent: Sent) {
        if start < self.scratch.len() {
            let value = Value::Scratch(self.span(start));
            self.push(name, value, sent);
        }
    }

    fn push(&mut self, name: &'static str, value: Value<'a>, sent: Sent) {
        self.sorted &= self.entries.last().is_none_or(|last| last.name <= name);
        self.entries.push(Entry { name, value, sent });
    }

    /// Sorts by name, in byte order, if they do not stand so already.
    pub(crate) fn sort(&mut self) {
        if !self.sorted {
            self.entries.sort_by_key(|entry| entry.name);
            self.sorted = true;
        }
    }

    /// Puts a text where it belongs among sorted fields.
    pub(crate) fn insert(&mut self, name: &'static str, value: &'a str) {
        if value.is_empty() {
            return;
        }
        let at = self.entries.partition_point(|entry| entry.name < name);
        let entry = Entry {
            name,
            value: Value::Borrowed(value),
            sent: Sent::Plain,
        };
        self.entries.insert(at, entry);
    }

    /// Puts a text where it belongs among sorted fields, copied.
    pub(crate) fn insert_copied(&mut self, name: &'static str, value: &str) {
        let at = self.entries.partition_point(|entry| entry.name < name);
        let start = self.scratch.len();
        self.scratch.push_str(value);
        let entry = Entry {
            name,
            value: Value::Scratch(self.span(start)),
            sent: Sent::Plain,
        };
        self.entries.insert(at, entry);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        Some(self.value(entry))
    }

    /// Names and texts as they are signed.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> + Clone {
        self.entries
            .iter()
            .map(|entry| (entry.name, self.value(entry)))
    }

    /// Names and texts as they are sent, and whether in CDATA in any case.
    pub(crate) fn sent(&self) -> impl Iterator<Item = (&str, &str, bool)> + Clone {
        self.entries.iter().map(|entry| match &entry.sent {
            Sent::Plain => (entry.name, self.value(entry), false),
            Sent::Json => (entry.name, self.value(entry), true),
            Sent::Instead(span) => (entry.name, self.text_of(span), false),
        })
    }

    pub(crate) const fn file_part(&self) -> Option<&FilePart<'a>> {
        self.file.as_ref()
    }

    /// What was put into the buffer from here on.
    fn span(&self, start: usize) -> Span {
        // No request has so many bytes.
        let short = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            start: short(start),
            end: short(self.scratch.len()),
        }
    }

    fn text_of(&self, span: &Span) -> &str {
        let range = span.start as usize..span.end as usize;
        self.scratch.get(range).unwrap_or_default()
    }

    fn value<'f>(&'f self, entry: &Entry<'f>) -> &'f str {
        match &entry.value {
            Value::Borrowed(text) => text,
            Value::Scratch(span) => self.text_of(span),
        }
    }
}

impl fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Orders and names: not for logs.
        let names = self.entries.iter().map(|entry| entry.name);
        f.debug_list().entries(names).finish()
    }
}

/// Several times as fast as formatting, and a request has a handful.
fn push_decimal(text: &mut String, value: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        text.push('-');
    }
    text.extend(digits[at..].iter().map(|&digit| char::from(digit)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(form: &Form<'_>) -> Vec<(String, String)> {
        form.pairs()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn every_number_is_written_as_formatting_writes_it() {
        for value in [0, 1, -1, 9, 10, 99, 100, 12_345, i64::MAX, i64::MIN] {
            let mut text = String::new();
            push_decimal(&mut text, value);
            assert_eq!(text, value.to_string());
        }
    }

    #[test]
    fn what_is_empty_is_left_out_and_zero_is_not() {
        let nobody = Sensitive::new("");
        let mut form = Form::new(None);
        form.text("a", "");
        form.text("b", None::<&str>);
        form.integer("c", 0);
        form.integer("d", None::<i64>);
        form.sensitive("e", Some(&nobody));
        form.boolean("f", false);
        form.fen("g", Fen::new(-5));
        form.date("h", Date::new(2026, 2, 3).ok(), DateForm::Dashed);
        form.date("i", Date::new(2026, 2, 3).ok(), DateForm::Compact);
        form.time("j", DateTime::beijing(0), TimeForm::Spaced);
        let expected = [
            ("c", "0"),
            ("f", "false"),
            ("g", "-5"),
            ("h", "2026-02-03"),
            ("i", "20260203"),
            ("j", "1970-01-01 08:00:00"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(pairs(&form), expected);
    }

    #[test]
    fn fields_in_any_order_end_up_sorted() {
        let mut form = Form::new(None);
        for name in ["b", "a", "Z", "c_1", "c"] {
            form.text(name, name);
        }
        form.sort();
        form.insert("bb", "x");
        form.insert_copied("0", "y");
        let names: Vec<_> = form.pairs().map(|(name, _)| name).collect();
        assert_eq!(names, ["0", "Z", "a", "b", "bb", "c", "c_1"]);
    }

    #[test]
    fn a_search_makes_nothing_else() {
        let secret = Sensitive::new("张三");
        let mut form = Form::only("appid");
        form.text("a", "1");
        form.text("appid", "wx1");
        assert!(form.encrypted("b", Some(&secret)).is_ok());
        assert_eq!(form.get("appid"), Some("wx1"));
        assert_eq!(form.pairs().count(), 1);
    }

    #[test]
    fn debug_shows_names_alone() {
        let mut form = Form::new(None);
        form.text("body", "张三的茶");
        assert_eq!(format!("{form:?}"), "[\"body\"]");
    }
}
