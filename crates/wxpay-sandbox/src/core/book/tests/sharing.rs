//! Profit sharing: who gets what, what is left, what comes back.

use serde_json::{Value, json};

use super::counter::*;
use super::products::*;
use crate::core::book::Unheard;
use crate::core::call::Failure;

pub(super) const STORE: &str = "1900000110";
pub(super) const STAFF: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6p";

pub(super) fn counter() -> (Counter, String) {
    let mut counter = Counter::new();
    let id = counter.paid("order", 10_000, true);
    let settings = json!({ "notify_url": TOLD, "delay_seconds": 10 });
    counter
        .book
        .set_sharing(serde_json::from_value(settings).unwrap())
        .unwrap();
    for (kind, account, name) in [
        ("MERCHANT_ID", STORE, json!("广州市腾讯公司")),
        ("PERSONAL_OPENID", STAFF, Value::Null),
    ] {
        add(&mut counter, kind, account, name).unwrap();
    }
    (counter, id)
}

fn add(counter: &mut Counter, kind: &str, account: &str, name: Value) -> Result<Value, Failure> {
    let mut body =
        json!({ "appid": APPID, "type": kind, "account": account, "relation_type": "STORE" });
    if !name.is_null() {
        body["name"] = name;
    }
    counter.send("POST", "/v3/profitsharing/receivers/add", &[], body)
}

pub(super) fn sharing(id: &str, number: &str, store: i64, staff: i64, release: bool) -> Value {
    let part = |kind: &str, account: &str, amount: i64| json!({ "type": kind, "account": account, "amount": amount, "description": "分给商户" });
    let mut parts = Vec::new();
    if store > 0 {
        parts.push(part("MERCHANT_ID", STORE, store));
    }
    if staff > 0 {
        parts.push(part("PERSONAL_OPENID", STAFF, staff));
    }
    json!({
        "appid": APPID, "transaction_id": id, "out_order_no": number, "receivers": parts,
        "unfreeze_unsplit": release,
    })
}

pub(super) fn share(counter: &mut Counter, body: Value) -> Result<Value, Failure> {
    counter.send("POST", "/v3/profitsharing/orders", &[], body)
}

fn unsplit(counter: &mut Counter, id: &str) -> i64 {
    let path = "/v3/profitsharing/transactions/{}/amounts";
    let answer = counter.send("GET", path, &[("transaction_id", id)], Value::Null);
    answer.unwrap()["unsplit_amount"].as_i64().unwrap()
}

fn query(counter: &mut Counter, id: &str, number: &str) -> Value {
    let path = "/v3/profitsharing/orders/{}";
    let parameters = [("out_order_no", number), ("transaction_id", id)];
    counter.send("GET", path, &parameters, Value::Null).unwrap()
}

pub(super) fn give_back(
    counter: &mut Counter,
    number: &str,
    amount: i64,
) -> Result<Value, Failure> {
    let body = json!({
        "out_order_no": "s1", "out_return_no": number, "return_mchid": STORE, "amount": amount,
        "description": "用户退款",
    });
    counter.send("POST", "/v3/profitsharing/return-orders", &[], body)
}

#[test]
fn money_is_shared_and_the_receivers_are_told() {
    let (mut counter, id) = counter();
    assert_eq!(unsplit(&mut counter, &id), 10_000);
    counter.told();
    let first = share(&mut counter, sharing(&id, "s1", 1_000, 500, false)).unwrap();
    assert_eq!(first["state"], "PROCESSING");
    assert_eq!(first["receivers"][1]["result"], "PENDING");
    assert_eq!(unsplit(&mut counter, &id), 8_500);
    // The same once more is the same request, and takes no money again.
    let again = share(&mut counter, sharing(&id, "s1", 1_000, 500, false)).unwrap();
    assert_eq!(again, first);
    assert_eq!(unsplit(&mut counter, &id), 8_500);
    counter.wait(9);
    assert_eq!(query(&mut counter, &id, "s1")["state"], "PROCESSING");
    counter.wait(1);
    let done = query(&mut counter, &id, "s1");
    assert_eq!(done["state"], "FINISHED");
    assert_eq!(done["order_id"], first["order_id"]);
    for receiver in done["receivers"].as_array().unwrap() {
        assert_eq!(receiver["result"], "SUCCESS");
        assert_eq!(receiver["finish_time"], "2024-01-01T10:35:06+08:00");
    }
    let mut told = counter.told();
    told.sort_by_key(|(_, content)| -content["receiver"]["amount"].as_i64().unwrap());
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].0, "PROFITSHARING");
    assert_eq!(
        told[0].1,
        json!({
            "mchid": MCHID, "transaction_id": id, "order_id": first["order_id"],
            "out_order_no": "s1", "success_time": "2024-01-01T10:35:06+08:00",
            "receiver": {
                "type": "MERCHANT_ID", "account": STORE, "amount": 1_000, "description": "分给商户",
            },
        })
    );
}

