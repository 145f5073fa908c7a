//! A PostgreSQL of one's own, gone when it is dropped: for tests and the chaos run.

use std::env;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;

/// Debian's `nobody` and `nogroup`: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;

/// A server that only this machine's users reach, by a socket in a folder of its own. It does not
/// wait for the disk: what it keeps is not meant to outlive it.
#[derive(Debug)]
pub struct PrivatePostgres {
    programs: PathBuf,
    folder: TempDir,
    as_nobody: bool,
    running: bool,
}

impl PrivatePostgres {
    /// Starts one; `None` where the programs are not installed.
    ///
    /// # Errors
    ///
    /// When it does not start; the error has what the program said.
    pub fn start() -> Result<Option<Self>> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let folder = tempfile::Builder::new().prefix("shop-pg").tempdir()?;
        // Whoever runs this owns the folder.
        let as_nobody = folder.path().metadata()?.uid() == 0;
        if as_nobody {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let mut server = Self {
            programs,
            folder,
            as_nobody,
            running: false,
        };
        server.run("initdb", |command| {
            let command = command.args(["-U", "shop", "-A", "trust", "-E", "UTF8"]);
            command.args(["--locale=C", "--no-sync"])
        })?;
        server.serve()?;
        Ok(Some(server))
    }

    fn serve(&mut self) -> Result<()> {
        let socket = self.folder.path().display();
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{socket}' -c fsync=off \
             -c max_connections=200"
        );
        let log = self.folder.path().join("log");
        self.run("pg_ctl", |command| {
            command.args(["-w", "start", "-o", &options, "-l"]).arg(log)
        })?;
        self.running = true;
        Ok(())
    }

    /// Breaks it down in the middle of whatever it does, and starts it again.
    ///
    /// # Errors
    ///
    /// When it does not stop, or does not come back.
    pub fn crash(&mut self) -> Result<()> {
        self.stop()?;
        self.serve()
    }

    /// Makes an empty database, and says its URL.
    ///
    /// # Errors
    ///
    /// When it cannot be made: it may be there already.
    pub async fn database(&self, name: &str) -> Result<String> {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.url("postgres")).await?;
        let create = AssertSqlSafe(format!("CREATE DATABASE \"{}\"", name.replace('"', "")));
        connection.execute(create).await?;
        connection.close().await?;
        Ok(self.url(name))
    }

    /// Stops it the hard way: every connection breaks, nothing is finished.
    ///
    /// # Errors
    ///
    /// When it does not stop.
    pub fn stop(&mut self) -> Result<()> {
        self.running = false;
        self.run("pg_ctl", |command| {
            command.args(["stop", "-m", "immediate"])
        })
    }

    fn url(&self, database: &str) -> String {
        let socket = self.folder.path().display();
        format!("postgres:///{database}?host={socket}&user=shop")
    }

    fn run(
        &self,
        program: &str,
        arguments: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<()> {
        let mut command = Command::new(self.programs.join(program));
        arguments(&mut command)
            .env("PGDATA", self.folder.path().join("data"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        if self.as_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        // To files: the server lives on, and would keep a pipe open.
        let said = self.folder.path().join("said");
        let out = std::fs::File::create(&said)?;
        command.stdout(out.try_clone()?).stderr(out);
        let status = command
            .status()
            .with_context(|| format!("cannot run {program}"))?;
        if !status.success() {
            let said = std::fs::read_to_string(said).unwrap_or_default();
            bail!("{program} failed ({status}): {}", said.trim());
        }
        Ok(())
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        if self.running {
            // There is nobody to tell, and the folder goes anyway.
            let _ = self.stop();
        }
    }
}

/// The folder with PostgreSQL's programs: of those on `PATH`, or the latest of Debian's.
fn programs() -> Option<PathBuf> {
    let complete = |folder: &Path| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    let path = env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = env::split_paths(&path).find(|folder| complete(folder)) {
        return Some(folder);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<PathBuf> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|folder| complete(folder))
        .collect();
    folders.sort();
    folders.pop()
}
