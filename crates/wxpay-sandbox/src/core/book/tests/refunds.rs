use serde_json::{Value, json};

use super::super::RefundScript;
use super::counter::*;

const NUMBER: &str = "1217752501201407033233368018";

fn paid(total: i64) -> Counter {
    let mut counter = Counter::new();
    counter.native(NUMBER, total).unwrap();
    counter.pay(NUMBER).unwrap();
    let told = counter.due();
    counter.delivered(&told[0].id, true);
    counter
}

fn script(text: Value) -> RefundScript {
    serde_json::from_value(text).unwrap()
}

#[test]
fn a_refund_is_under_way_and_then_done() {
    let mut counter = paid(100);
    let started = counter.refund(NUMBER, "refund-1", 40, 100).unwrap();
    assert_eq!(started["status"], "PROCESSING");
    assert!(started.get("success_time").is_none());
    assert_eq!(
        started["amount"],
        json!({
            "total": 100, "refund": 40, "from": [], "payer_total": 100, "payer_refund": 40,
            "settlement_refund": 40, "settlement_total": 100, "discount_refund": 0, "currency": "CNY",
        })
    );
    assert_eq!(counter.query(NUMBER).unwrap()["trade_state"], "REFUND");
    counter.wait(1);
    let done = counter.query_refund("refund-1").unwrap();
    assert_eq!(done["status"], "SUCCESS");
    assert_eq!(done["success_time"], "2024-01-01T10:34:57+08:00");
    assert_eq!(done["refund_id"], started["refund_id"]);

    let told = counter.due();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].event_type.as_str(), told[0].original_type.as_str()),
        ("REFUND.SUCCESS", "refund")
    );
    assert_eq!(told[0].url, "http://127.0.0.1:1/refunded");
    assert_eq!(
        told[0].event,
        json!({
            "mchid": MCHID, "transaction_id": done["transaction_id"], "out_trade_no": NUMBER,
            "refund_id": done["refund_id"], "out_refund_no": "refund-1", "refund_status": "SUCCESS",
            "success_time": "2024-01-01T10:34:57+08:00", "user_received_account": "支付用户零钱",
            "amount": { "total": 100, "refund": 40, "payer_total": 100, "payer_refund": 40 },
        })
    );
    assert_eq!(counter.view(NUMBER)["amount"]["refunded"], 40);
}

#[test]
fn the_same_number_is_the_same_refund() {
    let mut counter = paid(100);
    let first = counter.refund(NUMBER, "refund-1", 40, 100).unwrap();
    assert_eq!(counter.refund(NUMBER, "refund-1", 40, 100).unwrap(), first);
    counter.wait(10);
    // By the other number of the order, and when it is over.
    let id = first["transaction_id"].as_str().unwrap();
    let mut again = refund(NUMBER, "refund-1", 40, 100);
    again.as_object_mut().unwrap().remove("out_trade_no");
    again["transaction_id"] = json!(id);
    assert_eq!(
        counter.post("refund.create_refund", again).unwrap()["status"],
        "SUCCESS"
    );
    assert_eq!(counter.view(NUMBER)["amount"]["refunded"], 40);

    assert_eq!(
        code(counter.refund(NUMBER, "refund-1", 41, 100)),
        ("INVALID_REQUEST", 268_498_688)
    );
    counter.native("other-order", 100).unwrap();
    counter.pay("other-order").unwrap();
    assert_eq!(
        code(counter.refund("other-order", "refund-1", 40, 100)),
        ("INVALID_REQUEST", 268_498_688)
    );
}

#[test]
fn never_more_than_was_paid() {
    let mut counter = paid(100);
    assert_eq!(
        code(counter.refund(NUMBER, "r1", 101, 100)).0,
        "INVALID_REQUEST"
    );
    assert_eq!(
        code(counter.refund(NUMBER, "r1", 10, 99)).0,
        "INVALID_REQUEST"
    );
    assert_eq!(code(counter.refund(NUMBER, "r1", 0, 100)).0, "PARAM_ERROR");
    counter.refund(NUMBER, "r1", 60, 100).unwrap();
    assert_eq!(
        code(counter.refund(NUMBER, "r2", 41, 100)).0,
        "INVALID_REQUEST"
    );
    counter.refund(NUMBER, "r2", 40, 100).unwrap();
    assert_eq!(
        code(counter.refund(NUMBER, "r3", 1, 100)).0,
        "INVALID_REQUEST"
    );
}

