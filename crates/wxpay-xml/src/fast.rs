//! A shortcut for documents of the most common shape, which is nearly all that WeChat Pay sends: fields of one CDATA
//! section or one plain text, nothing else. Whatever is not exactly that, and all that is wrong, is left to the reader
//! of events; so this says either what that says, or nothing.

use std::borrow::Cow;

use crate::chars::name_length;
use crate::document::Document;
use crate::limits::Limits;
use crate::names::Names;

pub(crate) fn read(text: &str, limits: Limits) -> Option<Document<'_>> {
    let bytes = text.as_bytes();
    let (root, mut at) = start_tag(text, 0)?;
    if root.eq_ignore_ascii_case("html") {
        return None;
    }
    // The usual field takes more than forty bytes with its tags.
    let mut fields = Vec::with_capacity((text.len() / 40).clamp(4, 64));
    let mut names = Names::default();
    loop {
        at = skip_blank(bytes, at);
        if *bytes.get(at + 1)? == b'/' {
            break;
        }
        let (name, start) = start_tag(text, at)?;
        let earlier = || fields.iter().map(|(name, _): &(&str, Cow<'_, str>)| *name);
        if fields.len() >= limits.most_fields() || !names.insert(name, fields.len(), earlier) {
            return None;
        }
        let (value, end) = value(text, start)?;
        if value.len() > limits.most_field_bytes() {
            return None;
        }
        at = end_tag(bytes, end, name)?;
        fields.push((name, Cow::Borrowed(value)));
    }
    at = end_tag(bytes, at, root)?;
    (skip_blank(bytes, at) == bytes.len()).then_some(Document {
        root,
        fields,
        groups: Vec::new(),
    })
}

/// The name in a start tag of nothing else, and where the tag ends.
#[inline]
fn start_tag(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = text.as_bytes().get(at..)?.strip_prefix(b"<")?;
    let length = name_length(rest)?;
    if rest.get(length) != Some(&b'>') {
        return None;
    }
    Some((text.get(at + 1..at + 1 + length)?, at + length + 2))
}

/// Where the end tag ends.
#[inline]
fn end_tag(bytes: &[u8], at: usize, name: &str) -> Option<usize> {
    let rest = bytes.get(at..)?.strip_prefix(b"</")?;
    let rest = rest.strip_prefix(name.as_bytes())?;
    (rest.first() == Some(&b'>')).then_some(at + name.len() + 3)
}

/// The text of a field, and where its end tag begins.
#[inline]
fn value(text: &str, at: usize) -> Option<(&str, usize)> {
    const OPEN: &str = "<![CDATA[";
    let rest = text.as_bytes().get(at..)?;
    if rest.starts_with(OPEN.as_bytes()) {
        let start = at + OPEN.len();
        let section = text.as_bytes().get(start..)?;
        let mut from = 0;
        loop {
            from += section.get(from..)?.iter().position(|&byte| byte == b'>')?;
            if section[..from].ends_with(b"]]") {
                break;
            }
            from += 1;
        }
        return Some((text.get(start..start + from - 2)?, start + from + 1));
    }
    // A `>` is allowed in text unless it ends `]]>`, a `&` begins a reference: rare, and so left alone.
    let length = rest
        .iter()
        .position(|&byte| matches!(byte, b'<' | b'&' | b'>'))?;
    (rest[length] == b'<').then_some(())?;
    Some((text.get(at..at + length)?, at + length))
}

#[inline]
fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r' | b'\n') = bytes.get(at) {
        at += 1;
    }
    at
}
