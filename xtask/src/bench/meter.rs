//! This program in the place of the compiler: cargo starts it as `RUSTC_WRAPPER` and as `RUSTDOC`, it
//! starts the real one and writes down what compiling `wxpay-api` has cost. So the figures hold that
//! crate alone: no dependency, and not cargo itself.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// Names the file to write to; whoever sets it wants the compiler and no chore.
const FILE: &str = "WXPAY_XTASK_METER";
/// The real rustdoc; the real rustc is the wrapper's first argument.
const RUSTDOC: &str = "WXPAY_XTASK_RUSTDOC";
/// The crate in question.
const CRATE: &str = "wxpay_api";

/// What compiling has cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    /// Processor time of all threads, user and system.
    pub(super) seconds: f64,
    /// Memory that was resident at once.
    pub(super) bytes: u64,
}

impl Cost {
    /// 10⁹ bytes each.
    pub(super) fn gigabytes(self) -> f64 {
        // Exact enough up to petabytes.
        self.bytes as f64 / 1e9
    }
}

/// Has cargo go through the meter, which writes to `file`.
pub(super) fn attach(cargo: &mut Command, file: &Path) -> Result<()> {
    let own = std::env::current_exe().context("where this program stands")?;
    let rustdoc = std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    cargo
        .env("RUSTC_WRAPPER", &own)
        .env("RUSTDOC", &own)
        .env(RUSTDOC, rustdoc)
        .env(FILE, file);
    Ok(())
}

/// What the meter wrote: one line.
pub(super) fn read(file: &Path) -> Result<Cost> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{CRATE} was not compiled: {}", file.display()))?;
    parse(&text).with_context(|| format!("{}: `{}`", file.display(), text.trim_end()))
}

fn parse(text: &str) -> Option<Cost> {
    let (seconds, bytes) = text.trim_end().split_once(' ')?;
    Some(Cost {
        seconds: seconds.parse().ok()?,
        bytes: bytes.parse().ok()?,
    })
}

/// Runs the compiler, if this program was started in its place.
pub(crate) fn run() -> Option<ExitCode> {
    let file = std::env::var_os(FILE)?;
    let exit = match compile(Path::new(&file)) {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    };
    Some(exit)
}

fn compile(file: &Path) -> Result<ExitCode> {
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // A wrapper is told the compiler first; rustdoc has no wrapper and is told options only.
    let wraps = arguments
        .first()
        .is_some_and(|first| !first.to_string_lossy().starts_with('-'));
    let program = match wraps {
        true => arguments.remove(0),
        false => std::env::var_os(RUSTDOC).unwrap_or_else(|| "rustdoc".into()),
    };
    let status = Command::new(&program)
        .args(&arguments)
        .status()
        .with_context(|| format!("cannot start {}", program.to_string_lossy()))?;
    if status.success() && is_of_interest(&arguments) {
        let Cost { seconds, bytes } = spent()?;
        let mut file = std::fs::File::create(file)?;
        writeln!(file, "{seconds} {bytes}")?;
    }
    Ok(match status.code() {
        Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        None => ExitCode::FAILURE,
    })
}

fn is_of_interest(arguments: &[OsString]) -> bool {
    let mut pairs = arguments.iter().zip(arguments.iter().skip(1));
    pairs.any(|(option, value)| option == "--crate-name" && value == CRATE)
}

/// What the children of this process have cost: there was one, and it has ended.
#[cfg(unix)]
fn spent() -> Result<Cost> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    // Apple counts bytes, everybody else 1,024 of them.
    let unit = if cfg!(target_vendor = "apple") {
        1
    } else {
        1024
    };
    Ok(Cost {
        seconds: microseconds as f64 / 1e6,
        bytes: u64::try_from(usage.max_rss()).unwrap_or_default() * unit,
    })
}

#[cfg(not(unix))]
fn spent() -> Result<Cost> {
    anyhow::bail!("measuring compilers is written for Unix only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_crate_in_question_is_measured() {
        let arguments = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(is_of_interest(&arguments(
            "--crate-name wxpay_api --edition=2024"
        )));
        assert!(!is_of_interest(&arguments(
            "--crate-name wxpay_proto --edition=2024"
        )));
        assert!(!is_of_interest(&arguments("-vV")));
        assert!(!is_of_interest(&arguments(
            "--extern wxpay_api --crate-name other"
        )));
    }

    #[test]
    fn reads_what_it_writes() {
        let cost = parse("1.25 250000000\n").expect("two figures");
        assert_eq!(
            cost,
            Cost {
                seconds: 1.25,
                bytes: 250_000_000
            }
        );
        assert_eq!(cost.gigabytes(), 0.25);
        assert!(parse("1.25").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn children_are_counted() {
        let status = Command::new("rustfmt").arg("--version").status();
        assert!(status.expect("rustfmt is there").success());
        let Cost { seconds, bytes } = spent().expect("figures");
        assert!(seconds > 0.0, "{seconds} s");
        assert!(
            (1_000_000..100_000_000_000).contains(&bytes),
            "{bytes} bytes"
        );
    }
}
