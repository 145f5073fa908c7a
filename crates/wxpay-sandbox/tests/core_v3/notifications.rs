//! Notifications: sealed, signed, spoiled on request, tried again.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use wxpay_sandbox::Delivery;

use crate::merchant::{Merchant, parse};

const ECHO: &str = "/v3/security/echo";
const URL: &str = "http://127.0.0.1:9471/notify";

/// Has the sandbox notify of something.
fn echo(merchant: &mut Merchant) {
    let body = json!({ "echo_message": "hello", "notify_url": URL });
    let response = merchant.post(ECHO, &body);
    assert_eq!(response.status(), 200, "{:?}", response.body());
}

/// Everything due within the next hundred seconds, the clock moved to it.
fn due(merchant: &mut Merchant) -> Vec<Delivery> {
    for _ in 0..100 {
        let due = merchant.core.due(merchant.now);
        if !due.is_empty() {
            return due;
        }
        merchant.now = merchant.now.saturating_add(1);
    }
    Vec::new()
}

/// What a merchant says to a notification.
fn answer(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

fn open(merchant: &Merchant, body: &[u8]) -> Value {
    let envelope = parse(body);
    let resource = &envelope["resource"];
    let text = |name: &str| resource[name].as_str().unwrap();
    let key = merchant.core.identity().apiv3_key();
    let plain = key
        .open(
            text("nonce").as_bytes(),
            text("associated_data").as_bytes(),
            text("ciphertext"),
        )
        .unwrap();
    parse(&plain)
}

fn verdict(merchant: &Merchant, request: &Request<Bytes>) -> Result<String, String> {
    merchant.verify(request.headers(), request.body())
}

#[test]
fn a_notification_is_sealed_signed_and_sent_once_it_is_taken() {
    let mut merchant = Merchant::new();
    echo(&mut merchant);
    assert!(
        merchant
            .core
            .next_due()
            .is_some_and(|at| at <= merchant.now.saturating_add(100))
    );
    let deliveries = due(&mut merchant);
    assert_eq!(deliveries.len(), 1);
    let request = &deliveries[0].request;
    assert_eq!(
        (request.method(), request.uri().to_string().as_str()),
        (&Method::POST, URL)
    );
    assert_eq!(request.headers()["content-type"], "application/json");
    assert!(verdict(&merchant, request).is_ok());
    let envelope = parse(request.body());
    assert_eq!(envelope["event_type"], "SECURITY_ECHO.SUCCESS");
    assert_eq!(envelope["resource_type"], "encrypt-resource");
    assert!(open(&merchant, request.body()).is_object());
    // Under way: not sent a second time.
    assert!(merchant.core.due(merchant.now).is_empty());
    merchant.core.delivered(
        deliveries[0].id,
        Ok(&answer(StatusCode::NO_CONTENT)),
        merchant.now,
    );
    assert!(due(&mut merchant).is_empty());
    let (_, attempts) = merchant.control(Method::GET, "/_sandbox/notifications", "");
    assert_eq!(attempts[0]["status"], 204);
}

#[test]
fn what_is_not_taken_comes_again_with_the_same_id_and_a_fresh_signature() {
    let mut merchant = Merchant::new();
    echo(&mut merchant);
    let first = due(&mut merchant).remove(0);
    let sent = merchant.now;
    merchant.core.delivered(
        first.id,
        Ok(&answer(StatusCode::INTERNAL_SERVER_ERROR)),
        sent,
    );
    let second = due(&mut merchant).remove(0);
    assert_eq!(merchant.now.seconds_since(sent), 15);
    assert_eq!(
        parse(first.request.body())["id"],
        parse(second.request.body())["id"]
    );
    assert_ne!(
        first.request.headers()["wechatpay-nonce"],
        second.request.headers()["wechatpay-nonce"]
    );
    merchant.core.delivered(second.id, Err(()), merchant.now);
    let third = due(&mut merchant).remove(0);
    assert_eq!(merchant.now.seconds_since(sent), 30);
    merchant
        .core
        .delivered(third.id, Ok(&answer(StatusCode::OK)), merchant.now);
    assert!(due(&mut merchant).is_empty());
    // A result nobody waits for changes nothing.
    merchant.core.delivered(third.id, Err(()), merchant.now);
    merchant.core.delivered(u64::MAX, Err(()), merchant.now);
    assert!(due(&mut merchant).is_empty());
}

#[test]
fn a_spoiled_notification_is_followed_by_the_genuine_one_whatever_is_said_to_it() {
    let mut merchant = Merchant::new();
    for (fault, expected) in [
        ("probe", "probe"),
        ("wrong_signature", "mismatch"),
        ("stale_timestamp", "stale"),
        ("unknown_serial", "unknown serial"),
    ] {
        merchant.set_faults(json!({ "notifications": { fault: { "rate": 1, "times": 1 } } }));
        echo(&mut merchant);
        let spoiled = due(&mut merchant).remove(0);
        assert_eq!(
            verdict(&merchant, &spoiled.request),
            Err(expected.to_owned())
        );
        merchant
            .core
            .delivered(spoiled.id, Ok(&answer(StatusCode::OK)), merchant.now);
        let genuine = due(&mut merchant).remove(0);
        assert!(verdict(&merchant, &genuine.request).is_ok(), "{fault}");
        merchant
            .core
            .delivered(genuine.id, Ok(&answer(StatusCode::OK)), merchant.now);
        let (_, attempts) = merchant.control(Method::GET, "/_sandbox/notifications", "");
        let attempts = attempts.as_array().unwrap();
        let flagged = &attempts[attempts.len() - 2];
        assert_eq!(flagged["fault"], fault);
        assert!(
            flagged["problems"][0]
                .as_str()
                .unwrap()
                .contains("verify before believing")
        );
    }
}

#[test]
fn notifications_are_lost_doubled_late_and_out_of_order() {
    let mut merchant = Merchant::new();
    merchant.set_faults(json!({ "notifications": { "lose": { "rate": 1, "times": 1 } } }));
    echo(&mut merchant);
    let begun = merchant.now;
    let kept = due(&mut merchant);
    assert!(
        merchant.now.seconds_since(begun) >= 15,
        "the first attempt was lost"
    );
    merchant
        .core
        .delivered(kept[0].id, Ok(&answer(StatusCode::OK)), merchant.now);

    merchant.set_faults(
        json!({ "notifications": { "duplicate": { "rate": 1, "only": "SECURITY_ECHO" } } }),
    );
    echo(&mut merchant);
    let doubled = due(&mut merchant);
    assert_eq!(doubled.len(), 2);
    assert_eq!(doubled[0].request.body(), doubled[1].request.body());
    merchant
        .core
        .delivered(doubled[1].id, Err(()), merchant.now);
    merchant
        .core
        .delivered(doubled[0].id, Ok(&answer(StatusCode::OK)), merchant.now);
    assert!(due(&mut merchant).is_empty());

    merchant
        .set_faults(json!({ "notifications": { "delay": { "rate": 1, "milliseconds": 1500 } } }));
    echo(&mut merchant);
    let late = due(&mut merchant);
    assert_eq!(late[0].delay.as_millis(), 1500);
    merchant
        .core
        .delivered(late[0].id, Ok(&answer(StatusCode::OK)), merchant.now);

    merchant.set_faults(json!({ "notifications": { "reorder": { "rate": 1, "times": 1 } } }));
    echo(&mut merchant);
    echo(&mut merchant);
    merchant.now = merchant.now.saturating_add(10);
    let both = merchant.core.due(merchant.now);
    assert_eq!(both.len(), 2);
    assert!(both[0].delay < both[1].delay, "the first is overtaken");
}

#[test]
fn the_key_follows_the_merchant_or_the_mix_that_was_set() {
    let mut merchant = Merchant::new();
    let public_key_id = merchant.core.identity().public_key_id().as_str().to_owned();
    let serial = merchant.core.identity().platform_certificates()[0]
        .serial_number()
        .to_string();
    let signer = |merchant: &mut Merchant| {
        echo(merchant);
        let delivery = due(merchant).remove(0);
        merchant
            .core
            .delivered(delivery.id, Ok(&answer(StatusCode::OK)), merchant.now);
        verdict(merchant, &delivery.request).unwrap()
    };
    assert_eq!(signer(&mut merchant), serial);
    let mut request = merchant.request(Method::GET, "/v3/certificates", "");
    request
        .headers_mut()
        .insert("wechatpay-serial", public_key_id.parse().unwrap());
    assert_eq!(merchant.send(request).status(), 200);
    assert_eq!(signer(&mut merchant), public_key_id);
    for (percent, expected) in [(0, &serial), (100, &public_key_id)] {
        let settings = json!({ "public_key_notifications": percent }).to_string();
        merchant.control(Method::PUT, "/_sandbox/keys", &settings);
        assert_eq!(&signer(&mut merchant), expected);
    }
    merchant.control(
        Method::PUT,
        "/_sandbox/keys",
        r#"{"public_key_notifications":50}"#,
    );
    let signers: std::collections::BTreeSet<String> =
        (0..20).map(|_| signer(&mut merchant)).collect();
    assert_eq!(signers.len(), 2);
}
