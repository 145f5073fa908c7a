//! Every vector under `tests/vectors`, with every backend that is compiled in.

#![expect(clippy::unwrap_used, reason = "a broken fixture is a failed test")]

#[path = "support/vectors.rs"]
mod vectors;

use vectors::{API_V3_KEY, CERTIFICATE, Case, PRIVATE_KEY, PUBLIC_KEY, cases};
use wxpay_sign::{
    Algorithm, ApiV2Key, ApiV3Key, Backend, Certificate, Decryptor as _, Nonce, PaySignKey,
    PrivateKey, PublicKey, SerialNumber, SignType, Signature, Signer as _, Timestamp, VerifyError,
    WorkwxSecret, address_sign, app_message, authorization, jsapi_message, request_message,
    response_message,
};

fn timestamp(case: &Case) -> Timestamp {
    Timestamp::from_unix(case.text("timestamp.txt").parse().unwrap())
}

fn nonce(case: &Case) -> Nonce {
    Nonce::new(&case.text("nonce.txt")).unwrap()
}

/// The signature is deterministic, so making it anew must give the same text.
fn assert_signature(case: &Case, message: &[u8]) {
    assert_eq!(message, case.bytes("message.txt"), "{}: message", case.name);
    let expected = case.text("signature.txt");
    for &backend in Backend::all() {
        let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
        let signature = key.sign(message).unwrap();
        assert_eq!(
            signature.to_base64(),
            expected,
            "{}: {backend:?}",
            case.name
        );
        assert_eq!(key.public_key().verify(message, &signature), Ok(()));
    }
}

#[test]
fn requests() {
    for case in cases("request", 10) {
        let message = request_message(
            &case.text("method.txt"),
            &case.text("target.txt"),
            timestamp(&case),
            &nonce(&case),
            &case.bytes("body.txt"),
        );
        assert_signature(&case, &message);

        let header = authorization(
            Algorithm::RsaSha256,
            "1900007291",
            &nonce(&case),
            timestamp(&case),
            &SerialNumber::parse("0a1b2c3d4e5f60718293a4b5c6d7e8f901234567").unwrap(),
            &Signature::from_base64(&case.text("signature.txt")).unwrap(),
        );
        assert_eq!(header, case.text("authorization.txt"), "{}", case.name);
    }
}

#[test]
fn invocations() {
    let case = Case::new("invocation/jsapi");
    let message = jsapi_message(
        &case.text("appid.txt"),
        timestamp(&case),
        &nonce(&case),
        &case.text("package.txt"),
    );
    assert_signature(&case, &message);

    let case = Case::new("invocation/app");
    let message = app_message(
        &case.text("appid.txt"),
        timestamp(&case),
        &nonce(&case),
        &case.text("prepay-id.txt"),
    );
    assert_signature(&case, &message);
}

#[test]
fn responses() {
    for case in cases("response", 7) {
        let body = case.bytes("body.txt");
        let message = response_message(&case.text("timestamp.txt"), &case.text("nonce.txt"), &body);
        assert_eq!(message, case.bytes("message.txt"), "{}: message", case.name);
        let text = case.text("signature.txt");
        let probe = case.name == "response/probe";
        assert_eq!(Signature::is_probe(&text), probe, "{}", case.name);

        for &backend in Backend::all() {
            let certificate = Certificate::from_pem_with(backend, CERTIFICATE).unwrap();
            let public_key = PublicKey::from_pem_with(backend, PUBLIC_KEY).unwrap();
            for key in [&public_key, certificate.public_key()] {
                let verify = |message: &[u8]| {
                    Signature::from_base64(&text)
                        .and_then(|signature| key.verify(message, &signature))
                };
                if probe {
                    verify(&message).unwrap_err();
                    continue;
                }
                assert_eq!(verify(&message), Ok(()), "{}: {backend:?}", case.name);
                assert_eq!(
                    verify(&message[..message.len() - 1]),
                    Err(VerifyError::Mismatch)
                );
                let mut changed = message.clone();
                changed[message.len() / 2] ^= 1;
                assert_eq!(verify(&changed), Err(VerifyError::Mismatch));
            }
        }
    }
}

