//! A bill that is in memory as a whole.

use sha1::{Digest, Sha1};

use super::gunzip::MAGIC;
use super::text::declares_gbk;
use super::{
    BlockingSource, LONGEST_LINE, PIECE, Reader, Settings, Source, Text, line_too_long, sealed,
    text_too_long,
};
use crate::error::Error;

/// A bill in memory, plain or gzip. The text of a plain one is not copied.
#[derive(Debug)]
pub struct Slice<'s>(Form<'s>);

#[derive(Debug)]
enum Form<'s> {
    Plain(Plain<'s>),
    /// gzip, or not UTF-8.
    Other(Reader<&'s [u8]>),
}

#[derive(Debug)]
struct Plain<'s> {
    settings: Settings,
    text: &'s str,
    rest: &'s [u8],
    length: u64,
    hash: Option<Sha1>,
    /// The piece with something in it that is not UTF-8, up to there.
    damaged: Text,
    is_damaged: bool,
}

impl<'s> Slice<'s> {
    pub(crate) fn new(bytes: &'s [u8]) -> Self {
        let line = memchr::memchr(b'\n', bytes).map_or(bytes, |feed| &bytes[..feed]);
        let is_plain =
            !bytes.starts_with(&MAGIC) && std::str::from_utf8(line).is_ok() && !declares_gbk(line);
        Self(if is_plain {
            Form::Plain(Plain {
                settings: Settings::default(),
                text: "",
                rest: bytes,
                length: bytes.len() as u64,
                hash: None,
                damaged: Text::utf8(),
                is_damaged: false,
            })
        } else {
            Form::Other(Reader::new(bytes))
        })
    }
}

impl Source for Slice<'_> {}

impl sealed::Source for Slice<'_> {
    #[inline]
    fn text(&self) -> &str {
        match &self.0 {
            Form::Plain(plain) if plain.is_damaged => plain.damaged.as_str(),
            Form::Plain(plain) => plain.text,
            Form::Other(reader) => reader.text(),
        }
    }

    fn settings(&mut self) -> &mut Settings {
        match &mut self.0 {
            Form::Plain(plain) => &mut plain.settings,
            Form::Other(reader) => reader.settings(),
        }
    }

    fn progress(&self) -> (u64, u64) {
        match &self.0 {
            Form::Plain(plain) => {
                let read = plain.length - plain.rest.len() as u64;
                (read, read)
            }
            Form::Other(reader) => reader.progress(),
        }
    }
}

impl BlockingSource for Slice<'_> {}

impl sealed::BlockingSource for Slice<'_> {
    fn advance(&mut self) -> Result<bool, Error> {
        match &mut self.0 {
            Form::Plain(plain) => plain.advance(),
            Form::Other(reader) => reader.advance(),
        }
    }
}

impl Plain<'_> {
    fn advance(&mut self) -> Result<bool, Error> {
        self.damaged.fault()?;
        if self.rest.is_empty() {
            let wanted = self.settings.sha1.is_some();
            let digest = wanted.then(|| self.hash.take().unwrap_or_default().finalize().into());
            self.settings.judge(digest)?;
            self.text = "";
            return Ok(false);
        }
        let piece = self.rest.get(..PIECE).unwrap_or(self.rest);
        let end = if piece.len() == self.rest.len() {
            piece.len()
        } else {
            match memchr::memrchr(b'\n', piece) {
                Some(feed) => feed + 1,
                None => match memchr::memchr(b'\n', self.rest) {
                    Some(feed) if feed < LONGEST_LINE => feed + 1,
                    None if self.rest.len() < LONGEST_LINE => self.rest.len(),
                    _ => return Err(line_too_long()),
                },
            }
        };
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        if self.length - rest.len() as u64 > self.settings.max_bytes {
            return Err(text_too_long());
        }
        if self.settings.sha1.is_some() {
            self.hash.get_or_insert_default().update(piece);
        }
        match simdutf8::basic::from_utf8(piece) {
            Ok(text) => self.text = text,
            Err(_) => {
                self.damaged.set(piece.to_vec());
                self.is_damaged = true;
            }
        }
        Ok(true)
    }
}
