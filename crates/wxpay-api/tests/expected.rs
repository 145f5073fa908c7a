//! Reports compared with the merchant's own books.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use serde_json::{Value, json};
use wxpay_api::{
    ExpectedCombineOrder, ExpectedOrder, ExpectedRefund, ExpectedSubOrder, combine, partner_pay,
    pay, refund,
};
use wxpay_proto::Fen;

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// `value` with what stands at `pointer` replaced; `None` takes it out.
fn with(value: &Value, pointer: &str, new: Option<Value>) -> Value {
    let mut value = value.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap();
    match new {
        Some(new) => parent[name] = new,
        None => drop(parent.as_object_mut().unwrap().remove(name)),
    }
    value
}

#[test]
fn an_order() {
    let paid = json!({
        "appid": "wx1", "mchid": "1900007291", "out_trade_no": "order-1", "trade_state": "SUCCESS",
        "amount": { "total": 100, "payer_total": 90, "currency": "CNY", "payer_currency": "CNY" },
    });
    let expected = ExpectedOrder::new("wx1", "1900007291", "order-1", Fen::new(100));
    read::<pay::Transaction>(&paid).check(&expected).unwrap();
    for (pointer, new, complaint) in [
        (
            "/appid",
            Some(json!("wx2")),
            "appid: expected wx1, received wx2",
        ),
        ("/appid", None, "appid: expected wx1, not there"),
        (
            "/mchid",
            Some(json!("1")),
            "mchid: expected 1900007291, received 1",
        ),
        (
            "/out_trade_no",
            Some(json!("o")),
            "out_trade_no: expected order-1, received o",
        ),
        (
            "/trade_state",
            Some(json!("NOTPAY")),
            "trade_state: expected SUCCESS, received NOTPAY",
        ),
        (
            "/trade_state",
            Some(json!("FROZEN")),
            "trade_state: expected SUCCESS, received FROZEN",
        ),
        (
            "/amount/total",
            Some(json!(1)),
            "amount.total: expected 100, received 1",
        ),
        (
            "/amount/total",
            None,
            "amount.total: expected 100, not there",
        ),
        (
            "/amount/currency",
            Some(json!("HKD")),
            "amount.currency: expected CNY, received HKD",
        ),
        ("/amount", None, "amount.total: expected 100, not there"),
    ] {
        let report: pay::Transaction = read(&with(&paid, pointer, new));
        let mismatch = report.check(&expected).unwrap_err();
        assert_eq!(mismatch.to_string(), complaint);
        assert_eq!(Some(mismatch.field()), complaint.split(':').next());
    }
}

#[test]
fn a_partners_order() {
    let paid = json!({
        "sp_appid": "wx1", "sp_mchid": "1900000100", "sub_mchid": "1900000109", "out_trade_no": "order-1",
        "trade_state": "SUCCESS", "amount": { "total": 100, "currency": "CNY" },
    });
    let report: partner_pay::Transaction = read(&paid);
    let expected = ExpectedOrder::new("wx1", "1900000100", "order-1", Fen::new(100));
    report
        .check(&expected.clone().sub_mchid("1900000109"))
        .unwrap();
    let other = report
        .check(&expected.clone().sub_mchid("1900000110"))
        .unwrap_err();
    assert_eq!(
        other.to_string(),
        "sub_mchid: expected 1900000110, received 1900000109"
    );
    // An order whose sub-merchant is not known is nobody's.
    assert_eq!(report.check(&expected).unwrap_err().field(), "sub_mchid");
}

