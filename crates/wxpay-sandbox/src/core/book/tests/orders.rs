use http::StatusCode;
use serde_json::{Value, json};

use super::counter::*;
use crate::core::call::numeric;

const NUMBER: &str = "1217752501201407033233368018";

#[test]
fn the_same_request_is_the_same_order_with_a_fresh_code() {
    let mut counter = Counter::new();
    let first = counter.native(NUMBER, 100).unwrap();
    counter.wait(60);
    // The time to pay counts in the first request only.
    let mut again = order(NUMBER, 100);
    again["time_expire"] = json!("2024-01-01T12:00:00+08:00");
    let second = counter.post("pay.native_prepay", again).unwrap();
    assert_ne!(first["code_url"], second["code_url"]);
    assert_eq!(
        counter.view(NUMBER)["time_expire"],
        "2024-01-08T10:34:56+08:00"
    );

    // The older QR code is good no more, the newer one is.
    let code = |url: &Value| {
        url["code_url"]
            .as_str()
            .unwrap()
            .rsplit_once("code=")
            .unwrap()
            .1
            .to_owned()
    };
    let deed = |code: &str| json!({ "code": code });
    assert_eq!(
        code_of(counter.pay_as(NUMBER, deed(&code(&first)))),
        "INVALID_REQUEST"
    );
    assert_eq!(counter.state(NUMBER), "NOTPAY");
    counter.pay_as(NUMBER, deed(&code(&second))).unwrap();
    assert_eq!(counter.state(NUMBER), "SUCCESS");
}

fn code_of<T: std::fmt::Debug>(result: Result<T, crate::core::call::Failure>) -> &'static str {
    code(result).0
}

#[test]
fn another_request_with_the_number_is_refused() {
    let mut counter = Counter::new();
    counter.native(NUMBER, 100).unwrap();
    let before = counter.view(NUMBER);
    assert_eq!(
        code(counter.native(NUMBER, 101)),
        ("INVALID_REQUEST", numeric::REENTRY)
    );
    let mut other = order(NUMBER, 100);
    other["attach"] = json!("other");
    assert_eq!(
        code(counter.post("pay.native_prepay", other)),
        ("INVALID_REQUEST", 268_498_688)
    );
    assert_eq!(
        code(counter.post("pay.app_prepay", order(NUMBER, 100))),
        ("INVALID_REQUEST", 268_498_688)
    );
    assert_eq!(counter.view(NUMBER), before);
}

#[test]
fn a_paid_or_closed_number_is_refused() {
    let mut counter = Counter::new();
    counter.native("paid-1", 100).unwrap();
    counter.pay("paid-1").unwrap();
    assert_eq!(
        code(counter.native("paid-1", 100)),
        ("ORDER_PAID", 268_449_538)
    );
    assert_eq!(code(counter.pay("paid-1")), ("ORDER_PAID", 268_449_538));
    assert_eq!(code(counter.close("paid-1")), ("ORDER_PAID", 268_449_538));

    counter.native("closed-1", 100).unwrap();
    counter.close("closed-1").unwrap();
    counter.close("closed-1").unwrap();
    assert_eq!(
        code(counter.native("closed-1", 100)),
        ("ORDER_CLOSED", 268_447_914)
    );
    assert_eq!(code_of(counter.pay("closed-1")), "ORDER_CLOSED");
    assert_eq!(counter.query("closed-1").unwrap()["trade_state"], "CLOSED");
}

