//! Services: used first, paid afterwards.

use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::counter::*;
use super::products::*;
use crate::core::book::Unheard;
use crate::core::call::Failure;

const ORDERS: &str = "/v3/payscore/serviceorder";
const SERVICE: &str = "500001";

fn service(number: &str) -> Value {
    json!({
        "out_order_no": number, "appid": APPID, "service_id": SERVICE,
        "service_introduction": "充电宝", "notify_url": TOLD, "attach": "a",
        "post_payments": [{ "name": "租金", "description": "1元/小时" }],
        "time_range": { "start_time": "OnAccept" },
        "location": { "start_location": "嗨客时尚主题展餐厅" },
        "risk_fund": { "name": "DEPOSIT", "amount": 10_000 },
    })
}

fn open(counter: &mut Counter, number: &str) -> Value {
    counter.send("POST", ORDERS, &[], service(number)).unwrap()
}

fn confirm(counter: &mut Counter, number: &str) -> Result<Value, Unheard> {
    let now = Timestamp::from_unix(counter.now);
    let user = serde_json::from_value(json!({})).unwrap();
    counter.book.confirm_service(number, user, now)
}

fn deed(counter: &mut Counter, number: &str, what: &str, more: Value) -> Result<Value, Failure> {
    let mut body = json!({ "appid": APPID, "service_id": SERVICE });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let path = format!("{ORDERS}/{{}}/{what}");
    counter.send("POST", &path, &[("out_order_no", number)], body)
}

/// Payments without discounts.
fn bill(payments: i64, discounts: i64, total: i64) -> Value {
    json!({
        "post_payments": [{ "name": "租金", "amount": payments, "count": 4 }],
        "post_discounts": [{ "name": "新人", "description": "首单", "amount": discounts }],
        "total_amount": total, "time_range": { "end_time": "20240101120000" },
        "location": { "end_location": "腾大" }, "reason": "用户投诉",
    })
}

fn complete(counter: &mut Counter, number: &str, bill: Value) -> Result<Value, Failure> {
    let mut bill = bill;
    bill.as_object_mut().unwrap().remove("reason");
    deed(counter, number, "complete", bill)
}

fn modify(counter: &mut Counter, number: &str, bill: Value) -> Result<Value, Failure> {
    let mut bill = bill;
    for name in ["time_range", "location"] {
        bill.as_object_mut().unwrap().remove(name);
    }
    deed(counter, number, "modify", bill)
}

fn query(counter: &mut Counter, number: &str) -> Value {
    let parameters = [
        ("out_order_no", number),
        ("service_id", SERVICE),
        ("appid", APPID),
    ];
    counter
        .send("GET", ORDERS, &parameters, Value::Null)
        .unwrap()
}

fn set(counter: &mut Counter, settings: Value) {
    let settings = serde_json::from_value(settings).unwrap();
    counter.book.set_services(settings);
}

