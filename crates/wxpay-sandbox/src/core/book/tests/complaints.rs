//! Complaints: what payers say, and what merchants do about it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wxpay_sign::Timestamp;

use super::counter::*;
use super::products::*;
use crate::core::book::Unheard;
use crate::core::book::text::hex;
use crate::core::call::{Failure, Reply, Upload};

const COMPLAINTS: &str = "/v3/merchant-service/complaints-v2";
const ADDRESS: &str = "/v3/merchant-service/complaint-notifications";

fn counter() -> Counter {
    let mut counter = Counter::new();
    counter.paid("order", 1_000, false);
    counter
        .send("POST", ADDRESS, &[], json!({ "url": TOLD }))
        .unwrap();
    counter.told();
    counter
}

fn complain(counter: &mut Counter, about: &str, more: Value) -> Result<Value, Unheard> {
    let mut grievance = json!({ "out_trade_no": about });
    grievance
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let grievance = serde_json::from_value(grievance).unwrap();
    let now = Timestamp::from_unix(counter.now);
    counter.book.complain(grievance, now, &mut counter.ids)
}

fn complaint(counter: &mut Counter, more: Value) -> String {
    let seen = complain(counter, "order", more).unwrap();
    seen["complaint_id"].as_str().unwrap().to_owned()
}

fn act(counter: &mut Counter, id: &str, action: &str) -> Result<Value, Unheard> {
    let deed = serde_json::from_value(json!({ "action": action, "content": "还没好" })).unwrap();
    let now = Timestamp::from_unix(counter.now);
    counter.book.complain_on(id, deed, now, &mut counter.ids)
}

fn deed(counter: &mut Counter, id: &str, what: &str, body: Value) -> Result<Value, Failure> {
    let path = format!("{COMPLAINTS}/{{}}/{what}");
    counter.send("POST", &path, &[("complaint_id", id)], body)
}

fn query(counter: &mut Counter, id: &str) -> Value {
    let path = format!("{COMPLAINTS}/{{}}");
    counter
        .send("GET", &path, &[("complaint_id", id)], Value::Null)
        .unwrap()
}

fn history(counter: &mut Counter, id: &str) -> Vec<String> {
    let path = format!("{COMPLAINTS}/{{}}/negotiation-historys");
    let found = counter
        .send("GET", &path, &[("complaint_id", id)], Value::Null)
        .unwrap();
    let steps = found["data"].as_array().unwrap().iter();
    steps
        .map(|step| step["operate_type"].as_str().unwrap().to_owned())
        .collect()
}

fn actions(counter: &mut Counter) -> Vec<(String, String)> {
    let told = counter.told().into_iter();
    let told = told.filter(|(event, _)| event.starts_with("COMPLAINT"));
    told.map(|(event, content)| (event, content["action_type"].as_str().unwrap().to_owned()))
        .collect()
}

fn changed(action: &str) -> Vec<(String, String)> {
    vec![("COMPLAINT.STATE_CHANGE".to_owned(), action.to_owned())]
}

fn answer(content: &str) -> Value {
    json!({ "complainted_mchid": MCHID, "response_content": content })
}

