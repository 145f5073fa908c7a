//! Runs the example as a person would, against a sandbox.

use std::path::Path;
use std::process::{Command, Output};

use wxpay_sandbox::{Server, ServerConfig};

async fn run(place: Option<(&Path, &str)>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_own_http_stack"));
    command
        .env_remove("WXPAY_HOME")
        .env_remove("WXPAY_BASE_URL");
    if let Some((home, base_url)) = place {
        command
            .env("WXPAY_HOME", home)
            .env("WXPAY_BASE_URL", base_url);
    }
    let output = tokio::task::spawn_blocking(move || command.output());
    output
        .await
        .expect("the thread lives")
        .expect("the example starts")
}

#[tokio::test]
async fn it_runs_against_a_sandbox() {
    let sandbox = Server::start(ServerConfig::default())
        .await
        .expect("a sandbox starts");
    let output = run(Some((sandbox.home(), sandbox.base_url()))).await;
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("NOTPAY"), "{out}");
    sandbox.shutdown().await;
}

#[tokio::test]
async fn it_says_how_to_start_a_sandbox() {
    let output = run(None).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cargo run -p wxpay-sandbox"));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let output = run(Some((Path::new("/nowhere"), "http://127.0.0.1:9"))).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/merchant.json"));
}