#[test]
fn a_service_is_confirmed_completed_and_paid() {
    let mut counter = Counter::new();
    let opened = open(&mut counter, "s1");
    assert_eq!(opened["state"], "CREATED");
    assert_eq!(open(&mut counter, "s1"), opened);
    let mut other = service("s1");
    other["risk_fund"]["amount"] = json!(1);
    let failure = counter.send("POST", ORDERS, &[], other).unwrap_err();
    assert_eq!(failure.numeric, 268_498_688);
    let early = complete(&mut counter, "s1", bill(400, 100, 300));
    assert_eq!(refused(early).1, "INVALID_ORDER_STATE");
    confirm(&mut counter, "s1").unwrap();
    assert_eq!(confirm(&mut counter, "s1"), Err(Unheard::TooLate));
    let (event, content) = only(counter.told());
    assert_eq!(event, "PAYSCORE.USER_CONFIRM");
    assert_eq!(content["time_range"]["start_time"], "20240101103456");
    let doing = query(&mut counter, "s1");
    assert_eq!(
        (&doing["state"], &doing["state_description"]),
        (&json!("DOING"), &json!("USER_CONFIRM"))
    );
    assert_eq!(doing["openid"], OPENID);

    let wrong = complete(&mut counter, "s1", bill(400, 100, 400)).unwrap_err();
    assert_eq!(
        (wrong.code, wrong.message.as_str()),
        ("PARAM_ERROR", "最终总金额计算非法")
    );
    let done = complete(&mut counter, "s1", bill(400, 100, 300)).unwrap();
    assert_eq!(
        (&done["state"], &done["need_collection"]),
        (&json!("DOING"), &json!(true))
    );
    assert_eq!(
        complete(&mut counter, "s1", bill(400, 100, 300)).unwrap(),
        done
    );
    let again = complete(&mut counter, "s1", bill(400, 0, 400));
    assert_eq!(refused(again).1, "INVALID_ORDER_STATE");
    let owed = query(&mut counter, "s1");
    assert_eq!(
        owed["collection"],
        json!({
            "state": "USER_PAYING", "total_amount": 300, "paying_amount": 300, "paid_amount": 0,
        })
    );
    assert_eq!(owed["location"]["start_location"], "嗨客时尚主题展餐厅");
    assert_eq!(owed["location"]["end_location"], "腾大");

    counter.wait(1);
    let (event, content) = only(counter.told());
    assert_eq!(event, "PAYSCORE.USER_PAID");
    assert_eq!(
        (&content["state"], &content["collection"]["paid_amount"]),
        (&json!("DONE"), &json!(300))
    );
    let paid = query(&mut counter, "s1");
    assert_eq!(paid["collection"]["details"][0]["paid_type"], "NEWTON");
    assert!(paid.get("state_description").is_none());
    assert_eq!(
        refused(deed(&mut counter, "s1", "cancel", json!({ "reason": "r" }))).1,
        "INVALID_ORDER_STATE"
    );
    assert_eq!(
        refused(deed(&mut counter, "s1", "pay", json!({}))).1,
        "INVALID_ORDER_STATE"
    );
}

#[test]
fn what_nobody_paid_is_asked_for_changed_or_paid_elsewhere() {
    let mut counter = Counter::new();
    set(&mut counter, json!({ "collect": "asked" }));
    for number in ["s1", "s2", "s3", "s4"] {
        open(&mut counter, number);
        confirm(&mut counter, number).unwrap();
        complete(&mut counter, number, bill(400, 0, 400)).unwrap();
    }
    counter.told();
    counter.wait(DAY);
    assert_eq!(
        query(&mut counter, "s1")["collection"]["state"],
        "USER_PAYING"
    );
    deed(&mut counter, "s1", "pay", json!({})).unwrap();
    counter.wait(1);
    assert_eq!(query(&mut counter, "s1")["state"], "DONE");

    assert_eq!(
        refused(modify(&mut counter, "s2", bill(350, 0, 300))).1,
        "PARAM_ERROR"
    );
    let modified = modify(&mut counter, "s2", bill(350, 50, 300)).unwrap();
    assert_eq!(modified["collection"]["paying_amount"], 300);
    let now = Timestamp::from_unix(counter.now);
    assert_eq!(
        counter.book.pay_service("s2", now).unwrap()["collection"]["paid_amount"],
        300
    );
    assert_eq!(counter.book.pay_service("s2", now), Err(Unheard::TooLate));

    let sync = json!({ "type": "Order_Paid", "detail": { "paid_time": "20240102100000" } });
    let synced = deed(&mut counter, "s3", "sync", sync.clone()).unwrap();
    let detail = &synced["collection"]["details"][0];
    assert_eq!(
        (&detail["paid_type"], &detail["paid_time"]),
        (&json!("MCH"), &json!("20240102100000"))
    );
    assert_eq!(
        deed(&mut counter, "s3", "sync", sync.clone()).unwrap(),
        synced
    );
    assert_eq!(
        refused(deed(&mut counter, "s1", "sync", sync)).1,
        "INVALID_ORDER_STATE"
    );

    let free = modify(&mut counter, "s4", bill(50, 50, 0)).unwrap();
    assert_eq!(
        (&free["state"], &free["need_collection"]),
        (&json!("DONE"), &json!(false))
    );
    let events: Vec<String> = counter.told().into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, ["PAYSCORE.USER_PAID", "PAYSCORE.USER_PAID"]);
}