#[test]
fn a_complaint_is_answered_settled_and_raised_again() {
    let mut counter = counter();
    assert_eq!(
        complain(&mut counter, "other", json!({})),
        Err(Unheard::Unknown)
    );
    counter.native("unpaid", 1).unwrap();
    assert_eq!(
        complain(&mut counter, "unpaid", json!({})),
        Err(Unheard::TooLate)
    );
    let id = complaint(&mut counter, json!({ "payer_phone": "13812345678" }));
    assert_eq!(
        actions(&mut counter),
        [("COMPLAINT.CREATE".to_owned(), "CREATE_COMPLAINT".to_owned())]
    );
    let found = query(&mut counter, &id);
    assert_eq!(
        (&found["complaint_state"], &found["payer_phone"]),
        (&json!("PENDING"), &json!("13812345678"))
    );
    assert_eq!(found["complaint_order_info"][0]["amount"], 1_000);
    let mut wrong = answer("您好");
    wrong["complainted_mchid"] = json!(SUB_MCHID);
    assert_eq!(
        refused(deed(&mut counter, &id, "response", wrong)).1,
        "INVALID_REQUEST"
    );
    deed(&mut counter, &id, "response", answer("您好")).unwrap();
    let found = query(&mut counter, &id);
    assert_eq!(
        (&found["complaint_state"], &found["incoming_user_response"]),
        (&json!("PROCESSING"), &json!(false))
    );
    assert_eq!(actions(&mut counter), changed("MERCHANT_RESPONSE"));
    act(&mut counter, &id, "USER_RESPONSE").unwrap();
    assert_eq!(query(&mut counter, &id)["incoming_user_response"], true);
    assert_eq!(
        act(&mut counter, &id, "CONTINUE_COMPLAINT"),
        Err(Unheard::TooLate)
    );
    let settled = || json!({ "complainted_mchid": MCHID });
    deed(&mut counter, &id, "complete", settled()).unwrap();
    assert_eq!(query(&mut counter, &id)["complaint_state"], "PROCESSED");
    assert_eq!(
        refused(deed(&mut counter, &id, "complete", settled())).1,
        "INVALID_REQUEST"
    );
    act(&mut counter, &id, "CONTINUE_COMPLAINT").unwrap();
    let found = query(&mut counter, &id);
    assert_eq!(
        (&found["complaint_state"], &found["user_complaint_times"]),
        (&json!("PENDING"), &json!(2))
    );
    assert_eq!(
        history(&mut counter, &id),
        [
            "USER_CONTINUE_COMPLAINT",
            "MERCHANT_CONFIRM_COMPLETE",
            "USER_RESPONSE",
            "MERCHANT_RESPONSE",
            "USER_CREATE_COMPLAINT",
        ]
    );
}

#[test]
fn a_refund_is_refused_granted_and_seen_to_arrive() {
    let mut counter = counter();
    let other = complaint(&mut counter, json!({}));
    let id = complaint(
        &mut counter,
        json!({ "problem_type": "REFUND", "apply_refund_amount": 1_000 }),
    );
    let path = "update-refund-progress";
    let approve = || json!({ "action": "APPROVE", "launch_refund_day": 1 });
    assert_eq!(
        refused(deed(&mut counter, &other, path, approve())).1,
        "INVALID_REQUEST"
    );
    let reject = json!({ "action": "REJECT" });
    assert_eq!(
        refused(deed(&mut counter, &id, path, reject)).1,
        "PARAM_ERROR"
    );
    let reject = json!({ "action": "REJECT", "reject_reason": "已发货" });
    deed(&mut counter, &id, path, reject).unwrap();
    deed(&mut counter, &id, path, approve()).unwrap();
    counter.told();
    counter.refund("order", "r1", 400, 1_000).unwrap();
    counter.wait(1);
    assert_eq!(query(&mut counter, &id)["complaint_full_refunded"], false);
    counter.refund("order", "r2", 600, 1_000).unwrap();
    counter.wait(1);
    assert_eq!(query(&mut counter, &id)["complaint_full_refunded"], true);
    let mut told: Vec<String> = actions(&mut counter)
        .into_iter()
        .map(|(_, action)| action)
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "REFUND_SUCCESS",
            "REFUND_SUCCESS",
            "SELLER_REFUND",
            "SELLER_REFUND"
        ]
    );
    assert_eq!(
        history(&mut counter, &id),
        [
            "COMPLAINT_FULL_REFUNDED_SYSTEM_MESSAGE",
            "COMPLAINT_PARTIAL_REFUNDED_SYSTEM_MESSAGE",
            "MERCHANT_APPROVE_REFUND",
            "MERCHANT_REFUSE_RERUND",
            "USER_CREATE_COMPLAINT",
        ]
    );
}

#[test]
fn complaints_are_listed_by_day_and_by_page() {
    let mut counter = counter();
    for _ in 0..3 {
        complaint(&mut counter, json!({}));
        counter.wait(60);
    }
    counter.wait(DAY);
    complaint(&mut counter, json!({}));
    let list = |counter: &mut Counter, more: &[(&str, &str)]| {
        let mut parameters = vec![("begin_date", "2024-01-01"), ("end_date", "2024-01-01")];
        parameters.extend(more);
        counter.send("GET", COMPLAINTS, &parameters, Value::Null)
    };
    let all = list(&mut counter, &[]).unwrap();
    assert_eq!(
        (&all["total_count"], &all["limit"]),
        (&json!(3), &json!(10))
    );
    let page = list(&mut counter, &[("offset", "2"), ("limit", "2")]).unwrap();
    assert_eq!(page["data"], json!([all["data"][2]]));
    assert!(all["data"][0]["complaint_time"].as_str() > all["data"][2]["complaint_time"].as_str());
    let others = list(&mut counter, &[("complainted_mchid", SUB_MCHID)]).unwrap();
    assert_eq!(others["total_count"], 0);
    assert_eq!(
        refused(list(&mut counter, &[("limit", "51")])).1,
        "PARAM_ERROR"
    );
}

