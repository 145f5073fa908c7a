//! Coupons: created, sent, used.

use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::counter::*;
use super::products::*;
use crate::core::book::Unheard;
use crate::core::call::Failure;

const STOCKS: &str = "/v3/marketing/favor/stocks";
const BUSINESS: &str = "/v3/marketing/busifavor";

fn favor(number: &str) -> Value {
    json!({
        "stock_name": "微信支付代金券", "belong_merchant": MCHID, "out_request_no": number,
        "available_begin_time": "2024-01-01T00:00:00+08:00",
        "available_end_time": "2024-01-31T23:59:59+08:00", "no_cash": true, "stock_type": "NORMAL",
        "stock_use_rule": {
            "max_coupons": 3, "max_amount": 300, "max_coupons_per_user": 2,
            "natural_person_limit": false, "prevent_api_abuse": false,
        },
    })
}

fn stock(counter: &mut Counter) -> String {
    let path = "/v3/marketing/favor/coupon-stocks";
    let created = counter.send("POST", path, &[], favor("s1")).unwrap();
    assert_eq!(
        counter.send("POST", path, &[], favor("s1")).unwrap(),
        created
    );
    let mut other = favor("s1");
    other["stock_name"] = json!("其他");
    assert_eq!(
        refused(counter.send("POST", path, &[], other)).1,
        "INVALID_REQUEST"
    );
    created["stock_id"].as_str().unwrap().to_owned()
}

fn push(counter: &mut Counter, stock: &str, what: &str) -> Result<Value, Failure> {
    let path = format!("{STOCKS}/{{}}/{what}");
    let body = json!({ "stock_creator_mchid": MCHID });
    counter.send("POST", &path, &[("stock_id", stock)], body)
}

fn send(counter: &mut Counter, stock: &str, openid: &str, number: &str) -> Result<String, Failure> {
    let body = json!({
        "stock_id": stock, "out_request_no": number, "appid": APPID, "stock_creator_mchid": MCHID,
    });
    let path = "/v3/marketing/favor/users/{}/coupons";
    let sent = counter.send("POST", path, &[("openid", openid)], body)?;
    Ok(sent["coupon_id"].as_str().unwrap().to_owned())
}

fn query(counter: &mut Counter, coupon: &str) -> Value {
    let path = "/v3/marketing/favor/users/{}/coupons/{}";
    let parameters = [("openid", OPENID), ("coupon_id", coupon), ("appid", APPID)];
    counter.send("GET", path, &parameters, Value::Null).unwrap()
}

fn code_of(result: Result<String, Failure>) -> &'static str {
    result.unwrap_err().code
}

