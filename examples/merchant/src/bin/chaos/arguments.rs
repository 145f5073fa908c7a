//! What can be asked for.

use std::fmt;
use std::path::Path;
#[cfg(unix)]
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use clap::{Parser, ValueEnum};
#[cfg(unix)]
use merchant::private_postgres::PrivatePostgres;
use merchant::settings::Api;

/// Customers buy in a shop that is killed again and again, at a WeChat Pay that does everything
/// wrong; in the end everything must agree to the fen.
///
/// Exit code: 0 when it does, 1 when it does not or the run broke off, 2 for wrong options, 3 when
/// there is no PostgreSQL on this machine.
#[derive(Clone, Debug, Parser)]
#[command(name = "chaos")]
pub(crate) struct Arguments {
    /// How many orders are placed.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) payments: u32,
    /// What customers, faults and kills follow from; without one, another at every run.
    #[arg(long, default_value_t = any_seed(), hide_default_value = true)]
    pub(crate) seed: u64,
    /// Where the shop keeps its books.
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    pub(crate) database: Kind,
    /// By which generation it is paid: v3, v2 or v1.
    #[arg(long, default_value = "v3", value_parser = api)]
    pub(crate) api: Api,
    /// How many processes the shop has: 1 with SQLite, 3 with PostgreSQL.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=9))]
    shops: Option<u8>,
    /// How many buy at the same time.
    #[arg(long, default_value_t = 96, value_parser = at_least_one)]
    pub(crate) customers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A file.
    Sqlite,
    /// A server of our own, started and removed again.
    Postgres,
}

impl Arguments {
    /// How many processes the shop has.
    pub(crate) fn shops(&self) -> u8 {
        self.shops.unwrap_or(match self.database {
            Kind::Sqlite => 1,
            Kind::Postgres => 3,
        })
    }

    /// The command that does the same again.
    pub(crate) fn command(&self) -> String {
        let mut command = format!(
            "cargo run -p merchant --bin chaos -- --payments {} --seed {}",
            self.payments, self.seed
        );
        if self.database == Kind::Postgres {
            command.push_str(" --database postgres");
        }
        if self.api != Api::V3 {
            command.push_str(&format!(" --api {}", self.api.name()));
        }
        if let Some(shops) = self.shops {
            command.push_str(&format!(" --shops {shops}"));
        }
        command
    }
}

fn api(text: &str) -> Result<Api, String> {
    text.parse()
        .map_err(|error: anyhow::Error| error.to_string())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=500) => Ok(number),
        _ => Err("a number from 1 to 500".to_owned()),
    }
}

fn any_seed() -> u64 {
    // Short enough to be typed again. Without random numbers it is always the same one.
    u64::from(getrandom::u32().unwrap_or_default() % 1_000_000)
}

/// The shop's database.
pub(crate) struct Database {
    pub(crate) url: String,
    /// Goes with it.
    #[cfg(unix)]
    server: Option<Arc<Mutex<PrivatePostgres>>>,
}

/// There is no PostgreSQL on this machine.
#[derive(Debug)]
pub(crate) struct NoPostgres;

impl fmt::Display for NoPostgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no PostgreSQL is installed here: its programs initdb, pg_ctl and postgres are \
             neither on PATH nor below /usr/lib/postgresql (Debian: apt-get install postgresql)",
        )
    }
}

impl std::error::Error for NoPostgres {}

impl Database {
    /// Makes an empty one.
    pub(crate) async fn prepare(arguments: &Arguments, folder: &Path) -> Result<Self> {
        match arguments.database {
            Kind::Sqlite => {
                let file = folder.join("shop.db");
                Ok(Self {
                    url: format!("sqlite:{}", file.display()),
                    #[cfg(unix)]
                    server: None,
                })
            }
            #[cfg(unix)]
            Kind::Postgres => {
                let server = PrivatePostgres::start()?.ok_or(NoPostgres)?;
                let url = server.database("shop").await?;
                Ok(Self {
                    url,
                    server: Some(Arc::new(Mutex::new(server))),
                })
            }
            #[cfg(not(unix))]
            Kind::Postgres => Err(NoPostgres.into()),
        }
    }

    /// Breaks the server down, and starts it again; `false` where the database is a file.
    pub(crate) async fn crash(&self) -> Result<bool> {
        #[cfg(unix)]
        if let Some(server) = &self.server {
            let server = Arc::clone(server);
            let crash = move || {
                let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
                server.crash()
            };
            return tokio::task::spawn_blocking(crash).await?.map(|()| true);
        }
        Ok(false)
    }
}