#[test]
fn there_is_one_address_or_none() {
    let mut counter = counter();
    let new = || json!({ "url": "https://merchant.test/new" });
    assert_eq!(
        refused(counter.send("POST", ADDRESS, &[], new())).1,
        "ALREADY_EXISTS"
    );
    counter.send("PUT", ADDRESS, &[], new()).unwrap();
    let found = counter.send("GET", ADDRESS, &[], Value::Null).unwrap();
    assert_eq!(
        found,
        json!({ "mchid": MCHID, "url": "https://merchant.test/new" })
    );
    counter.send("DELETE", ADDRESS, &[], Value::Null).unwrap();
    for (method, body) in [
        ("GET", Value::Null),
        ("DELETE", Value::Null),
        ("PUT", new()),
    ] {
        assert_eq!(
            refused(counter.send(method, ADDRESS, &[], body)).1,
            "RESOURCE_NOT_EXISTS"
        );
    }
    complaint(&mut counter, json!({}));
    assert!(counter.told().is_empty());
}

#[test]
fn images_go_with_complaints_and_answers() {
    let mut counter = counter();
    let id = complaint(&mut counter, json!({ "images": 2 }));
    let found = query(&mut counter, &id);
    let urls = found["complaint_media_list"][0]["media_url"]
        .as_array()
        .unwrap();
    assert_eq!(urls.len(), 2);
    let image = urls[0].as_str().unwrap();
    let media = image
        .strip_prefix(&format!("{BASE}/v3/merchant-service/images/"))
        .unwrap();
    let download = "/v3/merchant-service/images/{}";
    let file = counter.try_send("GET", download, &[("media_id", media)], Value::Null);
    let Ok(Reply::Raw {
        body, content_type, ..
    }) = file
    else {
        panic!("{file:?}")
    };
    assert!(body.starts_with(b"\x89PNG") && content_type == "image/png");

    let content = Bytes::from_static(b"\xff\xd8 a picture");
    let upload = Upload {
        meta: json!({ "filename": "a.jpg", "sha256": hex(&Sha256::digest(&content)) }),
        file_name: "a.jpg".to_owned(),
        content: content.clone(),
        form: std::collections::BTreeMap::new(),
    };
    let path = "/v3/merchant-service/images/upload";
    let uploaded = counter.upload(path, upload).unwrap();
    let media = uploaded["media_id"].as_str().unwrap();
    let mut body = answer("见图");
    body["response_images"] = json!([media]);
    deed(&mut counter, &id, "response", body.clone()).unwrap();
    body["response_images"] = json!(["unknown"]);
    assert_eq!(
        refused(deed(&mut counter, &id, "response", body)).1,
        "PARAM_ERROR"
    );
    let mut again = Counter::replay(counter.book.take_changes(), counter.now);
    let file = again.try_send("GET", download, &[("media_id", media)], Value::Null);
    let Ok(Reply::Raw { body, .. }) = file else {
        panic!("{file:?}")
    };
    assert_eq!(STANDARD.encode(&body), STANDARD.encode(&content));
    assert_eq!(query(&mut again, &id), query(&mut counter, &id));
}

#[test]
fn an_answer_at_once_is_given_once() {
    let mut counter = counter();
    let body = || {
        json!({
            "complainted_mchid": MCHID, "idempotent_id": "i1",
            "message": { "blocks": [{ "type": "TEXT", "text": { "text": "您好" } }] },
        })
    };
    let path = "response-immediate-service";
    let usual = complaint(&mut counter, json!({}));
    assert_eq!(
        refused(deed(&mut counter, &usual, path, body())).1,
        "INVALID_REQUEST"
    );
    let id = complaint(&mut counter, json!({ "need_immediate_service": true }));
    let first = deed(&mut counter, &id, path, body()).unwrap();
    assert_eq!(deed(&mut counter, &id, path, body()).unwrap(), first);
    assert_eq!(
        history(&mut counter, &id),
        ["MERCHANT_RESPONSE", "USER_CREATE_COMPLAINT"]
    );
}
