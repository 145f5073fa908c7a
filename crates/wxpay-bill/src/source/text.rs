//! Pieces of bytes as text: UTF-8, or GBK as the oldest bills are written.

use encoding_rs::{DecoderResult, GBK};

use crate::error::{Error, ErrorKind};

/// A piece of text, whose memory is used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Text {
    text: String,
    encoding: Encoding,
    /// What is wrong behind the text there is.
    fault: Option<Error>,
}

#[derive(Debug, Default)]
enum Encoding {
    /// Nothing has come.
    #[default]
    Unknown,
    Utf8,
    Gbk(Box<Gbk>),
}

#[derive(Debug)]
struct Gbk {
    bytes: Vec<u8>,
}

impl Text {
    /// Text that goes on where some has been UTF-8 already.
    pub(crate) fn utf8() -> Self {
        Self {
            encoding: Encoding::Utf8,
            ..Self::default()
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Memory to go on with.
    pub(crate) fn spare(&mut self) -> Vec<u8> {
        match &mut self.encoding {
            Encoding::Gbk(gbk) => {
                self.text.clear();
                std::mem::take(&mut gbk.bytes)
            }
            _ => std::mem::take(&mut self.text).into_bytes(),
        }
    }

    /// The error that was put off until the lines before it had been read.
    pub(crate) fn fault(&mut self) -> Result<(), Error> {
        self.fault.take().map_or(Ok(()), Err)
    }

    /// Takes a piece of whole lines. What cannot be read in it is told when the lines before it have been.
    pub(crate) fn set(&mut self, bytes: Vec<u8>) {
        if matches!(self.encoding, Encoding::Unknown) {
            self.encoding = Encoding::of(&bytes);
        }
        match &mut self.encoding {
            Encoding::Gbk(gbk) => {
                self.fault = decode(&bytes, &mut self.text).err();
                gbk.bytes = bytes;
            }
            _ => match String::from_utf8(bytes) {
                Ok(text) => self.text = text,
                Err(error) => {
                    let good = error.utf8_error().valid_up_to();
                    let error_len = error.utf8_error().error_len();
                    let mut bytes = error.into_bytes();
                    let line = memchr::memrchr(b'\n', &bytes[..good]).map_or(0, |feed| feed + 1);
                    self.fault = Some(if error_len.is_some() {
                        not_text(&bytes[line..good], "UTF-8")
                    } else {
                        // Lines are whole, so only the last one ends like this.
                        Error::new(
                            ErrorKind::Truncated,
                            "the file ends within a character; it is cut off",
                        )
                        .at_line(1)
                    });
                    bytes.truncate(line);
                    self.text = String::from_utf8(bytes).unwrap_or_default();
                }
            },
        }
    }
}

impl Encoding {
    /// The encoding of a file, by its first line: the names of columns are Chinese, and Chinese in GBK is no UTF-8.
    fn of(bytes: &[u8]) -> Self {
        let line = memchr::memchr(b'\n', bytes).map_or(bytes, |feed| &bytes[..feed]);
        let gbk = declares_gbk(line)
            || std::str::from_utf8(line).is_err()
                && decode(line, &mut String::new()).is_ok()
                && !line.starts_with(b"\xef\xbb\xbf");
        if gbk {
            Self::Gbk(Box::new(Gbk { bytes: Vec::new() }))
        } else {
            Self::Utf8
        }
    }
}

/// Whether the first line is that of an answer in GBK, which Tenpay (v1) gives in place of a bill.
pub(super) fn declares_gbk(line: &[u8]) -> bool {
    line.starts_with(b"<?xml ") && memchr::memmem::find(line, b"encoding=\"GBK\"").is_some()
}

/// Decodes whole lines of GBK. A line feed is never a part of a character, so every piece can stand alone.
fn decode(bytes: &[u8], text: &mut String) -> Result<(), Error> {
    text.clear();
    let mut decoder = GBK.new_decoder_without_bom_handling();
    let most = decoder
        .max_utf8_buffer_length_without_replacement(bytes.len())
        .unwrap_or_default();
    text.reserve(most);
    let (result, _) = decoder.decode_to_string_without_replacement(bytes, text, true);
    match result {
        DecoderResult::InputEmpty => Ok(()),
        _ => {
            let line = text.rfind('\n').map_or(0, |feed| feed + 1);
            let error = not_text(&text.as_bytes()[line..], "GBK");
            text.truncate(line);
            Err(error)
        }
    }
}

/// The error for a line of which so much could be read.
fn not_text(good: &[u8], encoding: &str) -> Error {
    let separators = good.windows(2).filter(|pair| pair == b",`").count();
    Error::new(
        ErrorKind::Encoding,
        format!("the text is not {encoding}; the file is damaged"),
    )
    .at_line(1)
    .in_column(separators, None)
}