#[test]
fn services_are_cancelled_free_of_charge_or_forgotten() {
    let mut counter = Counter::new();
    for number in ["s1", "s2", "s3"] {
        open(&mut counter, number);
    }
    let reason = || json!({ "reason": "用户投诉" });
    deed(&mut counter, "s1", "cancel", reason()).unwrap();
    deed(&mut counter, "s1", "cancel", reason()).unwrap();
    assert_eq!(query(&mut counter, "s1")["state"], "REVOKED");
    assert_eq!(confirm(&mut counter, "s1"), Err(Unheard::TooLate));
    confirm(&mut counter, "s2").unwrap();
    let free = complete(&mut counter, "s2", bill(100, 100, 0)).unwrap();
    assert_eq!(
        (&free["state"], &free["need_collection"]),
        (&json!("DONE"), &json!(false))
    );
    counter.wait(30 * DAY);
    assert_eq!(query(&mut counter, "s3")["state"], "EXPIRED");
    assert_eq!(
        refused(deed(&mut counter, "s3", "cancel", reason())).1,
        "INVALID_ORDER_STATE"
    );
    assert_eq!(
        refused(deed(&mut counter, "s9", "cancel", reason())).1,
        "ORDER_NOT_EXIST"
    );
}

#[test]
fn a_user_who_has_granted_the_service_need_not_confirm() {
    let mut counter = Counter::new();
    let mut body = service("s1");
    body["need_user_confirm"] = json!(false);
    assert_eq!(
        refused(counter.send("POST", ORDERS, &[], body.clone())).1,
        "PARAM_ERROR"
    );
    body["openid"] = json!(OPENID);
    assert_eq!(
        refused(counter.send("POST", ORDERS, &[], body.clone())).1,
        "NO_AUTH"
    );
    let ask = json!({
        "service_id": SERVICE, "appid": APPID, "authorization_code": "c1", "notify_url": TOLD,
    });
    let path = "/v3/payscore/permissions";
    let asked = counter.send("POST", path, &[], ask.clone()).unwrap();
    assert_eq!(counter.send("POST", path, &[], ask).unwrap(), asked);
    let by_code = format!("{path}/authorization-code/{{}}");
    let code = [("authorization_code", "c1"), ("service_id", SERVICE)];
    let state = |counter: &mut Counter| {
        let found = counter.send("GET", &by_code, &code, Value::Null).unwrap();
        found["authorization_state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&mut counter), "UNBINDUSER");
    let user = || serde_json::from_value(json!({})).unwrap();
    let now = Timestamp::from_unix(counter.now);
    counter.book.grant_permission("c1", user(), now).unwrap();
    assert_eq!(
        counter.book.grant_permission("c1", user(), now),
        Err(Unheard::TooLate)
    );
    let (event, content) = only(counter.told());
    assert_eq!(event, "PAYSCORE.USER_OPEN_SERVICE");
    assert_eq!(content["openorclose_time"], "20240101103456");
    assert_eq!(state(&mut counter), "AVAILABLE");
    assert_eq!(
        counter.send("POST", ORDERS, &[], body.clone()).unwrap()["state"],
        "DOING"
    );
    let by_openid = format!("{path}/openid/{{}}/terminate");
    let end = json!({ "service_id": SERVICE, "appid": APPID, "reason": "r" });
    counter
        .send("POST", &by_openid, &[("openid", OPENID)], end)
        .unwrap();
    assert_eq!(only(counter.told()).0, "PAYSCORE.USER_CLOSE_SERVICE");
    assert_eq!(state(&mut counter), "UNAVAILABLE");
    body["out_order_no"] = json!("s2");
    assert_eq!(
        refused(counter.send("POST", ORDERS, &[], body)).1,
        "NO_AUTH"
    );
}

#[test]
fn a_provider_serves_for_its_sub_merchant() {
    let mut counter = Counter::new();
    let path = "/v3/payscore/partner/serviceorder";
    let mut body = service("s1");
    body["sub_mchid"] = json!(MCHID);
    assert!(counter.send("POST", path, &[], body.clone()).is_err());
    body["sub_mchid"] = json!(SUB_MCHID);
    let opened = counter.send("POST", path, &[], body).unwrap();
    assert_eq!(opened["sub_mchid"], SUB_MCHID);
    confirm(&mut counter, "s1").unwrap();
    let mut done = bill(100, 0, 100);
    done["service_id"] = json!(SERVICE);
    done["sub_mchid"] = json!(SUB_MCHID);
    done.as_object_mut().unwrap().remove("reason");
    let number = [("out_order_no", "s1")];
    let answer = counter
        .send("POST", &format!("{path}/{{}}/complete"), &number, done)
        .unwrap();
    assert_eq!(answer, Value::Null);
    // A merchant of its own does not see it.
    let parameters = [
        ("out_order_no", "s1"),
        ("service_id", SERVICE),
        ("appid", APPID),
    ];
    assert_eq!(
        refused(counter.send("GET", ORDERS, &parameters, Value::Null)).1,
        "ORDER_NOT_EXIST"
    );
    // One number is enough, and two are too many.
    let two = [
        ("out_order_no", "s1"),
        ("query_id", opened["order_id"].as_str().unwrap()),
        ("service_id", SERVICE),
        ("sub_mchid", SUB_MCHID),
    ];
    assert_eq!(
        refused(counter.send("GET", path, &two, Value::Null)).1,
        "PARAM_ERROR"
    );
    let by_id = counter.send("GET", path, &two[1..], Value::Null).unwrap();
    assert_eq!(by_id["out_order_no"], "s1");
    counter.wait(1);
    let parameters = [
        ("out_order_no", "s1"),
        ("service_id", SERVICE),
        ("sub_mchid", SUB_MCHID),
    ];
    let paid = counter.send("GET", path, &parameters, Value::Null).unwrap();
    assert_eq!(paid["state"], "DONE");
}

#[test]
fn services_survive_a_restart() {
    let mut counter = Counter::new();
    open(&mut counter, "s1");
    confirm(&mut counter, "s1").unwrap();
    complete(&mut counter, "s1", bill(400, 0, 400)).unwrap();
    let mut again = Counter::replay(counter.book.take_changes(), counter.now);
    assert_eq!(query(&mut again, "s1"), query(&mut counter, "s1"));
    again.wait(1);
    assert_eq!(query(&mut again, "s1")["state"], "DONE");
}

#[test]
fn a_service_that_is_over_is_opened_and_completed_at_once() {
    let mut counter = Counter::new();
    let mut body = service("s1");
    for name in ["risk_fund", "notify_url"] {
        body.as_object_mut().unwrap().remove(name);
    }
    body["notify_url"] = json!(TOLD);
    body["openid"] = json!(OPENID);
    body["time_range"] = json!({ "start_time": "20240101100000", "end_time": "20240101103000" });
    body["post_payments"] = json!([{ "name": "租金", "amount": 500 }]);
    body["total_amount"] = json!(500);
    let path = format!("{ORDERS}/direct-complete");
    assert_eq!(
        refused(counter.send("POST", &path, &[], body.clone())).1,
        "NO_AUTH"
    );
    let ask = json!({ "service_id": SERVICE, "appid": APPID, "authorization_code": "c1" });
    counter
        .send("POST", "/v3/payscore/permissions", &[], ask)
        .unwrap();
    let now = Timestamp::from_unix(counter.now);
    let user = serde_json::from_value(json!({})).unwrap();
    counter.book.grant_permission("c1", user, now).unwrap();
    let mut wrong = body.clone();
    wrong["total_amount"] = json!(501);
    assert_eq!(
        refused(counter.send("POST", &path, &[], wrong)).1,
        "PARAM_ERROR"
    );
    let done = counter.send("POST", &path, &[], body.clone()).unwrap();
    assert_eq!(
        (&done["state"], &done["state_description"]),
        (&json!("DOING"), &json!("MCH_COMPLETE"))
    );
    assert_eq!(counter.send("POST", &path, &[], body).unwrap(), done);
    counter.wait(1);
    assert_eq!(query(&mut counter, "s1")["state"], "DONE");
    assert_eq!(only(counter.told()).0, "PAYSCORE.USER_PAID");
}
