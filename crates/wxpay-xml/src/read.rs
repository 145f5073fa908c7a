//! Reading: from bytes to a document, on quick-xml's events.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::BufRead as _;

use quick_xml::Reader;
use quick_xml::errors::{Error as Broken, IllFormedError, SyntaxError};
use quick_xml::events::{BytesDecl, BytesStart, Event};

use crate::chars::{LONGEST_NAME, find_not_xml, is_blank, is_read_name, is_xml};
use crate::document::Document;
use crate::error::{Error, ErrorKind};
use crate::limits::Limits;
use crate::names::Names;
use crate::record::{Group, Record};

/// What the input is.
#[derive(Clone, Copy)]
pub(crate) enum Input<'a> {
    /// Bytes as they came, which must be UTF-8.
    Bytes(&'a [u8]),
    /// A text that was decoded before, so that a declared encoding says nothing any more.
    Text(&'a str),
}

pub(crate) fn read(input: Input<'_>, limits: Limits) -> Result<Document<'_>, Error> {
    let (text, base) = decode(input, limits)?;
    match crate::fast::read(text, limits) {
        Some(document) => Ok(document),
        None => read_events(text, base, limits),
    }
}

/// Reads without the shortcut, for everything that is not of the most common shape. It decides what is right.
fn read_events(text: &str, base: usize, limits: Limits) -> Result<Document<'_>, Error> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let parser = Parser {
        text,
        base,
        reader,
        limits,
        count: 0,
    };
    parser.document()
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The text behind the byte order mark, and the length of that.
fn decode(given: Input<'_>, limits: Limits) -> Result<(&str, usize), Error> {
    let input = match given {
        Input::Bytes(bytes) => bytes,
        Input::Text(text) => text.as_bytes(),
    };
    if input.len() > limits.most_bytes() {
        return Err(Error::new(ErrorKind::TooLarge, limits.most_bytes()));
    }
    let foreign = match input {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] | [b'<', 0, 0, 0, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', 0, ..] | [0, b'<', ..] => Some("UTF-16"),
        _ => None,
    };
    if let Some(name) = foreign {
        return Err(Error::named(ErrorKind::Encoding, 0, name));
    }
    let body = input.strip_prefix(BYTE_ORDER_MARK).unwrap_or(input);
    let base = input.len() - body.len();
    if body.starts_with(BYTE_ORDER_MARK) {
        // A second one is text, which the reader would swallow without counting it.
        return Err(Error::new(ErrorKind::NotXml, base));
    }
    let text = match given {
        Input::Bytes(_) => {
            declared_encoding(body, base)?;
            std::str::from_utf8(body)
                .map_err(|error| Error::new(ErrorKind::NotUtf8, base + error.valid_up_to()))?
        }
        Input::Text(text) => &text[base..],
    };
    match find_not_xml(text) {
        None => Ok((text, base)),
        Some(at) => Err(Error::new(ErrorKind::Character, base + at)),
    }
}

/// Refuses a declared encoding other than UTF-8. Looked for in the bytes, since in another encoding there is no text
/// yet; the declaration itself is ASCII in all that WeChat Pay ever used.
fn declared_encoding(body: &[u8], base: usize) -> Result<(), Error> {
    let Some(rest) = body.strip_prefix(b"<?xml") else {
        return Ok(());
    };
    let declaration = rest.split(|&byte| byte == b'>').next().unwrap_or(rest);
    let word = b"encoding";
    let Some(at) = declaration
        .windows(word.len())
        .position(|window| window == word)
    else {
        return Ok(());
    };
    let value = declaration[at + word.len()..].trim_ascii_start();
    let value = value.strip_prefix(b"=").unwrap_or(value);
    let value = value.trim_ascii_start();
    let name = match value {
        [quote @ (b'"' | b'\''), name @ ..] => {
            name.split(|byte| byte == quote).next().unwrap_or_default()
        }
        _ => value,
    };
    if name.eq_ignore_ascii_case(b"utf-8") || name.eq_ignore_ascii_case(b"utf8") {
        return Ok(());
    }
    let at = base + b"<?xml".len() + at;
    Err(match std::str::from_utf8(name) {
        Ok(text) if is_read_name(name) => Error::named(ErrorKind::Encoding, at, text),
        _ => Error::new(ErrorKind::Encoding, at),
    })
}

struct Parser<'a> {
    text: &'a str,
    /// Length of the byte order mark that `text` has lost.
    base: usize,
    reader: Reader<&'a [u8]>,
    limits: Limits,
    /// Elements below the root so far.
    count: usize,
}