#[test]
fn a_number_is_one_request() {
    let (mut counter, id) = counter();
    share(&mut counter, sharing(&id, "s1", 1_000, 0, false)).unwrap();
    for other in [
        sharing(&id, "s1", 1_001, 0, false),
        sharing(&id, "s1", 1_000, 0, true),
    ] {
        let failure = share(&mut counter, other).unwrap_err();
        assert_eq!(
            (failure.code, failure.numeric),
            ("INVALID_REQUEST", 268_498_688)
        );
    }
    let body = json!({ "transaction_id": id, "out_order_no": "s1", "description": "解冻" });
    let released = counter.send("POST", "/v3/profitsharing/orders/unfreeze", &[], body);
    assert_eq!(refused(released).1, "INVALID_REQUEST");
}

#[test]
fn no_more_is_shared_than_may_be() {
    let (mut counter, id) = counter();
    // 30 % of the order and not a fen more.
    assert_eq!(
        refused(share(&mut counter, sharing(&id, "s1", 3_000, 1, false))).1,
        "RULE_LIMIT"
    );
    share(&mut counter, sharing(&id, "s1", 2_999, 1, false)).unwrap();
    assert_eq!(
        refused(share(&mut counter, sharing(&id, "s2", 1, 0, false))).1,
        "RULE_LIMIT"
    );
    let settings = serde_json::from_value(json!({ "max_ratio": 10_000 })).unwrap();
    counter.book.set_sharing(settings).unwrap();
    assert_eq!(
        refused(share(&mut counter, sharing(&id, "s2", 7_001, 0, false))).1,
        "NOT_ENOUGH"
    );
    share(&mut counter, sharing(&id, "s2", 7_000, 0, false)).unwrap();
    assert_eq!(unsplit(&mut counter, &id), 0);
}

#[test]
fn only_orders_made_for_it_and_known_receivers_have_a_part() {
    let (mut counter, id) = counter();
    let plain = counter.paid("plain", 10_000, false);
    assert_eq!(
        refused(share(&mut counter, sharing(&plain, "s1", 1, 0, false))).1,
        "INVALID_REQUEST"
    );
    assert_eq!(
        refused(share(&mut counter, sharing("42", "s1", 1, 0, false))).1,
        "RESOURCE_NOT_EXISTS"
    );
    let mut stranger = sharing(&id, "s1", 1, 0, false);
    stranger["receivers"][0]["account"] = json!("1900000111");
    assert_eq!(refused(share(&mut counter, stranger)).1, "INVALID_REQUEST");
    let mut misnamed = sharing(&id, "s1", 1, 0, false);
    misnamed["receivers"][0]["name"] = json!("深圳市腾讯公司");
    assert_eq!(refused(share(&mut counter, misnamed)).1, "INVALID_REQUEST");
    let mut twice = sharing(&id, "s1", 1, 0, false);
    twice["receivers"] = json!([twice["receivers"][0], twice["receivers"][0]]);
    assert_eq!(refused(share(&mut counter, twice)).1, "PARAM_ERROR");
    assert_eq!(
        refused(add(&mut counter, "MERCHANT_ID", STORE, Value::Null)).1,
        "PARAM_ERROR"
    );
    assert_eq!(unsplit(&mut counter, &id), 10_000);
}

#[test]
fn a_receiver_who_was_deleted_gets_nothing() {
    let (mut counter, id) = counter();
    share(&mut counter, sharing(&id, "s1", 1_000, 500, false)).unwrap();
    let body = json!({ "appid": APPID, "type": "PERSONAL_OPENID", "account": STAFF });
    let path = "/v3/profitsharing/receivers/delete";
    counter.send("POST", path, &[], body).unwrap();
    counter.told();
    counter.wait(10);
    let done = query(&mut counter, &id, "s1");
    assert_eq!(done["state"], "FINISHED");
    assert_eq!(done["receivers"][0]["result"], "SUCCESS");
    assert_eq!(done["receivers"][1]["result"], "CLOSED");
    assert_eq!(done["receivers"][1]["fail_reason"], "NO_RELATION");
    // The part that was closed can be shared again.
    assert_eq!(unsplit(&mut counter, &id), 9_000);
    assert_eq!(counter.told().len(), 1);
}

