//! What the shop remembers, in SQLite or PostgreSQL: the same tables and, but for how rows are
//! locked, the same statements.
//!
//! Each operation is one transaction, and doing it twice is doing it once: after an error nobody
//! has to know whether it was done.

mod bills;
mod error;
mod jobs;
mod notices;
mod orders;
mod refunds;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{
    Any, AnyConnection, AnyPool, AssertSqlSafe, Connection as _, Executor as _, SqlSafeStr as _,
    Transaction,
};

pub use bills::{Bill, BillTotals, Books, Difference, FoundDifference};
pub use error::{Error, ErrorKind};
pub use jobs::{Job, Subject};
pub use notices::{Notice, NoticeKind};
pub use orders::{NewOrder, Order, Placed};
pub use refunds::{NewRefund, Refund, Reserved};

use error::Doing as _;

/// The shop's database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    backend: Backend,
    /// Held as long as any clone of the store lives.
    _lock: Option<Arc<File>>,
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file of one process.
    Sqlite,
    /// A server for as many processes as one likes.
    Postgres,
}

/// What an event about an order or a refund did to the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied<S> {
    /// It has a new state. Of all that try, one hears this.
    Changed(S),
    /// Nothing new.
    Known(S),
    /// It does not agree with the books; the difference is kept for a person.
    Conflict(S),
    /// No such number in the books; kept for a person, too, if a notice said it.
    NoSuchNumber,
}

/// How long the shop waits for a lock or a connection: shorter than WeChat Pay waits for the answer
/// to a notice (5 s).
pub const PATIENCE: Duration = Duration::from_secs(3);

/// How many connections a shop has to its database.
const CONNECTIONS: u32 = 8;

type Tx = Transaction<'static, Any>;

