//! The controls of profit sharing, transfers, payscore, complaints and coupons: what they take, what
//! they say, and that nothing is lost when the sandbox starts again.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use wxpay_sandbox::{Core, Identity};
use wxpay_sign::Timestamp;

const NOW: Timestamp = Timestamp::from_unix(1_704_076_496);

fn core() -> Core {
    Core::new(Identity::generate(NOW).unwrap(), NOW, 1)
}

fn control(core: &mut Core, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/_sandbox/{path}"))
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let response = core.handle(request, NOW).response;
    let value = serde_json::from_slice(response.body()).unwrap();
    (response.status(), value)
}

fn put(core: &mut Core, path: &str, settings: &Value) -> Value {
    let (status, value) = control(core, Method::PUT, path, &settings.to_string());
    assert_eq!(status, StatusCode::OK, "{path}: {value}");
    value
}

#[test]
fn settings_have_defaults_and_take_no_nonsense() {
    let mut core = core();
    for (path, usual) in [
        (
            "profit-sharing",
            json!({
                "delay_seconds": 1, "max_ratio": 3_000, "closed": {}, "return_fail_reason": null,
                "notify_url": null,
            }),
        ),
        (
            "transfers",
            json!({ "accept_seconds": 0, "delay_seconds": 1, "balance": null, "failing": {} }),
        ),
        (
            "payscore",
            json!({ "collect": "completed", "delay_seconds": 1 }),
        ),
    ] {
        let (status, value) = control(&mut core, Method::GET, path, "");
        assert_eq!((status, &value), (StatusCode::OK, &usual), "{path}");
        let changed = put(&mut core, path, &json!({ "delay_seconds": 60 }));
        assert_eq!(changed["delay_seconds"], 60);
        let (status, _) = control(&mut core, Method::PUT, path, r#"{"delay":1}"#);
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        let (status, _) = control(&mut core, Method::DELETE, path, "");
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        // What is left out is as usual again.
        assert_eq!(put(&mut core, path, &json!({})), usual);
    }
    for (path, body) in [
        ("profit-sharing", r#"{"max_ratio":10001}"#),
        ("profit-sharing", r#"{"notify_url":"merchant.test"}"#),
        ("transfers", r#"{"balance":-1}"#),
        ("payscore", r#"{"collect":"sometimes"}"#),
    ] {
        let (status, value) = control(&mut core, Method::PUT, path, body);
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(value["code"], "BAD_REQUEST");
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut core = core();
    for (method, path, body) in [
        (Method::GET, "profit-sharing/s1", ""),
        (Method::POST, "profit-sharing/s1/finish", ""),
        (Method::GET, "transfers/b1", ""),
        (Method::POST, "transfers/b1/confirm", "{}"),
        (Method::GET, "payscore/orders/s1", ""),
        (Method::POST, "payscore/orders/s1/confirm", ""),
        (Method::POST, "payscore/orders/s1/pay", ""),
        (Method::POST, "payscore/permissions/c1/confirm", ""),
        (Method::POST, "complaints", r#"{"out_trade_no":"o1"}"#),
        (Method::GET, "complaints/1", ""),
        (
            Method::POST,
            "complaints/1",
            r#"{"action":"USER_RESPONSE"}"#,
        ),
        (Method::GET, "coupons/1", ""),
        (Method::POST, "coupons/1/use", ""),
        (Method::GET, "profit-sharing/s1/else", ""),
        (Method::POST, "coupons/1/else", ""),
    ] {
        let (status, value) = control(&mut core, method.clone(), path, body);
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {value}");
    }
    for path in ["complaints", "coupons"] {
        let (status, value) = control(&mut core, Method::GET, path, "");
        assert_eq!((status, value), (StatusCode::OK, json!([])));
    }
    let (status, value) = control(&mut core, Method::POST, "complaints", "{}");
    assert_eq!(status, StatusCode::BAD_REQUEST, "{value}");
    let (status, _) = control(&mut core, Method::PUT, "coupons/1/use", "");
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn the_list_of_controls_names_them() {
    let mut core = core();
    let (_, status) = control(&mut core, Method::GET, "", "");
    let listed: Vec<&str> = status["controls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    for control in [
        "GET, PUT /_sandbox/profit-sharing",
        "POST /_sandbox/transfers/{number}/confirm",
        "POST /_sandbox/payscore/orders/{out_order_no}/confirm",
        "GET, POST /_sandbox/complaints",
        "POST /_sandbox/coupons/{coupon_id}/use",
        "GET, PUT /_sandbox/clock",
    ] {
        assert!(listed.contains(&control), "{control}");
    }
}

#[test]
fn settings_survive_a_restart() {
    let mut core = core();
    let mut log = core.snapshot();
    let sharing = put(&mut core, "profit-sharing", &json!({ "max_ratio": 5_000 }));
    let transfers = put(&mut core, "transfers", &json!({ "balance": 1_000 }));
    log.extend(core.take_changes());
    let log = log
        .iter()
        .map(|change| serde_json::from_str(&serde_json::to_string(change).unwrap()).unwrap());
    let mut again = Core::restore(core.into_identity(), log);
    for (path, wanted) in [("profit-sharing", sharing), ("transfers", transfers)] {
        let (_, value) = control(&mut again, Method::GET, path, "");
        assert_eq!(value, wanted);
    }
}
