//! Which key signs, the platform certificates and their rotation.

use http::Method;
use serde_json::{Value, json};
use wxpay_sandbox::{Change, Core};
use wxpay_sign::Certificate;

use crate::merchant::{Merchant, NOW, assert_error, numeric, parse};

const CERTIFICATES: &str = "/v3/certificates";

fn certificates_as(merchant: &mut Merchant, key: Option<&str>) -> http::Response<bytes::Bytes> {
    let mut request = merchant.request(Method::GET, CERTIFICATES, "");
    if let Some(key) = key {
        request
            .headers_mut()
            .insert("wechatpay-serial", key.parse().unwrap());
    }
    merchant.send(request)
}

/// Decrypts the answer of `GET /v3/certificates` with the API v3 key.
fn open_all(merchant: &Merchant, answer: &Value) -> Vec<Certificate> {
    let items = answer["data"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            let sealed = &item["encrypt_certificate"];
            assert_eq!(sealed["algorithm"], "AEAD_AES_256_GCM");
            let text = |name: &str| sealed[name].as_str().unwrap();
            let plain = merchant
                .core
                .identity()
                .apiv3_key()
                .open(
                    text("nonce").as_bytes(),
                    text("associated_data").as_bytes(),
                    text("ciphertext"),
                )
                .unwrap();
            let certificate = Certificate::from_pem(std::str::from_utf8(&plain).unwrap()).unwrap();
            assert_eq!(item["serial_no"], certificate.serial_number().as_str());
            certificate
        })
        .collect()
}

#[test]
fn the_platform_certificate_can_be_had_and_signs() {
    let mut merchant = Merchant::new();
    let response = merchant.get(CERTIFICATES);
    let signer = merchant.verified(&response);
    let certificates = open_all(&merchant, &parse(response.body()));
    assert_eq!(certificates.len(), 1);
    assert_eq!(certificates[0].serial_number().as_str(), signer);
    for (query, status) in [
        ("?algorithm_type=RSA", 200),
        ("?algorithm_type=ALL", 200),
        ("?algorithm_type=SM2", 404),
    ] {
        assert_eq!(
            merchant.get(&format!("{CERTIFICATES}{query}")).status(),
            status,
            "{query}"
        );
    }
}

#[test]
fn headers_are_weixins() {
    let mut merchant = Merchant::new();
    let response = merchant.get(CERTIFICATES);
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(
        headers["wechatpay-signature-type"],
        "WECHATPAY2-SHA256-RSA2048"
    );
    assert_eq!(headers["wechatpay-timestamp"], NOW.to_string().as_str());
    assert!(headers["request-id"].to_str().unwrap().ends_with("-0"));
    let again = merchant.get(CERTIFICATES);
    for name in ["wechatpay-nonce", "request-id", "wechatpay-signature"] {
        assert_ne!(headers[name], again.headers()[name], "{name}");
    }
}

#[test]
fn the_public_key_signs_for_those_who_name_it_while_the_switch_is_on() {
    let mut merchant = Merchant::new();
    let public_key_id = merchant.core.identity().public_key_id().as_str().to_owned();
    let serial = merchant.core.identity().platform_certificates()[0]
        .serial_number()
        .to_string();
    let response = certificates_as(&mut merchant, Some(&public_key_id));
    assert_eq!(merchant.verified(&response), public_key_id);
    for key in [
        None,
        Some(serial.as_str()),
        Some("00FF"),
        Some("PUB_KEY_ID_0"),
        Some("?"),
    ] {
        let response = certificates_as(&mut merchant, key);
        assert_eq!(merchant.verified(&response), serial, "{key:?}");
    }
    // Errors as well.
    let mut request = merchant.request(Method::GET, "/v3/certificates?x=1", "");
    request
        .headers_mut()
        .insert("wechatpay-serial", public_key_id.parse().unwrap());
    let response = merchant.send(request);
    assert_error(&response, 400, "PARAM_ERROR");
    assert_eq!(merchant.verified(&response), public_key_id);

    merchant.control(
        Method::PUT,
        "/_sandbox/keys",
        r#"{"public_key_answers":false}"#,
    );
    let response = certificates_as(&mut merchant, Some(&public_key_id));
    assert_eq!(merchant.verified(&response), serial);

    // A merchant with nothing but the public key has no certificates at all.
    merchant.control(Method::PUT, "/_sandbox/keys", r#"{"certificates":false}"#);
    let response = certificates_as(&mut merchant, Some(&public_key_id));
    assert_error(&response, 404, "RESOURCE_NOT_EXISTS");
    assert_ne!(numeric(&response), 0);
    assert_eq!(merchant.verified(&response), public_key_id);
}

#[test]
fn a_new_certificate_joins_and_the_old_one_ends_later() {
    let mut merchant = Merchant::new();
    let old = merchant.core.identity().platform_certificates()[0]
        .serial_number()
        .to_string();
    let (status, keys) = merchant.control(
        Method::POST,
        "/_sandbox/keys/rotate",
        r#"{"sign_after_seconds":432000,"overlap_seconds":864000}"#,
    );
    assert_eq!(status, 200, "{keys}");
    let new = merchant.core.identity().platform_certificates()[1]
        .serial_number()
        .to_string();
    assert_ne!(old, new);
    for (days, listed, signer) in [
        (0, vec![&old, &new], &old),
        (4, vec![&old, &new], &old),
        (5, vec![&old, &new], &new),
        (9, vec![&old, &new], &new),
        (10, vec![&new], &new),
    ] {
        merchant.now = NOW.saturating_add(days * 86_400);
        let response = merchant.get(CERTIFICATES);
        let answer = parse(response.body());
        let found: Vec<String> = open_all(&merchant, &answer)
            .iter()
            .map(|found| found.serial_number().to_string())
            .collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), listed, "day {days}");
        assert_eq!(&merchant.verified(&response), signer, "day {days}");
    }
    assert_eq!(
        keys["platform_certificates"][0]["expire_time"], "2024-01-11T10:34:56+08:00",
        "{keys}"
    );
    // Without a word about it, the new one signs at once.
    merchant.control(Method::POST, "/_sandbox/keys/rotate", "");
    let response = merchant.get(CERTIFICATES);
    let newest = merchant.core.identity().platform_certificates()[2]
        .serial_number()
        .to_string();
    assert_eq!(merchant.verified(&response), newest);
    for body in [
        r#"{"overlap_seconds":-1}"#,
        r#"{"sign_after_seconds":9,"overlap_seconds":8}"#,
        r#"{"x":1}"#,
        "[",
    ] {
        let (status, said) = merchant.control(Method::POST, "/_sandbox/keys/rotate", body);
        assert_eq!(status, 400, "{said}");
    }
    assert_eq!(merchant.core.identity().platform_certificates().len(), 3);
}

