//! Notices of payments and refunds: what they say, when they come again, and what may be wrong.

use http::StatusCode;
use serde_json::json;
use wxpay_sign::SignType;

use crate::merchant::{Fields, Merchant, URL, fields, get};

const SCHEDULE: [i64; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// The notice that is due, and its id.
fn notice(merchant: &mut Merchant) -> (u64, Fields) {
    let mut due = merchant.due();
    assert_eq!(due.len(), 1);
    let delivery = due.remove(0);
    assert_eq!(delivery.request.uri(), URL);
    assert_eq!(delivery.request.method(), "POST");
    assert_eq!(delivery.request.headers()["content-type"], "text/xml");
    (delivery.id, fields(delivery.request.body()))
}

fn paid(merchant: &mut Merchant, number: &str) -> (u64, Fields) {
    merchant.order(number);
    merchant.pay(number);
    notice(merchant)
}

#[test]
fn a_payment_is_told_with_the_type_of_its_order() {
    let mut merchant = Merchant::new();
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        merchant.sign_type = sign_type;
        let number = format!("order-{}", sign_type.as_str());
        let (id, notice) = paid(&mut merchant, &number);
        merchant.verify(&notice);
        let query = merchant
            .call("/pay/orderquery", &[("out_trade_no", &number)])
            .ok();
        for name in [
            "transaction_id",
            "total_fee",
            "cash_fee",
            "time_end",
            "openid",
            "attach",
            "bank_type",
        ] {
            assert_eq!(get(&notice, name), query.get(name), "{name}");
        }
        assert_eq!(get(&notice, "return_code"), "SUCCESS");
        assert_eq!(get(&notice, "result_code"), "SUCCESS");
        assert_eq!(get(&notice, "out_trade_no"), number);
        assert_eq!(get(&notice, "mch_id"), merchant.identity().mchid());
        merchant.take(id);
        assert!(merchant.due().is_empty());
        assert_eq!(
            merchant.seen(&number)["notifications"][0]["state"],
            "delivered"
        );
    }
}

#[test]
fn a_notice_is_taken_by_words_and_comes_again_on_schedule_until_then() {
    let mut merchant = Merchant::new();
    let (mut id, first) = paid(&mut merchant, "one");
    for (count, wait) in SCHEDULE.into_iter().enumerate() {
        // 200 is not enough, and neither are words without it.
        let (status, body) = match count % 4 {
            0 => (StatusCode::OK, ""),
            1 => (StatusCode::OK, "success"),
            2 => (StatusCode::OK, "<xml><return_code>FAIL</return_code></xml>"),
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "<xml><return_code>SUCCESS</return_code></xml>",
            ),
        };
        merchant.answer(id, status, body);
        merchant.wait(wait - 1);
        let now = merchant.now;
        assert!(merchant.core().due(now).is_empty(), "attempt {count}");
        merchant.wait(1);
        let (next, again) = notice(&mut merchant);
        assert_eq!(get(&again, "transaction_id"), get(&first, "transaction_id"));
        merchant.verify(&again);
        id = next;
    }
    merchant.answer(id, StatusCode::OK, "");
    merchant.wait(86_400);
    assert!(merchant.due().is_empty());
    assert_eq!(
        merchant.seen("one")["notifications"][0]["state"],
        "given_up"
    );
}

#[test]
fn a_refund_is_told_in_secret() {
    let mut merchant = Merchant::new();
    let (id, _) = paid(&mut merchant, "one");
    merchant.take(id);
    merchant
        .call(
            "/secapi/pay/refund",
            &[
                ("out_trade_no", "one"),
                ("out_refund_no", "r"),
                ("total_fee", "888"),
                ("refund_fee", "100"),
                ("notify_url", URL),
            ],
        )
        .ok();
    let (id, envelope) = notice(&mut merchant);
    assert_eq!(get(&envelope, "return_code"), "SUCCESS");
    assert_eq!(get(&envelope, "mch_id"), merchant.identity().mchid());
    assert_eq!(get(&envelope, "appid"), merchant.identity().appid());
    assert_eq!(get(&envelope, "sign"), "");
    let plain = merchant
        .key
        .open_notice(get(&envelope, "req_info"))
        .unwrap();
    assert!(plain.starts_with(b"<root>"));
    let told = fields(&plain);
    assert_eq!(get(&told, "out_refund_no"), "r");
    assert_eq!(get(&told, "refund_fee"), "100");
    assert_eq!(get(&told, "total_fee"), "888");
    assert_eq!(get(&told, "refund_status"), "SUCCESS");
    assert_eq!(get(&told, "success_time"), "2024-01-01 10:34:57");
    assert_eq!(get(&told, "refund_request_source"), "API");
    merchant.take(id);
    assert!(merchant.due().is_empty());

    merchant.control(
        http::Method::PUT,
        "/_sandbox/refunds",
        r#"{"outcome":"CLOSED"}"#,
    );
    merchant
        .call(
            "/secapi/pay/refund",
            &[
                ("out_trade_no", "one"),
                ("out_refund_no", "s"),
                ("total_fee", "888"),
                ("refund_fee", "1"),
                ("notify_url", URL),
            ],
        )
        .ok();
    let (_, envelope) = notice(&mut merchant);
    let told = fields(
        &merchant
            .key
            .open_notice(get(&envelope, "req_info"))
            .unwrap(),
    );
    assert_eq!(get(&told, "refund_status"), "REFUNDCLOSE");
    assert_eq!(get(&told, "success_time"), "");
}

