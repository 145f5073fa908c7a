//! Uploads, the self test, and what there is not.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::store::MOST;
use super::counter::*;
use crate::core::call::{Failure, Reply, Upload};

fn upload(name: &str) -> Upload {
    Upload {
        meta: json!({ "filename": name }),
        file_name: name.to_owned(),
        content: Bytes::from_static(b"x"),
        form: std::collections::BTreeMap::new(),
    }
}

fn send(counter: &mut Counter, operation: &str, upload: Upload) -> Result<String, Failure> {
    let reply = counter.try_call(operation, &[], Value::Null, Some(upload))?;
    let Reply::Json(StatusCode::OK, reply) = reply else {
        panic!("{reply:?}")
    };
    Ok(reply["media_id"].as_str().unwrap().to_owned())
}

#[test]
fn every_upload_has_a_name_of_its_own() {
    let mut counter = Counter::new();
    let first = send(&mut counter, "media.upload_image", upload("a.JPG")).unwrap();
    let second = send(&mut counter, "media.upload_image", upload("a.JPG")).unwrap();
    assert_ne!(first, second);
    send(&mut counter, "media.upload_video", upload("a.mp4")).unwrap();
}

#[test]
fn files_of_another_kind_are_refused() {
    let mut counter = Counter::new();
    for name in ["a.mp4", "jpg", "a.jpg.exe"] {
        let failure = send(&mut counter, "media.upload_image", upload(name)).unwrap_err();
        assert_eq!(failure.code, "PARAM_ERROR");
        assert_eq!(failure.detail.unwrap()["field"], "/filename");
    }
    let nothing = counter.try_call("media.upload_image", &[], Value::Null, None);
    assert_eq!(code(nothing).0, "PARAM_ERROR");
}

#[test]
fn an_echo_comes_back_and_is_told() {
    let mut counter = Counter::new();
    let body = json!({ "echo_message": "hello", "encrypted_echo_message": "secret" });
    assert_eq!(counter.post("security.echo", body.clone()).unwrap(), body);
    assert!(counter.due().is_empty());
    let with_url = json!({ "echo_message": "hello", "notify_url": "http://127.0.0.1:1/echo" });
    assert_eq!(
        counter.post("security.echo", with_url).unwrap(),
        json!({ "echo_message": "hello" })
    );
    let told = counter.due();
    assert_eq!(
        (told[0].event_type.as_str(), told[0].original_type.as_str()),
        ("SECURITY_ECHO.SUCCESS", "security")
    );
    assert_eq!(told[0].event, json!({ "echo_message": "hello" }));
    counter.delivered(&told[0].id, true);
    // It belongs to no order, so nothing of it is kept.
    assert!(
        counter
            .book
            .snapshot()
            .iter()
            .all(|change| !format!("{change:?}").contains("hello"))
    );
}

#[test]
fn instalments_are_offered_to_nobody() {
    let mut counter = Counter::new();
    let body = json!({ "appid": APPID, "mchid": MCHID, "payer": { "openid": OPENID }, "out_trade_no": "1" });
    for mchid in [json!(MCHID), Value::Null] {
        let mut body = body.clone();
        body["mchid"] = mchid;
        assert_eq!(
            counter.post("pay.fenfu_exposure", body).unwrap(),
            json!({ "fqf_exposure": false })
        );
    }
    let mut body = body;
    body["mchid"] = json!("1");
    assert!(counter.post("pay.fenfu_exposure", body).is_err());
}

#[test]
fn what_has_no_state_behind_it_is_left_to_others() {
    let reply = Counter::new().call("certificates.list", &[], json!({}), None);
    assert!(matches!(reply, Ok(None)), "{reply:?}");
}

#[test]
fn bodies_that_passed_no_check_do_no_harm() {
    let catalogue = crate::core::catalogue::Catalogue::built_in();
    let mut counter = Counter::new();
    let bodies = [
        Value::Null,
        json!({}),
        json!([]),
        json!({ "sub_orders": {}, "amount": 1, "payer": [] }),
        json!({ "combine_mchid": MCHID, "combine_appid": APPID, "combine_out_trade_no": "", "sub_orders": [1, 2] }),
        json!({ "appid": APPID, "mchid": MCHID, "out_trade_no": "", "amount": { "total": i64::MIN } }),
        json!({ "appid": APPID, "mchid": MCHID, "out_trade_no": "x", "description": "", "amount": { "total": 0.5 } }),
    ];
    for operation in catalogue.operations() {
        for body in &bodies {
            let _ = counter.call(&operation.name, &[], body.clone(), None);
            let _ = counter.call(
                &operation.name,
                &[("bill_date", "0000-01-01")],
                body.clone(),
                None,
            );
        }
    }
}

#[test]
fn there_is_an_end_to_what_is_kept() {
    let mut counter = Counter::new();
    counter.native("order-0", 100).unwrap();
    let order = counter.book.store.order("order-0").unwrap().clone();
    for index in 1..MOST {
        let mut order = order.clone();
        order.out_trade_no = format!("order-{index}");
        counter.book.store.put_order(order);
    }
    assert_eq!(code(counter.native("one-more", 100)).0, "RULE_LIMIT");
    let parts = combine_order("combined-1", &[("part-01", 1), ("part-02", 1)]);
    assert_eq!(
        code(counter.post("combine.native_prepay", parts)).0,
        "RULE_LIMIT"
    );
    // What is there goes on.
    counter.native("order-0", 100).unwrap();
    counter.pay("order-0").unwrap();
    counter.refund("order-0", "r1", 1, 100).unwrap();
}
