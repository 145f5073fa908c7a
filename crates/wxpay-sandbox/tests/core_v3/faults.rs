//! Faults: each does what its name says, and nothing happens without being asked for.

use std::time::Duration;

use http::Method;
use serde_json::json;
use wxpay_sandbox::Cut;

use crate::merchant::{Merchant, NATIVE, assert_error, is_unsigned, numeric, parse};

fn query(merchant: &Merchant) -> String {
    let mchid = merchant.core.identity().mchid();
    format!("/v3/pay/transactions/out-trade-no/1217752501201407033233368018?mchid={mchid}")
}

fn once(fault: &str, settings: serde_json::Value) -> serde_json::Value {
    let mut settings = settings;
    settings["rate"] = json!(1);
    settings["times"] = json!(1);
    json!({ "answers": { fault: settings } })
}

#[test]
fn signatures_are_spoiled_each_in_its_way() {
    let mut merchant = Merchant::new();
    for (fault, verdict) in [
        ("wrong_signature", "mismatch"),
        ("stale_timestamp", "stale"),
        ("unknown_serial", "unknown serial"),
        ("missing_signature_headers", "no wechatpay-timestamp"),
        ("signature_probe", "probe"),
    ] {
        merchant.set_faults(once(fault, json!({})));
        let response = merchant.get("/v3/certificates");
        assert_eq!(response.status(), 200);
        assert_eq!(
            merchant.verify(response.headers(), response.body()),
            Err(verdict.to_owned())
        );
        assert_eq!(merchant.last_entry()["faults"], json!([fault]));
        let response = merchant.get("/v3/certificates");
        merchant.verified(&response);
    }
}

#[test]
fn a_request_dropped_after_was_carried_out_and_one_dropped_before_was_not() {
    let mut merchant = Merchant::new();
    for (fault, cut, carried_out) in [
        ("drop_before", Cut::DropBefore, false),
        ("drop_after", Cut::DropAfter, true),
    ] {
        merchant.set_faults(once(fault, json!({})));
        let order = merchant.native().to_string();
        let request = merchant.request(Method::POST, NATIVE, order);
        assert_eq!(merchant.handle(request).cut, Some(cut));
        let entry = merchant.last_entry();
        assert_eq!(
            entry["verdict"],
            if carried_out { "accepted" } else { "refused" }
        );
        assert_eq!(entry["status"], json!(null));
        let target = query(&merchant);
        assert_eq!(
            merchant.get(&target).status().is_success(),
            carried_out,
            "{fault}"
        );
    }
}

#[test]
fn errors_are_made_up_before_or_after_the_work() {
    let mut merchant = Merchant::new();
    let order = merchant.native();
    let target = query(&merchant);

    merchant.set_faults(once("status_429", json!({ "retry_after": 3 })));
    let response = merchant.post(NATIVE, &order);
    assert_error(&response, 429, "FREQUENCY_LIMITED");
    assert_eq!(response.headers()["retry-after"], "3");
    assert_eq!(numeric(&response), 268_447_840);
    merchant.verified(&response);
    assert_eq!(merchant.get(&target).status(), 404);

    merchant.set_faults(once("status_500", json!({})));
    assert_error(&merchant.post(NATIVE, &order), 500, "SYSTEM_ERROR");
    assert_eq!(merchant.get(&target).status(), 404);

    merchant.set_faults(once("status_502", json!({ "processed": true })));
    let response = merchant.post(NATIVE, &order);
    assert_eq!(response.status(), 502);
    assert_eq!(response.headers()["content-type"], "text/html");
    assert!(is_unsigned(&response));
    assert_eq!(merchant.get(&target).status(), 200);
}

#[test]
fn answers_are_late_or_cut_short() {
    let mut merchant = Merchant::new();
    merchant.set_faults(json!({ "answers": {
        "latency": { "rate": 1, "milliseconds": 250 },
        "truncate_body": { "rate": 1, "bytes": 7 },
    } }));
    let request = merchant.request(Method::GET, "/v3/certificates", "");
    let answer = merchant.handle(request);
    assert_eq!(answer.delay, Duration::from_millis(250));
    assert_eq!(answer.cut, Some(Cut::Truncate(7)));
    assert!(parse(answer.response.body())["data"].is_array());
    // Never more than there is.
    merchant
        .set_faults(json!({ "answers": { "truncate_body": { "rate": 1, "bytes": 1_000_000 } } }));
    let request = merchant.request(Method::GET, "/v3/certificates", "");
    let answer = merchant.handle(request);
    assert_eq!(
        answer.cut,
        Some(Cut::Truncate(answer.response.body().len()))
    );
}

#[test]
fn faults_strike_by_path_and_the_same_seed_strikes_alike() {
    let mut merchant = Merchant::new();
    let faults = json!({ "answers": { "status_500": { "rate": 0.5, "seed": 42, "only": "/v3/certificates" } } });
    let mut runs = Vec::new();
    for _ in 0..2 {
        merchant.set_faults(faults.clone());
        let target = query(&merchant);
        assert_eq!(merchant.get(&target).status(), 404);
        let run: Vec<u16> = (0..16)
            .map(|_| merchant.get("/v3/certificates").status().as_u16())
            .collect();
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&500), "{runs:?}");
    let (_, said) = merchant.control(Method::DELETE, "/_sandbox/faults", "");
    assert_eq!(said["answers"], json!({}));
    assert!((0..16).all(|_| merchant.get("/v3/certificates").status() == 200));
}
