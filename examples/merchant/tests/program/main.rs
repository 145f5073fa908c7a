//! The program as a person starts it, kills it, and sees it in a browser.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

#[cfg(unix)]
mod browser;
#[cfg(unix)]
mod chromium;
#[cfg(unix)]
mod trouble;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// The operator's password.
const PASSWORD: &str = "a password of tests";

/// A shop that runs in a folder; killed when it is dropped.
struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    /// Where it is.
    url: String,
    /// Where its sandbox is.
    sandbox: String,
}

/// The shop's program with the environment of a test.
fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_merchant"));
    command
        .env_clear()
        .env("MERCHANT_DATA", data)
        .env("MERCHANT_LISTEN", "127.0.0.1:0")
        .env("MERCHANT_PASSWORD", PASSWORD)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Program {
    /// Starts it, and waits until it says that it is ready.
    fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (mut line, mut sandbox) = (String::new(), String::new());
        let url = loop {
            line.clear();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "it ended at once");
            if let Some((_, url)) = line.trim_end().split_once("a sandbox at ") {
                url.clone_into(&mut sandbox);
            }
            if let Some(url) = line.trim_end().strip_prefix("ready ") {
                break url.to_owned();
            }
        };
        Self {
            child,
            out,
            url,
            sandbox,
        }
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; whether it ended well.
    #[cfg(unix)]
    fn stop(mut self) -> bool {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").arg(pid).status().unwrap();
        assert!(told.success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "it said more than where it is");
        self.child.wait().unwrap().success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
