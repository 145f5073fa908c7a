//! The order of a bill's parts, and its rows: what is the same wherever the text comes from.

use crate::error::{Error, ErrorKind, Wrong};
use crate::header::Header;
use crate::layout::Layout;
use crate::layout::sealed::{self, SummaryError};
use crate::record::Record;
use crate::refusal;
use crate::scan::Fields;
use crate::value::time::Clock;

/// So much is read of an answer that came in place of a bill.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Goes through the lines of a bill.
pub(crate) struct Core<T: Layout> {
    part: Part,
    header: Header,
    /// That of the summary.
    names: Header,
    columns: Option<T::Columns>,
    totals: T::Totals,
    summary: Option<T::Summary>,
    check_totals: bool,
    /// Where in the text the next line begins.
    next: usize,
    /// Lines begun so far.
    line: u64,
    rows: u64,
    fields: Fields,
    /// A row of which back-ticks were missing, with them.
    mended: String,
    is_mended: bool,
    clock: Clock,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Header,
    /// An answer in place of a bill, of which the lines are collected.
    Answer,
    Rows,
    Summary,
    End,
    /// The text is over, and was right.
    Over,
    /// An error ended it.
    Failed,
}

/// What [`Core::step`] came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// A row, which [`Core::row`] reads.
    Row,
    /// The end of the text.
    More,
}

impl<T: Layout> Core<T> {
    pub(crate) fn new() -> Self {
        Self {
            part: Part::Header,
            header: Header::default(),
            names: Header::default(),
            columns: None,
            totals: <T as sealed::Layout>::Totals::default(),
            summary: None,
            check_totals: true,
            next: 0,
            line: 0,
            rows: 0,
            fields: Fields::new(),
            mended: String::new(),
            is_mended: false,
            clock: Clock::default(),
        }
    }

    pub(crate) fn check_totals(&mut self, check: bool) {
        self.check_totals = check;
    }

