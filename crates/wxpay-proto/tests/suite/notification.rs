//! Which notifications are opened, and what is said of the others.

use std::error::Error as _;

use wxpay_proto::http::HeaderMap;
use wxpay_proto::{
    ApiV3Key, Credential, MAX_NOTIFICATION_BYTES, Merchant, Notification, NotificationError,
    PlatformKeyring, PrivateKey, SerialNumber, Timestamp, VerificationError, danger, reply,
};

use crate::support::{
    API_V3_KEY, MCHID, NOW, PRIVATE_KEY, Platform, SERIAL, merchant, merchant_with,
    public_key_ring, set, without,
};

const PLAIN: &str = r#"{"mchid":"1900007291","amount":{"total":100}}"#;

fn sealed(plain: &str, associated_data: &str) -> String {
    let key = ApiV3Key::new(API_V3_KEY).unwrap();
    let aad = associated_data.as_bytes();
    key.seal(b"fdasflkja484", aad, plain.as_bytes()).unwrap()
}

fn envelope() -> serde_json::Value {
    serde_json::json!({
        "id": "EV-1",
        "create_time": "2019-04-02T20:34:20+08:00",
        "event_type": "TRANSACTION.SUCCESS",
        "resource_type": "encrypt-resource",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": sealed(PLAIN, "transaction"),
            "associated_data": "transaction",
            "nonce": "fdasflkja484",
        }
    })
}

fn open_by(merchant: &Merchant, body: &[u8]) -> Result<Notification, NotificationError> {
    let headers = Platform::public_key().headers(body, NOW);
    merchant.open_notification(&headers, body, NOW)
}

/// Signed as it is.
fn open(body: &[u8]) -> Result<Notification, NotificationError> {
    open_by(&merchant(), body)
}

fn changed(change: impl FnOnce(&mut serde_json::Value)) -> Result<Notification, NotificationError> {
    let mut envelope = envelope();
    change(&mut envelope);
    open(envelope.to_string().as_bytes())
}

