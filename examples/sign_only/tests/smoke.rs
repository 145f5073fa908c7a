//! Runs the example as a person would.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sign_only"));
    command
        .args(arguments)
        .output()
        .expect("the example starts")
}

#[test]
fn it_signs_and_verifies() {
    let output = run(&[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("Authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"1900000109\""),
        "{text}"
    );
    assert!(text.contains("The answer is WeChat Pay's"), "{text}");
}

#[test]
fn keys_that_are_none_are_refused() {
    for path in [
        "nowhere.pem",
        concat!(env!("CARGO_MANIFEST_DIR"), "/keys/pub_key.pem"),
    ] {
        let output = run(&[path]);
        assert!(!output.status.success(), "{path}");
        assert!(!output.stderr.is_empty(), "{path}");
    }
}