#[test]
fn a_control_ends_a_request_at_once_and_says_how() {
    let (mut counter, id) = counter();
    share(&mut counter, sharing(&id, "s1", 1_000, 500, false)).unwrap();
    let now = wxpay_sign::Timestamp::from_unix(counter.now);
    let end =
        || serde_json::from_value(json!({ "closed": { STORE: "ACCOUNT_ABNORMAL" } })).unwrap();
    assert_eq!(
        counter.book.end_sharing("s2", end(), now),
        Err(Unheard::Unknown)
    );
    let seen = counter.book.end_sharing("s1", end(), now).unwrap();
    assert_eq!(seen["state"], "FINISHED");
    assert_eq!(seen["receivers"][0]["fail_reason"], "ACCOUNT_ABNORMAL");
    assert_eq!(seen["order"]["shared"], 500);
    assert_eq!(seen["order"]["unsplit_amount"], 9_500);
    assert_eq!(
        counter.book.end_sharing("s1", end(), now),
        Err(Unheard::TooLate)
    );
}

#[test]
fn what_is_left_is_released_once() {
    let (mut counter, id) = counter();
    let done = share(&mut counter, sharing(&id, "s1", 1_000, 0, true)).unwrap();
    assert_eq!(done["receivers"][1]["amount"], 9_000);
    assert_eq!(done["receivers"][1]["account"], MCHID);
    assert_eq!(unsplit(&mut counter, &id), 0);
    assert_eq!(
        refused(share(&mut counter, sharing(&id, "s2", 1, 0, false))).1,
        "INVALID_REQUEST"
    );
    let other = counter.paid("other", 500, true);
    let body = json!({ "transaction_id": other, "out_order_no": "u1", "description": "解冻全部" });
    let path = "/v3/profitsharing/orders/unfreeze";
    let released = counter.send("POST", path, &[], body.clone()).unwrap();
    assert_eq!(released["receivers"][0]["amount"], 500);
    assert_eq!(counter.send("POST", path, &[], body).unwrap(), released);
    counter.wait(10);
    assert_eq!(query(&mut counter, &other, "u1")["state"], "FINISHED");
}

#[test]
fn after_thirty_days_there_is_nothing_left_to_share() {
    let (mut counter, id) = counter();
    counter.wait(30 * DAY - 1);
    assert_eq!(unsplit(&mut counter, &id), 10_000);
    counter.wait(1);
    assert_eq!(unsplit(&mut counter, &id), 0);
    assert_eq!(
        refused(share(&mut counter, sharing(&id, "s1", 1, 0, false))).1,
        "INVALID_REQUEST"
    );
}

#[test]
fn shared_money_comes_back_before_it_is_refunded() {
    let (mut counter, id) = counter();
    share(&mut counter, sharing(&id, "s1", 2_000, 500, false)).unwrap();
    assert_eq!(
        refused(give_back(&mut counter, "r1", 1)).1,
        "INVALID_REQUEST"
    );
    counter.wait(10);
    counter.told();
    let too_much = counter.refund("order", "refund-1", 7_501, 10_000);
    assert_eq!(refused(too_much).1, "NOT_ENOUGH");
    counter.refund("order", "refund-1", 7_500, 10_000).unwrap();
    assert_eq!(
        refused(counter.refund("order", "refund-2", 1, 10_000)).1,
        "NOT_ENOUGH"
    );
    assert_eq!(
        refused(give_back(&mut counter, "r1", 2_001)).1,
        "INVALID_REQUEST"
    );
    let back = give_back(&mut counter, "r1", 1_500).unwrap();
    assert_eq!(back["result"], "PROCESSING");
    assert_eq!(give_back(&mut counter, "r1", 1_500).unwrap(), back);
    assert_eq!(
        refused(give_back(&mut counter, "r1", 1_501)).1,
        "INVALID_REQUEST"
    );
    assert_eq!(
        refused(give_back(&mut counter, "r2", 501)).1,
        "INVALID_REQUEST"
    );
    assert_eq!(
        refused(counter.refund("order", "refund-2", 1, 10_000)).1,
        "NOT_ENOUGH"
    );
    counter.wait(10);
    let path = "/v3/profitsharing/return-orders/{}";
    let parameters = [("out_return_no", "r1"), ("out_order_no", "s1")];
    let done = counter.send("GET", path, &parameters, Value::Null).unwrap();
    assert_eq!(done["result"], "SUCCESS");
    assert!(
        counter
            .told()
            .iter()
            .any(|(event, _)| event == "PROFITSHARING_RETURN")
    );
    assert_eq!(
        refused(counter.refund("order", "refund-2", 1_501, 10_000)).1,
        "NOT_ENOUGH"
    );
    counter.refund("order", "refund-2", 1_500, 10_000).unwrap();
    // What is left with others is paid by the merchant itself, if it says so.
    let mut own = refund("order", "refund-3", 1_000, 10_000);
    own["funds_account"] = json!("AVAILABLE");
    counter.post("refund.create_refund", own).unwrap();
    assert_eq!(unsplit(&mut counter, &id), 0);
}

