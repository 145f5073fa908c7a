//! Transfers: what users confirm, what comes back.

use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::counter::*;
use super::products::*;
use crate::core::book::Unheard;
use crate::core::call::{Failure, Reply};

const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";
const AGREEMENTS: &str = "/v3/fund-app/mch-transfer/user-confirm-authorization";

fn bill(number: &str, amount: i64) -> Value {
    let mut body = json!({
        "appid": APPID, "out_bill_no": number, "openid": OPENID, "transfer_amount": amount,
        "transfer_remark": "新会员开通有礼", "notify_url": TOLD, "transfer_scene_id": "1000",
        "transfer_scene_report_infos": [{ "info_type": "活动名称", "info_content": "新会员有礼" }],
    });
    if amount >= 200_000 {
        body["user_name"] = json!("张三");
    }
    body
}

fn transfer(counter: &mut Counter, number: &str, amount: i64) -> Result<Value, Failure> {
    counter.send("POST", BILLS, &[], bill(number, amount))
}

fn query(counter: &mut Counter, number: &str) -> Result<Value, Failure> {
    let path = format!("{BILLS}/out-bill-no/{{}}");
    counter.send("GET", &path, &[("out_bill_no", number)], Value::Null)
}

fn cancel(counter: &mut Counter, number: &str) -> Result<Value, Failure> {
    let path = format!("{BILLS}/out-bill-no/{{}}/cancel");
    counter.send("POST", &path, &[("out_bill_no", number)], Value::Null)
}

fn confirm(counter: &mut Counter, number: &str, how: Value) -> Result<Value, Unheard> {
    let now = Timestamp::from_unix(counter.now);
    let how = serde_json::from_value(how).unwrap();
    counter.book.confirm_transfer(number, how, now)
}

fn set(counter: &mut Counter, settings: Value) {
    let settings = serde_json::from_value(settings).unwrap();
    counter.book.set_transfers(settings).unwrap();
}

fn balance(counter: &Counter) -> i64 {
    counter.book.transfer_settings()["balance"]
        .as_i64()
        .unwrap()
}

#[test]
fn a_transfer_arrives_when_the_user_has_confirmed_it() {
    let mut counter = Counter::new();
    set(&mut counter, json!({ "balance": 1_000 }));
    let asked = transfer(&mut counter, "b1", 400).unwrap();
    assert_eq!(asked["state"], "WAIT_USER_CONFIRM");
    assert!(asked["package_info"].is_string());
    assert_eq!(transfer(&mut counter, "b1", 400).unwrap(), asked);
    assert_eq!(balance(&counter), 600);
    assert_eq!(
        refused(transfer(&mut counter, "b1", 401)).1,
        "ALREADY_EXISTS"
    );
    let seen = confirm(&mut counter, "b1", json!({})).unwrap();
    assert_eq!(seen["state"], "TRANSFERING");
    assert_eq!(
        confirm(&mut counter, "b1", json!({})),
        Err(Unheard::TooLate)
    );
    assert_eq!(refused(cancel(&mut counter, "b1")).1, "INVALID_REQUEST");
    assert!(counter.told().is_empty());
    counter.wait(1);
    let done = query(&mut counter, "b1").unwrap();
    assert_eq!(
        (&done["state"], &done["transfer_amount"]),
        (&json!("SUCCESS"), &json!(400))
    );
    let id = done["transfer_bill_no"].as_str().unwrap();
    let path = format!("{BILLS}/transfer-bill-no/{{}}");
    let by_id = counter
        .send("GET", &path, &[("transfer_bill_no", id)], Value::Null)
        .unwrap();
    assert_eq!(by_id, done);
    let (event, content) = only(counter.told());
    assert_eq!(event, "MCHTRANSFER.BILL.FINISHED");
    assert_eq!(
        (&content["out_bill_no"], &content["state"]),
        (&json!("b1"), &json!("SUCCESS"))
    );
    assert_eq!(balance(&counter), 600);
    // What was asked for once more is shown as it is now, and not paid again.
    assert_eq!(
        transfer(&mut counter, "b1", 400).unwrap()["state"],
        "SUCCESS"
    );
    assert_eq!(balance(&counter), 600);
}