#[test]
fn what_an_old_certificate_encrypted_is_read_until_it_ends() {
    use wxpay_sign::Encryptor;
    let mut merchant = Merchant::new();
    let identity = merchant.core.identity();
    let old = identity.platform_certificates()[0]
        .serial_number()
        .to_string();
    let ciphertext = identity.platform_certificates()[0]
        .certificate()
        .public_key()
        .encrypt("a")
        .unwrap();
    merchant.control(
        Method::POST,
        "/_sandbox/keys/rotate",
        r#"{"overlap_seconds":60}"#,
    );
    let body = json!({ "echo_message": "x", "encrypted_echo_message": ciphertext }).to_string();
    for (seconds, status) in [(59, 200), (60, 400)] {
        merchant.now = NOW.saturating_add(seconds);
        let mut request = merchant.request(Method::POST, "/v3/security/echo", body.clone());
        request
            .headers_mut()
            .insert("wechatpay-serial", old.parse().unwrap());
        assert_eq!(merchant.send(request).status(), status, "{seconds}");
    }
}

#[test]
fn an_empty_answer_is_signed_over_nothing() {
    let mut merchant = Merchant::new();
    let order = merchant.native();
    assert_eq!(merchant.post(crate::merchant::NATIVE, &order).status(), 200);
    let number = order["out_trade_no"].as_str().unwrap();
    let body = json!({ "mchid": merchant.core.identity().mchid() });
    let response = merchant.post(
        &format!("/v3/pay/transactions/out-trade-no/{number}/close"),
        &body,
    );
    assert_eq!(response.status(), 204);
    assert!(response.body().is_empty());
    merchant.verified(&response);
}

#[test]
fn keys_and_clock_survive_a_restart() {
    let mut merchant = Merchant::new();
    merchant.control(Method::PUT, "/_sandbox/clock", r#"{"offset_seconds":100}"#);
    merchant.control(
        Method::POST,
        "/_sandbox/keys/rotate",
        r#"{"sign_after_seconds":50}"#,
    );
    merchant.control(
        Method::PUT,
        "/_sandbox/keys",
        r#"{"public_key_answers":false}"#,
    );
    let (_, keys) = merchant.control(Method::GET, "/_sandbox/keys", "");
    let mut changes = merchant.core.take_changes();
    assert!(merchant.core.take_changes().is_empty());
    // Once from the log, once from what a new log begins with.
    for _ in 0..2 {
        let text = serde_json::to_string(&changes).unwrap();
        let changes_read: Vec<Change> = serde_json::from_str(&text).unwrap();
        merchant.core = Core::restore(merchant.core.into_identity(), changes_read);
        let (_, after) = merchant.control(Method::GET, "/_sandbox/keys", "");
        assert_eq!(after, keys);
        let (_, clock) = merchant.control(Method::GET, "/_sandbox/clock", "");
        assert_eq!(clock["offset_seconds"], 100, "{clock}");
        changes = merchant.core.snapshot();
    }
}

#[test]
fn a_restored_sandbox_does_not_repeat_its_numbers() {
    let mut merchant = Merchant::new();
    let first = merchant.get(CERTIFICATES).headers()["request-id"].clone();
    let changes = merchant.core.snapshot();
    merchant.core = Core::restore(merchant.core.into_identity(), changes);
    assert_ne!(merchant.get(CERTIFICATES).headers()["request-id"], first);
}