impl<'a> Parser<'a> {
    fn document(mut self) -> Result<Document<'a>, Error> {
        let (root, empty) = self.root()?;
        let mut fields = Vec::new();
        let mut groups = Vec::new();
        if !empty {
            // The usual field takes more than forty bytes with its tags.
            fields.reserve_exact((self.text.len() / 40).clamp(4, 64));
            self.fields(root, &mut fields, &mut groups)?;
        }
        self.end()?;
        Ok(Document {
            root,
            fields,
            groups,
        })
    }

    /// Everything up to the start tag of the root: its name, and whether the root is over with it.
    fn root(&mut self) -> Result<(&'a str, bool), Error> {
        loop {
            let at = self.at();
            match self.next()? {
                Event::Start(tag) => return Ok((self.root_name(&tag, at)?, false)),
                Event::Empty(tag) => return Ok((self.root_name(&tag, at)?, true)),
                Event::Decl(declaration) => self.declaration(&declaration, at)?,
                Event::Comment(_) => {}
                Event::Text(text) if is_blank(&text) => {}
                Event::DocType(definition) if starts_like_html(definition.as_bytes()) => {
                    return Err(self.error(ErrorKind::Html, at));
                }
                Event::Eof => return Err(self.error(ErrorKind::Empty, at)),
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(self.error(ErrorKind::NotXml, at));
                }
                other => return Err(self.misplaced(&other, at)),
            }
        }
    }

    fn root_name(&self, tag: &BytesStart<'a>, at: usize) -> Result<&'a str, Error> {
        if tag.name().as_ref().eq_ignore_ascii_case("html") {
            return Err(self.error(ErrorKind::Html, at));
        }
        self.name(tag, at)
    }

    fn declaration(&self, declaration: &BytesDecl<'a>, at: usize) -> Result<(), Error> {
        let first = at == 0;
        match declaration.version() {
            Ok(version) if first && version == "1.0" => Ok(()),
            _ => Err(self.error(ErrorKind::Declaration, at)),
        }
    }

    /// The fields, what stands among them where that is allowed, and the end tag of the root.
    fn fields(
        &mut self,
        root: &'a str,
        fields: &mut Vec<(&'a str, Cow<'a, str>)>,
        groups: &mut Vec<Group<'a>>,
    ) -> Result<(), Error> {
        let below = if self.limits.reads_lists() { 2 } else { 0 };
        let mut names = Names::default();
        let mut group_names = BTreeSet::new();
        while let Some(child) = self.child(root)? {
            let Child { name, at, .. } = child;
            let again = group_names.contains(name);
            if !again {
                let earlier = || {
                    let fields = fields.iter().map(|(name, _)| *name);
                    fields.chain(groups.iter().map(|group| group.name))
                };
                if !names.insert(name, fields.len() + groups.len(), earlier) {
                    return Err(self.named(ErrorKind::Duplicate, at, name));
                }
            }
            match self.value(&child, below)? {
                Content::Text(_) if again => {
                    return Err(self.named(ErrorKind::Duplicate, at, name));
                }
                Content::Text(text) => fields.push((name, text)),
                Content::Elements(group) => {
                    group_names.insert(name);
                    groups.push(group);
                }
            }
        }
        Ok(())
    }

    /// The next element within this one, or none at its end tag.
    #[inline]
    fn child(&mut self, parent: &str) -> Result<Option<Child<'a>>, Error> {
        loop {
            let at = self.at();
            match self.next()? {
                Event::Start(tag) => return self.begun(&tag, false, at).map(Some),
                Event::Empty(tag) => return self.begun(&tag, true, at).map(Some),
                Event::End(_) => return Ok(None),
                Event::Comment(_) => {}
                Event::Text(text) if is_blank(&text) => {}
                Event::Eof => return Err(self.named(ErrorKind::Unclosed, at, parent)),
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(self.error(ErrorKind::Mixed, at));
                }
                other => return Err(self.misplaced(&other, at)),
            }
        }
    }

    /// The element of this start tag, counted.
    #[inline]
    fn begun(&mut self, tag: &BytesStart<'a>, empty: bool, at: usize) -> Result<Child<'a>, Error> {
        let name = self.name(tag, at)?;
        if self.count >= self.limits.most_fields() {
            return Err(self.error(ErrorKind::TooManyFields, at));
        }
        self.count += 1;
        Ok(Child { name, empty, at })
    }

    /// What the element holds, and its end tag: text or, where so many levels are allowed below it, elements.
    fn value(&mut self, child: &Child<'a>, below: u8) -> Result<Content<'a>, Error> {
        if child.empty {
            return Ok(Content::Text(Cow::Borrowed("")));
        }
        let name = child.name;
        let start = self.at();
        let section = self.section();
        if section.len() > self.limits.most_field_bytes() {
            return Err(self.named(ErrorKind::FieldTooLarge, start, name));
        }
        let mut value = Cow::Borrowed(section);
        // Only white space as it is may stand before elements.
        let mut plain = self.at() == start;
        loop {
            let at = self.at();
            let (tag, empty) = match self.next()? {
                Event::CData(text) => {
                    plain = false;
                    append(&mut value, text.into_inner());
                    (None, false)
                }
                Event::Text(text) => {
                    if text.as_bytes().contains(&b'>') && text.contains("]]>") {
                        return Err(self.named(ErrorKind::Syntax, at, name));
                    }
                    append(&mut value, text.into_inner());
                    (None, false)
                }
                Event::End(_) => return Ok(Content::Text(value)),
                Event::GeneralRef(reference) => match resolve(&reference) {
                    Ok(character) => {
                        plain = false;
                        value.to_mut().push(character);
                        (None, false)
                    }
                    Err(kind) => return Err(self.named(kind, at, name)),
                },
                Event::Start(tag) => (Some(tag), false),
                Event::Empty(tag) => (Some(tag), true),
                Event::Comment(_) => return Err(self.named(ErrorKind::Comment, at, name)),
                Event::Eof => return Err(self.named(ErrorKind::Unclosed, at, name)),
                other => return Err(self.misplaced(&other, at)),
            };
            if let Some(tag) = tag {
                if below == 0 || !plain || !is_blank(&value) {
                    let nested = self.name(&tag, at)?;
                    return Err(self.named(ErrorKind::Nested, at, nested));
                }
                let first = self.begun(&tag, empty, at)?;
                return self.elements(name, first, below - 1);
            }
            if value.len() > self.limits.most_field_bytes() {
                return Err(self.named(ErrorKind::FieldTooLarge, at, name));
            }
        }
    }

    /// The elements within an element, from the first one on, and the end tag of the element. With no level below
    /// them they are the fields of a record. With one they are that, or the records of a list; which of the two is
    /// decided by the first of them that holds something, and none may be of the other kind.
    fn elements(
        &mut self,
        name: &'a str,
        first: Child<'a>,
        below: u8,
    ) -> Result<Content<'a>, Error> {
        let mut fields = Vec::new();
        let mut records = Vec::new();
        let mut names = Names::default();
        let (mut is_record, mut is_list) = (below == 0, false);
        // A record has no name twice, a list has. This is where a record would have.
        let mut twice = None;
        let mut next = Some(first);
        while let Some(child) = next {
            let Child { name: item, at, .. } = child;
            match self.value(&child, if is_record { 0 } else { below })? {
                Content::Elements(group) => {
                    is_list = true;
                    let record = group.record.unwrap_or_default();
                    records.push((item, record));
                }
                Content::Text(text) => {
                    is_record |= !is_blank(&text);
                    if is_record && is_list {
                        return Err(self.named(ErrorKind::Mixed, at, item));
                    }
                    let earlier = || fields.iter().map(|(name, _)| *name);
                    if !names.insert(item, fields.len(), earlier) {
                        twice.get_or_insert((at, item));
                    }
                    fields.push((item, text));
                    if !is_record {
                        records.push((item, Record::default()));
                    }
                }
            }
            if let Some((at, item)) = twice.filter(|_| is_record) {
                return Err(self.named(ErrorKind::Duplicate, at, item));
            }
            next = self.child(name)?;
        }
        if is_record {
            records.clear();
        }
        let record = (!is_list && twice.is_none()).then_some(Record { fields });
        Ok(Content::Elements(Group {
            name,
            record,
            records,
        }))
    }

    /// The text of a CDATA section that begins here, taken without the detour of an event, which costs as much as the
    /// tags around it. Nearly every field of WeChat Pay is just that. Whatever else is here is left to the reader.
    #[inline]
    fn section(&mut self) -> &'a str {
        let rest = self.text.get(self.at()..).unwrap_or_default();
        let Some(section) = rest.strip_prefix("<![CDATA[") else {
            return "";
        };
        let end = section
            .match_indices('>')
            .find(|&(at, _)| section.as_bytes()[..at].ends_with(b"]]"));
        let Some((end, _)) = end else {
            return "";
        };
        self.reader.stream().consume("<![CDATA[".len() + end + 1);
        &section[..end - 2]
    }

    /// What may follow the root: nothing that says anything.
    fn end(&mut self) -> Result<(), Error> {
        loop {
            let at = self.at();
            match self.next()? {
                Event::Eof => return Ok(()),
                Event::Comment(_) => {}
                Event::Text(text) if is_blank(&text) => {}
                Event::Start(_) | Event::Empty(_) => {
                    return Err(self.error(ErrorKind::SecondRoot, at));
                }
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(self.error(ErrorKind::Trailing, at));
                }
                other => return Err(self.misplaced(&other, at)),
            }
        }
    }

    /// The name in a start tag that begins at `at` and holds nothing else.
    #[inline]
    fn name(&self, tag: &BytesStart<'a>, at: usize) -> Result<&'a str, Error> {
        let length = tag.name().as_ref().len();
        // Taken from the input, because the event lends its name only as long as it lives itself.
        let name = self.text.get(at + 1..at + 1 + length).unwrap_or_default();
        debug_assert_eq!(name, tag.name().as_ref(), "an event begins where it is");
        if !is_read_name(name.as_bytes()) {
            return Err(self.error(ErrorKind::Name, at));
        }
        if tag.len() != length && !is_blank(tag.attributes_raw()) {
            return Err(self.named(ErrorKind::Attribute, at, name));
        }
        Ok(name)
    }

    /// Where the next event begins.
    #[inline]
    fn at(&self) -> usize {
        self.reader.buffer_position() as usize
    }

    #[inline]
    fn next(&mut self) -> Result<Event<'a>, Error> {
        match self.reader.read_event() {
            Ok(event) => Ok(event),
            Err(error) => Err(self.broken(&error)),
        }
    }

    #[cold]
    fn broken(&self, error: &Broken) -> Error {
        let kind = match error {
            Broken::Syntax(SyntaxError::UnclosedCData) => ErrorKind::UnclosedCdata,
            Broken::Syntax(SyntaxError::UnclosedDoctype)
            | Broken::IllFormed(IllFormedError::MissingDoctypeName) => ErrorKind::Doctype,
            Broken::Syntax(SyntaxError::InvalidBangMarkup) => ErrorKind::Syntax,
            Broken::Syntax(_) => ErrorKind::Unclosed,
            Broken::IllFormed(IllFormedError::DoubleHyphenInComment) => ErrorKind::Comment,
            Broken::IllFormed(IllFormedError::UnclosedReference) => ErrorKind::Entity,
            Broken::IllFormed(
                IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_),
            ) => ErrorKind::EndTag,
            _ => ErrorKind::Syntax,
        };
        let at = self.reader.error_position() as usize;
        match error {
            Broken::IllFormed(IllFormedError::MismatchedEndTag { expected, .. })
                if expected.len() <= LONGEST_NAME =>
            {
                self.named(kind, at, expected)
            }
            _ => self.error(kind, at),
        }
    }

    /// An event that stands nowhere but, at most, before the root.
    #[cold]
    fn misplaced(&self, event: &Event<'_>, at: usize) -> Error {
        let kind = match event {
            Event::Decl(_) => ErrorKind::Declaration,
            Event::DocType(_) => ErrorKind::Doctype,
            Event::PI(_) => ErrorKind::ProcessingInstruction,
            _ => ErrorKind::Syntax,
        };
        self.error(kind, at)
    }

    #[cold]
    fn error(&self, kind: ErrorKind, at: usize) -> Error {
        Error::new(kind, self.base + at)
    }

    #[cold]
    fn named(&self, kind: ErrorKind, at: usize, name: &str) -> Error {
        Error::named(kind, self.base + at, name)
    }
}

