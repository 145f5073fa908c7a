//! Runs the example as a person would.

use std::process::Command;

#[test]
fn it_is_paid_and_refunded() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_v2_app"));
    let output = command.output().expect("the example starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    for line in [
        "with a price of its own: refused",
        "goods sent; the order query agrees",
        "nothing sent twice",
        "with the signature as it was: refused",
        "1 fen in place of 3550: refused",
        "without the certificate nothing is even sent",
        "asked twice and refunded once",
        "decrypted and matched",
    ] {
        assert!(out.contains(line), "{line} is missing:\n{out}");
    }
    assert!(err.is_empty(), "{err}");
}
