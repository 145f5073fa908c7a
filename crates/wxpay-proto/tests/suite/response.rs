//! What is believed of an answer, and what is not.

use std::time::Duration;

use wxpay_proto::http::{HeaderMap, HeaderValue, Response};
use wxpay_proto::sign::Encryptor as _;
use wxpay_proto::{
    AcceptError, Merchant, Outcome, PlatformKeyId, PlatformKeyring, Target, Timestamp, Untyped,
    VerificationError, bytes::Bytes, danger,
};

use crate::support::{
    Apply, CERTIFICATE, LATER, NOW, PUBLIC_KEY, PUBLIC_KEY_ID, Platform, Prepaid, Prepay,
    SECOND_CERTIFICATE, SECOND_PUBLIC_KEY, SECOND_SERIAL, SERIAL, certificate, merchant,
    merchant_with, public_key, set, without,
};

const BODY: &str = r#"{"prepay_id":"wx201410272009395522657a690389285100"}"#;

fn accept(
    merchant: &Merchant,
    response: &Response<Bytes>,
    now: Timestamp,
) -> Result<Prepaid, AcceptError> {
    let accepted = merchant.accept(&Prepay::new("一"), response, now)?;
    Ok(accepted.into_value())
}

fn good() -> Response<Bytes> {
    Platform::public_key().answer(200, BODY, NOW)
}