#[test]
fn links_lead_to_the_cashier() {
    let mut counter = Counter::new();
    let number = "a|b*c_1-";
    let reply = counter.native(number, 1).unwrap();
    let url = reply["code_url"].as_str().unwrap();
    let start = format!("{BASE}/_sandbox/cashier?out_trade_no=a%7Cb%2Ac_1-&code=");
    assert!(url.starts_with(&start), "{url}");
    let mut h5 = order("h5-order", 1);
    h5["scene_info"] = json!({ "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } });
    let reply = counter.post("pay.h5_prepay", h5).unwrap();
    let code = reply["h5_url"]
        .as_str()
        .unwrap()
        .rsplit_once("code=")
        .unwrap()
        .1
        .to_owned();
    // Five minutes, then the link is no good; the order still is.
    counter.wait(301);
    assert_eq!(
        code_of(counter.pay_as("h5-order", json!({ "code": code }))),
        "INVALID_REQUEST"
    );
    counter.pay("h5-order").unwrap();
}

#[test]
fn an_order_is_good_until_its_time_and_closes_after_a_week() {
    let mut counter = Counter::new();
    let mut short = order(NUMBER, 100);
    short["time_expire"] = json!("2024-01-01T11:04:56+08:00");
    counter.post("pay.native_prepay", short.clone()).unwrap();
    counter.wait(1_800);
    // The very last second.
    counter
        .pay_as(NUMBER, json!({ "outcome": "error" }))
        .unwrap();
    counter.wait(1);
    assert_eq!(code_of(counter.pay(NUMBER)), "ORDER_CLOSED");
    assert_eq!(
        code_of(counter.post("pay.native_prepay", short)),
        "ORDER_CLOSED"
    );
    assert_eq!(counter.query(NUMBER).unwrap()["trade_state"], "NOTPAY");
    counter.now = START + 7 * DAY - 1;
    assert_eq!(counter.query(NUMBER).unwrap()["trade_state"], "NOTPAY");
    counter.now += 1;
    assert_eq!(counter.query(NUMBER).unwrap()["trade_state"], "CLOSED");
}

#[test]
fn times_to_pay_are_moved_into_their_limits() {
    let mut counter = Counter::new();
    let expiry = |counter: &mut Counter, number: &str, time: &str| {
        let mut body = order(number, 100);
        body["time_expire"] = json!(time);
        counter.post("pay.native_prepay", body).unwrap();
        counter.view(number)["time_expire"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        expiry(&mut counter, "past-1", "2023-01-01T00:00:00Z"),
        "2024-01-01T10:35:56+08:00"
    );
    assert_eq!(
        expiry(&mut counter, "far-1", "2025-01-01T00:00:00Z"),
        "2024-03-31T10:34:56+08:00"
    );
    // An order good for ninety days is not closed after seven.
    counter.wait(89 * DAY);
    counter.pay("far-1").unwrap();
    assert_eq!(counter.state("past-1"), "CLOSED");
}

#[test]
fn a_failed_payment_leaves_the_order_as_it_was() {
    let mut counter = Counter::new();
    counter.native(NUMBER, 100).unwrap();
    let seen = counter
        .pay_as(NUMBER, json!({ "outcome": "error" }))
        .unwrap();
    assert_eq!(seen["trade_state"], "NOTPAY");
    assert!(counter.due().is_empty());
    assert_eq!(counter.pay(NUMBER).unwrap()["trade_state"], "SUCCESS");
}

#[test]
fn nonsense_from_the_controls_is_refused() {
    let mut counter = Counter::new();
    counter.native(NUMBER, 100).unwrap();
    for deed in [
        json!({ "outcome": "maybe" }),
        json!({ "outcom": "success" }),
        json!({ "openid": 1 }),
        json!({ "openid": "" }),
        json!({ "openid": "a b" }),
        json!([]),
        json!("success"),
    ] {
        assert_eq!(
            code_of(counter.pay_as(NUMBER, deed.clone())),
            "PARAM_ERROR",
            "{deed}"
        );
    }
    assert_eq!(code_of(counter.pay("no-such-order")), "ORDER_NOT_EXIST");
    assert_eq!(counter.state(NUMBER), "NOTPAY");
}

#[test]
fn only_the_payer_named_by_the_order_may_pay() {
    let mut counter = Counter::new();
    let mut body = order(NUMBER, 100);
    assert_eq!(
        code(counter.post("pay.jsapi_prepay", body.clone())),
        ("PARAM_ERROR", numeric::OPENID_MISSING)
    );
    body["payer"] = json!({ "openid": "somebody" });
    let reply = counter.post("pay.jsapi_prepay", body).unwrap();
    assert!(
        reply["prepay_id"]
            .as_str()
            .unwrap()
            .starts_with("wx20240101103456"),
        "{reply}"
    );
    assert_eq!(
        code_of(counter.pay_as(NUMBER, json!({ "openid": "else" }))),
        "INVALID_REQUEST"
    );
    counter.pay(NUMBER).unwrap();
    assert_eq!(
        counter.query(NUMBER).unwrap()["payer"],
        json!({ "openid": "somebody" })
    );

    counter.native("native-1", 100).unwrap();
    counter
        .pay_as("native-1", json!({ "openid": "else" }))
        .unwrap();
    assert_eq!(
        counter.query("native-1").unwrap()["payer"],
        json!({ "openid": "else" })
    );
}

#[test]
fn merchants_must_be_who_they_say() {
    let mut counter = Counter::new();
    let mut body = order(NUMBER, 100);
    body["appid"] = json!(SUB_APPID);
    assert_eq!(
        code(counter.post("pay.native_prepay", body)),
        ("APPID_MCHID_NOT_MATCH", 268_445_527)
    );
    let mut body = order(NUMBER, 100);
    body["mchid"] = json!(SUB_MCHID);
    assert_eq!(
        code_of(counter.post("pay.native_prepay", body)),
        "PARAM_ERROR"
    );
    let with = |name: &str, value: &str| {
        let mut body = partner_order(NUMBER, 100);
        body[name] = json!(value);
        body
    };
    let jsapi = "partner_pay.jsapi_prepay";
    assert_eq!(
        code(counter.post(jsapi, with("sub_mchid", MCHID))),
        ("INVALID_REQUEST", 268_443_705)
    );
    assert_eq!(
        code(counter.post(jsapi, with("sub_mchid", "1"))),
        ("NO_AUTH", 268_443_701)
    );
    assert_eq!(
        code_of(counter.post(jsapi, with("sub_appid", APPID))),
        "APPID_MCHID_NOT_MATCH"
    );
    assert_eq!(
        code_of(counter.post(jsapi, with("sub_appid", ""))),
        "PARAM_ERROR"
    );
    assert!(counter.book.order(NUMBER).is_none());
}

#[test]
fn a_direct_order_looks_as_it_should() {
    let mut counter = Counter::new();
    counter.native(NUMBER, 100).unwrap();
    assert_eq!(
        counter.query(NUMBER).unwrap(),
        json!({
            "appid": APPID, "mchid": MCHID, "out_trade_no": NUMBER,
            "trade_state": "NOTPAY", "trade_state_desc": "订单未支付",
            "attach": "a,b", "promotion_detail": [], "scene_info": { "device_id": "" },
            "amount": { "total": 100, "payer_currency": "CNY" },
        })
    );
    counter.pay(NUMBER).unwrap();
    let paid = counter.query(NUMBER).unwrap();
    let id = paid["transaction_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 28);
    assert_eq!(
        paid,
        json!({
            "appid": APPID, "mchid": MCHID, "out_trade_no": NUMBER, "transaction_id": id,
            "trade_type": "NATIVE", "trade_state": "SUCCESS", "trade_state_desc": "支付成功",
            "bank_type": "OTHERS", "attach": "a,b", "success_time": "2024-01-01T10:34:56+08:00",
            "payer": { "openid": OPENID }, "promotion_detail": [],
            "scene_info": { "device_id": "" },
            "amount": { "total": 100, "payer_total": 100, "currency": "CNY", "payer_currency": "CNY" },
        })
    );
    let parameters = [("transaction_id", id.as_str()), ("mchid", MCHID)];
    assert_eq!(
        counter.get("pay.query_order_by_id", &parameters).unwrap(),
        paid
    );
}

#[test]
fn a_partner_order_looks_as_it_should_and_is_found_by_its_own_calls_only() {
    let mut counter = Counter::new();
    counter
        .post("partner_pay.jsapi_prepay", partner_order(NUMBER, 100))
        .unwrap();
    counter.pay(NUMBER).unwrap();
    let query = "partner_pay.query_order_by_out_trade_no";
    let parameters = [
        ("out_trade_no", NUMBER),
        ("sp_mchid", MCHID),
        ("sub_mchid", SUB_MCHID),
    ];
    let seen = counter.get(query, &parameters).unwrap();
    for (name, value) in [
        ("sp_appid", json!(APPID)),
        ("sp_mchid", json!(MCHID)),
        ("sub_appid", json!(SUB_APPID)),
        ("sub_mchid", json!(SUB_MCHID)),
        ("payer", json!({ "sub_openid": "sub-payer" })),
        ("trade_state", json!("SUCCESS")),
    ] {
        assert_eq!(seen[name], value, "{name}");
    }
    assert!(seen.get("mchid").is_none() && seen.get("appid").is_none());
    let parameters = [
        ("out_trade_no", NUMBER),
        ("sp_mchid", MCHID),
        ("sub_mchid", "1"),
    ];
    assert_eq!(
        code(counter.get(query, &parameters)),
        ("INVALID_REQUEST", 268_447_845)
    );
    assert_eq!(
        code(counter.query(NUMBER)),
        ("INVALID_REQUEST", 268_447_843)
    );
    assert_eq!(
        code(counter.close(NUMBER)),
        ("INVALID_REQUEST", 268_447_843)
    );

    let told = &counter.due()[0];
    assert_eq!(told.event["sub_mchid"], SUB_MCHID);
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut counter = Counter::new();
    let failure = counter.query("nothing").unwrap_err();
    assert_eq!(
        (failure.status, failure.code),
        (StatusCode::NOT_FOUND, "ORDER_NOT_EXIST")
    );
    assert_eq!(failure.numeric, 268_512_771);
    assert_eq!(code_of(counter.close("nothing")), "ORDER_NOT_EXIST");
    let parameters = [("transaction_id", "4200"), ("mchid", MCHID)];
    assert_eq!(
        code_of(counter.get("pay.query_order_by_id", &parameters)),
        "ORDER_NOT_EXIST"
    );
    let parameters = [("out_trade_no", "nothing"), ("mchid", "1")];
    let wrong = counter
        .get("pay.query_order_by_out_trade_no", &parameters)
        .unwrap_err();
    assert_eq!(
        (wrong.code, wrong.detail.unwrap()["location"].clone()),
        ("PARAM_ERROR", json!("query"))
    );
}

#[test]
fn every_way_of_paying_hands_out_what_its_client_needs() {
    let mut counter = Counter::new();
    let mut body = order("n-00001", 1);
    body["payer"] = json!({ "openid": OPENID });
    for (index, (operation, field, trade_type)) in [
        ("pay.jsapi_prepay", "prepay_id", "JSAPI"),
        ("pay.jsapi_prepay_with_contract", "prepay_id", "JSAPI"),
        ("pay.app_prepay", "prepay_id", "APP"),
        ("pay.app_prepay_with_contract", "prepay_id", "APP"),
        ("pay.h5_prepay", "h5_url", "MWEB"),
        ("pay.native_prepay", "code_url", "NATIVE"),
    ]
    .into_iter()
    .enumerate()
    {
        let number = format!("direct-{index}");
        body["out_trade_no"] = json!(number);
        let reply = counter.post(operation, body.clone()).unwrap();
        assert!(reply[field].is_string(), "{operation}: {reply}");
        assert_eq!(
            counter.view(&number)["trade_type"],
            trade_type,
            "{operation}"
        );
    }
    for (index, (operation, field)) in [
        ("partner_pay.jsapi_prepay", "prepay_id"),
        ("partner_pay.jsapi_prepay_with_contract", "prepay_id"),
        ("partner_pay.mini_program_prepay", "prepay_id"),
        ("partner_pay.scanned_pos_prepay", "prepay_id"),
        ("partner_pay.app_prepay", "prepay_id"),
        ("partner_pay.app_prepay_with_contract", "prepay_id"),
        ("partner_pay.h5_prepay", "h5_url"),
        ("partner_pay.native_prepay", "code_url"),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = counter
            .post(operation, partner_order(&format!("partner-{index}"), 1))
            .unwrap();
        assert!(reply[field].is_string(), "{operation}: {reply}");
    }
}
