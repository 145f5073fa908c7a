//! Which lists of certificates are taken, and which kept documents.

use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::Response;
use wxpay_proto::{
    AcceptError, CertificatesError, CertificatesOutcome, Merchant, PlatformKeyId, PlatformKeyring,
    RefreshDecision, RefreshPermit, RefreshReason, Timestamp, VerificationError,
};

use crate::support::{
    API_V3_KEY, CERTIFICATE, LATER, PUBLIC_KEY, PUBLIC_KEY_ID, Platform, SECOND_SERIAL, SERIAL,
    certificate, merchant_with, public_key, set,
};

const EXPIRES: &str = "2043-01-01T00:00:00+08:00";
const OTHER_KEY: &str = "another API v3 key of 32 bytes!!";

fn new() -> Merchant {
    merchant_with(PlatformKeyring::certificates())
}

fn permit(merchant: &Merchant, now: Timestamp) -> RefreshPermit {
    match merchant
        .platform_keys()
        .refresh(now, RefreshReason::Scheduled)
    {
        RefreshDecision::Start(permit) => permit,
        other => panic!("{other:?}"),
    }
}

fn accept(
    merchant: &Merchant,
    response: &Response<Bytes>,
) -> Result<CertificatesOutcome, CertificatesError> {
    merchant.accept_certificates(response, permit(merchant, LATER), LATER)
}

/// Refused: nothing is trusted, and the next attempt has to wait.
fn refused(response: &Response<Bytes>) -> CertificatesError {
    let merchant = new();
    let error = accept(&merchant, response).unwrap_err();
    assert!(merchant.platform_keys().key_ids().is_empty(), "{error:?}");
    assert!(merchant.export_certificates().is_none());
    let next = merchant
        .platform_keys()
        .refresh(LATER, RefreshReason::Missing);
    assert!(matches!(next, RefreshDecision::Wait { .. }), "{next:?}");
    error
}

