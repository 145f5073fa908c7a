//! Where the text of a bill comes from, in pieces of whole lines.

#[cfg(feature = "tokio")]
mod async_reader;
mod filler;
mod gunzip;
mod overlapped;
mod reader;
mod slice;
mod text;

#[cfg(feature = "tokio")]
pub use self::async_reader::AsyncReader;
pub(crate) use self::filler::Filler;
pub use self::overlapped::Overlapped;
pub use self::reader::Reader;
pub use self::slice::Slice;
pub(crate) use self::text::Text;

use crate::error::{Error, ErrorKind};

/// What a bill is read from: a [`BlockingSource`], or with the feature `tokio` an `AsyncReader`.
pub trait Source: sealed::Source {}

/// What a bill is read from without waiting for anybody else: [`Slice`], [`Reader`] or [`Overlapped`].
pub trait BlockingSource: Source + sealed::BlockingSource {}

pub(crate) mod sealed {
    use super::Settings;
    use crate::error::Error;

    pub trait Source {
        /// The piece there is now.
        fn text(&self) -> &str;

        /// What to check, before anything is read.
        fn settings(&mut self) -> &mut Settings;

        /// How many bytes have been read of the file as it is, and how many of text there were.
        fn progress(&self) -> (u64, u64);
    }

    pub trait BlockingSource {
        /// Goes on to the next piece; `false` at the end, when the hash is right. Errors name the line counted from
        /// the end of the last piece, if any.
        fn advance(&mut self) -> Result<bool, Error>;
    }
}

/// What to check.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) sha1: Option<[u8; 20]>,
    pub(crate) max_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sha1: None,
            max_bytes: u64::MAX,
        }
    }
}

impl Settings {
    /// The verdict on a text, by its hash if there is one to compare with.
    pub(crate) fn judge(&self, computed: Option<[u8; 20]>) -> Result<(), Error> {
        match self.sha1 {
            Some(announced) if computed != Some(announced) => Err(Error::new(
                ErrorKind::Hash,
                "the text does not have the SHA-1 that was announced; it must not be used",
            )),
            _ => Ok(()),
        }
    }
}

/// So much text is taken at a time. It stays in the processor's cache from one step to the next.
pub(crate) const PIECE: usize = 128 * 1024;

/// A line is no longer than this. Those of today have less than one thousand bytes.
pub(crate) const LONGEST_LINE: usize = 1024 * 1024;

/// The error for a longer one.
pub(crate) fn line_too_long() -> Error {
    Error::new(
        ErrorKind::TooLarge,
        "a line of more than a mebibyte; this is no bill",
    )
    .at_line(1)
}

/// The error for a text over the limit.
pub(crate) fn text_too_long() -> Error {
    Error::new(
        ErrorKind::TooLarge,
        "the text is longer than permitted by max_bytes",
    )
}