#[test]
fn nobody_confirms_and_the_money_is_back_after_a_day() {
    let mut counter = Counter::new();
    set(
        &mut counter,
        json!({ "balance": 1_000, "accept_seconds": 5 }),
    );
    assert_eq!(
        transfer(&mut counter, "b1", 1_000).unwrap()["state"],
        "ACCEPTED"
    );
    assert_eq!(refused(transfer(&mut counter, "b2", 10)).1, "NOT_ENOUGH");
    counter.wait(5);
    assert_eq!(query(&mut counter, "b1").unwrap()["state"], "PROCESSING");
    counter.wait(5);
    assert_eq!(
        query(&mut counter, "b1").unwrap()["state"],
        "WAIT_USER_CONFIRM"
    );
    counter.wait(DAY - 11);
    assert_eq!(
        query(&mut counter, "b1").unwrap()["state"],
        "WAIT_USER_CONFIRM"
    );
    assert_eq!(balance(&counter), 0);
    counter.wait(1);
    let done = query(&mut counter, "b1").unwrap();
    assert_eq!(
        (&done["state"], &done["fail_reason"]),
        (&json!("FAIL"), &json!("OVERDUE_CLOSE"))
    );
    assert_eq!(balance(&counter), 1_000);
    assert_eq!(only(counter.told()).1["fail_reason"], "OVERDUE_CLOSE");
    assert_eq!(
        confirm(&mut counter, "b1", json!({})),
        Err(Unheard::TooLate)
    );
}

#[test]
fn a_transfer_is_cancelled_while_nobody_has_confirmed_it() {
    let mut counter = Counter::new();
    set(
        &mut counter,
        json!({ "balance": 1_000, "delay_seconds": 7 }),
    );
    transfer(&mut counter, "b1", 1_000).unwrap();
    assert_eq!(cancel(&mut counter, "b1").unwrap()["state"], "CANCELING");
    assert_eq!(
        confirm(&mut counter, "b1", json!({})),
        Err(Unheard::TooLate)
    );
    assert_eq!(cancel(&mut counter, "b1").unwrap()["state"], "CANCELING");
    counter.wait(7);
    assert_eq!(cancel(&mut counter, "b1").unwrap()["state"], "CANCELLED");
    assert_eq!(balance(&counter), 1_000);
    assert_eq!(only(counter.told()).1["state"], "CANCELLED");
    assert_eq!(refused(cancel(&mut counter, "b2")).1, "NOT_FOUND");
}

#[test]
fn a_transfer_fails_when_it_is_told_to() {
    let mut counter = Counter::new();
    set(
        &mut counter,
        json!({ "balance": 1_000, "failing": { OPENID: "ACCOUNT_FROZEN" } }),
    );
    transfer(&mut counter, "b1", 1_000).unwrap();
    confirm(
        &mut counter,
        "b1",
        json!({ "fail_reason": "NAME_NOT_CORRECT" }),
    )
    .unwrap();
    counter.wait(1);
    assert_eq!(
        query(&mut counter, "b1").unwrap()["fail_reason"],
        "NAME_NOT_CORRECT"
    );
    transfer(&mut counter, "b2", 1_000).unwrap();
    confirm(&mut counter, "b2", json!({})).unwrap();
    counter.wait(1);
    assert_eq!(
        query(&mut counter, "b2").unwrap()["fail_reason"],
        "ACCOUNT_FROZEN"
    );
    assert_eq!(balance(&counter), 1_000);
}

#[test]
fn amounts_and_names_go_together() {
    let mut counter = Counter::new();
    assert_eq!(refused(transfer(&mut counter, "b1", 9)).1, "PARAM_ERROR");
    let mut named = bill("b1", 29);
    named["user_name"] = json!("张三");
    assert_eq!(
        refused(counter.send("POST", BILLS, &[], named)).1,
        "PARAM_ERROR"
    );
    let mut nameless = bill("b1", 200_000);
    nameless.as_object_mut().unwrap().remove("user_name");
    assert_eq!(
        refused(counter.send("POST", BILLS, &[], nameless)).1,
        "PARAM_ERROR"
    );
    let mut foreign = bill("b1", 100);
    foreign["appid"] = json!(SUB_APPID);
    assert_eq!(
        refused(counter.send("POST", BILLS, &[], foreign)).1,
        "APPID_MCHID_NOT_MATCH"
    );
    transfer(&mut counter, "b1", 200_000).unwrap();
    assert_eq!(query(&mut counter, "b1").unwrap()["user_name"], "张三");
}

fn agreement(number: &str) -> Value {
    json!({
        "out_authorization_no": number, "appid": APPID, "openid": OPENID, "transfer_scene_id": "1000",
        "user_display_name": "小明", "authorization_notify_url": TOLD,
    })
}

