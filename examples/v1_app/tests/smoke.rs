//! Runs the example as a person would.

use std::process::Command;

#[test]
fn it_is_paid() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_v1_app"));
    let output = command.output().expect("the example starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    for line in [
        "8 orders, 1 access token",
        "\"packageValue\":\"Sign=WXPay\"",
        "WeChat does not open it",
        "as in the book: answered success",
        "nothing believed",
        "a new token was fetched by itself",
    ] {
        assert!(out.contains(line), "{line} is missing:\n{out}");
    }
    assert!(err.is_empty(), "{err}");
}