#[test]
fn a_body_written_anew_no_longer_verifies() {
    let case = Case::new("response/json-with-line-feeds-and-chinese");
    let tidied = case.text("body.txt").replace(['\n', ' '], "");
    let message = response_message(
        &case.text("timestamp.txt"),
        &case.text("nonce.txt"),
        tidied.as_bytes(),
    );
    let signature = Signature::from_base64(&case.text("signature.txt")).unwrap();
    let key = PublicKey::from_pem(PUBLIC_KEY).unwrap();
    assert_eq!(key.verify(&message, &signature), Err(VerifyError::Mismatch));
}

#[test]
fn gcm() {
    for case in cases("gcm", 6) {
        let nonce = case.bytes("nonce.txt");
        let aad = case.bytes("associated-data.txt");
        let plain = case.bytes("plaintext.txt");
        let ciphertext = case.text("ciphertext.txt");
        for &backend in Backend::all() {
            let key = ApiV3Key::new_with(backend, API_V3_KEY).unwrap();
            assert_eq!(
                key.open(&nonce, &aad, &ciphertext).unwrap(),
                plain,
                "{}: {backend:?}",
                case.name
            );
            let sealed = key
                .seal(nonce.as_slice().try_into().unwrap(), &aad, &plain)
                .unwrap();
            assert_eq!(sealed, ciphertext, "{}: {backend:?}", case.name);
        }
    }
}