fn unproven(error: CertificatesError) -> VerificationError {
    let CertificatesError::Answer(error) = error else {
        panic!("{error:?}")
    };
    match *error {
        AcceptError::Verification(error) => error,
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_list_may_be_signed_by_a_certificate_it_brings() {
    // The first fetch, and a rotation that was slept through.
    let (first, second) = (Platform::first(), Platform::second());
    let merchant = new();
    let outcome = accept(&merchant, &first.list(&[first.listed()], LATER));
    assert_eq!(outcome.unwrap(), CertificatesOutcome::Installed(1));
    let later = LATER.saturating_add(86_400);
    let list = second.list(&[first.listed(), second.listed()], later);
    let outcome = merchant.accept_certificates(&list, permit(&merchant, later), later);
    assert_eq!(outcome.unwrap(), CertificatesOutcome::Installed(2));
}

#[test]
fn a_list_may_be_signed_by_a_public_key_that_is_known() {
    let list = Platform::public_key().list(&[Platform::second().listed()], LATER);
    let keys =
        PlatformKeyring::certificates().with_public_key(public_key(PUBLIC_KEY_ID, PUBLIC_KEY));
    let outcome = accept(&merchant_with(keys), &list);
    assert_eq!(outcome.unwrap(), CertificatesOutcome::Installed(1));
    // Unknown, it cannot be in the list either.
    let id = PlatformKeyId::parse(PUBLIC_KEY_ID).unwrap();
    assert_eq!(unproven(refused(&list)), VerificationError::UnknownKey(id));
}

#[test]
fn a_stranger_s_list_is_refused() {
    let (first, second) = (Platform::first(), Platform::second());
    // A certificate in it that only the stranger could encrypt, with a key that is not the merchant's.
    let forged = second.list(&[second.listed_with(OTHER_KEY, EXPIRES)], LATER);
    assert!(matches!(refused(&forged), CertificatesError::Decrypt(_)));
    // A genuine entry beside it changes nothing.
    let items = [first.listed(), second.listed_with(OTHER_KEY, EXPIRES)];
    assert!(matches!(
        refused(&second.list(&items, LATER)),
        CertificatesError::Decrypt(_)
    ));
    // A genuine list, signed by somebody who is not in it.
    let forged = second.list(&[first.listed()], LATER);
    let id = PlatformKeyId::parse(SECOND_SERIAL).unwrap();
    assert_eq!(
        unproven(refused(&forged)),
        VerificationError::UnknownKey(id)
    );
    // The same, in the name of one who is.
    let forged = Platform::second()
        .named(SERIAL)
        .list(&[first.listed()], LATER);
    assert!(matches!(
        unproven(refused(&forged)),
        VerificationError::Mismatch { .. }
    ));
    // What is trusted stays trusted, and nothing else is.
    let keys = PlatformKeyring::certificates().with_certificate(certificate(CERTIFICATE));
    let merchant = merchant_with(keys);
    assert!(accept(&merchant, &forged).is_err());
    let ids = merchant.platform_keys().key_ids();
    assert_eq!(ids, [PlatformKeyId::parse(SERIAL).unwrap()]);
}

#[test]
fn the_serial_number_has_to_be_that_of_the_certificate() {
    let first = Platform::first();
    let mut item = first.listed();
    item["serial_no"] = SECOND_SERIAL.into();
    let list = first.list(&[item], LATER);
    assert!(matches!(refused(&list), CertificatesError::SerialNumber));
}

#[test]
fn every_entry_has_to_be_in_order() {
    let first = Platform::first();
    let with = |name: &str, value: &str| {
        let mut item = first.listed();
        item["encrypt_certificate"][name] = value.into();
        refused(&first.list(&[item], LATER))
    };
    assert!(matches!(
        with("algorithm", "AEAD_SM4_GCM"),
        CertificatesError::Algorithm
    ));
    for (name, value) in [
        ("nonce", "61f9c719728"),
        ("nonce", "61f9c719728b"),
        ("nonce", ""),
        ("associated_data", "other"),
        ("associated_data", ""),
        ("ciphertext", ""),
        ("ciphertext", "AAAA"),
        ("ciphertext", "!"),
    ] {
        let error = with(name, value);
        assert!(
            matches!(error, CertificatesError::Decrypt(_)),
            "{name}={value}: {error:?}"
        );
    }
    let key = wxpay_proto::ApiV3Key::new(API_V3_KEY).unwrap();
    for (plain, is_text) in [(&b"\xff\xfe"[..], false), (b"no certificate", true)] {
        let sealed = key.seal(b"61f9c719728a", b"certificate", plain).unwrap();
        match with("ciphertext", &sealed) {
            CertificatesError::NotText => assert!(!is_text),
            CertificatesError::Certificate(_) => assert!(is_text),
            error => panic!("{error:?}"),
        }
    }
}

#[test]
fn lists_have_a_form() {
    let first = Platform::first();
    // Without entries there is nothing that could have signed it.
    assert!(matches!(
        unproven(refused(&first.list(&[], LATER))),
        VerificationError::UnknownKey(_)
    ));
    let keys = PlatformKeyring::certificates().with_certificate(certificate(CERTIFICATE));
    let merchant = merchant_with(keys);
    let error = accept(&merchant, &first.list(&[], LATER)).unwrap_err();
    assert!(matches!(error, CertificatesError::Empty), "{error:?}");
    for body in ["", "{}", "[]", r#"{"data":[{}]}"#, "<html>"] {
        let error = refused(&first.answer(200, body, LATER));
        assert!(
            matches!(error, CertificatesError::Decode(_)),
            "{body}: {error:?}"
        );
    }
}

#[test]
fn headers_and_clock_count_here_as_well() {
    let first = Platform::first();
    let late = first.list(&[first.listed()], LATER.saturating_sub(301));
    assert!(matches!(
        unproven(refused(&late)),
        VerificationError::ClockSkew { seconds: -301, .. }
    ));
    let mut bare = first.list(&[first.listed()], LATER);
    bare.headers_mut().clear();
    assert!(matches!(
        unproven(refused(&bare)),
        VerificationError::MissingHeader { .. }
    ));
    let mut probe = first.list(&[first.listed()], LATER);
    set(
        probe.headers_mut(),
        "wechatpay-signature",
        "WECHATPAY/SIGNTEST/AAAA",
    );
    assert_eq!(unproven(refused(&probe)), VerificationError::Probe);
    let mut altered = first.list(&[first.listed()], LATER);
    let body = [altered.body(), &b" "[..]].concat();
    *altered.body_mut() = body.into();
    assert!(matches!(
        unproven(refused(&altered)),
        VerificationError::Mismatch { .. }
    ));
}

#[test]
fn what_an_error_says_is_heard_before_any_key_is_known() {
    // The first thing that goes wrong for most: signed, but with what is only about to be fetched.
    let body = r#"{"code":"SIGN_ERROR","message":"商户证书序列号有误"}"#;
    let mut answers = vec![Platform::first().answer(401, body, LATER)];
    let mut unsigned = answers[0].clone();
    unsigned.headers_mut().clear();
    answers.push(unsigned);
    for answer in answers {
        let CertificatesError::Answer(error) = refused(&answer) else {
            panic!("an answer")
        };
        let AcceptError::Api(error) = *error else {
            panic!("{error:?}")
        };
        assert_eq!(error.code(), "SIGN_ERROR");
        assert!(!error.is_verified());
    }
    // Where the key is known, a wrong signature is a wrong signature.
    let keys = PlatformKeyring::certificates().with_certificate(certificate(CERTIFICATE));
    let wrong = Platform::second().named(SERIAL).answer(401, body, LATER);
    let error = accept(&merchant_with(keys), &wrong).unwrap_err();
    assert!(matches!(
        unproven(error),
        VerificationError::Mismatch { .. }
    ));
}

#[test]
fn only_the_right_error_means_that_there_are_none() {
    for (status, code, none) in [
        (404, "RESOURCE_NOT_EXISTS", true),
        (404, "NOT_FOUND", true),
        (404, "ORDER_NOT_EXIST", false),
        (403, "RESOURCE_NOT_EXISTS", false),
        (500, "SYSTEM_ERROR", false),
    ] {
        let body = format!(r#"{{"code":"{code}","message":""}}"#);
        let answer = Platform::first().answer(status, body, LATER);
        match accept(&new(), &answer) {
            Ok(outcome) => {
                assert!(none, "{code}");
                assert_eq!(outcome, CertificatesOutcome::NoCertificates);
            }
            Err(CertificatesError::Answer(_)) => assert!(!none, "{code}"),
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// A document from a merchant that fetched `LATER`.
fn kept() -> Bytes {
    let merchant = new();
    let first = Platform::first();
    accept(&merchant, &first.list(&[first.listed()], LATER)).unwrap();
    merchant.export_certificates().unwrap()
}

fn import(document: &[u8], now: Timestamp) -> Result<usize, CertificatesError> {
    let merchant = new();
    let count = merchant.import_certificates(document, now);
    let held = merchant.platform_keys().key_ids().len();
    assert_eq!(held, *count.as_ref().unwrap_or(&0));
    count
}

#[test]
fn a_kept_document_is_taken_up_again() {
    let merchant = new();
    let hour = LATER.saturating_add(3600);
    assert_eq!(merchant.import_certificates(&kept(), hour).unwrap(), 1);
    let keys = merchant.platform_keys();
    assert_eq!(keys.preferred(hour).unwrap().id().as_str(), SERIAL);
    // It counts as fetched when it was fetched.
    let at = |seconds| keys.refresh(LATER.saturating_add(seconds), RefreshReason::Scheduled);
    assert!(matches!(at(12 * 3600 - 1), RefreshDecision::NotNeeded));
    assert!(matches!(at(12 * 3600), RefreshDecision::Start(_)));
    // Handed on as it came.
    assert_eq!(merchant.export_certificates().unwrap(), kept());
    // Once is enough.
    assert_eq!(merchant.import_certificates(&kept(), hour).unwrap(), 0);
}

#[test]
fn nothing_secret_is_kept_in_the_open() {
    let text = String::from_utf8(kept().into()).unwrap();
    assert!(!text.contains("BEGIN CERTIFICATE"));
    assert!(!text.contains(API_V3_KEY));
    assert!(text.contains(SERIAL));
}

#[test]
fn forged_foreign_and_damaged_documents_are_refused() {
    let good: serde_json::Value = serde_json::from_slice(&kept()).unwrap();
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut document = good.clone();
        change(&mut document);
        import(document.to_string().as_bytes(), LATER)
    };
    assert_eq!(changed(&|_| {}).unwrap(), 1);
    let foreign = [
        changed(&|document| document["mchid"] = "1900000109".into()),
        changed(&|document| document["version"] = 2.into()),
    ];
    for result in foreign {
        assert!(
            matches!(result, Err(CertificatesError::Foreign)),
            "{result:?}"
        );
    }
    let stranger = Platform::second().listed_with(OTHER_KEY, EXPIRES);
    let forged = changed(&|document| document["list"]["data"][0] = stranger.clone());
    assert!(
        matches!(forged, Err(CertificatesError::Decrypt(_))),
        "{forged:?}"
    );
    let renamed =
        changed(&|document| document["list"]["data"][0]["serial_no"] = SECOND_SERIAL.into());
    assert!(
        matches!(renamed, Err(CertificatesError::SerialNumber)),
        "{renamed:?}"
    );
    // Without an entry nothing shows that its writer has the API v3 key.
    let empty = changed(&|document| document["list"]["data"] = serde_json::json!([]));
    assert!(matches!(empty, Err(CertificatesError::Empty)), "{empty:?}");
    for text in ["", "{}", "null", "[1]", "\0", &good.to_string()[..100]] {
        let damaged = import(text.as_bytes(), LATER);
        assert!(
            matches!(damaged, Err(CertificatesError::Decode(_))),
            "{damaged:?}"
        );
    }
    // A life beyond the certificate's own end cannot be written into it.
    let mut document = good.clone();
    document["list"]["data"][0]["expire_time"] = "2999-01-01T00:00:00+08:00".into();
    let merchant = new();
    merchant
        .import_certificates(document.to_string().as_bytes(), LATER)
        .unwrap();
    let key = merchant.platform_keys().preferred(LATER).unwrap();
    assert_eq!(key.not_after(), Some(Timestamp::from_unix(2_335_219_200)));
}

#[test]
fn older_documents_do_not_replace_newer_ones() {
    let old = kept();
    let merchant = new();
    let later = LATER.saturating_add(10);
    let second = Platform::second();
    let list = second.list(&[second.listed()], later);
    merchant
        .accept_certificates(&list, permit(&merchant, later), later)
        .unwrap();
    assert_eq!(merchant.import_certificates(&old, later).unwrap(), 0);
    let ids = merchant.platform_keys().key_ids();
    assert_eq!(ids, [PlatformKeyId::parse(SECOND_SERIAL).unwrap()]);
    // One from the future would keep us from fetching.
    assert_eq!(import(&old, LATER.saturating_sub(1)).unwrap(), 0);
}
