//! One order book for all generations: orders of v1 in calls of v2 and v3, and the other way round.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use wxpay_sign::{
    Algorithm, ApiV2Key, Nonce, SignType, Signer as _, authorization, request_message,
};
use wxpay_xml::Document;

use crate::merchant::{Merchant, get};

/// A call of v3.
fn v3(merchant: &mut Merchant, method: Method, target: &str, body: &Value) -> Value {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let identity = merchant.identity();
    let nonce = Nonce::new("593BEC0C930BF1AFEB40B4A08C8FB242").unwrap();
    let (now, sent) = (merchant.now, body.as_bytes());
    let message = request_message(method.as_str(), target, now, &nonce, sent);
    let signature = identity.merchant_private_key().sign(&message).unwrap();
    let serial = identity.merchant_certificate().serial_number();
    let mchid = identity.mchid();
    let authorization = authorization(Algorithm::RsaSha256, mchid, &nonce, now, serial, &signature);
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("accept", "application/json")
        .header("user-agent", "wxpay-test/1")
        .header("content-type", "application/json")
        .header("authorization", authorization)
        .body(Bytes::from(body))
        .unwrap();
    let response = merchant.send(request);
    serde_json::from_slice(response.body()).unwrap()
}

/// A call of v2; one field of the answer.
fn v2(merchant: &mut Merchant, path: &str, own: &[(&str, &str)], wanted: &str) -> String {
    let identity = merchant.identity();
    let key = ApiV2Key::new(identity.api_key().expose()).unwrap();
    let mut fields = vec![
        ("appid", identity.appid()),
        ("mch_id", identity.mchid()),
        ("nonce_str", "593BEC0C930BF1AFEB40B4A08C8FB242"),
    ];
    fields.extend(own);
    let sign = key.sign(SignType::Md5, fields.iter().copied());
    fields.push(("sign", &sign));
    let body = wxpay_xml::write("xml", &fields).unwrap();
    let request = merchant.request(Method::POST, path, body);
    let response = merchant.send(request);
    let document = Document::parse(response.body()).unwrap();
    assert_eq!(document.get("result_code"), Some("SUCCESS"), "{document:?}");
    document.get(wanted).unwrap().to_owned()
}

#[test]
fn an_order_of_v1_is_looked_up_and_refunded_with_v3_and_v2() {
    let mut merchant = Merchant::new();
    merchant.paid("number1");
    let mchid = merchant.identity().mchid().to_owned();
    let target = format!("/v3/pay/transactions/out-trade-no/number1?mchid={mchid}");
    let found = v3(&mut merchant, Method::GET, &target, &Value::Null);
    assert_eq!(found["trade_state"], "SUCCESS", "{found}");
    assert_eq!(found["attach"], "门店=1&台号=2");
    assert_eq!(found["amount"]["total"], 300);
    let state = v2(
        &mut merchant,
        "/pay/orderquery",
        &[("out_trade_no", "number1")],
        "trade_state",
    );
    assert_eq!(state, "SUCCESS");

    let wish = json!({
        "out_trade_no": "number1", "out_refund_no": "r1",
        "amount": { "refund": 100, "total": 300, "currency": "CNY" },
    });
    let refund = v3(
        &mut merchant,
        Method::POST,
        "/v3/refund/domestic/refunds",
        &wish,
    );
    assert_eq!(refund["status"], "PROCESSING", "{refund}");
    merchant.wait(2);
    let own = [("out_refund_no", "r1")];
    let found = merchant.tenpay("/gateway/normalrefundquery.xml", &own);
    assert_eq!(get(&found, "refund_count"), "1", "{found:?}");
    assert_eq!(get(&found, "refund_state_0"), "4");
    assert_eq!(get(&found, "refund_fee_0"), "100");
    let status = v2(&mut merchant, "/pay/refundquery", &own, "refund_status_0");
    assert_eq!(status, "SUCCESS");
    assert_eq!(merchant.seen("number1")["amount"]["refunded"], 100);
}

#[test]
fn an_order_of_v3_is_a_trade_of_tenpays() {
    let mut merchant = Merchant::new();
    let order = json!({
        "appid": merchant.appid(), "mchid": merchant.identity().mchid(), "description": "拿铁",
        "out_trade_no": "v3order", "notify_url": "https://127.0.0.1/notify",
        "amount": { "total": 1_999, "currency": "CNY" },
    });
    v3(
        &mut merchant,
        Method::POST,
        "/v3/pay/transactions/native",
        &order,
    );
    let own = [("out_trade_no", "v3order")];
    let unpaid = merchant.tenpay("/gateway/normalorderquery.xml", &own);
    assert_eq!(get(&unpaid, "retcode"), "88221009");
    merchant.pay("v3order");
    let found = merchant.tenpay("/gateway/normalorderquery.xml", &own);
    assert_eq!(get(&found, "retcode"), "0", "{found:?}");
    assert_eq!(get(&found, "total_fee"), "1999");
    // Its notice is one of v3.
    let delivery = merchant.due().remove(0);
    assert!(
        delivery
            .request
            .headers()
            .contains_key("wechatpay-signature")
    );
}

#[test]
fn one_path_of_two_generations_is_told_apart() {
    let mut merchant = Merchant::new();
    merchant.paid("g1");
    v2(
        &mut merchant,
        "/pay/orderquery",
        &[("out_trade_no", "g1")],
        "trade_state",
    );
    assert_eq!(merchant.last_entry()["operation"], "v2.pay.order_query");
    merchant.platform("/pay/orderquery", &json!({}));
    assert_eq!(merchant.last_entry()["operation"], "v1.order_query");
    let said = merchant.json(Method::POST, "/pay/orderquery", "{}");
    assert_eq!(said["errcode"], 41_001);
}
