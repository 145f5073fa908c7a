//! What can go wrong with a database.

use std::fmt;
use std::io;

use sqlx::migrate::MigrateError;

/// An operation that was not done, or of which it is not known: it can be done again.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    doing: &'static str,
    source: Option<Source>,
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Locked by somebody else, or overloaded: try again.
    Busy,
    /// Cannot be reached, or not any more: try again later.
    Gone,
    /// No space is left: a person has to make some.
    Full,
    /// Another shop has the SQLite file.
    InUse,
    /// The number is another order's or refund's.
    Taken,
    /// The schema does not allow it.
    Forbidden,
    /// The address is neither `sqlite:` nor `postgres:`.
    Url,
    /// The tables or what is in them are not this shop's, or damaged.
    Unreadable,
    /// Anything else.
    Other,
}

#[derive(Debug)]
enum Source {
    Sql(sqlx::Error),
    Migrate(MigrateError),
    Io(io::Error),
}

impl Error {
    pub(super) const fn new(kind: ErrorKind, doing: &'static str) -> Self {
        Self {
            kind,
            doing,
            source: None,
        }
    }

    pub(super) fn sql(error: sqlx::Error, doing: &'static str) -> Self {
        Self {
            kind: kind(&error),
            doing,
            source: Some(Source::Sql(error)),
        }
    }

    pub(super) fn migrate(error: MigrateError, doing: &'static str) -> Self {
        let kind = match &error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => kind(error),
            MigrateError::VersionMissing(_)
            | MigrateError::VersionMismatch(_)
            | MigrateError::Dirty(_) => ErrorKind::Unreadable,
            _ => ErrorKind::Other,
        };
        Self {
            kind,
            doing,
            source: Some(Source::Migrate(error)),
        }
    }

    pub(super) fn io(error: io::Error, doing: &'static str) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::Full,
            _ => ErrorKind::Gone,
        };
        Self {
            kind,
            doing,
            source: Some(Source::Io(error)),
        }
    }

    /// What kind of trouble it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same may well succeed in a while.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Busy | ErrorKind::Gone | ErrorKind::Full
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.kind {
            ErrorKind::Busy => "the database is busy; try again",
            ErrorKind::Gone => "the database cannot be reached",
            ErrorKind::Full => "the database has no space left",
            ErrorKind::InUse => "another shop is running on this file; stop it, or use PostgreSQL",
            ErrorKind::Taken => "the number is taken",
            ErrorKind::Forbidden => "the database does not allow it",
            ErrorKind::Url => {
                "the address of the database begins with neither sqlite: nor postgres:"
            }
            ErrorKind::Unreadable => "the database is damaged, or not this version's",
            ErrorKind::Other => "the database failed",
        };
        write!(f, "could not {}: {problem}", self.doing)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.source.as_ref()? {
            Source::Sql(error) => Some(error),
            Source::Migrate(error) => Some(error),
            Source::Io(error) => Some(error),
        }
    }
}

/// Says what was being done.
pub(super) trait Doing<T> {
    fn doing(self, what: &'static str) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, what: &'static str) -> Result<T, Error> {
        self.map_err(|error| Error::sql(error, what))
    }
}

fn kind(error: &sqlx::Error) -> ErrorKind {
    match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => ErrorKind::Taken,
        sqlx::Error::Database(error)
            if error.is_check_violation() || error.is_foreign_key_violation() =>
        {
            ErrorKind::Forbidden
        }
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            match code.parse() {
                // A SQLSTATE has five characters, SQLite's numbers have fewer.
                Ok(number) if code.len() < 5 => sqlite(number),
                _ => postgres(&code),
            }
        }
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_) => ErrorKind::Gone,
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::Decode(_) => ErrorKind::Unreadable,
        sqlx::Error::Configuration(_) => ErrorKind::Url,
        _ => ErrorKind::Other,
    }
}

/// Result codes of SQLite (<https://www.sqlite.org/rescode.html>); the low byte is the primary one.
const fn sqlite(code: u32) -> ErrorKind {
    match code & 0xff {
        // SQLITE_BUSY, SQLITE_LOCKED
        5 | 6 => ErrorKind::Busy,
        // SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN
        8 | 10 | 14 => ErrorKind::Gone,
        // SQLITE_FULL
        13 => ErrorKind::Full,
        // SQLITE_CORRUPT, SQLITE_SCHEMA, SQLITE_NOTADB
        11 | 17 | 26 => ErrorKind::Unreadable,
        // SQLITE_CONSTRAINT: what is left of it is the triggers'.
        19 => ErrorKind::Forbidden,
        _ => ErrorKind::Other,
    }
}

/// SQLSTATEs (<https://www.postgresql.org/docs/15/errcodes-appendix.html>).
fn postgres(state: &str) -> ErrorKind {
    match state {
        // Serialization failure, deadlock, lock not available, cancelled, too many connections.
        "40001" | "40P01" | "55P03" | "57014" | "53300" => ErrorKind::Busy,
        // Disk full, out of memory.
        "53100" | "53200" => ErrorKind::Full,
        // Shut down, starting up, or turned read-only by a failover.
        "57P01" | "57P02" | "57P03" | "25006" => ErrorKind::Gone,
        // Undefined table or column, data or index corrupted.
        "42P01" | "42703" | "XX001" | "XX002" => ErrorKind::Unreadable,
        _ if state.starts_with("08") => ErrorKind::Gone,
        _ => ErrorKind::Other,
    }
}
