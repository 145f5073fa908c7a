//! What the sandbox does wrong on request.

use http::{Method, Response};
use serde_json::json;
use wxpay_sandbox::Cut;
use wxpay_sign::SignType;

use crate::merchant::{Merchant, fields, get, xml};

fn query(merchant: &mut Merchant) -> Response<bytes::Bytes> {
    let body = xml(&merchant.signed(&[("out_trade_no", "one")]));
    let request = merchant.request("/pay/orderquery", body);
    merchant.send(request)
}

fn set(merchant: &mut Merchant, fault: &str) {
    merchant.set_faults(&json!({ "answers": { fault: { "rate": 1, "times": 1 } } }));
}

#[test]
fn answers_that_must_not_be_believed() {
    let mut merchant = Merchant::new();
    merchant.order("one");
    set(&mut merchant, "wrong_signature");
    let spoiled = fields(query(&mut merchant).body());
    let sign = merchant.key.sign(
        SignType::HmacSha256,
        spoiled.iter().map(|(name, text)| (name, text)),
    );
    assert!(!get(&spoiled, "sign").is_empty() && get(&spoiled, "sign") != sign);
    assert_eq!(merchant.last_entry()["faults"], json!(["wrong_signature"]));

    set(&mut merchant, "missing_signature_headers");
    assert_eq!(get(&fields(query(&mut merchant).body()), "sign"), "");

    set(&mut merchant, "html_page");
    let page = query(&mut merchant);
    assert_eq!(page.status(), 200);
    assert!(page.body().starts_with(b"<!DOCTYPE html>"));
    set(&mut merchant, "empty_body");
    let empty = query(&mut merchant);
    assert_eq!((empty.status().as_u16(), empty.body().len()), (200, 0));
    set(&mut merchant, "status_502");
    assert_eq!(query(&mut merchant).status(), 502);
    let good = query(&mut merchant);
    merchant.verify(&fields(good.body()));
}

#[test]
fn errors_that_are_signed() {
    let mut merchant = Merchant::new();
    merchant.order("one");
    for (fault, code) in [
        ("status_429", "FREQUENCY_LIMITED"),
        ("status_500", "SYSTEMERROR"),
    ] {
        set(&mut merchant, fault);
        let reply = fields(query(&mut merchant).body());
        merchant.verify(&reply);
        assert_eq!(get(&reply, "err_code"), code);
        assert_eq!(get(&reply, "result_code"), "FAIL");
    }
    // Not even then is a stranger told anything.
    set(&mut merchant, "status_500");
    merchant
        .post("/pay/orderquery", "<xml><mch_id>1</mch_id></xml>")
        .protocol_error("");
    let limits = r#"{"limits":[{"path":"/pay/orderquery","requests":1,"seconds":10}]}"#;
    merchant.control(Method::PUT, "/_sandbox/limits", limits);
    merchant
        .call("/pay/orderquery", &[("out_trade_no", "one")])
        .ok();
    merchant
        .call("/pay/orderquery", &[("out_trade_no", "one")])
        .err("FREQUENCY_LIMITED");
}

#[test]
fn an_error_may_hide_that_it_was_carried_out() {
    let mut merchant = Merchant::new();
    let order = crate::merchant::native("one");
    for (fault, processed, expected) in [
        ("status_500", false, "ORDERNOTEXIST"),
        ("status_500", true, ""),
        ("html_page", true, ""),
    ] {
        merchant.restart();
        let mut order = order.clone();
        let number = format!("{fault}{processed}");
        order[1].1 = &number;
        merchant.set_faults(
            &json!({ "answers": { fault: { "rate": 1, "times": 1, "processed": processed } } }),
        );
        let body = xml(&merchant.signed(&order));
        let request = merchant.request("/pay/unifiedorder", body);
        merchant.send(request);
        let found = merchant.call("/pay/orderquery", &[("out_trade_no", &number)]);
        assert_eq!(found.get("err_code"), expected, "{fault} {processed}");
    }
}

#[test]
fn connections_are_cut_before_and_after() {
    let mut merchant = Merchant::new();
    let order = crate::merchant::native("one");
    for (fault, cut, kept) in [
        ("drop_before", Cut::DropBefore, false),
        ("drop_after", Cut::DropAfter, true),
    ] {
        set(&mut merchant, fault);
        let body = xml(&merchant.signed(&order));
        let request = merchant.request("/pay/unifiedorder", body);
        let now = merchant.now;
        assert_eq!(merchant.core().handle(request, now).cut, Some(cut));
        let found = merchant.call("/pay/orderquery", &[("out_trade_no", "one")]);
        assert_eq!(found.get("result_code") == "SUCCESS", kept, "{fault}");
    }
    merchant.set_faults(&json!({ "answers": { "truncate_body": { "rate": 1, "bytes": 10 } } }));
    let body = xml(&merchant.signed(&[("out_trade_no", "one")]));
    let request = merchant.request("/pay/orderquery", body);
    let now = merchant.now;
    assert_eq!(
        merchant.core().handle(request, now).cut,
        Some(Cut::Truncate(10))
    );
}