/// An element whose start tag has been read.
struct Child<'a> {
    name: &'a str,
    /// Whether it is over with that.
    empty: bool,
    at: usize,
}

/// What an element holds.
enum Content<'a> {
    Text(Cow<'a, str>),
    Elements(Group<'a>),
}

/// Nearly every field is one piece and stays borrowed.
#[inline]
fn append<'a>(value: &mut Cow<'a, str>, piece: Cow<'a, str>) {
    if value.is_empty() {
        *value = piece;
    } else {
        value.to_mut().push_str(&piece);
    }
}

/// What a reference, without its ampersand and semicolon, stands for.
fn resolve(reference: &str) -> Result<char, ErrorKind> {
    let digits = match reference {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => reference.strip_prefix('#').ok_or(ErrorKind::Entity)?,
    };
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    // `from_str_radix` would take a sign.
    if !digits.starts_with(|first: char| first.is_digit(radix)) {
        return Err(ErrorKind::Entity);
    }
    let number = u32::from_str_radix(digits, radix).map_err(|_| ErrorKind::Character)?;
    char::from_u32(number)
        .filter(|&character| is_xml(character))
        .ok_or(ErrorKind::Character)
}

fn starts_like_html(definition: &[u8]) -> bool {
    definition
        .get(..4)
        .is_some_and(|name| name.eq_ignore_ascii_case(b"html"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "<a>|</a>|<b>|</b>|<c>|</c>|<xml>|</xml>",
            4 => "(<a><!\\[CDATA\\[[0-9\\]>支]{0,5}\\]\\]></a>)|(<b>[0-9 ]{0,4}</b>)|(<c>-?x?</c>)",
            1 => "<a/>|<a >|</a >|<a x='1'>|&amp;|\\]\\]>|<!\\[CDATA\\[|<!-- -->|<!DOCTYPE x>|<\\?xml version='1.0'\\?>",
            1 => "[ \\r\\n\\t]{0,2}",
            1 => "\\PC{0,3}",
        ]
    }

    /// The root mostly, so that many are accepted.
    fn text() -> impl Strategy<Value = String> {
        (prop::collection::vec(token(), 0..6), 0..6_u8).prop_map(|(tokens, frame)| {
            let inside = tokens.concat();
            match frame {
                0 => inside,
                1 => format!("<html>{inside}</html>"),
                2 => format!("<xml>{inside}</xml>\n"),
                _ => format!("<xml>{inside}</xml>"),
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_shortcut_reads_what_the_events_say(text in text(), fields in 0..5_usize, bytes in 0..8_usize, lists: bool) {
            let limits = Limits::new().fields(fields).field_bytes(bytes).lists(lists);
            if let Some(document) = crate::fast::read(&text, limits) {
                prop_assert_eq!(Ok(document), read_events(&text, 0, limits));
            }
        }
    }

    #[test]
    fn the_usual_shapes_take_the_shortcut() {
        let limits = Limits::new();
        for text in [
            "<xml></xml>",
            "<xml><a>1</a><b><![CDATA[x]]></b><c></c></xml>",
            "<xml>\n<a><![CDATA[]]></a>\n</xml>\n",
            "<root><a><![CDATA[a]]]></a></root>",
        ] {
            let document = crate::fast::read(text, limits).expect("the usual shape");
            assert_eq!(Ok(document), read_events(text, 0, limits));
        }
    }
}