    pub(crate) fn summary(&self) -> Option<&T::Summary> {
        self.summary.as_ref()
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Another piece of text begins, which does not begin within a line.
    pub(crate) fn turn(&mut self) {
        self.next = 0;
    }

    /// Goes on to the next row.
    #[inline(always)]
    pub(crate) fn step(&mut self, text: &str) -> Result<Step, Error> {
        while let Some(first) = text.as_bytes().get(self.next) {
            self.line += 1;
            if *first == b'`' && self.part == Part::Rows {
                let end = self.fields.find(text.as_bytes(), self.next);
                let start = std::mem::replace(&mut self.next, end + 1);
                self.is_mended = false;
                if end == text.len() {
                    return Err(self.cut_off());
                }
                if self.fields.count() == self.header.len() {
                    self.rows += 1;
                    return Ok(Step::Row);
                }
                return self.uneven(&text[start..end]);
            }
            if let Some(step) = self.other_line(text)? {
                return Ok(step);
            }
        }
        Ok(Step::More)
    }

    /// Reads the row that [`step`](Self::step) went on to.
    #[inline(always)]
    pub(crate) fn row<'a>(&'a mut self, text: &'a str) -> Result<T::Row<'a>, Error> {
        let Self {
            columns,
            header,
            fields,
            clock,
            totals,
            mended,
            ..
        } = self;
        let record = Record {
            text: if self.is_mended { mended } else { text },
            fields,
            header,
            line: self.line,
        };
        let read = match columns {
            Some(columns) => T::read(columns, record, clock, totals),
            None => Err(Wrong {
                column: 0,
                problem: "a row before the header",
            }),
        };
        match read {
            Ok(row) => Ok(row),
            Err(wrong) => Err(at_field(wrong, record)),
        }
    }

    /// The text is over.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        match self.part {
            Part::End | Part::Over => {
                self.part = Part::Over;
                Ok(())
            }
            Part::Failed => Err(ended()),
            Part::Answer => {
                let error = refusal::read(&self.mended);
                self.part = Part::Failed;
                Err(error.at_line(1))
            }
            Part::Header => Err(self.failed(Error::new(
                ErrorKind::Empty,
                "the file is empty; even the bill of a day without trades has a header and a summary",
            ))),
            Part::Rows | Part::Summary => Err(self.failed(Error::new(
                ErrorKind::Truncated,
                "the file ends without the summary; it is cut off",
            ))),
        }
    }

    /// An error that comes from the source of the text, with the line it is in.
    pub(crate) fn fault(&mut self, error: Error) -> Error {
        if self.part == Part::Failed {
            return ended();
        }
        let is_answer = self.part == Part::Answer;
        let header = match self.part {
            Part::Summary => &self.names,
            _ => &self.header,
        };
        self.part = Part::Failed;
        match error.kind() {
            // Pages say in their text which encoding they have; what was read of it tells enough.
            ErrorKind::Encoding | ErrorKind::Truncated if is_answer => {
                refusal::read(&self.mended).at_line(1)
            }
            ErrorKind::Encoding | ErrorKind::TooLarge | ErrorKind::Truncated
                if error.line().is_some() =>
            {
                // The line was counted from the last one that was whole.
                let error = error.at_line(self.line + 1);
                match error.column().map(|(number, _)| number - 1) {
                    Some(index) => {
                        let name = header.name(index).map(str::to_owned);
                        error.in_column(index, name.as_deref())
                    }
                    None => error,
                }
            }
            _ => error,
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.part == Part::Failed
    }

    /// Whether all has been read and was right.
    pub(crate) fn is_over(&self) -> bool {
        self.part == Part::Over
    }

    /// A line that is not, or not obviously, a row.
    #[cold]
    fn other_line(&mut self, text: &str) -> Result<Option<Step>, Error> {
        let rest = &text[self.next..];
        let (line, terminated) = match rest.split_once('\n') {
            Some((line, _)) => (line, true),
            None => (rest, false),
        };
        self.next += line.len() + usize::from(terminated);
        let line = line.strip_suffix('\r').unwrap_or(line);
        // The mark of a file that was put behind another one.
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        if line.trim().is_empty() {
            return Ok(None);
        }
        match self.part {
            Part::Header => {
                if line.trim_start().starts_with(['<', '{']) {
                    self.part = Part::Answer;
                    self.answer(line)?;
                } else {
                    self.begin(line)?;
                }
            }
            Part::Answer => self.answer(line)?,
            Part::Rows if self.header.is(line) => {}
            Part::Rows if line.starts_with('`') || (T::BARE && self.is_bare_row(line)) => {
                // A row behind a byte order mark, or one without its first back-tick.
                if !terminated {
                    return Err(self.cut_off());
                }
                return self.mend(line, line.starts_with('`')).map(Some);
            }
            Part::Rows => {
                let names = Header::read(line).ok_or_else(too_many_columns);
                self.names = names.map_err(|error| self.failed(error))?;
                if !T::is_summary(&self.names) {
                    return Err(self.failed(Error::new(
                        ErrorKind::Layout,
                        "neither a row nor the header of the summary",
                    )));
                }
                self.part = Part::Summary;
            }
            Part::Summary => self.summarize(line, terminated)?,
            Part::End => {
                // Parts of a large bill, each a bill of its own.
                self.begin(line)?;
            }
            Part::Over | Part::Failed => return Err(ended()),
        }
        Ok(None)
    }

    /// Collects what says why there is no bill. It may come in pieces, so it is read when there is enough of it.
    fn answer(&mut self, line: &str) -> Result<(), Error> {
        for text in [line, "\n"] {
            let end = text.floor_char_boundary(LONGEST_ANSWER - self.mended.len());
            self.mended.push_str(&text[..end]);
        }
        if self.mended.len() + 4 > LONGEST_ANSWER {
            return self.finish();
        }
        Ok(())
    }

    fn begin(&mut self, line: &str) -> Result<(), Error> {
        let columns = match Header::read(line) {
            Some(header) => {
                self.header = header;
                T::columns(&self.header)
            }
            None => Err(too_many_columns()),
        };
        self.columns = Some(columns.map_err(|error| self.failed(error))?);
        self.totals = <T as sealed::Layout>::Totals::default();
        self.part = Part::Rows;
        Ok(())
    }

    fn summarize(&mut self, line: &str, terminated: bool) -> Result<(), Error> {
        self.fields.find(line.as_bytes(), 0);
        if self.fields.count() != self.names.len() || !line.starts_with('`') {
            return Err(self.failed(if terminated {
                Error::new(
                    ErrorKind::Totals,
                    "the summary does not have the fields its header names",
                )
            } else {
                Error::new(
                    ErrorKind::Truncated,
                    "the file ends within the summary; it is cut off",
                )
            }));
        }
        let record = Record {
            text: line,
            fields: &self.fields,
            header: &self.names,
            line: self.line,
        };
        match T::summary(record, self.check_totals.then_some(&self.totals)) {
            Ok(summary) => {
                self.summary = Some(summary);
                self.part = Part::End;
                Ok(())
            }
            Err(wrong) => {
                let (column, problem) = match wrong {
                    SummaryError::Value(column) => (column, "not a number".to_owned()),
                    SummaryError::Differs {
                        column,
                        stated,
                        computed,
                    } => (
                        column,
                        format!("the summary says {stated}, the rows add up to {computed}"),
                    ),
                };
                let name = self.names.name(column).map(str::to_owned);
                let error =
                    Error::new(ErrorKind::Totals, problem).in_column(column, name.as_deref());
                Err(self.failed(error))
            }
        }
    }

    /// A row with another number of fields than the bill has columns.
    #[cold]
    fn uneven(&mut self, line: &str) -> Result<Step, Error> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if T::BARE && line.split(',').count() == self.header.len() {
            return self.mend(line, false);
        }
        Err(self.miscounted())
    }

    fn miscounted(&self) -> Error {
        let problem = format!(
            "the row has {} fields, the bill {} columns",
            self.fields.count(),
            self.header.len()
        );
        Error::new(ErrorKind::Fields, problem).at_line(self.line)
    }

    /// Whether a line without a back-tick at its beginning is a row and not the header of the summary: it begins with
    /// a time.
    fn is_bare_row(&self, line: &str) -> bool {
        line.split(',').count() == self.header.len()
            && line.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Takes a row from a copy, with a back-tick before every field unless it is as it should be.
    fn mend(&mut self, line: &str, whole: bool) -> Result<Step, Error> {
        self.mended.clear();
        if whole {
            self.mended.push_str(line);
        } else {
            for (index, field) in line.split(',').enumerate() {
                self.mended.push_str(if index == 0 { "`" } else { ",`" });
                self.mended
                    .push_str(field.strip_prefix('`').unwrap_or(field));
            }
        }
        self.is_mended = true;
        self.fields.find(self.mended.as_bytes(), 0);
        if self.fields.count() != self.header.len() {
            return Err(self.miscounted());
        }
        self.rows += 1;
        Ok(Step::Row)
    }

    fn cut_off(&mut self) -> Error {
        let error = Error::new(
            ErrorKind::Truncated,
            "the file ends within a row; it is cut off",
        );
        self.failed(error)
    }

    /// An error in this line after which nothing can be read.
    fn failed(&mut self, error: Error) -> Error {
        self.part = Part::Failed;
        error.at_line(self.line)
    }
}

#[cold]
fn at_field(wrong: Wrong, record: Record<'_>) -> Error {
    let index = usize::from(wrong.column);
    Error::new(ErrorKind::Value, wrong.problem)
        .at_line(record.line)
        .in_column(index, record.header.name(index))
}

fn too_many_columns() -> Error {
    Error::new(
        ErrorKind::TooLarge,
        "more columns than any bill has; it is no bill",
    )
}

pub(crate) fn ended() -> Error {
    Error::new(
        ErrorKind::Ended,
        "reading this bill ended with an error before; read it anew",
    )
}
