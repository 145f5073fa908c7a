use http::StatusCode;
use serde_json::{Value, json};

use super::counter::*;
use crate::core::call::{Failure, Reply};

fn charge(
    counter: &mut Counter,
    number: &str,
    auth_code: &str,
) -> Result<(StatusCode, Value), Failure> {
    let body = json!({
        "appid": APPID, "mchid": MCHID, "description": "茶", "out_trade_no": number,
        "payer": { "auth_code": auth_code }, "amount": { "total": 100 },
        "scene_info": { "store_info": { "id": "1" }, "device_id": "POS1" },
    });
    match counter.try_call("pay.code_pay", &[], body, None)? {
        Reply::Json(status, value) => Ok((status, value)),
        other => panic!("{other:?}"),
    }
}

fn reverse(counter: &mut Counter, number: &str) -> Result<Reply, Failure> {
    let body = json!({ "appid": APPID, "mchid": MCHID });
    counter.try_call("pay.reverse_order", &[("out_trade_no", number)], body, None)
}

#[test]
fn most_codes_pay_at_once() {
    let mut counter = Counter::new();
    let (status, paid) = charge(&mut counter, "code-1", "130061098828009406").unwrap();
    assert_eq!(
        (status, paid["trade_state"].as_str()),
        (StatusCode::OK, Some("SUCCESS"))
    );
    assert_eq!(paid["trade_type"], "MICROPAY");
    assert_eq!(paid["scene_info"]["device_id"], "POS1");
    assert!(counter.due().is_empty(), "no address was given");
    assert_eq!(
        code(charge(&mut counter, "code-1", "130061098828009406")).0,
        "ORDER_PAID"
    );
    assert_eq!(
        code(charge(&mut counter, "code-1", "130061098828009405")).0,
        "INVALID_REQUEST"
    );
    assert_eq!(
        code(counter.close("code-1")),
        ("INVALID_REQUEST", 268_449_641)
    );
    assert_eq!(code(counter.native("code-1", 100)).0, "OUT_TRADE_NO_USED");
}

#[test]
fn a_password_takes_its_time() {
    let mut counter = Counter::new();
    let (status, typing) = charge(&mut counter, "code-7", "130061098828009407").unwrap();
    assert_eq!(
        (status, typing["trade_state"].as_str()),
        (StatusCode::ACCEPTED, Some("USERPAYING"))
    );
    assert_eq!(
        charge(&mut counter, "code-7", "130061098828009407")
            .unwrap()
            .0,
        StatusCode::ACCEPTED
    );
    counter.wait(9);
    assert_eq!(
        counter.query("code-7").unwrap()["trade_state"],
        "USERPAYING"
    );
    // Nobody looks for an hour: it was paid after ten seconds all the same.
    counter.wait(3_600);
    let paid = counter.query("code-7").unwrap();
    assert_eq!(paid["trade_state"], "SUCCESS");
    assert_eq!(paid["success_time"], "2024-01-01T10:35:06+08:00");
}

#[test]
fn a_payer_can_be_told_what_to_do() {
    let mut counter = Counter::new();
    charge(&mut counter, "code-8a", "130061098828009408").unwrap();
    counter.wait(60);
    assert_eq!(counter.pay("code-8a").unwrap()["trade_state"], "SUCCESS");
    charge(&mut counter, "code-8b", "130061098828009408").unwrap();
    let seen = counter
        .pay_as("code-8b", json!({ "outcome": "error" }))
        .unwrap();
    assert_eq!(seen["trade_state"], "PAYERROR");
    assert_eq!(code(counter.pay("code-8b")).0, "ORDER_CLOSED");
}

#[test]
fn too_little_money_is_the_end() {
    let mut counter = Counter::new();
    assert_eq!(
        code(charge(&mut counter, "code-9", "130061098828009409")).0,
        "NOT_ENOUGH"
    );
    assert_eq!(counter.query("code-9").unwrap()["trade_state"], "PAYERROR");
    assert_eq!(
        code(charge(&mut counter, "code-9", "130061098828009409")).0,
        "NOT_ENOUGH"
    );
}

#[test]
fn only_payment_codes_are_taken() {
    let mut counter = Counter::new();
    for auth_code in [
        "",
        "1",
        "160061098828009406",
        "13006109882800940x",
        "1300610988280094061",
    ] {
        assert_eq!(
            code(charge(&mut counter, "code-x", auth_code)).0,
            "PARAM_ERROR",
            "{auth_code}"
        );
    }
    assert!(counter.book.order("code-x").is_none());
}

#[test]
fn a_reversal_takes_back_whatever_happened() {
    let mut counter = Counter::new();
    for (number, last) in [("code-1", 6), ("code-2", 7), ("code-3", 8), ("code-4", 9)] {
        let _ = charge(&mut counter, number, &format!("13006109882800940{last}"));
        for _ in 0..2 {
            let Reply::Json(StatusCode::OK, reply) = reverse(&mut counter, number).unwrap() else {
                panic!("no JSON");
            };
            assert_eq!(
                reply,
                json!({ "appid": APPID, "mchid": MCHID, "out_trade_no": number })
            );
        }
        assert_eq!(
            counter.query(number).unwrap()["trade_state"],
            "REVOKED",
            "{number}"
        );
        counter.wait(60);
        assert_eq!(counter.state(number), "REVOKED", "{number} stays reversed");
    }
    assert_eq!(
        code(counter.refund("code-1", "refund-1", 1, 100)).0,
        "INVALID_REQUEST"
    );
    counter.native("native-1", 100).unwrap();
    assert_eq!(code(reverse(&mut counter, "native-1")).0, "INVALID_REQUEST");
    charge(&mut counter, "code-5", "130061098828009406").unwrap();
    counter.refund("code-5", "refund-5", 1, 100).unwrap();
    assert_eq!(code(reverse(&mut counter, "code-5")).0, "TRADE_ERROR");
}
