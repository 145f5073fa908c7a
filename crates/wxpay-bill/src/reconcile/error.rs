//! Why a reconciliation came to no end.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use super::Side;

/// Why a reconciliation came to no end. `B` and `K` are what can go wrong with the bill and with the
/// books.
///
/// What was found before the error is no result: what follows may have been the other half of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReconcileError<B = Infallible, K = Infallible> {
    /// The bill could not be read.
    Bill(B),
    /// The books could not be read.
    Books(K),
    /// An entry comes before the one that it follows, by number and kind.
    NotSorted {
        /// Whose entry.
        side: Side,
        /// Which one of that side, counted from 1.
        position: u64,
    },
    /// A text that is longer than 65,535 bytes, which no number, id or state is.
    TooLong {
        /// Whose entry.
        side: Side,
        /// Which one of that side, counted from 1.
        position: u64,
        /// The field: `number`, `id` or `state`.
        field: &'static str,
    },
    /// A temporary file could not be made, written or read.
    File {
        /// What was being done, as `create`.
        step: &'static str,
        /// The directory of the file.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A temporary file does not hold what was written to it.
    Damaged {
        /// The directory of the file.
        directory: PathBuf,
    },
}

impl ReconcileError {
    /// The same as an error of any sides.
    pub(super) fn widen<B, K>(self) -> ReconcileError<B, K> {
        match self {
            Self::Bill(never) | Self::Books(never) => match never {},
            Self::NotSorted { side, position } => ReconcileError::NotSorted { side, position },
            Self::TooLong {
                side,
                position,
                field,
            } => ReconcileError::TooLong {
                side,
                position,
                field,
            },
            Self::File {
                step,
                directory,
                source,
            } => ReconcileError::File {
                step,
                directory,
                source,
            },
            Self::Damaged { directory } => ReconcileError::Damaged { directory },
        }
    }
}

impl<B, K> fmt::Display for ReconcileError<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bill(_) => f.write_str("the bill cannot be read"),
            Self::Books(_) => f.write_str("the books cannot be read"),
            Self::NotSorted { side, position } => write!(
                f,
                "entry {position} of the {side} comes before the one it follows: sort by the bytes \
                 of the number and then by kind, or use a Reconciler, which sorts"
            ),
            Self::TooLong {
                side,
                position,
                field,
            } => write!(
                f,
                "the {field} of entry {position} of the {side} is longer than 65535 bytes"
            ),
            Self::File {
                step, directory, ..
            } => write!(
                f,
                "cannot {step} a temporary file in {}: name a directory with room for both sides, \
                 or allow more memory",
                directory.display()
            ),
            Self::Damaged { directory } => write!(
                f,
                "a temporary file in {} does not hold what was written to it",
                directory.display()
            ),
        }
    }
}

impl<B: Error + 'static, K: Error + 'static> Error for ReconcileError<B, K> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Bill(error) => Some(error),
            Self::Books(error) => Some(error),
            Self::File { source, .. } => Some(source),
            Self::NotSorted { .. } | Self::TooLong { .. } | Self::Damaged { .. } => None,
        }
    }
}