#[test]
fn a_spoiled_notice_is_followed_by_the_genuine_one() {
    let mut merchant = Merchant::new();
    let faults = json!({ "notifications": { "wrong_signature": { "rate": 1, "times": 1 } } });
    merchant.set_faults(&faults);
    let (id, spoiled) = paid(&mut merchant, "one");
    let sign = merchant.key.sign(
        SignType::HmacSha256,
        spoiled.iter().map(|(name, text)| (name, text)),
    );
    assert_ne!(get(&spoiled, "sign"), sign);
    // Whoever takes it is told off, and gets the genuine one all the same.
    merchant.take(id);
    let (_, attempts) = merchant.control(http::Method::GET, "/_sandbox/notifications", "");
    assert!(
        attempts[0]["problems"]
            .to_string()
            .contains("verify before believing")
    );
    let (id, genuine) = notice(&mut merchant);
    merchant.verify(&genuine);
    merchant.take(id);

    merchant.set_faults(&faults);
    merchant
        .call(
            "/secapi/pay/refund",
            &[
                ("out_trade_no", "one"),
                ("out_refund_no", "r"),
                ("total_fee", "888"),
                ("refund_fee", "1"),
                ("notify_url", URL),
            ],
        )
        .ok();
    let (id, spoiled) = notice(&mut merchant);
    // AES-ECB has no tag: a wrong key mostly ends in bad padding, and never in the notice.
    let opened = merchant.key.open_notice(get(&spoiled, "req_info"));
    assert!(!opened.is_ok_and(|plain| plain.starts_with(b"<root>")));
    merchant.answer(
        id,
        StatusCode::OK,
        "<xml><return_code>FAIL</return_code></xml>",
    );
    let (_, genuine) = notice(&mut merchant);
    merchant.key.open_notice(get(&genuine, "req_info")).unwrap();
}

#[test]
fn notices_are_lost_doubled_late_and_signed_with_the_other_type() {
    let mut merchant = Merchant::new();
    merchant.set_faults(&json!({ "notifications": { "notice_md5": { "rate": 1, "times": 1 } } }));
    let (id, md5) = paid(&mut merchant, "one");
    let sign = merchant
        .key
        .sign(SignType::Md5, md5.iter().map(|(name, text)| (name, text)));
    assert_eq!(get(&md5, "sign"), sign, "genuine, with the other type");
    merchant.take(id);
    assert!(merchant.due().is_empty());

    merchant.set_faults(&json!({ "notifications": { "lose": { "rate": 1, "times": 1 } } }));
    merchant.order("two");
    merchant.pay("two");
    let before = merchant.now;
    let (id, _) = notice(&mut merchant);
    assert_eq!(merchant.now.seconds_since(before), 15);
    merchant.take(id);

    merchant.set_faults(&json!({ "notifications": {
        "duplicate": { "rate": 1, "times": 1 }, "delay": { "rate": 1, "milliseconds": 1500 },
    } }));
    merchant.order("three");
    merchant.pay("three");
    let both = merchant.due();
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].delay.as_millis(), 1_500);
    for delivery in &both {
        merchant.verify(&fields(delivery.request.body()));
    }
    merchant.answer(both[1].id, StatusCode::BAD_GATEWAY, "");
    merchant.take(both[0].id);
    assert!(merchant.due().is_empty());
}

#[test]
fn notices_survive_a_restart() {
    let mut merchant = Merchant::new();
    merchant.order("one");
    merchant.pay("one");
    merchant.restart();
    let (id, told) = notice(&mut merchant);
    merchant.verify(&told);
    merchant.answer(id, StatusCode::OK, "");
    merchant.restart();
    let (id, _) = notice(&mut merchant);
    merchant.take(id);
    merchant.restart();
    assert!(merchant.due().is_empty());
}
