//! A program that tells what it does, step by step, and ends with an honest exit code.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

/// No story takes longer than this, unless a person has a part in it.
const LIMIT: Duration = Duration::from_secs(60);

/// What is told on the standard output.
#[derive(Debug)]
pub struct Story {
    name: &'static str,
    limit: Option<Duration>,
    steps: usize,
    at: Option<&'static str>,
}

impl Story {
    /// The story of the program `name`.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            limit: Some(LIMIT),
            steps: 0,
            at: None,
        }
    }

    /// Goes on until it is [told to stop](told_to_stop), and that is a good end.
    #[must_use]
    pub fn until_stopped(mut self) -> Self {
        self.limit = None;
        self
    }

    /// Tells it. What went wrong is one line on the standard error, with the step it happened in.
    pub async fn tell(mut self, story: impl AsyncFnOnce(&mut Self) -> Result<()>) -> ExitCode {
        let limit = self.limit;
        let too_late = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        // Whichever ends first, the story is dropped in order: listeners stop, folders go.
        let result = tokio::select! {
            result = story(&mut self) => result,
            () = too_late => Err(anyhow!("not done after {} s in all", LIMIT.as_secs())),
            _ = told_to_stop() => match limit {
                Some(_) => Err(anyhow!("interrupted")),
                None => Ok(()),
            },
        };
        let result = match self.at {
            Some(step) => result.with_context(|| step),
            None => result,
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let line = format!("{error:#}");
                let line: Vec<&str> = line.split_whitespace().collect();
                let _ = writeln!(std::io::stderr(), "{}: {}", self.name, line.join(" "));
                ExitCode::FAILURE
            }
        }
    }

    /// Begins a step, and remembers it for an error that may come.
    ///
    /// # Errors
    ///
    /// Where nobody reads.
    pub fn step(&mut self, name: &'static str) -> Result<()> {
        self.at = Some(name);
        self.steps += 1;
        writeln!(std::io::stdout(), "{:>2}  {name}", self.steps).context("the output is closed")
    }

    /// Says something.
    ///
    /// # Errors
    ///
    /// Where nobody reads.
    pub fn line(&mut self, text: impl Display) -> Result<()> {
        writeln!(std::io::stdout(), "    {text}").context("the output is closed")
    }

    /// The last line.
    ///
    /// # Errors
    ///
    /// Where nobody reads.
    pub fn end(&mut self, text: impl Display) -> Result<()> {
        self.at = None;
        writeln!(std::io::stdout(), "{text}").context("the output is closed")
    }
}

/// Until Ctrl-C, or what `kill` sends.
///
/// # Errors
///
/// Where neither can be waited for.
pub async fn told_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            result = tokio::signal::ctrl_c() => result,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
