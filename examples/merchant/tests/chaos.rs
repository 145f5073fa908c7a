//! A short chaos run, as `cargo run -p merchant --bin chaos` does a long one.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

use std::process::Command;

/// Fifty payments, with the seed that is printed should it fail.
fn chaos(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .args(["--payments", "50", "--seed", "6"])
        .args(arguments)
        .env("RUST_LOG", "error")
        .output()
        .unwrap();
    if output.status.code() == Some(3) {
        eprintln!("SKIPPED: PostgreSQL (initdb, pg_ctl, postgres) is not installed");
        return;
    }
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}\n{err}\n{out}", output.status);
    assert!(out.contains("differences  0"), "{out}");
}

#[test]
fn on_sqlite() {
    chaos(&[]);
}

#[test]
fn on_postgres() {
    chaos(&["--database", "postgres"]);
}

#[test]
fn wrong_arguments_are_told_apart_from_differences() {
    for arguments in [
        &["--payments", "many"][..],
        &["--api", "v4"],
        &["--unheard"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_chaos"))
            .args(arguments)
            .output();
        assert_eq!(output.unwrap().status.code(), Some(2), "{arguments:?}");
    }
}
