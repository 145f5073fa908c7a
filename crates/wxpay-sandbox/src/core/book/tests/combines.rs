use serde_json::{Value, json};

use super::counter::*;
use crate::core::call::{Failure, Reply};

const NUMBER: &str = "combined-1";

fn close(counter: &mut Counter, parts: &[&str]) -> Result<Reply, Failure> {
    let parts: Vec<Value> = parts
        .iter()
        .map(|part| json!({ "mchid": MCHID, "out_trade_no": part }))
        .collect();
    let body = json!({ "combine_appid": APPID, "sub_orders": parts });
    counter.try_call(
        "combine.close_order",
        &[("combine_out_trade_no", NUMBER)],
        body,
        None,
    )
}

fn query(counter: &mut Counter) -> Value {
    counter
        .get(
            "combine.query_order_by_out_trade_no",
            &[("combine_out_trade_no", NUMBER)],
        )
        .unwrap()
}

#[test]
fn parts_are_paid_together_and_told_together() {
    let mut counter = Counter::new();
    let body = combine_order(NUMBER, &[("part-01", 10), ("part-02", 20)]);
    let first = counter.post("combine.native_prepay", body.clone()).unwrap();
    let second = counter.post("combine.native_prepay", body.clone()).unwrap();
    assert_ne!(first["code_url"], second["code_url"]);
    assert_eq!(
        query(&mut counter)["sub_orders"][1]["trade_state"],
        "NOTPAY"
    );
    assert_eq!(counter.view(NUMBER)["amount"]["total"], 30);

    // A part stands for the whole.
    counter.pay("part-02").unwrap();
    let told = counter.due();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].event_type, "TRANSACTION.SUCCESS");
    let paid = query(&mut counter);
    assert_eq!(told[0].event, paid);
    let ids: Vec<&str> = paid["sub_orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["transaction_id"].as_str().unwrap())
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(paid["combine_payer_info"], json!({ "openid": OPENID }));
    assert_eq!(
        paid["sub_orders"][0],
        json!({
            "mchid": MCHID, "out_trade_no": "part-01", "sub_mchid": "", "transaction_id": ids[0],
            "trade_type": "NATIVE", "trade_state": "SUCCESS", "bank_type": "OTHERS", "attach": "part",
            "success_time": "2024-01-01T10:34:56+08:00", "promotion_detail": [],
            "amount": {
                "total_amount": 10, "currency": "CNY", "payer_amount": 10, "payer_currency": "CNY",
            },
        })
    );
    let id = paid["combine_transaction_id"].as_str().unwrap();
    let by_id = [("combine_transaction_id", id)];
    assert_eq!(
        counter.get("combine.query_order_by_id", &by_id).unwrap(),
        paid
    );
    assert_eq!(
        code(counter.post("combine.native_prepay", body)).0,
        "ORDER_PAID"
    );
    assert_eq!(
        code(close(&mut counter, &["part-01", "part-02"])).0,
        "ORDER_PAID"
    );
}

#[test]
fn the_same_number_is_the_same_order() {
    let mut counter = Counter::new();
    counter
        .post(
            "combine.native_prepay",
            combine_order(NUMBER, &[("part-01", 10), ("part-02", 20)]),
        )
        .unwrap();
    let other = combine_order(NUMBER, &[("part-01", 10), ("part-02", 21)]);
    assert_eq!(
        code(counter.post("combine.native_prepay", other)),
        ("INVALID_REQUEST", 268_498_688)
    );
    let taken = combine_order("combined-2", &[("part-01", 10), ("part-03", 20)]);
    assert_eq!(
        code(counter.post("combine.native_prepay", taken)).0,
        "OUT_TRADE_NO_USED"
    );
    assert!(counter.book.order("part-03").is_none() && counter.book.order("combined-2").is_none());
    assert_eq!(code(counter.native("part-01", 10)).0, "OUT_TRADE_NO_USED");
}

