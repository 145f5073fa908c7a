//! Interfaces the sandbox has no model of: the gate is the same, the answer made up.

use serde_json::json;
use wxpay_sign::SignType;

use crate::merchant::{Merchant, xml};

#[test]
fn the_gate_is_the_same_and_the_answer_made_up() {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::Md5;
    let url =
        "weixin://wxpay/bizpayurl?sign=S&appid=A&mch_id=M&product_id=P&time_stamp=T&nonce_str=N";
    // Signed as it is, sent percent-encoded.
    let mut fields = merchant.signed(&[("long_url", url)]);
    fields[0].1 = url
        .replace(':', "%3A")
        .replace('/', "%2F")
        .replace('&', "%26")
        .replace('=', "%3D")
        .replace('?', "%3F");
    let reply = merchant.post("/tools/shorturl", xml(&fields)).ok();
    merchant.verify(&reply.fields);
    assert!(reply.has("short_url"), "{}", reply.body);
    let entry = merchant.last_entry();
    assert_eq!(entry["verdict"], "accepted");
    assert!(
        entry["remarks"][0]
            .as_str()
            .unwrap()
            .starts_with("not modelled"),
        "{entry}"
    );

    fields.pop();
    merchant
        .post("/tools/shorturl", xml(&fields))
        .protocol_error("签名错误");
    merchant.call("/tools/shorturl", &[]).err("LACK_PARAMS");
    assert_eq!(merchant.last_entry()["remarks"], json!([]));
}

#[test]
fn fields_of_the_request_come_back() {
    let mut merchant = Merchant::new();
    let reply = merchant
        .call(
            "/pay/profitsharingquery",
            &[
                ("transaction_id", "4208450740201411110007820472"),
                ("out_order_no", "P20150806125346"),
            ],
        )
        .ok();
    assert_eq!(reply.get("transaction_id"), "4208450740201411110007820472");
    assert_eq!(reply.get("out_order_no"), "P20150806125346");
}

#[test]
fn a_page_is_shown_to_whom_the_merchant_has_sent() {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::Md5;
    let path = "/papay/entrustweb";
    let request = |query: &str| {
        http::Request::builder()
            .uri(format!("http://127.0.0.1:9470{path}?{query}"))
            .body(bytes::Bytes::new())
            .unwrap()
    };
    let mut fields = merchant.signed(&[
        ("plan_id", "12535"),
        ("contract_code", "100000"),
        ("request_serial", "1000"),
        ("contract_display_account", "name"),
        ("notify_url", "https://shop.example/notify"),
        ("version", "1.0"),
        ("timestamp", "1414488825"),
    ]);
    fields.retain(|(name, _)| name != "nonce_str");
    let query = |fields: &[(String, String)]| {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, text)| format!("{name}={text}"))
            .collect();
        pairs.join("&")
    };
    let signed = query(&merchant.resign(fields.clone()));
    let response = merchant.send(request(&signed));
    let page = String::from_utf8_lossy(response.body()).into_owned();
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["content-type"]
        ),
        (200, &"text/html; charset=utf-8".parse().unwrap()),
        "{page}"
    );
    let response = merchant.send(request(&query(&fields)));
    assert!(String::from_utf8_lossy(response.body()).contains("签名错误"));
}