#[test]
fn a_user_agrees_once_and_need_not_confirm_again() {
    let mut counter = Counter::new();
    let mut authorized = bill("b1", 100);
    authorized.as_object_mut().unwrap().remove("openid");
    authorized["out_authorization_no"] = json!("a1");
    let path = format!("{BILLS}/transfer");
    assert_eq!(
        refused(counter.send("POST", &path, &[], authorized.clone())).1,
        "NOT_FOUND"
    );
    let asked = counter
        .send("POST", AGREEMENTS, &[], agreement("a1"))
        .unwrap();
    assert_eq!(asked["state"], "WAIT_USER_CONFIRM");
    assert_eq!(
        refused(counter.send("POST", &path, &[], authorized.clone())).1,
        "NO_AUTH"
    );
    confirm(&mut counter, "a1", json!({})).unwrap();
    let (event, content) = only(counter.told());
    assert_eq!(event, "MCHTRANSFER.AUTHORIZATION.CONFIRMED");
    assert_eq!(content["state"], "TAKING_EFFECT");
    let sent = counter
        .send("POST", &path, &[], authorized.clone())
        .unwrap();
    assert_eq!(
        (&sent["state"], &sent["openid"]),
        (&json!("ACCEPTED"), &json!(OPENID))
    );
    assert_eq!(refused(cancel(&mut counter, "b1")).1, "INVALID_REQUEST");
    counter.wait(1);
    assert_eq!(query(&mut counter, "b1").unwrap()["state"], "SUCCESS");
    let close = format!("{AGREEMENTS}/out-authorization-no/{{}}/close");
    let number = [("out_authorization_no", "a1")];
    let closed = counter.send("POST", &close, &number, Value::Null).unwrap();
    assert_eq!(closed["close_info"]["close_reason"], "CLOSE_VIA_MCH_API");
    authorized["out_bill_no"] = json!("b2");
    assert_eq!(
        refused(counter.send("POST", &path, &[], authorized)).1,
        "NO_AUTH"
    );
}

#[test]
fn a_user_who_is_asked_for_both_gives_both_or_none() {
    let mut counter = Counter::new();
    let path = format!("{BILLS}/pre-transfer-with-authorization");
    let state = format!("{AGREEMENTS}/out-authorization-no/{{}}");
    for (number, agreed) in [("b1", true), ("b2", false)] {
        let mut body = bill(number, 100);
        let authorization = format!("a-{number}");
        body["authorization_info"] = json!({
            "user_display_name": "小明", "out_authorization_no": authorization,
            "authorization_notify_url": TOLD,
        });
        let asked = counter.send("POST", &path, &[], body.clone()).unwrap();
        assert_eq!(asked["out_authorization_no"], authorization);
        assert_eq!(counter.send("POST", &path, &[], body).unwrap(), asked);
        if agreed {
            confirm(&mut counter, number, json!({})).unwrap();
        }
        counter.wait(DAY);
        let parameters = [("out_authorization_no", authorization.as_str())];
        let found = counter
            .send("GET", &state, &parameters, Value::Null)
            .unwrap();
        let wanted = if agreed {
            ("TAKING_EFFECT", "SUCCESS")
        } else {
            ("CLOSED", "FAIL")
        };
        assert_eq!(found["state"], wanted.0);
        assert_eq!(query(&mut counter, number).unwrap()["state"], wanted.1);
    }
}

#[test]
fn a_receipt_is_a_file_with_the_digest_it_was_announced_with() {
    use sha2::{Digest, Sha256};
    let mut counter = Counter::new();
    transfer(&mut counter, "b1", 100).unwrap();
    let path = "/v3/fund-app/mch-transfer/elecsign/out-bill-no";
    let ask = json!({ "out_bill_no": "b1" });
    assert_eq!(
        refused(counter.send("POST", path, &[], ask.clone())).1,
        "INVALID_REQUEST"
    );
    confirm(&mut counter, "b1", json!({})).unwrap();
    counter.wait(1);
    assert_eq!(
        counter.send("POST", path, &[], ask).unwrap()["state"],
        "GENERATING"
    );
    counter.wait(1);
    let query = format!("{path}/{{}}");
    let ready = counter
        .send("GET", &query, &[("out_bill_no", "b1")], Value::Null)
        .unwrap();
    assert_eq!(ready["state"], "FINISHED");
    let url = ready["download_url"].as_str().unwrap();
    let token = url
        .strip_prefix(&format!("{BASE}/v3/transferdownload/signfile?token="))
        .unwrap();
    let file = counter.try_send(
        "GET",
        "/v3/transferdownload/signfile",
        &[("token", token)],
        Value::Null,
    );
    let Ok(Reply::Raw { body, .. }) = file else {
        panic!("{file:?}")
    };
    let digest = crate::core::book::text::hex(&Sha256::digest(&body));
    assert_eq!(ready["hash_value"], digest);
    assert!(body.starts_with(b"%PDF-1.4") && body.ends_with(b"%%EOF\n"));
}

