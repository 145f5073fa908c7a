//! The controls under `/_sandbox/`.

use http::Method;
use serde_json::json;

use crate::merchant::{Merchant, NATIVE, NOW, assert_error};

#[test]
fn the_journal_has_every_request_and_no_control() {
    let mut merchant = Merchant::new();
    let order = merchant.native();
    merchant.post(NATIVE, &order);
    merchant.get("/v3/certificates?algorithm_type=RSA");
    merchant.get("/v3/nothing");
    let (_, journal) = merchant.control(Method::GET, "/_sandbox/journal", "");
    let entries = journal.as_array().unwrap();
    assert_eq!(entries.len(), 3);
    let first = &entries[0];
    assert_eq!(first["method"], "POST");
    assert_eq!(first["path"], NATIVE);
    assert_eq!(first["query"], "");
    assert_eq!(first["headers"]["user-agent"], "wxpay-test/1");
    assert_eq!(first["body"], order.to_string());
    assert_eq!(first["verdict"], "accepted");
    assert_eq!(entries[1]["query"], "algorithm_type=RSA");
    assert_eq!(entries[2]["verdict"], "refused");
    let (status, journal) = merchant.control(Method::DELETE, "/_sandbox/journal", "");
    assert_eq!((status.as_u16(), journal), (200, json!([])));
    let (_, journal) = merchant.control(Method::GET, "/_sandbox/journal", "");
    assert_eq!(journal, json!([]));
}

#[test]
fn an_accepted_request_with_an_unknown_key_is_remarked_upon() {
    let mut merchant = Merchant::new();
    let mut request = merchant.request(Method::GET, "/v3/certificates", "");
    request
        .headers_mut()
        .insert("wechatpay-serial", "00FF".parse().unwrap());
    assert_eq!(merchant.send(request).status(), 200);
    let entry = merchant.last_entry();
    assert_eq!(entry["verdict"], "accepted");
    assert!(
        entry["problems"][0]
            .as_str()
            .unwrap()
            .contains("no key in force"),
        "{entry}"
    );
}

#[test]
fn requests_are_held_against_the_clock_that_was_set() {
    let mut merchant = Merchant::new();
    let (status, clock) =
        merchant.control(Method::PUT, "/_sandbox/clock", r#"{"advance_seconds":400}"#);
    assert_eq!(
        (status.as_u16(), &clock["offset_seconds"]),
        (200, &json!(400))
    );
    assert_eq!(clock["unix"], NOW.as_unix() + 400);
    assert_error(&merchant.get("/v3/certificates"), 401, "SIGN_ERROR");
    let (_, clock) = merchant.control(Method::PUT, "/_sandbox/clock", r#"{"offset_seconds":0}"#);
    assert_eq!(clock["now"], "2024-01-01T10:34:56+08:00");
    assert_eq!(merchant.get("/v3/certificates").status(), 200);
}

#[test]
fn nonsense_is_answered_in_words() {
    let mut merchant = Merchant::new();
    for (method, path, body, status, words) in [
        (
            Method::GET,
            "/_sandbox/nothing",
            "",
            404,
            "GET /_sandbox/ lists them",
        ),
        (Method::POST, "/_sandbox/journal", "", 405, "GET, DELETE"),
        (Method::GET, "/_sandbox/keys/rotate", "", 405, "POST"),
        (Method::PUT, "/_sandbox/clock", "tomorrow", 400, "expected"),
        (Method::PUT, "/_sandbox/clock", "{}", 400, "exactly one of"),
        (
            Method::PUT,
            "/_sandbox/clock",
            r#"{"now":"tomorrow"}"#,
            400,
            "\"now\"",
        ),
        (
            Method::PUT,
            "/_sandbox/faults",
            r#"{"answers":{"fire":{"rate":1}}}"#,
            400,
            "unknown variant",
        ),
        (
            Method::PUT,
            "/_sandbox/keys",
            r#"{"public_key_notifications":101}"#,
            400,
            "between 0 and 100",
        ),
        (
            Method::GET,
            "/_sandbox/orders/none",
            "",
            404,
            "no order none",
        ),
        (Method::GET, "/_sandbox/orders/%FF", "", 400, "UTF-8"),
        (
            Method::POST,
            "/_sandbox/orders/none/pay",
            "{}",
            404,
            "no order none",
        ),
        (
            Method::POST,
            "/_sandbox/orders/none/pay",
            "[]",
            400,
            "JSON object",
        ),
    ] {
        let (got, said) = merchant.control(method, path, body);
        assert_eq!(got, status, "{path} {body}: {said}");
        assert!(
            said["message"].as_str().unwrap().contains(words),
            "{path} {body}: {said}"
        );
    }
    let large = format!("{{\"now\":\"{}\"}}", "a".repeat(70_000));
    assert_eq!(
        merchant.control(Method::PUT, "/_sandbox/clock", &large).0,
        400
    );
    let (status, said) = merchant.control(Method::GET, "/_sandbox/", "");
    assert_eq!(status, 200);
    assert_eq!(said["mchid"], merchant.core.identity().mchid());
    assert!(
        said["controls"]
            .as_array()
            .is_some_and(|controls| controls.len() > 5)
    );
}

#[test]
fn the_cashier_is_a_page() {
    let mut merchant = Merchant::new();
    let order = merchant.native();
    merchant.post(NATIVE, &order);
    let number = order["out_trade_no"].as_str().unwrap();
    let target = format!("/_sandbox/cashier?out_trade_no={number}");
    let response = merchant.get(&target);
    assert_eq!(response.status(), 200);
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html"),
        "{response:?}"
    );
}

#[test]
fn requests_over_a_limit_are_told_to_wait() {
    let mut merchant = Merchant::new();
    let limits = r#"{"limits":[{"path":"/v3/certificates","requests":2,"seconds":60}]}"#;
    let (status, said) = merchant.control(Method::PUT, "/_sandbox/limits", limits);
    assert_eq!(status, 200, "{said}");
    assert_eq!(merchant.get("/v3/certificates").status(), 200);
    assert_eq!(merchant.get("/v3/certificates").status(), 200);
    let response = merchant.get("/v3/certificates");
    assert_error(&response, 429, "FREQUENCY_LIMITED");
    merchant.verified(&response);
    let entry = merchant.last_entry();
    assert_eq!(
        entry["problems"][0],
        "more than 2 requests to /v3/certificates in 60 s"
    );
    merchant.now = NOW.saturating_add(60);
    assert_eq!(merchant.get("/v3/certificates").status(), 200);
    let (status, said) = merchant.control(Method::PUT, "/_sandbox/limits", r#"{"limit":[]}"#);
    assert_eq!(status, 400, "{said}");
}