#[test]
fn the_number_of_parts_is_limited() {
    let mut counter = Counter::new();
    let with = |count: usize, sub_mchid: Option<&str>| {
        let numbers: Vec<String> = (0..count).map(|part| format!("part-{part:02}")).collect();
        let parts: Vec<(&str, i64)> = numbers.iter().map(|number| (number.as_str(), 1)).collect();
        let mut body = combine_order(NUMBER, &parts);
        if let Some(sub_mchid) = sub_mchid {
            for part in body["sub_orders"].as_array_mut().unwrap() {
                part["sub_mchid"] = json!(sub_mchid);
            }
        }
        body
    };
    let native = "combine.native_prepay";
    for (count, sub_mchid) in [(0, None), (1, None), (11, None), (51, Some(SUB_MCHID))] {
        let refused = counter.post(native, with(count, sub_mchid));
        assert_eq!(code(refused).0, "PARAM_ERROR", "{count} {sub_mchid:?}");
    }
    assert_eq!(code(counter.post(native, with(2, Some("1")))).0, "NO_AUTH");
    let mut twice = combine_order(NUMBER, &[("part-01", 1), ("part-01", 1)]);
    assert_eq!(code(counter.post(native, twice.clone())).0, "PARAM_ERROR");
    twice["sub_orders"][1]["out_trade_no"] = json!("part-02");
    twice["sub_orders"][0]["amount"]["total_amount"] = json!(i64::MAX);
    assert_eq!(code(counter.post(native, twice)).0, "PARAM_ERROR");
    counter.post(native, with(50, Some(SUB_MCHID))).unwrap();
    // An individual may sell alone.
    let mut alone = combine_order("ALONE-01", &[("part-of-one", 1)]);
    alone["sub_orders"][0]["individual_auth_id"] = json!("a");
    counter.post(native, alone).unwrap();
}

#[test]
fn all_parts_are_closed_or_none() {
    let mut counter = Counter::new();
    let body = combine_order(NUMBER, &[("part-01", 10), ("part-02", 20)]);
    counter.post("combine.native_prepay", body.clone()).unwrap();
    for parts in [
        &["part-01"][..],
        &["part-01", "part-03"],
        &["part-01", "part-02", "part-02"],
        &[],
    ] {
        assert_eq!(
            code(close(&mut counter, parts)).0,
            "PARAM_ERROR",
            "{parts:?}"
        );
    }
    assert_eq!(counter.state("part-01"), "NOTPAY");
    for _ in 0..2 {
        assert!(matches!(
            close(&mut counter, &["part-02", "part-01"]),
            Ok(Reply::NoContent)
        ));
    }
    assert_eq!(counter.state("part-01"), "CLOSED");
    assert_eq!(code(counter.pay(NUMBER)).0, "ORDER_CLOSED");
    assert_eq!(
        code(counter.post("combine.native_prepay", body)).0,
        "ORDER_CLOSED"
    );
}

#[test]
fn parts_are_no_orders_of_the_other_calls() {
    let mut counter = Counter::new();
    counter
        .post(
            "combine.native_prepay",
            combine_order(NUMBER, &[("part-01", 10), ("part-02", 20)]),
        )
        .unwrap();
    assert_eq!(code(counter.query("part-01")).0, "INVALID_REQUEST");
    assert_eq!(code(counter.close("part-01")).0, "INVALID_REQUEST");
    assert_eq!(code(counter.query(NUMBER)).0, "ORDER_NOT_EXIST");
}

#[test]
fn parts_are_refunded_one_by_one() {
    let mut counter = Counter::new();
    counter
        .post(
            "combine.native_prepay",
            combine_order(NUMBER, &[("part-01", 10), ("part-02", 20)]),
        )
        .unwrap();
    counter.pay(NUMBER).unwrap();
    counter.refund("part-01", "r1", 10, 10).unwrap();
    counter.wait(1);
    let seen = query(&mut counter);
    assert_eq!(seen["sub_orders"][0]["trade_state"], "REFUND");
    assert_eq!(seen["sub_orders"][1]["trade_state"], "SUCCESS");
}

#[test]
fn a_payer_inside_wechat_must_be_named() {
    let mut counter = Counter::new();
    let mut body = combine_order(NUMBER, &[("part-01", 10), ("part-02", 20)]);
    assert_eq!(
        code(counter.post("combine.jsapi_prepay", body.clone())).1,
        268_501_013
    );
    body["combine_payer_info"] = json!({ "openid": "somebody" });
    assert!(counter.post("combine.jsapi_prepay", body).unwrap()["prepay_id"].is_string());
    assert_eq!(
        code(counter.pay_as(NUMBER, json!({ "openid": "else" }))).0,
        "INVALID_REQUEST"
    );
}