/// What is wrong with a notification that is not proven.
fn unproven(headers: &HeaderMap, body: &[u8], now: Timestamp) -> VerificationError {
    match merchant().open_notification(headers, body, now) {
        Err(NotificationError::Verification(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_signed_and_sealed_is_opened() {
    let notification = changed(|_| {}).unwrap();
    assert_eq!(notification.plaintext(), PLAIN);
    assert_eq!(notification.id(), "EV-1");
    let value: serde_json::Value = notification.json().unwrap();
    assert_eq!(value["amount"]["total"], 100);
    assert!(notification.json::<Vec<u8>>().is_err());
}

#[test]
fn what_may_be_absent_may_be() {
    let without = |name: &str| {
        changed(|envelope| {
            envelope.as_object_mut().unwrap().remove(name).unwrap();
        })
    };
    assert_eq!(without("create_time").unwrap().create_time(), None);
    assert_eq!(without("summary").unwrap().summary(), None);
    let plain = changed(|envelope| {
        let resource = envelope["resource"].as_object_mut().unwrap();
        resource.remove("original_type").unwrap();
    });
    assert_eq!(plain.unwrap().original_type(), None);
    // Empty and absent associated data are the same.
    for absent in [true, false] {
        let opened = changed(|envelope| {
            let resource = envelope["resource"].as_object_mut().unwrap();
            resource.insert("ciphertext".to_owned(), sealed(PLAIN, "").into());
            if absent {
                resource.remove("associated_data").unwrap();
            } else {
                resource.insert("associated_data".to_owned(), "".into());
            }
        });
        assert_eq!(opened.unwrap().plaintext(), PLAIN);
    }
    // Keys that nobody knows yet are ignored.
    assert!(changed(|envelope| envelope["new"] = 1.into()).is_ok());
}

#[test]
fn headers_clock_and_signature() {
    let body = envelope().to_string().into_bytes();
    let good = Platform::public_key().headers(&body, NOW);
    for name in [
        "wechatpay-timestamp",
        "wechatpay-nonce",
        "wechatpay-signature",
        "wechatpay-serial",
    ] {
        let headers = without(good.clone(), name);
        let error = unproven(&headers, &body, NOW);
        assert!(
            matches!(error, VerificationError::MissingHeader { .. }),
            "{error:?}"
        );
        let mut headers = good.clone();
        headers.append(name, good[name].clone());
        let error = unproven(&headers, &body, NOW);
        assert!(
            matches!(error, VerificationError::DuplicateHeader { .. }),
            "{error:?}"
        );
    }
    for (seconds, fits) in [
        (300, true),
        (301, false),
        (-300, true),
        (-301, false),
        (3600, false),
    ] {
        let now = NOW.saturating_add(seconds);
        match merchant().open_notification(&good, &body, now) {
            Ok(_) => assert!(fits, "{seconds}"),
            Err(NotificationError::Verification(VerificationError::ClockSkew {
                seconds: told,
                ..
            })) => {
                assert!(!fits);
                // The peer's minus ours.
                assert_eq!(told, -seconds);
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    let stranger = Platform::second().headers(&body, NOW);
    let error = unproven(&stranger, &body, NOW);
    assert!(
        matches!(error, VerificationError::UnknownKey(_)),
        "{error:?}"
    );
    let mut sm2 = good.clone();
    set(
        &mut sm2,
        "wechatpay-signature-type",
        "WECHATPAY2-SM2-WITH-SM3",
    );
    let error = unproven(&sm2, &body, NOW);
    assert!(
        matches!(error, VerificationError::UnsupportedAlgorithm(_)),
        "{error:?}"
    );
    let altered = [&body[..], b"\n"].concat();
    let error = unproven(&good, &altered, NOW);
    assert!(
        matches!(error, VerificationError::Mismatch { .. }),
        "{error:?}"
    );
}

#[test]
fn a_probe_raises_no_alarm_but_is_refused() {
    let body = envelope().to_string().into_bytes();
    let mut headers = Platform::public_key().headers(&body, NOW);
    let signature = headers["wechatpay-signature"].to_str().unwrap();
    let probe = format!("WECHATPAY/SIGNTEST/{signature}");
    set(&mut headers, "wechatpay-signature", &probe);
    let error = merchant()
        .open_notification(&headers, &body, NOW)
        .unwrap_err();
    assert!(error.is_probe());
    assert_eq!(error.reply().status(), 401);
    let other = open(b"{}").unwrap_err();
    assert!(!other.is_probe());
}

#[test]
fn nothing_is_read_before_it_is_proven() {
    let good = Platform::public_key().headers(b"{}", NOW);
    for body in [&b"<html>"[..], b"", b"\xff", b"{\"id\":", b"[[[[[["] {
        let error = unproven(&good, body, NOW);
        assert!(
            matches!(error, VerificationError::Mismatch { .. }),
            "{error:?}"
        );
        // Proven, it is an envelope that cannot be read.
        let error = open(body).unwrap_err();
        assert!(matches!(error, NotificationError::Envelope(_)), "{error:?}");
    }
}

#[test]
fn the_envelope_has_a_form() {
    let path = |result: Result<Notification, NotificationError>| match result.unwrap_err() {
        NotificationError::Envelope(error) => error.path().to_owned(),
        error => panic!("{error:?}"),
    };
    for name in ["id", "event_type", "resource"] {
        let result = changed(|envelope| {
            envelope.as_object_mut().unwrap().remove(name).unwrap();
        });
        assert_eq!(path(result), name);
    }
    let time = changed(|envelope| envelope["create_time"] = "2019-04-02 20:34:20".into());
    assert_eq!(path(time), "create_time");
    let time = changed(|envelope| envelope["create_time"] = 1_554_208_460.into());
    assert_eq!(path(time), "create_time");
    let cipher = changed(|envelope| envelope["resource"]["ciphertext"] = 1.into());
    assert_eq!(path(cipher), "resource.ciphertext");
}

#[test]
fn other_resources_and_algorithms_are_refused() {
    for (value, shown) in [("plain", "plain"), ("", ""), ("加密\u{7}x", "x")] {
        let error = changed(|envelope| envelope["resource_type"] = value.into()).unwrap_err();
        let NotificationError::ResourceType(found) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(found, shown, "only what is harmless to print");
        let error = changed(|envelope| envelope["resource"]["algorithm"] = value.into());
        assert!(matches!(error, Err(NotificationError::Algorithm(found)) if found == shown));
    }
    let sm4 = changed(|envelope| envelope["resource"]["algorithm"] = "AEAD_SM4_GCM".into());
    let text = sm4.unwrap_err().to_string();
    assert!(
        text.contains("`AEAD_SM4_GCM`, expected AEAD_AES_256_GCM"),
        "{text}"
    );
}

#[test]
fn what_does_not_decrypt_is_refused() {
    for (name, value) in [
        ("nonce", "fdasflkja48"),
        ("nonce", "fdasflkja4844"),
        ("nonce", "fdasflkja485"),
        ("nonce", ""),
        ("associated_data", "refund"),
        ("associated_data", ""),
        ("ciphertext", ""),
        ("ciphertext", "AAAA"),
        ("ciphertext", "no base64"),
        ("ciphertext", &sealed(PLAIN, "refund")),
    ] {
        let error = changed(|envelope| envelope["resource"][name] = value.into()).unwrap_err();
        assert!(
            matches!(error, NotificationError::Decrypt(_)),
            "{name}={value}: {error:?}"
        );
        assert_eq!(error.reply().status(), 500);
    }
}

#[test]
fn a_wrong_api_v3_key_is_told_where_to_look() {
    let key = PrivateKey::from_pem(PRIVATE_KEY).unwrap();
    let serial = SerialNumber::parse(SERIAL).unwrap();
    let credential = Credential::new(MCHID, serial, key).unwrap();
    let wrong = "0123456789ABCDEF0123456789abcdeF";
    let merchant = Merchant::new(credential, ApiV3Key::new(wrong).unwrap(), public_key_ring());
    let error = open_by(&merchant, envelope().to_string().as_bytes()).unwrap_err();
    assert!(matches!(error, NotificationError::Decrypt(_)), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("genuine") && text.contains("API v3 key"),
        "{text}"
    );
    let all = format!("{error:?} {error} {}", error.source().unwrap());
    assert!(!all.contains(wrong) && !all.contains(API_V3_KEY), "{all}");
}

#[test]
fn what_is_too_large_is_not_even_hashed() {
    let mut body = vec![b' '; MAX_NOTIFICATION_BYTES + 1];
    // Not signed at all: the size is looked at first.
    let error = merchant()
        .open_notification(&HeaderMap::new(), &body, NOW)
        .unwrap_err();
    let NotificationError::TooLarge { body_len } = error else {
        panic!("{error:?}")
    };
    assert_eq!(body_len, MAX_NOTIFICATION_BYTES + 1);
    assert_eq!(error.reply().status(), 413);
    body.pop();
    let error = merchant()
        .open_notification(&HeaderMap::new(), &body, NOW)
        .unwrap_err();
    assert!(
        matches!(error, NotificationError::Verification(_)),
        "{error:?}"
    );
}

#[test]
fn replies_agree_with_themselves() {
    let success = reply::success();
    assert_eq!(success.status(), 204);
    assert!(success.body().is_empty());
    let long = reply::failure(&"长".repeat(100));
    assert_eq!(long.status(), 500);
    assert_eq!(long.headers()["content-type"], "application/json");
    let body: serde_json::Value = serde_json::from_slice(long.body()).unwrap();
    assert_eq!(body["code"], "FAIL");
    assert_eq!(body["message"], "长".repeat(64));

    for (error, status) in [
        (open(b"{}").unwrap_err(), 500),
        (
            changed(|envelope| envelope["resource_type"] = "x".into()).unwrap_err(),
            500,
        ),
        (
            merchant()
                .open_notification(&HeaderMap::new(), b"", NOW)
                .unwrap_err(),
            401,
        ),
    ] {
        let reply = error.reply();
        assert_eq!(reply.status(), status, "{error:?}");
        let body: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
        assert_eq!(body["code"], "FAIL");
        // Not why: whoever forges should not learn from it.
        assert!(!reply.body().windows(9).any(|text| text == b"Wechatpay"));
    }
}

#[test]
fn an_unknown_key_is_good_once_it_is_known() {
    let keys = PlatformKeyring::certificates();
    let merchant = merchant_with(keys.clone());
    let at = crate::support::LATER;
    let body = envelope().to_string().into_bytes();
    let headers = Platform::second().headers(&body, at);
    assert!(merchant.open_notification(&headers, &body, at).is_err());
    let _ = keys.with_certificate(crate::support::certificate(
        crate::support::SECOND_CERTIFICATE,
    ));
    assert!(merchant.open_notification(&headers, &body, at).is_ok());
}

#[test]
fn an_envelope_can_be_looked_at_without_proof() {
    let envelope = danger::envelope_unverified(envelope().to_string().as_bytes()).unwrap();
    assert_eq!(envelope.id, "EV-1");
}
