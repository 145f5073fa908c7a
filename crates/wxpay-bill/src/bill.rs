//! Reading a bill row by row.

use std::fmt;
use std::io::Read;

use crate::core::{Core, Step, ended};
use crate::error::Error;
use crate::hash::sha1_of_hex;
use crate::layout::Layout;
#[cfg(feature = "tokio")]
use crate::source::{AsyncReader, sealed::Source as _};
use crate::source::{BlockingSource, Overlapped, Reader, Slice, Source};

/// How much of a bill has been read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes of the file as it is: to be compared with its length.
    pub file_bytes: u64,
    /// Bytes of its text.
    pub text_bytes: u64,
    /// Rows.
    pub rows: u64,
}

/// A bill (账单), read row by row.
///
/// `S` is where it comes from, `T` its kind; [`TradeBill`](crate::TradeBill), [`FundFlowBill`](crate::FundFlowBill),
/// [`ProfitSharingBill`](crate::ProfitSharingBill) and [`RecordBill`](crate::RecordBill) name the kinds. Settings come
/// first, then [`next_row`](Self::next_row) until it gives `None`. gzip is recognised by its first bytes, GBK by the
/// header.
///
/// What proves a bill stands at its end: the hash that was announced, and the summary. So rows are *unproven until
/// [`next_row`](Self::next_row) has given `None`*. Do what can be undone with them, or nothing, before. A file that
/// was cut off, or whose hash or sums are wrong, ends in an error.
///
/// However long the bill is, memory stays below one mebibyte, or four with another thread; where lines are as long as
/// they may be, which is one mebibyte, it is a few of them.
pub struct Bill<S, T: Layout> {
    source: S,
    core: Core<T>,
    report: Option<Box<dyn FnMut(Progress) + Send>>,
}

impl<'s, T: Layout> Bill<Slice<'s>, T> {
    /// A bill that is in memory, plain or gzip.
    #[must_use]
    pub fn from_slice(bytes: &'s [u8]) -> Self {
        Self::new(Slice::new(bytes))
    }
}

impl<R: Read, T: Layout> Bill<Reader<R>, T> {
    /// A bill from a reader, plain or gzip. It is read in large pieces, so the reader needs no buffer.
    #[must_use]
    pub fn from_reader(reader: R) -> Self {
        Self::new(Reader::new(reader))
    }

    /// Reads, unpacks and hashes on another thread, which takes half of the time where two processors are free. The
    /// thread begins with the first row, and ends with the bill, or, where that is dropped before, when the reader
    /// returns the next time.
    #[must_use]
    pub fn overlapped(self) -> Bill<Overlapped, T>
    where
        R: Send + 'static,
    {
        let (reader, settings) = self.source.into_parts();
        Bill {
            source: Overlapped::new(reader, settings),
            core: self.core,
            report: self.report,
        }
    }
}

impl<S, T: Layout> Bill<S, T> {
    fn new(source: S) -> Self {
        Self {
            source,
            core: Core::new(),
            report: None,
        }
    }

    /// What the summary of the bill says, once [`next_row`](Self::next_row) has given `None`. Where whole bills
    /// stand behind each other in one file, it is that of the last.
    #[must_use]
    pub fn summary(&self) -> Option<&T::Summary> {
        self.core.summary()
    }

    /// How many rows have been read.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.core.rows()
    }
}

impl<S: Source, T: Layout> Bill<S, T> {
    /// The hash that was announced with the bill: `hash_type` (哈希类型) and `hash_value` (哈希值). It is that of the
    /// uncompressed text. For a download whose hash the client checks, this is not needed.
    ///
    /// # Errors
    ///
    /// Another type than `SHA1`, or a value that is not its 40 hexadecimal digits.
    pub fn hash(mut self, hash_type: &str, hash_value: &str) -> Result<Self, InvalidHash> {
        let is_sha1 = ["SHA1", "SHA-1"]
            .iter()
            .any(|name| hash_type.eq_ignore_ascii_case(name));
        if !is_sha1 {
            return Err(InvalidHash("hash_type: not SHA1, which is what bills have"));
        }
        let sha1 = sha1_of_hex(hash_value).ok_or(InvalidHash(
            "hash_value: not the 40 hexadecimal digits of a SHA-1",
        ))?;
        self.source.settings().sha1 = Some(sha1);
        Ok(self)
    }

