//! Requests nobody would send: whatever comes, there is an answer.

use std::cell::RefCell;

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use serde_json::Value;

use crate::merchant::{Merchant, parse};

thread_local! {
    static MERCHANT: RefCell<Merchant> = RefCell::new(Merchant::new());
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "[0-9A-Za-z_|*-]{0,40}".prop_map(Value::from),
        Just(Value::from("2024-01-01T10:34:56+08:00")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "appid",
        "mchid",
        "description",
        "out_trade_no",
        "notify_url",
        "amount",
        "total",
        "currency",
        "payer",
        "openid",
        "detail",
        "goods_detail",
        "scene_info",
        "sub_orders",
        "encrypted_echo_message",
        "echo_message",
        "now",
        "answers",
        "rate",
        "~/",
        "",
    ])
    .prop_map(str::to_owned)
}

fn target() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "/v3/pay/transactions/native",
        "/v3/pay/transactions/jsapi",
        "/v3/pay/transactions/codepay",
        "/v3/pay/transactions/out-trade-no/123456",
        "/v3/pay/transactions/out-trade-no/123456/close",
        "/v3/combine-transactions/native",
        "/v3/refund/domestic/refunds",
        "/v3/bill/tradebill?bill_date=2024-01-01",
        "/v3/billdownload/file?token=x",
        "/v3/certificates",
        "/v3/security/echo",
        "/v3/merchant/media/upload",
        "/_sandbox/clock",
        "/_sandbox/faults",
        "/_sandbox/keys",
        "/_sandbox/orders/123456/pay",
        "/_sandbox/journal",
        "/_sandbox/cashier",
    ])
    .prop_map(str::to_owned);
    let query = "[a-z_]{0,8}=[a-zA-Z0-9%+&=]{0,20}";
    prop_oneof![
        4 => known.clone(),
        1 => (known, query).prop_map(|(path, query)| format!("{path}?{query}")),
        1 => "/[a-z0-9/%_~.-]{0,40}",
    ]
}

fn headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop::sample::select(vec![
        "authorization",
        "accept",
        "user-agent",
        "content-type",
        "wechatpay-serial",
        "host",
        "x-other",
    ])
    .prop_map(str::to_owned);
    let value = prop_oneof![
        "[ -~]{0,60}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..20),
        Just(b"multipart/form-data; boundary=b".to_vec()),
        Just(b"WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"".to_vec()),
    ];
    prop::collection::vec((name, value), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_request_has_an_answer(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]),
        target in target(),
        extra in headers(),
        body in prop_oneof![
            4 => json_value().prop_map(|value| value.to_string().into_bytes()),
            1 => prop::collection::vec(any::<u8>(), 0..200),
            1 => Just(b"--b\r\nContent-Disposition: form-data; name=\"meta\"\r\n\r\n{}\r\n--b--".to_vec()),
        ],
        signed in prop::bool::weighted(0.7),
    ) {
        MERCHANT.with_borrow_mut(|merchant| {
            let body = Bytes::from(body);
            let method = method.parse().unwrap();
            let mut request = if signed {
                if target.parse::<http::Uri>().is_err() {
                    return;
                }
                merchant.request(method, &target, body)
            } else {
                let Ok(request) = Request::builder().method(method).uri(&target).body(body) else { return };
                request
            };
            for (name, value) in extra {
                let (Ok(name), Ok(value)) =
                    (name.parse::<http::HeaderName>(), http::HeaderValue::from_bytes(&value)) else { continue };
                request.headers_mut().append(name, value);
            }
            let control = target.starts_with("/_sandbox");
            let path = request.uri().path().to_owned();
            let answer = merchant.handle(request);
            let response = answer.response;
            assert!(response.status().as_u16() >= 200);
            if control && !path.starts_with("/_sandbox/cashier") {
                assert!(!response.body().is_empty(), "{path}");
            } else if !control {
                assert!(response.headers().contains_key("request-id"));
            }
            let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
            if kind.is_some_and(|kind| kind.starts_with("application/json")) {
                parse(response.body());
            }
            if response.status().is_server_error() {
                // Only faults that a random control has set make the sandbox fail.
                assert!(!merchant.last_entry()["faults"].as_array().unwrap().is_empty());
            }
            let due = merchant.core.due(merchant.now);
            for delivery in due {
                merchant.core.delivered(delivery.id, Err(()), merchant.now);
            }
            let _ = merchant.core.next_due();
        });
    }
}