#[test]
fn a_return_that_fails_leaves_the_money_where_it_is() {
    let (mut counter, id) = counter();
    share(&mut counter, sharing(&id, "s1", 2_000, 0, false)).unwrap();
    counter.wait(10);
    let settings = json!({ "return_fail_reason": "BALANCE_NOT_ENOUGH" });
    counter
        .book
        .set_sharing(serde_json::from_value(settings).unwrap())
        .unwrap();
    give_back(&mut counter, "r1", 2_000).unwrap();
    counter.wait(1);
    let path = "/v3/profitsharing/return-orders/{}";
    let done = counter
        .send(
            "GET",
            path,
            &[("out_return_no", "r1"), ("out_order_no", "s1")],
            Value::Null,
        )
        .unwrap();
    assert_eq!(
        (&done["result"], &done["fail_reason"]),
        (&json!("FAILED"), &json!("BALANCE_NOT_ENOUGH"))
    );
    give_back(&mut counter, "r2", 2_000).unwrap();
    for number in 3..21 {
        // Nothing is left to give back while the second is under way.
        assert!(give_back(&mut counter, &format!("r{number}"), 1).is_err());
    }
}

#[test]
fn platforms_and_brands_have_other_words_for_the_same() {
    let mut counter = Counter::new();
    let mut body = partner_order("order", 10_000);
    body["settle_info"] = json!({ "profit_sharing": true });
    body["payer"] = json!({ "sub_openid": "sub-payer" });
    counter.post("partner_pay.jsapi_prepay", body).unwrap();
    counter.pay("order").unwrap();
    let id = counter.view("order")["transaction_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({
        "appid": APPID, "type": "MERCHANT_ID", "account": STORE, "name": "店", "relation_type": "SUPPLIER",
    });
    let path = "/v3/ecommerce/profitsharing/receivers/add";
    counter.send("POST", path, &[], body).unwrap();
    let body = json!({
        "appid": APPID, "sub_mchid": SUB_MCHID, "transaction_id": id, "out_order_no": "s1", "finish": false,
        "receivers": [{
            "type": "MERCHANT_ID", "receiver_account": STORE, "amount": 100, "description": "分",
        }],
    });
    let path = "/v3/ecommerce/profitsharing/orders";
    let shared = counter.send("POST", path, &[], body).unwrap();
    assert_eq!(shared["status"], "PROCESSING");
    assert_eq!(shared["receivers"][0]["receiver_account"], STORE);
    counter.wait(1);
    let body = json!({
        "sub_mchid": SUB_MCHID, "order_id": shared["order_id"], "out_return_no": "r1", "return_mchid": STORE,
        "amount": 100, "description": "退",
    });
    let path = "/v3/ecommerce/profitsharing/returnorders";
    let back = counter.send("POST", path, &[], body).unwrap();
    assert!(back["return_no"].is_string());
    let body = json!({
        "sub_mchid": SUB_MCHID, "transaction_id": id, "out_order_no": "f1", "description": "完结",
    });
    let path = "/v3/ecommerce/profitsharing/finish-order";
    counter.send("POST", path, &[], body).unwrap();
    counter.wait(1);
    let path = "/v3/ecommerce/profitsharing/orders";
    let parameters = [
        ("sub_mchid", SUB_MCHID),
        ("transaction_id", id.as_str()),
        ("out_order_no", "f1"),
    ];
    let done = counter.send("GET", path, &parameters, Value::Null).unwrap();
    assert_eq!(
        (&done["status"], &done["finish_amount"]),
        (&json!("FINISHED"), &json!(9_900))
    );
    let path = "/v3/brand/profitsharing/brand-configs/{}";
    let ratio = counter
        .send("GET", path, &[("brand_mchid", "1900000120")], Value::Null)
        .unwrap();
    assert_eq!(ratio["max_ratio"], 3_000);
}

#[test]
fn sharing_survives_a_restart() {
    let (mut counter, id) = counter();
    share(&mut counter, sharing(&id, "s1", 2_000, 0, false)).unwrap();
    let mut changes = counter.book.take_changes();
    counter.wait(10);
    give_back(&mut counter, "r1", 50).unwrap();
    changes.extend(counter.book.take_changes());
    for changes in [changes, counter.book.snapshot()] {
        let mut again = Counter::replay(changes, counter.now);
        assert_eq!(query(&mut again, &id, "s1"), query(&mut counter, &id, "s1"));
        again.wait(10);
        let path = "/v3/profitsharing/return-orders/{}";
        let done = again
            .send(
                "GET",
                path,
                &[("out_return_no", "r1"), ("out_order_no", "s1")],
                Value::Null,
            )
            .unwrap();
        assert_eq!(done["result"], "SUCCESS");
        assert_eq!(unsplit(&mut again, &id), 8_000);
    }
}
