//! Payment notices and alarms, and how often they come.

use encoding_rs::{GBK, UTF_8};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::merchant::{HOUR, Merchant, get};

/// Seconds from the payment to each of the eight attempts.
const TIMES: [i64; 8] = [0, 15, 30, 60, 240, 540, 1_140, 1_800];

#[test]
fn a_notice_is_signed_twice_and_in_the_charset_of_its_order() {
    for charset in [GBK, UTF_8] {
        let mut merchant = Merchant::new();
        merchant.charset = charset;
        merchant.paid("n1");
        let delivery = merchant.due().remove(0);
        let url = delivery.request.uri().to_string();
        assert!(url.starts_with("http://127.0.0.1:9471/notify?"), "{url}");
        let (query, body) = merchant.open(&delivery.request).unwrap();
        let order = merchant.seen("n1");
        for (name, text) in [
            ("sign_type", "MD5"),
            ("service_version", "1.0"),
            ("sign_key_index", "1"),
            ("input_charset", merchant.charset_name()),
            ("trade_mode", "1"),
            ("trade_state", "0"),
            ("partner", &merchant.partner()),
            ("bank_type", "WX"),
            ("total_fee", "300"),
            ("transport_fee", "100"),
            ("product_fee", "200"),
            ("discount", "0"),
            ("fee_type", "1"),
            ("transaction_id", order["transaction_id"].as_str().unwrap()),
            ("out_trade_no", "n1"),
            ("attach", "门店=1&台号=2"),
            ("time_end", "20240101103456"),
        ] {
            assert_eq!(get(&query, name), text, "{name}");
        }
        let attach = if charset == GBK {
            "attach=%C3%C5%B5%EA%3D1"
        } else {
            "attach=%E9%97%A8"
        };
        assert!(url.contains(attach), "{url}");
        assert_eq!(get(&body, "OpenId"), merchant.identity().openid());
        assert!(!get(&query, "notify_id").is_empty());
        merchant.answer(delivery.id, StatusCode::OK, "success");
        assert_eq!(
            merchant.seen("n1")["notifications"][0]["state"],
            "delivered"
        );
        merchant.wait(HOUR);
        assert!(merchant.due().is_empty());
    }
}

