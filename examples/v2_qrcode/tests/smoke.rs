//! Runs the example as a person would.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_v2_qrcode"));
    command.args(arguments);
    command.output().expect("the example starts")
}

#[test]
fn it_is_paid() {
    let output = run(&[]);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    for line in [
        "refused, and the page still waits",
        "state is paid",
        "SUCCESS",
    ] {
        assert!(out.contains(line), "{line} is missing:\n{out}");
    }
    assert!(err.is_empty(), "{err}");
}

#[test]
fn unknown_arguments_are_refused() {
    let output = run(&["--sell"]);
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(err.trim_end(), "v2_qrcode: the only argument is --serve");
}
