//! What can be wrong with a bill.

use std::borrow::Cow;
use std::fmt;
use std::io;

/// Why a bill could not be read, and where: line and column are those a person finds in the file.
///
/// Texts of the bill are not repeated: they are business data, and where columns are shifted, anything.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    /// 1 for the first; 0 where no line is meant.
    line: u64,
    column: Option<(usize, String)>,
    problem: Cow<'static, str>,
    code: Option<String>,
    source: Option<io::Error>,
}

/// The sort of an [`Error`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The source failed; what it said is the error's `source`. Files that cannot be read, connections that broke,
    /// and downloads whose hash is wrong.
    Io,
    /// The gzip data is damaged or followed by something else.
    Gzip,
    /// The file ends early: within the gzip data, within a row, or without the summary.
    Truncated,
    /// More than was permitted: a line, the columns, the text, or the text that little gzip data expands to.
    TooLarge,
    /// Text that is neither UTF-8 nor, from its beginning, GBK.
    Encoding,
    /// The text does not have the hash that was announced. Nothing that was read may be believed.
    Hash,
    /// The summary says something else than the rows. Nothing that was read may be believed.
    Totals,
    /// The file is not a bill, or not one of this kind.
    Layout,
    /// A row has more or fewer fields than the bill has columns. The rows after it can be read.
    Fields,
    /// A field is not the number or the time it should be. The rows after it can be read.
    Value,
    /// The file is not a bill but an answer that says why there is none; see [`Error::code`].
    Refused,
    /// There is nothing in the file at all, not even the header a day without trades has.
    Empty,
    /// Reading went on after an error that ended it.
    Ended,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            line: 0,
            column: None,
            problem: problem.into(),
            code: None,
            source: None,
        }
    }

    pub(crate) fn io(source: io::Error) -> Self {
        let mut error = Self::new(ErrorKind::Io, "the bill could not be read on");
        error.source = Some(source);
        error
    }

    pub(crate) fn refused(code: &str, message: &str) -> Self {
        let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(120).collect();
        let (code, message): (String, String) = (short(code), short(message));
        let mut error = Self::new(
            ErrorKind::Refused,
            format!("not a bill but an answer that says why there is none: {code} {message}"),
        );
        error.code = Some(code);
        error
    }

    pub(crate) fn at_line(mut self, line: u64) -> Self {
        self.line = line;
        self
    }

    /// In the column with this index, counted from 0.
    pub(crate) fn in_column(mut self, index: usize, name: Option<&str>) -> Self {
        // A file that is no bill may have anything where names should be.
        let name = name.unwrap_or_default().chars();
        let name = name.filter(|c| !c.is_control()).take(40).collect();
        self.column = Some((index + 1, name));
        self
    }

    /// The sort of error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The line it is in, 1 for the header; `None` where it is about the whole file.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        (self.line > 0).then_some(self.line)
    }

    /// The number of the column, 1 for the first, and its name in the header of the bill (empty where it has none).
    #[must_use]
    pub fn column(&self) -> Option<(usize, &str)> {
        let (number, name) = self.column.as_ref()?;
        Some((*number, name))
    }

    /// Whether it concerns one row only, so that the rows after it can be read. The totals will hardly be right then,
    /// which is told at the end.
    #[must_use]
    pub fn is_row(&self) -> bool {
        matches!(self.kind, ErrorKind::Fields | ErrorKind::Value)
    }

    /// The code of the answer that came in place of a bill: `NO_STATEMENT_EXIST`, `20002`; of Tenpay (v1) the `retcode`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether WeChat Pay says that there is no bill (账单不存在): nothing was traded on the day, or the day's bill is
    /// not there yet; which, tells the time (bills are there by ten in the morning of the next day). Tenpay (v1) has
    /// published no code for it, so what it answers is never known to say so.
    #[must_use]
    pub fn is_no_bill(&self) -> bool {
        matches!(
            self.code(),
            Some("NO_STATEMENT_EXIST" | "NO_BILL_EXIST" | "20002" | "No Bill Exist")
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}", self.line)?;
            match &self.column {
                Some((number, name)) if name.is_empty() => write!(f, ", column {number}: ")?,
                Some((number, name)) => write!(f, ", column {number} ({name}): ")?,
                None => f.write_str(": ")?,
            }
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_ref()
            .map(|error| error as &(dyn std::error::Error + 'static))
    }
}

/// So that readers of bills can be read from within other readers.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

/// A field that is not what its column asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wrong {
    pub(crate) column: u8,
    pub(crate) problem: &'static str,
}