fn batch(number: &str, details: &[(&str, &str, i64)]) -> Value {
    let total: i64 = details.iter().map(|(_, _, amount)| amount).sum();
    let list: Vec<Value> = details
        .iter()
        .map(|(number, openid, amount)| {
            json!({
                "out_detail_no": number, "transfer_amount": amount, "transfer_remark": "报销",
                "openid": openid, "user_name": "张三",
            })
        })
        .collect();
    json!({
        "appid": APPID, "out_batch_no": number, "batch_name": "报销", "batch_remark": "2024年1月", "transfer_scene_id": "1000",
        "total_amount": total, "total_num": list.len(), "transfer_detail_list": list, "notify_url": TOLD,
    })
}

#[test]
fn a_batch_is_transferred_and_what_fails_comes_back() {
    let mut counter = Counter::new();
    set(
        &mut counter,
        json!({ "balance": 1_000, "failing": { "frozen": "ACCOUNT_FROZEN" } }),
    );
    let path = "/v3/transfer/batches";
    let body = batch("x1", &[("d1", OPENID, 300), ("d2", "frozen", 200)]);
    let accepted = counter.send("POST", path, &[], body.clone()).unwrap();
    assert_eq!(accepted["batch_status"], "ACCEPTED");
    assert_eq!(counter.send("POST", path, &[], body).unwrap(), accepted);
    assert_eq!(balance(&counter), 500);
    counter.wait(1);
    let (event, content) = only(counter.told());
    assert_eq!(event, "MCHTRANSFER.BATCH.FINISHED");
    assert_eq!(
        (&content["success_amount"], &content["fail_num"]),
        (&json!(300), &json!(1))
    );
    assert_eq!(balance(&counter), 700);
    let parameters = [
        ("out_batch_no", "x1"),
        ("need_query_detail", "true"),
        ("detail_status", "FAIL"),
    ];
    let found = counter
        .send(
            "GET",
            "/v3/transfer/batches/out-batch-no/{}",
            &parameters,
            Value::Null,
        )
        .unwrap();
    assert_eq!(found["transfer_batch"]["batch_status"], "FINISHED");
    assert_eq!(found["transfer_detail_list"].as_array().unwrap().len(), 1);
    let id = accepted["batch_id"].as_str().unwrap();
    let detail = found["transfer_detail_list"][0]["detail_id"]
        .as_str()
        .unwrap();
    let found = counter
        .send(
            "GET",
            "/v3/transfer/batches/batch-id/{}/details/detail-id/{}",
            &[("batch_id", id), ("detail_id", detail)],
            Value::Null,
        )
        .unwrap();
    assert_eq!(
        (&found["openid"], &found["fail_reason"]),
        (&json!("frozen"), &json!("ACCOUNT_FROZEN"))
    );
    let mut wrong = batch("x2", &[("d1", OPENID, 100)]);
    wrong["total_amount"] = json!(101);
    assert_eq!(
        refused(counter.send("POST", path, &[], wrong)).1,
        "PARAM_ERROR"
    );
    let twice = batch("x2", &[("d1", OPENID, 100), ("d1", OPENID, 100)]);
    assert_eq!(
        refused(counter.send("POST", path, &[], twice)).1,
        "PARAM_ERROR"
    );
    let other = batch("x1", &[("d1", OPENID, 100)]);
    assert_eq!(
        refused(counter.send("POST", path, &[], other)).1,
        "ALREADY_EXISTS"
    );
}

#[test]
fn transfers_survive_a_restart() {
    let mut counter = Counter::new();
    set(&mut counter, json!({ "balance": 1_000 }));
    transfer(&mut counter, "b1", 400).unwrap();
    counter
        .send("POST", AGREEMENTS, &[], agreement("a1"))
        .unwrap();
    let mut again = Counter::replay(counter.book.take_changes(), counter.now);
    assert_eq!(
        query(&mut again, "b1").unwrap(),
        query(&mut counter, "b1").unwrap()
    );
    again.wait(DAY);
    assert_eq!(query(&mut again, "b1").unwrap()["state"], "FAIL");
    assert_eq!(balance(&again), 1_000);
    assert_eq!(again.told().len(), 1);
}