#[test]
fn oaep() {
    for case in cases("oaep", 5) {
        let ciphertext = case.text("ciphertext.txt");
        for &backend in Backend::all() {
            let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
            let plain = key.decrypt(&ciphertext);
            if case.has("plaintext.txt") {
                assert_eq!(
                    plain.unwrap(),
                    case.text("plaintext.txt"),
                    "{}: {backend:?}",
                    case.name
                );
            } else {
                // Another padding: it must not decrypt, and the error must not tell why.
                let error = plain.unwrap_err();
                assert_eq!(
                    error.to_string(),
                    "decryption failed: the key does not belong to the ciphertext, or it was changed",
                    "{}: {backend:?}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn certificates() {
    for case in cases("certificate", 5) {
        let pem = case.text("certificate.pem");
        for &backend in Backend::all() {
            let certificate = Certificate::from_pem_with(backend, &pem).unwrap();
            let unix = |file| case.text(file).parse::<i64>().unwrap();
            assert_eq!(
                certificate.serial_number().as_str(),
                case.text("serial.txt"),
                "{}",
                case.name
            );
            assert_eq!(
                certificate.not_before().as_unix(),
                unix("not-before.txt"),
                "{}",
                case.name
            );
            assert_eq!(
                certificate.not_after().as_unix(),
                unix("not-after.txt"),
                "{}",
                case.name
            );
            assert_eq!(certificate.to_pem(), pem, "{}", case.name);
            assert_eq!(
                Certificate::from_der(certificate.as_der()).unwrap(),
                certificate
            );
            // All of them were made for the one test key.
            let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
            assert_eq!(*certificate.public_key(), key.public_key(), "{}", case.name);
        }
    }
}

#[test]
fn parameters() {
    for case in cases("parameters", 25) {
        let key = ApiV2Key::new(case.bytes("key.txt")).unwrap();
        let params = case.params();
        for (sign_type, file) in [
            (SignType::Md5, "md5.txt"),
            (SignType::HmacSha256, "hmac-sha256.txt"),
        ] {
            let expected = case.text(file);
            let mut turned = params.clone();
            for _ in 0..2 {
                let sign = key.sign(sign_type, turned.iter().map(|(name, value)| (name, value)));
                assert_eq!(sign, expected, "{}: {sign_type}", case.name);
                turned.reverse();
            }
            assert_eq!(
                key.verify(params.clone(), &expected),
                Ok(()),
                "{}",
                case.name
            );
            assert_eq!(
                key.verify(params.clone(), &expected.to_lowercase()),
                Err(VerifyError::Mismatch),
                "{}",
                case.name
            );
        }
        let mut sorted = params.clone();
        sorted.sort();
        for (sign_type, file) in [
            (SignType::Md5, "md5.txt"),
            (SignType::HmacSha256, "hmac-sha256.txt"),
        ] {
            let pairs = || sorted.iter().map(|(name, value)| (name, value));
            let sign = key.sign_sorted(sign_type, pairs());
            assert_eq!(&*sign, case.text(file), "{}: {sign_type}", case.name);
            assert_eq!(key.verify_sorted(pairs(), &sign), Ok(()), "{}", case.name);
        }
        for wrong in [
            "hmac-sha256-without-key-suffix.txt",
            "md5-over-utf8.txt",
            "md5-over-gbk.txt",
        ] {
            if case.has(wrong) {
                let wrong = case.text(wrong);
                assert_eq!(
                    key.verify(params.clone(), &wrong),
                    Err(VerifyError::Mismatch),
                    "{}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn pay_signs() {
    for case in cases("pay-sign", 13) {
        let key = PaySignKey::new(case.bytes("key.txt")).unwrap();
        let expected = case.text("sha1.txt");
        assert_eq!(key.sign(case.params()), expected, "{}", case.name);
        assert_eq!(key.verify(case.params(), &expected), Ok(()));
        assert_eq!(
            key.verify(case.params(), &expected.to_uppercase()),
            Err(VerifyError::Mismatch)
        );
        assert_eq!(
            key.verify(case.params(), &expected[1..]),
            Err(VerifyError::Malformed)
        );
    }
}

#[test]
fn enterprise_signs() {
    for case in cases("workwx", 1) {
        let secret = WorkwxSecret::new(case.bytes("key.txt")).unwrap();
        let sign = secret.workwx_sign(case.params());
        assert_eq!(sign, case.text("md5.txt"), "{}", case.name);
    }
}

#[test]
fn signs_in_a_fixed_order() {
    for case in cases("in-order", 1) {
        let key = ApiV2Key::new(case.bytes("key.txt")).unwrap();
        let mut params = case.params();
        assert_eq!(
            key.sign_in_order(params.clone()),
            case.text("md5.txt"),
            "{}",
            case.name
        );
        params.push(("empty".to_owned(), Vec::new()));
        assert_eq!(key.sign_in_order(params.clone()), case.text("md5.txt"));
        params.reverse();
        assert_ne!(key.sign_in_order(params), case.text("md5.txt"));
    }
}

#[test]
fn address_signs() {
    for case in cases("address", 2) {
        assert_eq!(
            address_sign(case.params()),
            case.text("sha1.txt"),
            "{}",
            case.name
        );
    }
}

#[test]
fn refund_notices() {
    for case in cases("notice", 14) {
        let key = ApiV2Key::new(case.bytes("key.txt")).unwrap();
        let ciphertext = case.text("ciphertext.txt");
        for &backend in Backend::all() {
            let opened = key.open_notice_with(backend, &ciphertext);
            if case.has("plaintext.txt") {
                let plain = case.bytes("plaintext.txt");
                assert_eq!(opened.unwrap(), plain, "{}: {backend:?}", case.name);
                let sealed = key.seal_notice_with(backend, &plain).unwrap();
                assert_eq!(sealed, ciphertext, "{}: {backend:?}", case.name);
            } else {
                assert!(case.name.contains("refused"), "{}", case.name);
                assert_eq!(
                    format!("{:?}", opened.unwrap_err()),
                    "CipherError { kind: Decryption, source: None }",
                    "{}: {backend:?}",
                    case.name
                );
            }
        }
    }
}
