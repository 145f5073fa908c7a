//! The controls of profit sharing, transfers, payscore, complaints and coupons: what they take, what
//! they say, and that nothing is lost when the sandbox starts again.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "what cannot be had fails the test; the merchant can more than is needed here"
)]

#[path = "core_v3/merchant.rs"]
mod merchant;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use wxpay_sandbox::{Core, Identity};
use wxpay_sign::{Decryptor, Encryptor, Timestamp};

use merchant::{Merchant, parse};

const NOW: Timestamp = Timestamp::from_unix(1_704_076_496);

fn core() -> Core {
    Core::new(Identity::generate(NOW).unwrap(), NOW, 1)
}

fn control(core: &mut Core, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/_sandbox/{path}"))
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let response = core.handle(request, NOW).response;
    let value = serde_json::from_slice(response.body()).unwrap();
    (response.status(), value)
}

fn put(core: &mut Core, path: &str, settings: &Value) -> Value {
    let (status, value) = control(core, Method::PUT, path, &settings.to_string());
    assert_eq!(status, StatusCode::OK, "{path}: {value}");
    value
}

#[test]
fn settings_have_defaults_and_take_no_nonsense() {
    let mut core = core();
    for (path, usual) in [
        (
            "profit-sharing",
            json!({
                "delay_seconds": 1, "max_ratio": 3_000, "closed": {}, "return_fail_reason": null,
                "notify_url": null,
            }),
        ),
        (
            "transfers",
            json!({ "accept_seconds": 0, "delay_seconds": 1, "balance": null, "failing": {} }),
        ),
        (
            "payscore",
            json!({ "collect": "completed", "delay_seconds": 1 }),
        ),
    ] {
        let (status, value) = control(&mut core, Method::GET, path, "");
        assert_eq!((status, &value), (StatusCode::OK, &usual), "{path}");
        let changed = put(&mut core, path, &json!({ "delay_seconds": 60 }));
        assert_eq!(changed["delay_seconds"], 60);
        let (status, _) = control(&mut core, Method::PUT, path, r#"{"delay":1}"#);
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        let (status, _) = control(&mut core, Method::DELETE, path, "");
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        // What is left out is as usual again.
        assert_eq!(put(&mut core, path, &json!({})), usual);
    }
    for (path, body) in [
        ("profit-sharing", r#"{"max_ratio":10001}"#),
        ("profit-sharing", r#"{"notify_url":"merchant.test"}"#),
        ("transfers", r#"{"balance":-1}"#),
        ("payscore", r#"{"collect":"sometimes"}"#),
    ] {
        let (status, value) = control(&mut core, Method::PUT, path, body);
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(value["code"], "BAD_REQUEST");
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut core = core();
    for (method, path, body) in [
        (Method::GET, "profit-sharing/s1", ""),
        (Method::POST, "profit-sharing/s1/finish", ""),
        (Method::GET, "transfers/b1", ""),
        (Method::POST, "transfers/b1/confirm", "{}"),
        (Method::GET, "payscore/orders/s1", ""),
        (Method::POST, "payscore/orders/s1/confirm", ""),
        (Method::POST, "payscore/orders/s1/pay", ""),
        (Method::POST, "payscore/permissions/c1/confirm", ""),
        (Method::POST, "complaints", r#"{"out_trade_no":"o1"}"#),
        (Method::GET, "complaints/1", ""),
        (
            Method::POST,
            "complaints/1",
            r#"{"action":"USER_RESPONSE"}"#,
        ),
        (Method::GET, "coupons/1", ""),
        (Method::POST, "coupons/1/use", ""),
        (Method::GET, "profit-sharing/s1/else", ""),
        (Method::POST, "coupons/1/else", ""),
    ] {
        let (status, value) = control(&mut core, method.clone(), path, body);
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {value}");
    }
    for path in ["complaints", "coupons"] {
        let (status, value) = control(&mut core, Method::GET, path, "");
        assert_eq!((status, value), (StatusCode::OK, json!([])));
    }
    let (status, value) = control(&mut core, Method::POST, "complaints", "{}");
    assert_eq!(status, StatusCode::BAD_REQUEST, "{value}");
    let (status, _) = control(&mut core, Method::PUT, "coupons/1/use", "");
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn the_list_of_controls_names_them() {
    let mut core = core();
    let (_, status) = control(&mut core, Method::GET, "", "");
    let listed: Vec<&str> = status["controls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    for control in [
        "GET, PUT /_sandbox/profit-sharing",
        "POST /_sandbox/transfers/{number}/confirm",
        "POST /_sandbox/payscore/orders/{out_order_no}/confirm",
        "GET, POST /_sandbox/complaints",
        "POST /_sandbox/coupons/{coupon_id}/use",
        "GET, PUT /_sandbox/clock",
    ] {
        assert!(listed.contains(&control), "{control}");
    }
}

#[test]
fn settings_survive_a_restart() {
    let mut core = core();
    let mut log = core.snapshot();
    let sharing = put(&mut core, "profit-sharing", &json!({ "max_ratio": 5_000 }));
    let transfers = put(&mut core, "transfers", &json!({ "balance": 1_000 }));
    log.extend(core.take_changes());
    let log = log
        .iter()
        .map(|change| serde_json::from_str(&serde_json::to_string(change).unwrap()).unwrap());
    let mut again = Core::restore(core.into_identity(), log);
    for (path, wanted) in [("profit-sharing", sharing), ("transfers", transfers)] {
        let (_, value) = control(&mut again, Method::GET, path, "");
        assert_eq!(value, wanted);
    }
}

/// Sends a request whose sensitive fields are encrypted with the public key; the answer must be
/// signed.
fn send(merchant: &mut Merchant, method: Method, target: &str, body: &Value) -> Value {
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut request = merchant.request(method, target, text);
    let id = merchant.core.identity().public_key_id().as_str().to_owned();
    let name = "wechatpay-serial";
    request.headers_mut().insert(name, id.parse().unwrap());
    let response = merchant.send(request);
    let status = response.status();
    let said = String::from_utf8_lossy(response.body()).into_owned();
    assert!(status.is_success(), "{target}: {status} {said}");
    merchant.verified(&response);
    if response.body().is_empty() {
        Value::Null
    } else {
        parse(response.body())
    }
}

fn sealed(merchant: &Merchant, text: &str) -> String {
    merchant.core.identity().public_key().encrypt(text).unwrap()
}

fn opened(merchant: &Merchant, text: &Value) -> String {
    let key = merchant.core.identity().merchant_private_key();
    key.decrypt(text.as_str().unwrap()).unwrap()
}

/// Pays an order and says what it is called on the other side.
fn pay(merchant: &mut Merchant, order: &Value) -> String {
    send(merchant, Method::POST, merchant::NATIVE, order);
    let number = order["out_trade_no"].as_str().unwrap();
    let path = format!("/_sandbox/orders/{number}/pay");
    let (status, paid) = merchant.control(Method::POST, &path, "{}");
    assert_eq!(status, StatusCode::OK);
    paid["transaction_id"].as_str().unwrap().to_owned()
}

/// The sandbox as it comes back from its log.
fn restart(merchant: Merchant, log: &mut Vec<String>) -> Merchant {
    let Merchant { mut core, now } = merchant;
    let changes = core.take_changes();
    log.extend(
        changes
            .iter()
            .map(|change| serde_json::to_string(change).unwrap()),
    );
    let changes = log.iter().map(|line| serde_json::from_str(line).unwrap());
    let changes: Vec<wxpay_sandbox::Change> = changes.collect();
    Merchant {
        core: Core::restore(core.into_identity(), changes),
        now,
    }
}

fn lines(core: &Core) -> Vec<String> {
    let changes = core.snapshot();
    changes
        .iter()
        .map(|change| serde_json::to_string(change).unwrap())
        .collect()
}

#[test]
fn a_payment_is_shared_through_the_gate_and_across_restarts() {
    let mut merchant = Merchant::new();
    let mut log = lines(&merchant.core);
    let appid = merchant.core.identity().appid().to_owned();
    let mut order = merchant.native();
    order["settle_info"] = json!({ "profit_sharing": true });
    let id = pay(&mut merchant, &order);
    let receiver = json!({
        "appid": appid, "type": "MERCHANT_ID", "account": "1900000110", "relation_type": "STORE",
        "name": sealed(&merchant, "深圳市腾讯"),
    });
    let path = "/v3/profitsharing/receivers/add";
    let added = send(&mut merchant, Method::POST, path, &receiver);
    assert_eq!(opened(&merchant, &added["name"]), "深圳市腾讯");
    merchant = restart(merchant, &mut log);
    let share = json!({
        "appid": appid, "transaction_id": id, "out_order_no": "P20240101", "unfreeze_unsplit": false,
        "receivers": [{
            "type": "MERCHANT_ID", "account": "1900000110", "amount": 30, "description": "分给商户",
            "name": sealed(&merchant, "深圳市腾讯"),
        }],
    });
    let path = "/v3/profitsharing/orders";
    let first = send(&mut merchant, Method::POST, path, &share);
    assert_eq!(first["state"], "PROCESSING");
    // Encrypted anew, it is the same request.
    let mut again = share.clone();
    again["receivers"][0]["name"] = sealed(&merchant, "深圳市腾讯").into();
    assert_eq!(send(&mut merchant, Method::POST, path, &again), first);
    merchant = restart(merchant, &mut log);
    merchant.now = merchant.now.saturating_add(1);
    let path = format!("/v3/profitsharing/orders/P20240101?transaction_id={id}");
    let done = send(&mut merchant, Method::GET, &path, &Value::Null);
    assert_eq!(done["receivers"][0]["result"], "SUCCESS");
    let path = format!("/v3/profitsharing/transactions/{id}/amounts");
    let left = send(&mut merchant, Method::GET, &path, &Value::Null);
    assert_eq!(left["unsplit_amount"], 70);
}

#[test]
fn a_transfer_is_confirmed_and_told_of() {
    let mut merchant = Merchant::new();
    let appid = merchant.core.identity().appid().to_owned();
    let openid = merchant.core.identity().openid().to_owned();
    let body = json!({
        "appid": appid, "out_bill_no": "plfk2024010101", "openid": openid, "transfer_amount": 400_000,
        "transfer_remark": "新会员开通有礼", "transfer_scene_id": "1000",
        "user_name": sealed(&merchant, "张三"), "notify_url": "http://127.0.0.1:9471/notify",
        "transfer_scene_report_infos": [{ "info_type": "活动名称", "info_content": "新会员有礼" }],
    });
    let path = "/v3/fund-app/mch-transfer/transfer-bills";
    let asked = send(&mut merchant, Method::POST, path, &body);
    assert_eq!(asked["state"], "WAIT_USER_CONFIRM");
    let confirm = "/_sandbox/transfers/plfk2024010101/confirm";
    let (status, seen) = merchant.control(Method::POST, confirm, "");
    assert_eq!(
        (status, &seen["state"]),
        (StatusCode::OK, &json!("TRANSFERING"))
    );
    let (status, _) = merchant.control(Method::POST, confirm, "");
    assert_eq!(status, StatusCode::CONFLICT);
    merchant.now = merchant.now.saturating_add(1);
    let path = format!("{path}/out-bill-no/plfk2024010101");
    let done = send(&mut merchant, Method::GET, &path, &Value::Null);
    assert_eq!(done["state"], "SUCCESS");
    assert_eq!(opened(&merchant, &done["user_name"]), "张三");
    let due = merchant.core.due(merchant.now);
    assert_eq!(due.len(), 1);
    let envelope = parse(due[0].request.body());
    assert_eq!(envelope["event_type"], "MCHTRANSFER.BILL.FINISHED");
    assert_eq!(envelope["resource"]["original_type"], "mch_payment");
}

#[test]
fn a_complaint_reaches_the_merchant_with_a_number_to_call() {
    let mut merchant = Merchant::new();
    let order = merchant.native();
    pay(&mut merchant, &order);
    let grievance = json!({
        "out_trade_no": order["out_trade_no"], "payer_phone": "13812345678", "images": 1,
    });
    let (status, seen) =
        merchant.control(Method::POST, "/_sandbox/complaints", &grievance.to_string());
    assert_eq!(status, StatusCode::OK, "{seen}");
    let id = seen["complaint_id"].as_str().unwrap();
    let path = format!("/v3/merchant-service/complaints-v2/{id}");
    let found = send(&mut merchant, Method::GET, &path, &Value::Null);
    assert_eq!(opened(&merchant, &found["payer_phone"]), "13812345678");
    let image = found["complaint_media_list"][0]["media_url"][0]
        .as_str()
        .unwrap();
    let response = merchant.get(image.strip_prefix("http://127.0.0.1:9470").unwrap());
    assert!(response.body().starts_with(b"\x89PNG"), "{response:?}");
    assert!(merchant::is_unsigned(&response));
    let mchid = merchant.core.identity().mchid().to_owned();
    let answer = json!({ "complainted_mchid": mchid, "response_content": "已联系" });
    let path = format!("{path}/response");
    assert_eq!(
        send(&mut merchant, Method::POST, &path, &answer),
        Value::Null
    );
    let (_, seen) = merchant.control(Method::GET, &format!("/_sandbox/complaints/{id}"), "");
    assert_eq!(seen["complaint_state"], "PROCESSING");
    assert_eq!(seen["history"][1]["operate_details"], "已联系");
}

#[test]
fn a_service_is_used_and_paid() {
    let mut merchant = Merchant::new();
    let appid = merchant.core.identity().appid().to_owned();
    let body = json!({
        "out_order_no": "1234323JKHDFE1243252", "appid": appid, "service_id": "2002000000000558128851361561536",
        "service_introduction": "某某酒店", "notify_url": "http://127.0.0.1:9471/notify",
        "time_range": { "start_time": "OnAccept" },
        "risk_fund": { "name": "ESTIMATE_ORDER_COST", "amount": 10_000 },
    });
    let path = "/v3/payscore/serviceorder";
    send(&mut merchant, Method::POST, path, &body);
    let control = "/_sandbox/payscore/orders/1234323JKHDFE1243252";
    let (status, seen) = merchant.control(Method::POST, &format!("{control}/confirm"), "");
    assert_eq!((status, &seen["state"]), (StatusCode::OK, &json!("DOING")));
    let done = json!({
        "appid": appid, "service_id": "2002000000000558128851361561536", "total_amount": 8_000,
        "post_payments": [{ "name": "房费", "amount": 8_000 }],
    });
    let complete = format!("{path}/1234323JKHDFE1243252/complete");
    send(&mut merchant, Method::POST, &complete, &done);
    let (status, seen) = merchant.control(Method::POST, &format!("{control}/pay"), "");
    assert_eq!((status, &seen["state"]), (StatusCode::OK, &json!("DONE")));
    let due = merchant.core.due(merchant.now);
    let events: Vec<Value> = due
        .iter()
        .map(|it| parse(it.request.body())["event_type"].clone())
        .collect();
    assert!(events.contains(&json!("PAYSCORE.USER_PAID")), "{events:?}");
}