#[test]
fn fifty_parts_and_one_year() {
    let mut counter = paid(100);
    for part in 0..50 {
        counter
            .refund(NUMBER, &format!("part-{part}"), 1, 100)
            .unwrap();
    }
    assert_eq!(
        code(counter.refund(NUMBER, "part-50", 1, 100)).0,
        "INVALID_REQUEST"
    );

    let mut counter = paid(100);
    counter.wait(365 * DAY);
    counter.refund(NUMBER, "in-time", 1, 100).unwrap();
    counter.wait(1);
    assert_eq!(
        code(counter.refund(NUMBER, "late", 1, 100)).0,
        "INVALID_REQUEST"
    );
}

#[test]
fn only_paid_orders_are_refunded() {
    let mut counter = Counter::new();
    assert_eq!(
        code(counter.refund(NUMBER, "r1", 1, 100)).0,
        "RESOURCE_NOT_EXISTS"
    );
    counter.native(NUMBER, 100).unwrap();
    assert_eq!(
        code(counter.refund(NUMBER, "r1", 1, 100)).0,
        "RESOURCE_NOT_EXISTS"
    );
    counter.close(NUMBER).unwrap();
    assert_eq!(
        code(counter.refund(NUMBER, "r1", 1, 100)).0,
        "RESOURCE_NOT_EXISTS"
    );
    assert_eq!(code(counter.query_refund("r1")).0, "RESOURCE_NOT_EXISTS");
    let neither =
        json!({ "out_refund_no": "r1", "amount": { "refund": 1, "total": 1, "currency": "CNY" } });
    assert_eq!(
        code(counter.post("refund.create_refund", neither)).0,
        "PARAM_ERROR"
    );
}

#[test]
fn the_two_numbers_of_an_order_must_agree() {
    let mut counter = paid(100);
    let id = counter.query(NUMBER).unwrap()["transaction_id"].clone();
    counter.native("other-order", 100).unwrap();
    counter.pay("other-order").unwrap();
    let mut body = refund("other-order", "r1", 1, 100);
    body["transaction_id"] = id;
    assert_eq!(
        code(counter.post("refund.create_refund", body.clone())).0,
        "INVALID_REQUEST"
    );
    body["out_trade_no"] = json!(NUMBER);
    counter.post("refund.create_refund", body).unwrap();
}

#[test]
fn accounts_pay_the_whole_refund() {
    let mut counter = paid(100);
    let mut body = refund(NUMBER, "r1", 10, 100);
    let from =
        json!([{ "account": "AVAILABLE", "amount": 4 }, { "account": "UNAVAILABLE", "amount": 5 }]);
    body["amount"]["from"] = from;
    assert_eq!(
        code(counter.post("refund.create_refund", body.clone())).0,
        "PARAM_ERROR"
    );
    body["amount"]["from"][1]["amount"] = json!(6);
    let reply = counter.post("refund.create_refund", body.clone()).unwrap();
    assert_eq!(reply["amount"]["from"], body["amount"]["from"]);
    for amount in [i64::MAX, i64::MIN] {
        body["out_refund_no"] = json!("r2");
        body["amount"]["from"][1]["amount"] = json!(amount);
        assert_eq!(
            code(counter.post("refund.create_refund", body.clone())).0,
            "PARAM_ERROR"
        );
    }
}

#[test]
fn a_closed_refund_gives_its_amount_back() {
    let mut counter = paid(100);
    counter
        .book
        .set_refund_script(script(json!({ "outcome": "CLOSED", "delay_seconds": 5 })));
    counter.refund(NUMBER, "r1", 100, 100).unwrap();
    counter.wait(5);
    assert_eq!(counter.due()[0].event_type, "REFUND.CLOSED");
    let closed = counter.query_refund("r1").unwrap();
    assert_eq!(closed["status"], "CLOSED");
    assert!(closed.get("success_time").is_none());
    counter.book.set_refund_script(RefundScript::default());
    // The old number stays closed; a new one may have the money.
    assert_eq!(
        counter.refund(NUMBER, "r1", 100, 100).unwrap()["status"],
        "CLOSED"
    );
    counter.refund(NUMBER, "r2", 100, 100).unwrap();
    counter.wait(1);
    assert_eq!(counter.query_refund("r2").unwrap()["status"], "SUCCESS");
}