impl Store {
    /// Opens the database at `url`, such as `sqlite:shop.db` or `postgres://user@host/shop`, and
    /// brings its tables up to date. A SQLite file is created if it is not there, and is locked
    /// (by the file of its name with `.lock`), so that no second shop opens it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InUse`] when another shop has the file, [`ErrorKind::Url`] when `url` is of no
    /// known kind, and whatever keeps the database from being opened.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let lock = match sqlite_file(url) {
            Some(file) => Some(Arc::new(lock(&file)?)),
            None => None,
        };
        let store = Self {
            _lock: lock,
            ..Self::connect(url, PATIENCE).await?
        };
        store.migrate().await?;
        Ok(store)
    }

    /// Opens a database that has its tables, beside a shop that may be running: for tools that
    /// look into the books, and for tests. `patience` is how long to wait for a lock or a
    /// connection.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but never [`ErrorKind::InUse`].
    pub async fn connect(url: &str, patience: Duration) -> Result<Self, Error> {
        const DOING: &str = "open the database";
        sqlx::any::install_default_drivers();
        let (backend, url) = if url.starts_with("sqlite:") {
            let create = if url.contains('?') { "" } else { "?mode=rwc" };
            (Backend::Sqlite, format!("{url}{create}"))
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            (Backend::Postgres, url.to_owned())
        } else {
            return Err(Error::new(ErrorKind::Url, DOING));
        };
        let wait = patience.as_millis();
        let setup: Arc<str> = match backend {
            // Readers do not wait for the writer, and what is committed is on the disk.
            Backend::Sqlite => format!(
                "PRAGMA busy_timeout = {wait}; PRAGMA journal_mode = WAL; \
                 PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"
            ),
            Backend::Postgres => format!("SET lock_timeout = {wait}"),
        }
        .into();
        // The first connection is not the pool's, which would go on trying and not say why.
        let mut first = AnyConnection::connect(&url).await.doing(DOING)?;
        let ready = first.execute(AssertSqlSafe(Arc::clone(&setup))).await;
        ready.doing(DOING)?;
        first.close().await.doing(DOING)?;
        let pool = AnyPoolOptions::new()
            // Each connection to `:memory:` has a database of its own.
            .max_connections(if url.contains(":memory:") {
                1
            } else {
                CONNECTIONS
            })
            .acquire_timeout(patience)
            .after_connect(move |connection, _| {
                let setup = AssertSqlSafe(Arc::clone(&setup));
                Box::pin(async move { connection.execute(setup).await.map(drop) })
            })
            .after_release(move |connection, _| {
                Box::pin(async move {
                    if backend == Backend::Sqlite {
                        // A full disk ends the transaction behind the driver's back; rolling it
                        // back fails then, and the connection would never begin another one.
                        connection.execute("SELECT 1").await?;
                    }
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_lazy(&url)
            .doing(DOING)?;
        Ok(Self {
            pool,
            backend,
            _lock: None,
        })
    }

    async fn migrate(&self) -> Result<(), Error> {
        let sql = match self.backend {
            Backend::Sqlite => include_str!("../migrations/sqlite/0001_shop.sql"),
            Backend::Postgres => include_str!("../migrations/postgres/0001_shop.sql"),
        };
        let shop = Migration::new(
            1,
            "shop".into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        );
        let migrator = Migrator::with_migrations(vec![shop]);
        let migrated = migrator.run(&self.pool).await;
        migrated.map_err(|error| Error::migrate(error, "bring the tables up to date"))
    }

    /// Which database this is.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    ///
    /// When it gives none.
    pub async fn ping(&self) -> Result<(), Error> {
        let alive = sqlx::query("SELECT 1").execute(&self.pool).await;
        alive.doing("reach the database").map(drop)
    }

    /// Lets go of the database once nothing is under way any more.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Begins a transaction that is going to write. SQLite takes its lock at once: taking it after
    /// reading would fail when somebody else has written in between.
    async fn begin(&self, what: &'static str) -> Result<Tx, Error> {
        let begun = match self.backend {
            Backend::Sqlite => self.pool.begin_with("BEGIN IMMEDIATE").await,
            Backend::Postgres => self.pool.begin().await,
        };
        begun.doing(what)
    }

    /// The statement with `{lock}` and `{skip}` as this database has them. In SQLite the
    /// transaction has the whole file to itself.
    fn sql(&self, statement: &'static str) -> AssertSqlSafe<String> {
        let (lock, skip) = match self.backend {
            Backend::Sqlite => ("", ""),
            Backend::Postgres => ("FOR UPDATE", "FOR UPDATE SKIP LOCKED"),
        };
        AssertSqlSafe(statement.replace("{lock}", lock).replace("{skip}", skip))
    }
}

/// The file behind a URL of SQLite's.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8_lossy();
    (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path.as_ref()))
}

/// Locks the file beside `database`; the system lets go of it whatever way the process ends.
fn lock(database: &Path) -> Result<File, Error> {
    const DOING: &str = "lock the database file";
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|error| Error::io(error, DOING))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::new(ErrorKind::InUse, DOING)),
        Err(TryLockError::Error(error)) => Err(Error::io(error, DOING)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_database_says_so_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("shop.db").display());
        let store = Store::open(&url).await.unwrap();
        assert!(store.want_bill("2026-11-20", 0).await.unwrap());
        let limit_pages = async |pragma: &'static str| {
            // Each connection has its own limit, so all of them are taken.
            let mut all = Vec::new();
            for _ in 0..CONNECTIONS {
                let mut connection = store.pool.acquire().await.unwrap();
                connection.execute(pragma).await.unwrap();
                all.push(connection);
            }
        };
        // No less than there are already.
        limit_pages("PRAGMA max_page_count = 1").await;
        let long = "x".repeat(100_000);
        let error = store.set_notice_aside("N", &long, 0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Full, "{error:?}");
        assert!(error.to_string().contains("no space left"), "{error}");
        assert!(error.is_temporary());
        assert_eq!(store.differences(10).await.unwrap(), []);
        // What needs no space goes on, by whichever connection.
        for now in 0..20 {
            assert_eq!(store.claim(now, 1, 10).await.unwrap().len(), 1);
        }
        limit_pages("PRAGMA max_page_count = 1000000").await;
        store.set_notice_aside("N", &long, 0).await.unwrap();
        assert_eq!(store.differences(10).await.unwrap().len(), 1);
    }

    #[test]
    fn files_of_urls() {
        for (url, file) in [
            ("sqlite:shop.db", Some("shop.db")),
            ("sqlite:///var/shop.db?mode=rwc", Some("/var/shop.db")),
            ("sqlite:my%20shop.db", Some("my shop.db")),
            ("sqlite::memory:", None),
            ("sqlite://:memory:", None),
            ("postgres://h/shop", None),
        ] {
            assert_eq!(sqlite_file(url).as_deref(), file.map(Path::new), "{url}");
        }
    }
}
