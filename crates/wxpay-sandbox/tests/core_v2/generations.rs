//! One book: orders of v2 in v3 and the other way round.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use wxpay_sign::{Algorithm, Nonce, Signer as _, authorization, request_message};

use crate::merchant::{DAY, Merchant, URL, fields, get, native};

/// A call of v3.
fn v3(merchant: &mut Merchant, method: Method, target: &str, body: &Value) -> Response<Bytes> {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let identity = merchant.identity();
    let nonce = Nonce::new("593BEC0C930BF1AFEB40B4A08C8FB242").unwrap();
    let message = request_message(
        method.as_str(),
        target,
        merchant.now,
        &nonce,
        body.as_bytes(),
    );
    let signature = identity.merchant_private_key().sign(&message).unwrap();
    let serial = identity.merchant_certificate().serial_number();
    let authorization = authorization(
        Algorithm::RsaSha256,
        identity.mchid(),
        &nonce,
        merchant.now,
        serial,
        &signature,
    );
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("accept", "application/json")
        .header("user-agent", "wxpay-test/1")
        .header("content-type", "application/json")
        .header("authorization", authorization)
        .body(Bytes::from(body))
        .unwrap();
    merchant.send(request)
}

fn parse(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[test]
fn an_order_of_v2_is_looked_up_refunded_and_billed_with_v3() {
    let mut merchant = Merchant::new();
    merchant.order("number-one");
    merchant.pay("number-one");
    let mchid = merchant.identity().mchid().to_owned();
    let target = format!("/v3/pay/transactions/out-trade-no/number-one?mchid={mchid}");
    let found = parse(&v3(&mut merchant, Method::GET, &target, &Value::Null));
    assert_eq!(found["trade_state"], "SUCCESS", "{found}");
    assert_eq!(found["amount"]["total"], 888);
    let by_v2 = merchant
        .call("/pay/orderquery", &[("out_trade_no", "number-one")])
        .ok();
    assert_eq!(found["transaction_id"], by_v2.get("transaction_id"));
    // The payment is told in the form the order was placed in.
    let notice = merchant.due().remove(0);
    merchant.verify(&fields(notice.request.body()));
    merchant.take(notice.id);

    let refund = json!({
        "out_trade_no": "number-one", "out_refund_no": "r", "notify_url": URL,
        "amount": { "refund": 100, "total": 888, "currency": "CNY" },
    });
    let refunded = v3(
        &mut merchant,
        Method::POST,
        "/v3/refund/domestic/refunds",
        &refund,
    );
    assert_eq!(refunded.status(), 200, "{:?}", refunded.body());
    let notice = merchant.due().remove(0);
    assert_eq!(notice.request.headers()["content-type"], "application/json");
    let seen = merchant
        .call("/pay/refundquery", &[("out_refund_no", "r")])
        .ok();
    assert_eq!(
        (seen.get("refund_fee_0"), seen.get("refund_status_0")),
        ("100", "SUCCESS")
    );

    merchant.wait(DAY);
    let target = "/v3/bill/tradebill?bill_date=2024-01-01";
    let bill = parse(&v3(&mut merchant, Method::GET, target, &Value::Null));
    let url: http::Uri = bill["download_url"].as_str().unwrap().parse().unwrap();
    let target = url.path_and_query().unwrap().as_str().to_owned();
    let by_v3 = v3(&mut merchant, Method::GET, &target, &Value::Null);
    merchant.sign_type = wxpay_sign::SignType::Md5;
    let body = crate::merchant::xml(&merchant.signed(&[("bill_date", "20240101")]));
    let request = merchant.request("/pay/downloadbill", body);
    assert_eq!(by_v3.body(), merchant.send(request).body());
}

#[test]
fn an_order_of_v3_is_looked_up_closed_and_refunded_with_v2() {
    let mut merchant = Merchant::new();
    for number in ["number-one", "number-two"] {
        let order = json!({
            "appid": merchant.identity().appid(), "mchid": merchant.identity().mchid(), "description": "x",
            "out_trade_no": number, "notify_url": URL, "amount": { "total": 888, "currency": "CNY" },
        });
        let placed = v3(
            &mut merchant,
            Method::POST,
            "/v3/pay/transactions/native",
            &order,
        );
        assert_eq!(placed.status(), 200);
        merchant
            .call("/pay/unifiedorder", &native(number))
            .err("OUT_TRADE_NO_USED");
    }
    merchant
        .call("/pay/closeorder", &[("out_trade_no", "number-two")])
        .ok();
    merchant.pay("number-one");
    let notice = merchant.due().remove(0);
    assert_eq!(notice.request.headers()["content-type"], "application/json");
    merchant.take(notice.id);
    let found = merchant
        .call("/pay/orderquery", &[("out_trade_no", "number-one")])
        .ok();
    assert_eq!(found.get("trade_state"), "SUCCESS");
    let refund = [
        ("out_trade_no", "number-one"),
        ("out_refund_no", "r"),
        ("total_fee", "888"),
        ("refund_fee", "888"),
        ("notify_url", URL),
    ];
    merchant.call("/secapi/pay/refund", &refund).ok();
    let notice = merchant.due().remove(0);
    assert!(!get(&fields(notice.request.body()), "req_info").is_empty());
    let target = "/v3/refund/domestic/refunds/r";
    let seen = parse(&v3(&mut merchant, Method::GET, target, &Value::Null));
    assert_eq!(seen["status"], "SUCCESS", "{seen}");
}

#[test]
fn a_provider_names_its_sub_merchant_in_both() {
    let mut merchant = Merchant::new();
    let sub_mchid = merchant.identity().sub_mchid().to_owned();
    let sub_appid = merchant.identity().sub_appid().to_owned();
    let mut order = native("number-one");
    order.extend([("sub_mch_id", &*sub_mchid), ("sub_appid", &*sub_appid)]);
    let placed = merchant.call("/pay/unifiedorder", &order).ok();
    assert_eq!(placed.get("sub_mch_id"), sub_mchid);
    merchant.pay("number-one");
    merchant
        .call("/pay/orderquery", &[("out_trade_no", "number-one")])
        .err("INVALID_REQUEST");
    let query = [("out_trade_no", "number-one"), ("sub_mch_id", &*sub_mchid)];
    assert_eq!(
        merchant
            .call("/pay/orderquery", &query)
            .ok()
            .get("trade_state"),
        "SUCCESS"
    );
    let mchid = merchant.identity().mchid().to_owned();
    let target = format!(
        "/v3/pay/partner/transactions/out-trade-no/number-one?sp_mchid={mchid}&sub_mchid={sub_mchid}"
    );
    let found = parse(&v3(&mut merchant, Method::GET, &target, &Value::Null));
    assert_eq!(found["trade_state"], "SUCCESS", "{found}");
    let notice = merchant.due().remove(0);
    let told = fields(notice.request.body());
    assert_eq!(
        (get(&told, "sub_mch_id"), get(&told, "sub_appid")),
        (&*sub_mchid, &*sub_appid)
    );
    merchant.verify(&told);
}

#[test]
fn what_was_placed_with_v2_survives_a_restart() {
    let mut merchant = Merchant::new();
    merchant.order("number-one");
    merchant.restart();
    merchant.order("number-one");
    merchant.pay("number-one");
    merchant.restart();
    let notice = merchant.due().remove(0);
    merchant.verify(&fields(notice.request.body()));
}