/// What is wrong with an answer that is not proven.
fn unproven(response: &Response<Bytes>) -> VerificationError {
    match accept(&merchant(), response, NOW) {
        Err(AcceptError::Verification(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn with_headers(change: impl FnOnce(&mut HeaderMap)) -> Response<Bytes> {
    let mut response = good();
    change(response.headers_mut());
    response
}

#[test]
fn a_signed_answer_is_read() {
    let answer = merchant().accept(&Prepay::new("一"), &good(), NOW).unwrap();
    assert_eq!(
        answer.value().prepay_id,
        "wx201410272009395522657a690389285100"
    );
    assert_eq!(answer.request_id(), Some("08F1B2C3-268435461"));
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.raw(), BODY);
    assert_eq!(
        answer.key_id().map(PlatformKeyId::as_str),
        Some(PUBLIC_KEY_ID)
    );
    assert!(merchant().verify(&good(), NOW).is_ok());
}

#[test]
fn one_altered_byte_is_noticed() {
    for index in 0..BODY.len() {
        let mut body = BODY.as_bytes().to_vec();
        body[index] ^= 1;
        let mut response = good();
        *response.body_mut() = body.into();
        let error = unproven(&response);
        let VerificationError::Mismatch { key, body_len } = error else {
            panic!("{error:?}")
        };
        assert_eq!((key.as_str(), body_len), (PUBLIC_KEY_ID, BODY.len()));
    }
    for body in ["", "{}", &format!("{BODY}\n"), &format!(" {BODY}")] {
        let mut response = good();
        *response.body_mut() = Bytes::from(body.to_owned());
        assert!(
            matches!(unproven(&response), VerificationError::Mismatch { .. }),
            "{body}"
        );
    }
}

#[test]
fn each_header_is_signed() {
    let nonce = with_headers(|headers| set(headers, "wechatpay-nonce", "another"));
    assert!(matches!(
        unproven(&nonce),
        VerificationError::Mismatch { .. }
    ));
    let time = with_headers(|headers| set(headers, "wechatpay-timestamp", "1554208461"));
    assert!(matches!(
        unproven(&time),
        VerificationError::Mismatch { .. }
    ));
    // The same number in other digits is another message.
    let zero = with_headers(|headers| set(headers, "wechatpay-timestamp", "01554208460"));
    assert!(matches!(
        unproven(&zero),
        VerificationError::Mismatch { .. }
    ));
}

const HEADERS: [(&str, &str); 4] = [
    ("wechatpay-timestamp", "Wechatpay-Timestamp"),
    ("wechatpay-nonce", "Wechatpay-Nonce"),
    ("wechatpay-signature", "Wechatpay-Signature"),
    ("wechatpay-serial", "Wechatpay-Serial"),
];

#[test]
fn each_header_is_needed_once_and_not_empty() {
    for (name, shown) in HEADERS {
        let missing = with_headers(|headers| *headers = without(headers.clone(), name));
        let names = vec![shown];
        assert_eq!(
            unproven(&missing),
            VerificationError::MissingHeader { names }
        );

        // Even if both are the same: which one was signed would be a guess.
        let twice = with_headers(|headers| {
            let value = headers[name].clone();
            headers.append(name, value);
        });
        assert_eq!(
            unproven(&twice),
            VerificationError::DuplicateHeader { name: shown }
        );

        for value in ["", "\u{e9}"] {
            let malformed = with_headers(|headers| {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.insert(name, value);
            });
            assert_eq!(
                unproven(&malformed),
                VerificationError::MalformedHeader { name: shown }
            );
        }
    }
}

#[test]
fn all_that_is_missing_is_named() {
    let bare = with_headers(HeaderMap::clear);
    let names = HEADERS.map(|(_, shown)| shown).to_vec();
    let error = unproven(&bare);
    assert_eq!(error, VerificationError::MissingHeader { names });
    assert!(error.to_string().contains("gateway"), "{error}");
}

#[test]
fn headers_have_a_form() {
    for (name, shown, values) in [
        (
            "wechatpay-timestamp",
            "Wechatpay-Timestamp",
            &[
                "+1554208460",
                "-1",
                "1554208460.0",
                "0x5CA34",
                "99999999999999999999",
                "now",
            ][..],
        ),
        (
            "wechatpay-signature",
            "Wechatpay-Signature",
            &["!", "AAA", "AAAA AAAA", "qTwCeQ-_"][..],
        ),
        (
            "wechatpay-serial",
            "Wechatpay-Serial",
            &[
                "PUB_KEY_ID_",
                "pub_key_id_01",
                "0A1",
                "serial",
                "0A1B2C3D4E5F60718293A4B5C6D7E8F90123456789",
            ][..],
        ),
    ] {
        for value in values {
            let response = with_headers(|headers| set(headers, name, value));
            let error = unproven(&response);
            assert_eq!(
                error,
                VerificationError::MalformedHeader { name: shown },
                "{value}"
            );
        }
    }
}

#[test]
fn clocks_may_differ_by_three_hundred_seconds() {
    let merchant = merchant();
    for (seconds, fits) in [
        (0, true),
        (299, true),
        (300, true),
        (301, false),
        (3600, false),
        (-300, true),
        (-301, false),
        (-3600, false),
    ] {
        // The peer is ahead by so much.
        let answer = Platform::public_key().answer(200, BODY, NOW.saturating_add(seconds));
        match accept(&merchant, &answer, NOW) {
            Ok(_) => assert!(fits, "{seconds}"),
            Err(AcceptError::Verification(VerificationError::ClockSkew {
                seconds: told,
                peer,
                local,
            })) => {
                assert!(!fits, "{seconds}");
                assert_eq!(told, seconds);
                assert_eq!((peer, local), (NOW.saturating_add(seconds), NOW));
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[test]
fn skew_is_told_in_words() {
    let text = |seconds| {
        let at = NOW.saturating_add(seconds);
        unproven(&Platform::public_key().answer(200, BODY, at)).to_string()
    };
    assert!(text(3600).contains("3600 seconds ahead of the local clock"));
    assert!(text(-3600).contains("3600 seconds behind the local clock"));
}

#[test]
fn times_at_the_ends_of_the_world_are_no_overflow() {
    for time in ["9223372036854775807", "0"] {
        let response = with_headers(|headers| set(headers, "wechatpay-timestamp", time));
        for now in [i64::MIN, -1, i64::MAX - 1] {
            let now = Timestamp::from_unix(now);
            assert!(accept(&merchant(), &response, now).is_err());
        }
    }
}

#[test]
fn other_algorithms_are_refused() {
    let name = "wechatpay-signature-type";
    let right = with_headers(|headers| set(headers, name, "WECHATPAY2-SHA256-RSA2048"));
    assert!(accept(&merchant(), &right, NOW).is_ok());
    let sm2 = with_headers(|headers| set(headers, name, "WECHATPAY2-SM2-WITH-SM3"));
    let expected = VerificationError::UnsupportedAlgorithm("WECHATPAY2-SM2-WITH-SM3".to_owned());
    assert_eq!(unproven(&sm2), expected);
    let long = with_headers(|headers| set(headers, name, &"x".repeat(5000)));
    assert!(unproven(&long).to_string().len() < 200);
}

#[test]
fn a_probe_is_refused_and_told_apart() {
    let probe = with_headers(|headers| {
        let signature = headers["wechatpay-signature"].to_str().unwrap();
        let probe = format!("WECHATPAY/SIGNTEST/{signature}");
        set(headers, "wechatpay-signature", &probe);
    });
    let error = unproven(&probe);
    assert!(error.is_probe());
    assert!(!VerificationError::UnsupportedAlgorithm(String::new()).is_probe());
}

#[test]
fn nothing_but_the_id_chooses_the_key() {
    // A good signature by a key that is known, under another name.
    let keys = PlatformKeyring::certificates()
        .with_certificate(certificate(CERTIFICATE))
        .with_public_key(public_key("PUB_KEY_ID_2", SECOND_PUBLIC_KEY));
    let merchant = merchant_with(keys.clone());
    for (platform, taken) in [
        (Platform::first(), true),
        (Platform::second().named("PUB_KEY_ID_2"), true),
        (Platform::first().named("PUB_KEY_ID_2"), false),
        (Platform::second().named(SERIAL), false),
    ] {
        let answer = platform.answer(200, BODY, LATER);
        match accept(&merchant, &answer, LATER) {
            Ok(_) => assert!(taken, "{}", platform.id),
            Err(AcceptError::Verification(VerificationError::Mismatch { key, .. })) => {
                assert!(!taken);
                assert_eq!(key.as_str(), platform.id);
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    for id in [PUBLIC_KEY_ID, SECOND_SERIAL, "PUB_KEY_ID_3", "pub_key_id_2"] {
        let answer = Platform::first().named(id).answer(200, BODY, LATER);
        let error = accept(&merchant, &answer, LATER).unwrap_err();
        let AcceptError::Verification(error) = error else {
            panic!("{error:?}")
        };
        if id.starts_with('p') {
            assert!(matches!(error, VerificationError::MalformedHeader { .. }));
        } else {
            let id = PlatformKeyId::parse(id).unwrap();
            assert_eq!(error, VerificationError::UnknownKey(id));
        }
    }
    // Once the key is there, the same answer is good.
    let answer = Platform::second().answer(200, BODY, LATER);
    assert!(accept(&merchant, &answer, LATER).is_err());
    let _ = keys.with_certificate(certificate(SECOND_CERTIFICATE));
    assert!(accept(&merchant, &answer, LATER).is_ok());
}

#[test]
fn a_serial_may_be_written_in_small_letters() {
    let keys = PlatformKeyring::certificates().with_certificate(certificate(CERTIFICATE));
    let answer = Platform::first()
        .named(&SERIAL.to_lowercase())
        .answer(200, BODY, LATER);
    assert!(accept(&merchant_with(keys), &answer, LATER).is_ok());
}

#[test]
fn a_good_status_is_not_believed_without_a_signature() {
    for status in [200, 202, 204] {
        let mut response = Response::new(Bytes::from_static(BODY.as_bytes()));
        *response.status_mut() = status.try_into().unwrap();
        assert!(matches!(
            unproven(&response),
            VerificationError::MissingHeader { .. }
        ));
        assert!(matches!(
            merchant().verify(&response, NOW),
            Err(AcceptError::Verification(_))
        ));
    }
}

#[test]
fn files_come_without_a_signature() {
    let download = Untyped::get(Target::new("/v3/billdownload/file")).unsigned_reply();
    let file = Response::new(Bytes::from_static(b"\xef\xbb\xbfa,b"));
    let answer = merchant().accept(&download, &file, NOW).unwrap();
    assert_eq!(answer.key_id(), None);
    assert_eq!(answer.value(), file.body());
    // An error in place of a file is one.
    let mut missing = Response::new(Bytes::from_static(
        br#"{"code":"NO_STATEMENT_EXIST","message":""}"#,
    ));
    *missing.status_mut() = 400.try_into().unwrap();
    let error = merchant().accept(&download, &missing, NOW).unwrap_err();
    assert!(matches!(error, AcceptError::Api(_)), "{error:?}");
}

const ERROR: &str =
    r#"{"code":"PARAM_ERROR","message":"参数错误","detail":{"field":"/amount/total","issue":"x"}}"#;

#[test]
fn error_answers_tell_whether_they_are_proven() {
    let signed = Platform::public_key().answer(400, ERROR, NOW);
    let mut unsigned = signed.clone();
    for (name, _) in HEADERS {
        unsigned.headers_mut().remove(name);
    }
    for (response, verified) in [(signed.clone(), true), (unsigned, false)] {
        let Err(AcceptError::Api(error)) = accept(&merchant(), &response, NOW) else {
            panic!("an error")
        };
        assert_eq!(error.is_verified(), verified);
        assert_eq!(error.status(), 400);
        assert_eq!(error.code(), "PARAM_ERROR");
        assert_eq!(error.message(), "参数错误");
        assert_eq!(error.field(), Some("/amount/total"));
        assert_eq!(error.detail().unwrap()["issue"], "x");
        assert_eq!(error.request_id(), Some("08F1B2C3-268435461"));
        assert_eq!(error.numeric_code(), Some(268_435_461));
        assert_eq!(error.retry_after(), None);
        assert_eq!(
            error.to_string(),
            "PARAM_ERROR: 参数错误 (HTTP 400, /amount/total, Request-ID 08F1B2C3-268435461)"
        );
        // What was sent may be repeated in the detail.
        assert!(!format!("{error:?}").contains("issue"));
    }
    // A signature that is there has to be right, and part of one is no signature.
    let mut wrong = signed.clone();
    *wrong.body_mut() = Bytes::from(ERROR.replace("PARAM", "OTHER"));
    assert!(matches!(
        unproven(&wrong),
        VerificationError::Mismatch { .. }
    ));
    let mut part = signed;
    part.headers_mut().remove("wechatpay-nonce");
    assert!(matches!(
        unproven(&part),
        VerificationError::MissingHeader { .. }
    ));
}

#[test]
fn a_page_of_a_gateway_is_no_error_of_wechat_pay() {
    let page = "<html><body>502 Bad Gateway secret</body></html>";
    for body in [page, "", "{}", r#"{"message":"x"}"#, "[]", "null"] {
        let mut response = Response::new(Bytes::from(body.to_owned()));
        *response.status_mut() = 502.try_into().unwrap();
        set(response.headers_mut(), "retry-after", "7");
        let error = accept(&merchant(), &response, NOW).unwrap_err();
        assert!(!format!("{error:?}").contains("secret"));
        let AcceptError::Unexpected(answer) = &error else {
            panic!("{body}: {error:?}")
        };
        assert_eq!(answer.status(), 502);
        assert_eq!(answer.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(answer.request_id(), None);
    }
}

#[test]
fn pauses_are_read_and_bounded() {
    for (value, seconds) in [
        ("7", Some(7)),
        (" 7 ", Some(7)),
        ("86400", Some(3600)),
        ("-1", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("99999999999999999999999", None),
    ] {
        let mut response = Platform::public_key().answer(429, ERROR, NOW);
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        response.headers_mut().insert("retry-after", value);
        let Err(AcceptError::Api(error)) = accept(&merchant(), &response, NOW) else {
            panic!("an error")
        };
        assert_eq!(error.retry_after(), seconds.map(Duration::from_secs));
    }
}

#[test]
fn no_content_is_an_answer() {
    let close = Untyped::post_body(Target::new("/v3/x/close"), wxpay_proto::Body::Empty);
    let response = Platform::public_key().answer(204, "", NOW);
    let answer = merchant().accept(&close, &response, NOW).unwrap();
    assert!(answer.value().is_empty());
    assert_eq!(answer.status(), 204);
}

#[test]
fn a_genuine_answer_that_cannot_be_read_is_kept() {
    let body = r#"{"prepay_id":7,"secret":"x"}"#;
    let response = Platform::public_key().answer(200, body, NOW);
    let error = accept(&merchant(), &response, NOW).unwrap_err();
    let AcceptError::Decode(failure) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(failure.raw(), body);
    assert_eq!(failure.status(), 200);
    assert_eq!(failure.request_id(), Some("08F1B2C3-268435461"));
    assert_eq!(failure.error().path(), "prepay_id");
    assert!(!format!("{failure:?} {failure} {error}").contains("secret"));
}

#[test]
fn sensitive_fields_of_answers_are_decrypted() {
    let key = wxpay_proto::PublicKey::from_pem(PUBLIC_KEY).unwrap();
    let body = serde_json::json!({ "name": key.encrypt("李四").unwrap() }).to_string();
    let response = Platform::public_key().answer(200, body, NOW);
    let answer = merchant()
        .accept(&Apply(String::new()), &response, NOW)
        .unwrap();
    assert_eq!(answer.value(), "李四");
    // For somebody else's eyes.
    let key = wxpay_proto::PublicKey::from_pem(SECOND_PUBLIC_KEY).unwrap();
    let body = serde_json::json!({ "name": key.encrypt("李四").unwrap() }).to_string();
    let response = Platform::public_key().answer(200, body, NOW);
    let error = merchant()
        .accept(&Apply(String::new()), &response, NOW)
        .unwrap_err();
    assert!(matches!(error, AcceptError::Decode(_)), "{error:?}");
}

#[test]
fn request_ids_are_bounded() {
    for id in ["", &"x".repeat(257)] {
        let mut response = good();
        set(response.headers_mut(), "request-id", id);
        let answer = merchant()
            .accept(&Prepay::new("一"), &response, NOW)
            .unwrap();
        assert_eq!(answer.request_id(), None);
    }
}

#[test]
fn unverified_reading_is_there_and_named_so() {
    let response = Response::new(Bytes::from_static(BODY.as_bytes()));
    let read = danger::decode_unverified(&merchant(), &Prepay::new("一"), &response).unwrap();
    assert!(read.prepay_id.starts_with("wx2014"));
}

#[test]
fn outcomes_of_answers() {
    let outcome =
        |response: &Response<Bytes>| Outcome::of(&accept(&merchant(), response, NOW).unwrap_err());
    let answer = |status, body: &str| Platform::public_key().answer(status, body.to_owned(), NOW);
    for status in [400, 429, 500, 503] {
        let expected = Outcome::Status {
            status: status.try_into().unwrap(),
            retry_after: None,
        };
        assert_eq!(outcome(&answer(status, ERROR)), expected);
        assert_eq!(outcome(&answer(status, "<html>")), expected);
    }
    // Refusals that come with status 500.
    for code in ["OPENID_MISMATCH", "INVALID_TRANSACTIONID"] {
        let body = format!(r#"{{"code":"{code}","message":""}}"#);
        assert_eq!(outcome(&answer(500, &body)), Outcome::Final, "{code}");
    }
    assert_eq!(outcome(&answer(200, "{}")), Outcome::Final);
    let mut altered = good();
    *altered.body_mut() = Bytes::new();
    assert_eq!(outcome(&altered), Outcome::Unknown);
    let probe = with_headers(|headers| set(headers, "wechatpay-signature", "WECHATPAY/SIGNTEST/"));
    assert_eq!(outcome(&probe), Outcome::Unknown);
    let bare = with_headers(HeaderMap::clear);
    assert_eq!(outcome(&bare), Outcome::Final);
}