#[test]
fn a_combined_order() {
    let order = |number: &str| {
        json!({
            "mchid": "1900007292", "trade_type": "JSAPI", "trade_state": "SUCCESS", "bank_type": "OTHERS",
            "attach": "a", "success_time": "2024-01-01T10:34:56+08:00", "transaction_id": "42",
            "out_trade_no": number, "sub_mchid": "",
            "amount": { "total_amount": 10, "currency": "CNY", "payer_amount": 10, "payer_currency": "CNY" },
        })
    };
    let paid = json!({
        "combine_appid": "wx1", "combine_mchid": "1900007291", "combine_out_trade_no": "C1",
        "scene_info": { "device_id": "POS1:1" }, "sub_orders": [order("S1"), order("S2")],
        "combine_payer_info": { "openid": "o1" },
    });
    let one = |number: &str| ExpectedSubOrder::new("1900007292", number, Fen::new(10));
    let expected = ExpectedCombineOrder::new("wx1", "1900007291", "C1", [one("S2"), one("S1")]);
    let report: combine::CombineTransaction = read(&paid);
    report.check(&expected).unwrap();
    for (pointer, new, complaint) in [
        (
            "/combine_mchid",
            json!("1"),
            "combine_mchid: expected 1900007291, received 1",
        ),
        (
            "/sub_orders",
            json!([order("S1")]),
            "sub_orders: expected 2, received 1",
        ),
        (
            "/sub_orders",
            json!([order("S1"), order("S3")]),
            "sub_orders[0].out_trade_no: expected S2, not there",
        ),
    ] {
        let report: combine::CombineTransaction = read(&with(&paid, pointer, Some(new)));
        assert_eq!(report.check(&expected).unwrap_err().to_string(), complaint);
    }
    let mut less = paid;
    less["sub_orders"][0]["amount"]["total_amount"] = json!(1);
    let report: combine::CombineTransaction = read(&less);
    let complaint = "sub_orders[1].amount.total_amount: expected 10, received 1";
    assert_eq!(report.check(&expected).unwrap_err().to_string(), complaint);
}

#[test]
fn the_same_order_twice_is_not_two_orders() {
    let one = json!({
        "mchid": "1900007292", "trade_state": "SUCCESS", "out_trade_no": "S1",
        "amount": { "total_amount": 10, "currency": "CNY" },
    });
    let report: combine::CombineTransaction = read(&json!({
        "combine_appid": "wx1", "combine_mchid": "1900007291", "combine_out_trade_no": "C1",
        "sub_orders": [one, one],
    }));
    let order = |number: &str| ExpectedSubOrder::new("1900007292", number, Fen::new(10));
    let expected = ExpectedCombineOrder::new("wx1", "1900007291", "C1", [order("S1"), order("S2")]);
    assert_eq!(
        report.check(&expected).unwrap_err().field(),
        "sub_orders[1].out_trade_no"
    );
}

#[test]
fn a_refund() {
    let notified = json!({
        "mchid": "1900007291", "transaction_id": "42", "out_trade_no": "order-1", "refund_id": "50",
        "out_refund_no": "R1", "refund_status": "SUCCESS", "success_time": "2024-01-01T10:34:56+08:00",
        "user_received_account": "招商银行信用卡0403",
        "amount": { "total": 100, "refund": 30, "payer_total": 100, "payer_refund": 30 },
    });
    let expected = ExpectedRefund::new("1900007291", "order-1", "R1", Fen::new(30), Fen::new(100));
    read::<refund::RefundNotification>(&notified)
        .check(&expected)
        .unwrap();
    for (pointer, new, complaint) in [
        ("/mchid", None, "mchid: expected 1900007291, not there"),
        (
            "/out_refund_no",
            Some(json!("R2")),
            "out_refund_no: expected R1, received R2",
        ),
        (
            "/out_trade_no",
            Some(json!("o")),
            "out_trade_no: expected order-1, received o",
        ),
        (
            "/amount/refund",
            Some(json!(3000)),
            "amount.refund: expected 30, received 3000",
        ),
        (
            "/amount/total",
            Some(json!(30)),
            "amount.total: expected 100, received 30",
        ),
        (
            "/sp_mchid",
            Some(json!("1")),
            "sp_mchid: expected 1900007291, received 1",
        ),
    ] {
        let report: refund::RefundNotification = read(&with(&notified, pointer, new));
        assert_eq!(report.check(&expected).unwrap_err().to_string(), complaint);
    }
    let answered: refund::Refund = read(&json!({
        "refund_id": "50", "out_refund_no": "R1", "out_trade_no": "order-1", "status": "PROCESSING",
        "amount": { "total": 100, "refund": 30 },
    }));
    answered.check(&expected).unwrap();
}
