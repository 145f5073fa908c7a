//! What the sandbox does wrong on request, where the interface is one of v1.

use http::Method;
use serde_json::json;

use crate::merchant::{Merchant, get};

const TRADE: &str = "/gateway/normalorderquery.xml";

#[test]
fn errors_are_those_of_each_interface() {
    let mut merchant = Merchant::new();
    merchant.paid("f1");
    for (fault, errcode) in [("status_429", 45_009), ("status_500", -1)] {
        merchant.set_faults(&json!({ "answers": { fault: { "rate": 1 } } }));
        let said = merchant.platform("/pay/orderquery", &json!({}));
        assert_eq!(said["errcode"], errcode);
        let fields = merchant.asked(&[("out_trade_no", "f1")]);
        let said = merchant.tenpay_signed(TRADE, &fields);
        assert_eq!(get(&said, "retcode"), "88229009");
        assert_eq!(get(&said, "sign"), "");
        assert_eq!(merchant.last_entry()["faults"], json!([fault]));
    }
    for (fault, status) in [("status_502", 502), ("html_page", 200), ("empty_body", 200)] {
        merchant.set_faults(&json!({ "answers": { fault: { "rate": 1 } } }));
        let request = merchant.request(Method::GET, "/cgi-bin/token", "");
        let response = merchant.send(request);
        assert_eq!(response.status(), status);
        assert!(!response.body().starts_with(b"{"));
    }
}

#[test]
fn an_order_is_placed_although_the_answer_is_lost() {
    let mut merchant = Merchant::new();
    let package = merchant.package(merchant.order("f1"));
    let body = merchant.prepay_body(&package);
    merchant.set_faults(
        &json!({ "answers": { "status_500": { "rate": 1, "times": 1, "processed": true } } }),
    );
    assert_eq!(merchant.platform("/pay/genprepay", &body)["errcode"], -1);
    assert_eq!(merchant.seen("f1")["trade_state"], "NOTPAY");
    assert_eq!(merchant.platform("/pay/genprepay", &body)["errcode"], 0);
}

#[test]
fn tenpays_signatures_can_be_wrong_or_missing() {
    let mut merchant = Merchant::new();
    merchant.paid("f1");
    let fields = merchant.asked(&[("out_trade_no", "f1")]);
    merchant.set_faults(&json!({ "answers": { "missing_signature_headers": { "rate": 1 } } }));
    let said = merchant.tenpay_signed(TRADE, &fields);
    assert_eq!((get(&said, "retcode"), get(&said, "sign")), ("0", ""));
    merchant.set_faults(&json!({ "answers": { "wrong_signature": { "rate": 1 } } }));
    let said = merchant.tenpay_signed(TRADE, &fields);
    let honest: Vec<_> = said
        .iter()
        .filter(|(name, _)| name != "sign")
        .cloned()
        .collect();
    assert_ne!(get(&said, "sign"), merchant.md5(&honest));
    assert_eq!(get(&said, "sign").len(), 32);
}

#[test]
fn so_many_calls_and_no_more() {
    let mut merchant = Merchant::new();
    let limits =
        json!({ "limits": [{ "path": "/cgi-bin/token", "requests": 1, "seconds": 86_400 }] });
    merchant.command(Method::PUT, "/_sandbox/limits", &limits);
    merchant.fetch_token();
    let target = merchant.token_target();
    assert_eq!(merchant.json(Method::GET, &target, "")["errcode"], 45_009);
}