#[test]
fn an_abnormal_refund_can_be_sent_elsewhere() {
    let mut counter = paid(100);
    counter
        .book
        .set_refund_script(script(json!({ "outcome": "ABNORMAL" })));
    let started = counter.refund(NUMBER, "r1", 60, 100).unwrap();
    counter.wait(1);
    assert_eq!(counter.due()[0].event_type, "REFUND.ABNORMAL");
    assert_eq!(counter.query_refund("r1").unwrap()["status"], "ABNORMAL");
    assert_eq!(
        code(counter.refund(NUMBER, "r2", 41, 100)).0,
        "INVALID_REQUEST"
    );

    let id = started["refund_id"].as_str().unwrap().to_owned();
    let mut redirect = |body: Value| {
        let reply = counter.try_call(
            "refund.apply_abnormal_refund",
            &[("refund_id", &id)],
            body,
            None,
        );
        reply.map(|reply| match reply {
            crate::core::call::Reply::Json(_, value) => value,
            other => panic!("{other:?}"),
        })
    };
    let body = json!({
        "out_refund_no": "r1", "type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT",
        "bank_account": "6222020200001234567", "real_name": "张三",
    });
    let mut incomplete = body.clone();
    incomplete.as_object_mut().unwrap().remove("bank_account");
    assert_eq!(code(redirect(incomplete)).0, "PARAM_ERROR");
    let mut other = body.clone();
    other["out_refund_no"] = json!("r2");
    assert_eq!(code(redirect(other)).0, "INVALID_REQUEST");
    let sent = redirect(body.clone()).unwrap();
    assert_eq!(
        (&sent["status"], &sent["channel"]),
        (&json!("PROCESSING"), &json!("OTHER_BANKCARD"))
    );
    assert_eq!(sent["user_received_account"], "银行卡4567");
    assert_eq!(redirect(body).unwrap(), sent);
    counter.wait(1);
    assert_eq!(counter.query_refund("r1").unwrap()["status"], "SUCCESS");
    assert_eq!(counter.due()[0].event_type, "REFUND.SUCCESS");
    // The account itself is kept nowhere.
    assert!(!format!("{:?}", counter.book.snapshot()).contains("6222020200001234567"));

    let again = [("refund_id", id.as_str())];
    let body = json!({ "out_refund_no": "r1", "type": "MERCHANT_BANK_CARD" });
    counter
        .try_call("refund.apply_abnormal_refund", &again, body, None)
        .unwrap();
}

#[test]
fn only_an_abnormal_refund_can_be_sent_elsewhere() {
    let mut counter = paid(100);
    let id = counter.refund(NUMBER, "r1", 60, 100).unwrap()["refund_id"]
        .as_str()
        .unwrap()
        .to_owned();
    counter.wait(1);
    let body = json!({ "out_refund_no": "r1", "type": "MERCHANT_BANK_CARD" });
    let refused = counter.try_call(
        "refund.apply_abnormal_refund",
        &[("refund_id", &id)],
        body,
        None,
    );
    assert_eq!(code(refused).0, "INVALID_REQUEST");
}

#[test]
fn an_empty_purse_refuses_and_remembers_nothing() {
    let mut counter = paid(100);
    counter
        .book
        .set_refund_script(script(json!({ "not_enough": true })));
    assert_eq!(code(counter.refund(NUMBER, "r1", 60, 100)).0, "NOT_ENOUGH");
    assert_eq!(counter.query(NUMBER).unwrap()["trade_state"], "SUCCESS");
    counter.book.set_refund_script(RefundScript::default());
    counter.refund(NUMBER, "r1", 60, 100).unwrap();
}

#[test]
fn refunds_of_partner_orders_name_the_sub_merchant() {
    let mut counter = Counter::new();
    counter
        .post("partner_pay.jsapi_prepay", partner_order(NUMBER, 100))
        .unwrap();
    counter.pay(NUMBER).unwrap();
    assert_eq!(
        code(counter.refund(NUMBER, "r1", 1, 100)),
        ("INVALID_REQUEST", 268_443_704)
    );
    let mut body = refund(NUMBER, "r1", 1, 100);
    body["sub_mchid"] = json!("1900000110");
    assert_eq!(
        code(counter.post("refund.create_refund", body.clone())),
        ("INVALID_REQUEST", 268_447_845)
    );
    body["sub_mchid"] = json!(SUB_MCHID);
    counter.post("refund.create_refund", body).unwrap();
    assert_eq!(code(counter.query_refund("r1")).1, 268_443_704);
    let parameters = [("out_refund_no", "r1"), ("sub_mchid", SUB_MCHID)];
    counter.wait(1);
    assert_eq!(
        counter.get("refund.query_refund", &parameters).unwrap()["status"],
        "SUCCESS"
    );
    let told = counter.due();
    let refunded = told
        .iter()
        .find(|it| it.event_type == "REFUND.SUCCESS")
        .unwrap();
    assert_eq!(
        (&refunded.event["sp_mchid"], &refunded.event["sub_mchid"]),
        (&json!(MCHID), &json!(SUB_MCHID))
    );
    assert!(refunded.event.get("mchid").is_none());
}
