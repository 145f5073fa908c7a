//! The kinds of bills.

use crate::error::{Error, ErrorKind, Wrong};
use crate::header::Header;
use crate::record::Record;
use crate::value::time::Clock;

/// A kind of bill: which rows it has, and what its summary says. The kinds are [`Trades`](crate::Trades),
/// [`FundFlows`](crate::FundFlows), [`ProfitSharings`](crate::ProfitSharings) and [`Records`].
pub trait Layout: sealed::Layout {}

pub(crate) mod sealed {
    use super::{Clock, Error, Header, Record, Wrong};

    pub trait Layout {
        /// A row, which borrows its texts.
        type Row<'a>;
        /// What the summary of the bill says (汇总).
        type Summary;
        /// Which columns are where.
        type Columns;
        /// What the rows add up to.
        type Totals: Default;
        /// Whether rows are known in which back-ticks were missing.
        const BARE: bool = false;

        /// Finds the columns.
        fn columns(header: &Header) -> Result<Self::Columns, Error>;

        /// Whether these are names that a summary has.
        fn is_summary(_names: &Header) -> bool {
            true
        }

        /// Reads a row and adds it up.
        fn read<'a>(
            columns: &'a Self::Columns,
            record: Record<'a>,
            clock: &mut Clock,
            totals: &mut Self::Totals,
        ) -> Result<Self::Row<'a>, Wrong>;

        /// Reads the summary. Where there are totals to compare with, says the first column that is wrong.
        fn summary(
            record: Record<'_>,
            totals: Option<&Self::Totals>,
        ) -> Result<Self::Summary, SummaryError>;
    }

    /// What may be wrong with a summary.
    #[derive(Debug)]
    pub enum SummaryError {
        /// A field is no number.
        Value(usize),
        /// A field is not what the rows add up to.
        Differs {
            column: usize,
            stated: String,
            computed: String,
        },
    }
}

/// The error for a file whose header lacks a column.
pub(crate) fn lacks(what: &str, column: &str) -> Error {
    let problem = format!("not {what}: its header has no column {column}");
    Error::new(ErrorKind::Layout, problem)
}

/// Any bill, its rows by column names: for kinds this crate has no types for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Records {}

impl Layout for Records {}

impl sealed::Layout for Records {
    type Row<'a> = Record<'a>;
    type Summary = Vec<(String, String)>;
    type Columns = ();
    type Totals = ();

    fn columns(header: &Header) -> Result<(), Error> {
        // One name alone is any line of any file.
        if header.len() > 1 {
            Ok(())
        } else {
            Err(Error::new(
                ErrorKind::Layout,
                "not a bill: its first line is not a list of column names",
            ))
        }
    }

    #[inline]
    fn read<'a>(
        (): &'a (),
        record: Record<'a>,
        _clock: &mut Clock,
        (): &mut (),
    ) -> Result<Record<'a>, Wrong> {
        Ok(record)
    }

    fn summary(
        record: Record<'_>,
        _totals: Option<&()>,
    ) -> Result<Self::Summary, sealed::SummaryError> {
        Ok(by_name(record))
    }
}

/// A summary as it is.
pub(crate) fn by_name(record: Record<'_>) -> Vec<(String, String)> {
    record
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