#[test]
fn providers_platforms_and_qq_wallets_have_the_same_transfers() {
    let mut counter = Counter::new();
    for (path, event, sub_mchid) in [
        (
            "/v3/fund-app/mch-transfer/partner/transfer-bills",
            "MCHTRANSFER.BILL.FINISHED",
            true,
        ),
        (
            "/v3/ecommerce/mch-transfer/transfer-bills",
            "MCHTRANSFER.BILL.FINISHED",
            true,
        ),
        (
            "/v3/fund-app/mch-transfer/transfer-to-qq-wallet-bills",
            "MCHTRANSFER.QQWALLETBILL.FINISHED",
            false,
        ),
    ] {
        let qq = !sub_mchid;
        let ask = |number: &str| {
            let mut body = bill(number, 100);
            if qq {
                body["transfer_scene_id"] = json!("1401");
                body["user_qq"] = json!("10000");
            } else {
                body["sub_mchid"] = json!(SUB_MCHID);
            }
            if path.starts_with("/v3/ecommerce/") {
                body.as_object_mut()
                    .unwrap()
                    .remove("transfer_scene_report_infos");
            }
            body
        };
        let (one, two) = (format!("{}1", path.len()), format!("{}2", path.len()));
        for number in [&one, &two] {
            let asked = counter.send("POST", path, &[], ask(number)).unwrap();
            assert_eq!(counter.send("POST", path, &[], ask(number)).unwrap(), asked);
        }
        confirm(&mut counter, &one, json!({})).unwrap();
        let named = if qq {
            format!("{path}/{{}}")
        } else {
            format!("{path}/out-bill-no/{{}}")
        };
        let body = if qq {
            Value::Null
        } else {
            json!({ "sub_mchid": SUB_MCHID })
        };
        let number = [("out_bill_no", two.as_str())];
        let cancelled = counter
            .send("POST", &format!("{named}/cancel"), &number, body)
            .unwrap();
        assert_eq!(cancelled["state"], "CANCELING", "{path}");
        counter.wait(1);
        let mut told = counter.told();
        told.sort_by_key(|(_, content)| content["state"].as_str().unwrap().to_owned());
        assert_eq!(
            (told[0].0.as_str(), &told[0].1["state"]),
            (event, &json!("CANCELLED"))
        );
        assert_eq!(
            (told[1].0.as_str(), &told[1].1["state"]),
            (event, &json!("SUCCESS"))
        );
        assert!(told[1].1.get("user_name").is_none());
        let mut number = vec![("out_bill_no", one.as_str())];
        if sub_mchid {
            number.push(("sub_mchid", SUB_MCHID));
        }
        let done = counter.send("GET", &named, &number, Value::Null).unwrap();
        assert_eq!(
            (&done["mchid"], &done["state"]),
            (&json!(MCHID), &json!("SUCCESS"))
        );
        // A merchant's own are others.
        assert_eq!(refused(query(&mut counter, &one)).1, "NOT_FOUND");
        assert_eq!(
            refused(transfer(&mut counter, &one, 100)).1,
            "ALREADY_EXISTS"
        );
    }
}

#[test]
fn a_provider_asks_for_an_agreement() {
    let mut counter = Counter::new();
    let path = "/v3/fund-app/mch-transfer/partner/user-confirm-authorizations";
    let mut body = agreement("a1");
    body.as_object_mut()
        .unwrap()
        .remove("authorization_notify_url");
    body["notify_url"] = json!(TOLD);
    counter.send("POST", path, &[], body).unwrap();
    confirm(&mut counter, "a1", json!({})).unwrap();
    let (_, content) = only(counter.told());
    let mut sent = bill("b1", 100);
    sent.as_object_mut().unwrap().remove("openid");
    sent["sub_mchid"] = json!(SUB_MCHID);
    sent["authorization_id"] = content["authorization_id"].clone();
    let transfers = "/v3/fund-app/mch-transfer/partner/transfer-bills/transfer";
    let sent = counter.send("POST", transfers, &[], sent).unwrap();
    assert_eq!(
        (&sent["sub_mchid"], &sent["state"]),
        (&json!(SUB_MCHID), &json!("ACCEPTED"))
    );
    let number = [("out_authorization_no", "a1")];
    let closed = counter
        .send("POST", &format!("{path}/{{}}/close"), &number, Value::Null)
        .unwrap();
    assert_eq!(closed["state"], "CLOSED");
}