#[test]
fn only_success_and_nothing_else_takes_a_notice() {
    let mut merchant = Merchant::new();
    merchant.paid("n1");
    let paid = merchant.now;
    let mut ids = Vec::new();
    for (attempt, at) in TIMES.into_iter().enumerate() {
        merchant.now = paid.saturating_add(at);
        let delivery = merchant.due().remove(0);
        let (query, _) = merchant.open(&delivery.request).unwrap();
        ids.push(get(&query, "notify_id").to_owned());
        let (status, body) = [
            (200, "fail"),
            (200, "SUCCESS"),
            (200, "success\n"),
            (200, "<xml><return_code>SUCCESS</return_code></xml>"),
            (200, ""),
            (500, "success"),
            (302, "success"),
            (200, "{\"code\":\"success\"}"),
        ][attempt];
        merchant.answer(delivery.id, StatusCode::from_u16(status).unwrap(), body);
        assert!(merchant.due().is_empty());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let notice = &merchant.seen("n1")["notifications"][0];
    assert_eq!(notice["state"], "given_up");
    assert_eq!(notice["attempts"].as_array().unwrap().len(), 8);
    let attempts = merchant.command(Method::GET, "/_sandbox/notifications", &Value::Null);
    let problem = attempts[0]["problems"][0].as_str().unwrap();
    assert!(problem.contains("`success` and nothing else"), "{problem}");
}

#[test]
fn a_notice_survives_a_restart() {
    let mut merchant = Merchant::new();
    merchant.charset = UTF_8;
    merchant.paid("n1");
    let delivery = merchant.due().remove(0);
    merchant.answer(delivery.id, StatusCode::OK, "fail");
    merchant.restart();
    assert!(merchant.due().is_empty());
    merchant.wait(15);
    let delivery = merchant.due().remove(0);
    let (query, _) = merchant.open(&delivery.request).unwrap();
    assert_eq!(get(&query, "input_charset"), "UTF-8");
}

#[test]
fn one_that_is_spoiled_does_not_verify_and_the_genuine_one_follows() {
    let mut merchant = Merchant::new();
    merchant
        .set_faults(&json!({ "notifications": { "wrong_signature": { "rate": 1, "times": 1 } } }));
    merchant.paid("n1");
    let delivery = merchant.due().remove(0);
    assert!(merchant.open(&delivery.request).is_err());
    merchant.answer(delivery.id, StatusCode::OK, "success");
    let attempts = merchant.command(Method::GET, "/_sandbox/notifications", &Value::Null);
    assert!(
        attempts[0]["problems"][0]
            .as_str()
            .unwrap()
            .contains("verify before believing")
    );
    merchant.wait(15);
    let delivery = merchant.due().remove(0);
    merchant.open(&delivery.request).unwrap();
}

#[test]
fn who_does_not_deliver_in_time_is_warned() {
    let mut merchant = Merchant::new();
    let alarms = "http://127.0.0.1:9471/alarm";
    let settings = json!({ "alarm_url": alarms, "deliver_within_seconds": 2 * HOUR });
    merchant.command(Method::PUT, "/_sandbox/v1/settings", &settings);
    merchant.paid("w1");
    let delivery = merchant.due().remove(0);
    merchant.answer(delivery.id, StatusCode::OK, "success");
    merchant.restart();
    let paid = merchant.now;
    let next = merchant.core().next_due().unwrap();
    assert_eq!(next, paid.saturating_add(2 * HOUR));
    merchant.wait(2 * HOUR - 1);
    assert!(merchant.due().is_empty());
    merchant.wait(1);
    let delivery = merchant.due().remove(0);
    assert_eq!(delivery.request.uri(), alarms);
    let signed = [
        "AlarmContent",
        "AppId",
        "Description",
        "ErrorType",
        "TimeStamp",
    ];
    let alarm = merchant
        .open_body(delivery.request.body(), &signed)
        .unwrap();
    assert_eq!(get(&alarm, "ErrorType"), "1001");
    assert_eq!(get(&alarm, "Description"), "发货超时");
    let id = merchant.seen("w1")["transaction_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(get(&alarm, "AlarmContent"), format!("transaction_id={id}"));
    merchant.answer(delivery.id, StatusCode::OK, "success");
    merchant.wait(24 * HOUR);
    assert!(merchant.due().is_empty());
}

#[test]
fn who_has_delivered_or_paid_back_is_not_warned() {
    let mut merchant = Merchant::new();
    let settings =
        json!({ "alarm_url": "http://127.0.0.1:9471/alarm", "deliver_within_seconds": HOUR });
    merchant.command(Method::PUT, "/_sandbox/v1/settings", &settings);
    for number in ["w1", "w2", "w3"] {
        merchant.paid(number);
        let delivery = merchant.due().remove(0);
        merchant.answer(delivery.id, StatusCode::OK, "success");
    }
    let (appid, timestamp) = (merchant.appid(), merchant.now.to_string());
    let order = merchant.seen("w1");
    let fields = [
        ("appid", appid.as_str()),
        ("openid", order["payer"]["openid"].as_str().unwrap()),
        ("transid", order["transaction_id"].as_str().unwrap()),
        ("out_trade_no", "w1"),
        ("deliver_timestamp", &timestamp),
        ("deliver_status", "1"),
        ("deliver_msg", "ok"),
    ];
    let mut body = json!({ "app_signature": merchant.sha1(&fields), "sign_method": "SHA1" });
    for (name, text) in fields {
        body[name] = json!(text);
    }
    assert_eq!(merchant.platform("/pay/delivernotify", &body)["errcode"], 0);
    let partner = merchant.partner();
    let refund = [
        ("service_version", "1.1"),
        ("out_trade_no", "w2"),
        ("out_refund_no", "r2"),
        ("total_fee", "300"),
        ("refund_fee", "300"),
        ("op_user_id", partner.as_str()),
        ("op_user_passwd", "96e79218965eb72c92a549dd5a330112"),
    ];
    let said = merchant.tenpay("/refundapi/gateway/refund.xml", &refund);
    assert_eq!(get(&said, "retcode"), "0", "{said:?}");
    merchant.wait(HOUR);
    let delivery = merchant.due().remove(0);
    let signed = [
        "AlarmContent",
        "AppId",
        "Description",
        "ErrorType",
        "TimeStamp",
    ];
    let alarm = merchant
        .open_body(delivery.request.body(), &signed)
        .unwrap();
    let id = merchant.seen("w3")["transaction_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(get(&alarm, "AlarmContent"), format!("transaction_id={id}"));
    assert!(merchant.due().is_empty());
}
