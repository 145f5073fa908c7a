//! Started where it cannot start, killed, stopped, and started again.

use std::net::TcpListener;
use std::path::Path;

use example_support::Http;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use super::{Program, program};

/// What it says on its way out, having found something wrong.
fn refused(data: &Path, set: &[(&str, &str)]) -> String {
    let output = program(data).envs(set.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{set:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let last = said.lines().last().unwrap_or_default().to_owned();
    assert!(last.starts_with("merchant: "), "{said}");
    assert!(
        !said.contains("panicked") && !said.contains("RUST_BACKTRACE"),
        "{said}"
    );
    assert!(!String::from_utf8(output.stdout).unwrap().contains("ready"));
    last
}

#[test]
fn what_is_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let nowhere = data.join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    for (name, value, said) in [
        (
            "MERCHANT_LISTEN",
            taken.as_str(),
            "MERCHANT_LISTEN takes another address",
        ),
        (
            "MERCHANT_LISTEN",
            "8080",
            "MERCHANT_LISTEN is not an address",
        ),
        ("MERCHANT_API", "v4", "none of v3, v2 and v1"),
        ("MERCHANT_URL", "shop.example", "MERCHANT_URL"),
        ("MERCHANT_PASSWORD", "short", "MERCHANT_PASSWORD"),
        ("WXPAY_HOME", nowhere, "merchant.json"),
        (
            "DATABASE_URL",
            "mysql://127.0.0.1/shop",
            "neither sqlite: nor postgres:",
        ),
        (
            "DATABASE_URL",
            "postgres://shop:geheim@127.0.0.1:1/shop",
            "cannot be reached",
        ),
        (
            "DATABASE_URL",
            "sqlite:/proc/nowhere/shop.db",
            "lock the database file",
        ),
    ] {
        let line = refused(data, &[(name, value)]);
        assert!(line.contains(said), "{name}={value}: {line}");
        assert!(!line.contains("geheim"), "{line}");
    }
    let file = data.join("file");
    std::fs::write(&file, "").unwrap();
    let line = refused(&file, &[]);
    assert!(line.contains("cannot make the folder"), "{line}");
}

#[test]
fn a_second_shop_is_sent_away_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let first = Program::start(program(folder.path()));
    let line = refused(folder.path(), &[]);
    assert!(
        line.contains("another shop is running on this file"),
        "{line}"
    );
    assert!(first.stop(), "the first did not end well");
    // Nothing is left that would keep the next one away.
    assert!(Program::start(program(folder.path())).stop());
}

#[tokio::test]
async fn what_was_ordered_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let http = Http::new();
    let form = "00112233445566778899aabbccddeeff";
    let wish = format!("goods=cup&quantity=2&form={form}");
    let shop = Program::start(program(folder.path()));
    let url = format!("{}/orders", shop.url);
    let answer = http.post(&url, "application/x-www-form-urlencoded", wish.clone());
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[LOCATION], format!("/orders/{form}"));
    let before = state(&http, &shop, form).await;
    shop.kill();

    let shop = Program::start(program(folder.path()));
    let after = state(&http, &shop, form).await;
    assert_eq!(after["out_trade_no"], before["out_trade_no"]);
    assert_eq!(after["total"], 7998);
    // Sent again by a customer who saw the connection break.
    let url = format!("{}/orders", shop.url);
    let answer = http.post(&url, "application/x-www-form-urlencoded", wish);
    assert_eq!(answer.await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(
        state(&http, &shop, form).await["out_trade_no"],
        before["out_trade_no"]
    );
    assert!(shop.stop());
}

async fn state(http: &Http, shop: &Program, form: &str) -> Value {
    let url = format!("{}/orders/{form}/state", shop.url);
    serde_json::from_slice(http.get(&url).await.unwrap().body()).unwrap()
}