#[test]
fn a_stock_is_started_paused_and_started_again() {
    let mut counter = Counter::new();
    let id = stock(&mut counter);
    let status = |counter: &mut Counter| {
        let path = format!("{STOCKS}/{{}}");
        let parameters = [("stock_id", id.as_str()), ("stock_creator_mchid", MCHID)];
        let found = counter
            .send("GET", &path, &parameters, Value::Null)
            .unwrap();
        found["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&mut counter), "unactivated");
    assert_eq!(
        refused(push(&mut counter, &id, "pause")).1,
        "INVALID_REQUEST"
    );
    assert_eq!(
        code_of(send(&mut counter, &id, OPENID, "c1")),
        "INVALID_REQUEST"
    );
    push(&mut counter, &id, "start").unwrap();
    assert_eq!(
        refused(push(&mut counter, &id, "start")).1,
        "INVALID_REQUEST"
    );
    assert_eq!(status(&mut counter), "running");
    push(&mut counter, &id, "pause").unwrap();
    assert_eq!(status(&mut counter), "paused");
    assert_eq!(
        code_of(send(&mut counter, &id, OPENID, "c1")),
        "INVALID_REQUEST"
    );
    push(&mut counter, &id, "restart").unwrap();
    let parameters = [
        ("offset", "0"),
        ("limit", "10"),
        ("stock_creator_mchid", MCHID),
    ];
    let found = counter
        .send("GET", STOCKS, &parameters, Value::Null)
        .unwrap();
    assert_eq!(
        (&found["total_count"], &found["data"][0]["stock_id"]),
        (&json!(1), &json!(id))
    );
    counter.wait(31 * DAY);
    assert_eq!(status(&mut counter), "stoped");
}

#[test]
fn coupons_are_sent_within_the_rules_and_used_once() {
    let mut counter = Counter::new();
    let id = stock(&mut counter);
    push(&mut counter, &id, "start").unwrap();
    let callbacks = "/v3/marketing/favor/callbacks";
    let address = json!({ "mchid": MCHID, "notify_url": TOLD });
    counter.send("POST", callbacks, &[], address).unwrap();
    let first = send(&mut counter, &id, OPENID, "c1").unwrap();
    assert_eq!(send(&mut counter, &id, OPENID, "c1").unwrap(), first);
    assert_eq!(
        code_of(send(&mut counter, &id, "other", "c1")),
        "INVALID_REQUEST"
    );
    let second = send(&mut counter, &id, OPENID, "c2").unwrap();
    assert_eq!(code_of(send(&mut counter, &id, OPENID, "c3")), "RULE_LIMIT");
    send(&mut counter, &id, "other", "c3").unwrap();
    assert_eq!(
        code_of(send(&mut counter, &id, "third", "c4")),
        "NOT_ENOUGH"
    );
    let found = query(&mut counter, &first);
    assert_eq!(
        (
            &found["status"],
            &found["normal_coupon_information"]["coupon_amount"]
        ),
        (&json!("SENDED"), &json!(100))
    );

    let transaction = counter.paid("order", 1_000, false);
    counter.told();
    let usage = |number: &str| serde_json::from_value(json!({ "out_trade_no": number })).unwrap();
    let now = Timestamp::from_unix(counter.now);
    assert_eq!(
        counter.book.use_coupon(&first, usage("unknown"), now),
        Err(Unheard::Unknown)
    );
    counter
        .book
        .use_coupon(&first, usage("order"), now)
        .unwrap();
    assert_eq!(
        counter.book.use_coupon(&first, usage("order"), now),
        Err(Unheard::TooLate)
    );
    let (event, content) = only(counter.told());
    assert_eq!(event, "COUPON.USE");
    assert_eq!(
        (
            &content["coupon_id"],
            &content["consume_information"]["transaction_id"]
        ),
        (&json!(first), &json!(transaction))
    );
    assert_eq!(query(&mut counter, &first)["status"], "USED");
    let path = "/v3/marketing/favor/users/{}/coupons";
    let parameters = [
        ("openid", OPENID),
        ("appid", APPID),
        ("status", "SENDED"),
        ("creator_mchid", MCHID),
    ];
    let found = counter.send("GET", path, &parameters, Value::Null).unwrap();
    assert_eq!(
        (&found["total_count"], &found["data"][0]["coupon_id"]),
        (&json!(1), &json!(second))
    );
    let mut again = Counter::replay(counter.book.take_changes(), counter.now + 31 * DAY);
    assert_eq!(query(&mut again, &second)["status"], "EXPIRED");
    assert_eq!(query(&mut again, &first)["status"], "USED");
}

fn business(number: &str, mode: &str) -> Value {
    json!({
        "stock_name": "8月1日活动券", "belong_merchant": MCHID, "goods_name": "咖啡",
        "stock_type": "NORMAL", "out_request_no": number, "coupon_code_mode": mode,
        "coupon_use_rule": {
            "coupon_available_time": {
                "available_begin_time": "2024-01-01T00:00:00+08:00",
                "available_end_time": "2024-12-31T23:59:59+08:00", "available_day_after_receive": 3,
            },
            "fixed_normal_coupon": { "discount_amount": 5, "transaction_minimum": 100 },
            "use_method": "OFF_LINE",
        },
        "stock_send_rule": { "max_coupons": 2, "max_coupons_per_user": 2 },
    })
}

fn give(
    counter: &mut Counter,
    stock: &str,
    number: &str,
    code: Option<&str>,
) -> Result<Value, Failure> {
    let mut body = json!({
        "openid": OPENID, "appid": APPID, "stock_id": stock, "out_request_no": number,
    });
    if let Some(code) = code {
        body["coupon_code"] = json!(code);
    }
    counter.send("POST", &format!("{BUSINESS}/coupons/send"), &[], body)
}

fn deed(counter: &mut Counter, what: &str, body: Value) -> Result<Value, Failure> {
    counter.send("POST", &format!("{BUSINESS}/coupons/{what}"), &[], body)
}

fn state(counter: &mut Counter, code: &str) -> String {
    let path = format!("{BUSINESS}/users/{{}}/coupons/{{}}/appids/{{}}");
    let parameters = [("openid", OPENID), ("coupon_code", code), ("appid", APPID)];
    let found = counter
        .send("GET", &path, &parameters, Value::Null)
        .unwrap();
    found["coupon_state"].as_str().unwrap().to_owned()
}

#[test]
fn a_merchants_coupon_is_sent_used_and_returned() {
    let mut counter = Counter::new();
    let path = format!("{BUSINESS}/stocks");
    let created = counter
        .send("POST", &path, &[], business("s1", "WECHATPAY_MODE"))
        .unwrap();
    let id = created["stock_id"].as_str().unwrap();
    let address = json!({ "mchid": MCHID, "notify_url": TOLD });
    counter
        .send("POST", &format!("{BUSINESS}/callbacks"), &[], address)
        .unwrap();
    let sent = give(&mut counter, id, "g1", None).unwrap();
    assert_eq!(give(&mut counter, id, "g1", None).unwrap(), sent);
    let code = sent["coupon_code"].as_str().unwrap();
    let (event, content) = only(counter.told());
    assert_eq!(
        (event.as_str(), &content["coupon_code"]),
        ("COUPON.SEND", &json!(code))
    );
    let using = |number: &str| {
        json!({
            "coupon_code": code, "stock_id": id, "appid": APPID, "use_request_no": number,
            "use_time": "2024-01-01T10:34:56+08:00",
        })
    };
    let used = deed(&mut counter, "use", using("u1")).unwrap();
    assert_eq!(used["openid"], OPENID);
    counter.wait(5);
    assert_eq!(deed(&mut counter, "use", using("u1")).unwrap(), used);
    assert_eq!(
        refused(deed(&mut counter, "use", using("u2"))).1,
        "INVALID_REQUEST"
    );
    assert_eq!(state(&mut counter, code), "USED");
    // Numbers as long as the catalogue lets them be.
    let order = |order: &str, number: &str| {
        json!({
            "stock_id": id, "coupon_code": code, "out_trade_no": order.repeat(128),
            "out_request_no": number.repeat(128),
        })
    };
    assert_eq!(
        refused(deed(&mut counter, "associate", order("1", "0"))).1,
        "INVALID_REQUEST"
    );
    let back = json!({ "coupon_code": code, "stock_id": id, "return_request_no": "r1" });
    deed(&mut counter, "return", back.clone()).unwrap();
    deed(&mut counter, "return", back).unwrap();
    assert_eq!(state(&mut counter, code), "SENDED");
    deed(&mut counter, "associate", order("1", "a")).unwrap();
    assert_eq!(
        refused(deed(&mut counter, "associate", order("2", "b"))).1,
        "INVALID_REQUEST"
    );
    assert_eq!(
        refused(deed(&mut counter, "disassociate", order("2", "c"))).1,
        "INVALID_REQUEST"
    );
    deed(&mut counter, "disassociate", order("1", "d")).unwrap();
    let end = json!({ "coupon_code": code, "stock_id": id, "deactivate_request_no": "e1" });
    deed(&mut counter, "deactivate", end).unwrap();
    assert_eq!(state(&mut counter, code), "DEACTIVATED");
    assert_eq!(
        refused(deed(&mut counter, "use", using("u3"))).1,
        "INVALID_REQUEST"
    );
}

#[test]
fn a_merchants_stock_has_its_own_codes_and_a_budget_that_grows() {
    let mut counter = Counter::new();
    let path = format!("{BUSINESS}/stocks");
    let created = counter
        .send("POST", &path, &[], business("s1", "MERCHANT_API"))
        .unwrap();
    let id = created["stock_id"].as_str().unwrap();
    assert_eq!(refused(give(&mut counter, id, "g1", None)).1, "PARAM_ERROR");
    give(&mut counter, id, "g1", Some("CODE-1")).unwrap();
    assert_eq!(
        refused(give(&mut counter, id, "g2", Some("CODE-1"))).1,
        "PARAM_ERROR"
    );
    let one = format!("{path}/{{}}");
    let number = [("stock_id", id)];
    let news = json!({ "out_request_no": "m1", "stock_name": "新名称", "stock_send_rule": { "prevent_api_abuse": true } });
    counter.send("PATCH", &one, &number, news).unwrap();
    let budget = |target: i64, current: i64| {
        json!({
            "target_max_coupons": target, "current_max_coupons": current, "modify_budget_request_no": "b1",
        })
    };
    let patch = format!("{one}/budget");
    assert_eq!(
        refused(counter.send("PATCH", &patch, &number, budget(1, 9))).1,
        "PARAM_ERROR"
    );
    assert_eq!(
        refused(counter.send("PATCH", &patch, &number, budget(0, 2))).1,
        "PARAM_ERROR"
    );
    let mut both = budget(1, 2);
    both["target_max_coupons_by_day"] = json!(1);
    assert_eq!(
        refused(counter.send("PATCH", &patch, &number, both)).1,
        "PARAM_ERROR"
    );
    let alone = json!({ "target_max_coupons": 1, "modify_budget_request_no": "b1" });
    assert_eq!(
        refused(counter.send("PATCH", &patch, &number, alone)).1,
        "PARAM_ERROR"
    );
    counter
        .send("PATCH", &patch, &number, budget(1, 2))
        .unwrap();
    assert_eq!(
        refused(give(&mut counter, id, "g2", Some("CODE-2"))).1,
        "NOT_ENOUGH"
    );
    let found = counter.send("GET", &one, &number, Value::Null).unwrap();
    assert_eq!(
        (
            &found["stock_name"],
            &found["stock_send_rule"]["max_coupons"]
        ),
        (&json!("新名称"), &json!(1))
    );
    assert_eq!(found["send_count_information"]["total_send_amount"], 5);
    counter.wait(3 * DAY + 1);
    assert_eq!(state(&mut counter, "CODE-1"), "EXPIRED");
}