    /// Ends in an error when the text is longer than so many bytes. Memory needs no such limit.
    #[must_use]
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.source.settings().max_bytes = limit;
        self
    }

    /// Takes the summary as it is, without comparing it with the rows.
    #[must_use]
    pub fn unchecked_totals(mut self) -> Self {
        self.core.check_totals(false);
        self
    }

    /// Calls a function as the bill is read, every few hundred kilobytes, and at the end.
    #[must_use]
    pub fn on_progress(mut self, report: impl FnMut(Progress) + Send + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// The names of the columns, once a row has been read.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> {
        self.core.header().names()
    }

    /// How much has been read so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let (file_bytes, text_bytes) = self.source.progress();
        Progress {
            file_bytes,
            text_bytes,
            rows: self.core.rows(),
        }
    }

    /// What there is to do when a source has, or has not, given another piece.
    fn advanced(&mut self, advanced: Result<bool, Error>) -> Result<bool, Error> {
        let more = match advanced {
            Ok(more) => more,
            Err(error) => return Err(self.core.fault(error)),
        };
        self.core.turn();
        if !more {
            self.core.finish()?;
        }
        let progress = self.progress();
        if let Some(report) = &mut self.report {
            report(progress);
        }
        Ok(more)
    }
}

impl<S: BlockingSource, T: Layout> Bill<S, T> {
    /// The next row; `None` when all have been read and the bill has proven right.
    ///
    /// # Errors
    ///
    /// What is wrong, with line and column; see [`ErrorKind`](crate::ErrorKind). After an error about a single row
    /// ([`Error::is_row`]) the next call goes on with the row after it; every other error is the end.
    // A part of whoever calls it, with what it calls, as that then makes no more of a row than it uses.
    #[inline(always)]
    pub fn next_row(&mut self) -> Result<Option<T::Row<'_>>, Error> {
        while self.core.step(self.source.text())? == Step::More {
            if !self.advance()? {
                return Ok(None);
            }
        }
        match self.core.row(self.source.text()) {
            Ok(row) => Ok(Some(row)),
            Err(error) => Err(error),
        }
    }

    /// Reads to the end, calling a function with every row, and returns the summary.
    ///
    /// # Errors
    ///
    /// As [`next_row`](Self::next_row); the first error is the end.
    pub fn for_each(
        &mut self,
        mut take: impl FnMut(T::Row<'_>),
    ) -> Result<Option<&T::Summary>, Error> {
        while let Some(row) = self.next_row()? {
            take(row);
        }
        Ok(self.core.summary())
    }

    /// Goes on to the next piece of text, or to the end.
    #[cold]
    fn advance(&mut self) -> Result<bool, Error> {
        if self.core.has_failed() {
            return Err(ended());
        }
        if self.core.is_over() {
            return Ok(false);
        }
        let advanced = self.source.advance();
        self.advanced(advanced)
    }
}

#[cfg(feature = "tokio")]
impl<R: tokio::io::AsyncRead + Unpin, T: Layout> Bill<AsyncReader<R>, T> {
    /// A bill from an asynchronous reader, plain or gzip: a `Download` of `wxpay-client`, a file, a socket. It is read
    /// in large pieces, so the reader needs no buffer.
    #[must_use]
    pub fn from_async_reader(reader: R) -> Self {
        Self::new(AsyncReader::new(reader))
    }

    /// The next row; `None` when all have been read and the bill has proven right. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// As those of a bill that is read without waiting.
    pub async fn next_row(&mut self) -> Result<Option<T::Row<'_>>, Error> {
        while self.core.step(self.source.text())? == Step::More {
            if self.core.has_failed() {
                return Err(ended());
            }
            if self.core.is_over() {
                return Ok(None);
            }
            let advanced = self.source.advance().await;
            if !self.advanced(advanced)? {
                return Ok(None);
            }
        }
        self.core.row(self.source.text()).map(Some)
    }

    /// Reads to the end, calling a function with every row, and returns the summary.
    ///
    /// # Errors
    ///
    /// As [`next_row`](Self::next_row); the first error is the end.
    pub async fn for_each(
        &mut self,
        mut take: impl FnMut(T::Row<'_>),
    ) -> Result<Option<&T::Summary>, Error> {
        while let Some(row) = self.next_row().await? {
            take(row);
        }
        Ok(self.core.summary())
    }
}

impl<S, T: Layout> fmt::Debug for Bill<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bill")
            .field("rows", &self.core.rows())
            .finish_non_exhaustive()
    }
}

/// A hash that bills do not have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidHash(&'static str);

impl fmt::Display for InvalidHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidHash {}
