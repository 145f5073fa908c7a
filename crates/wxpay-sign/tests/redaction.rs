//! No secret shows in a `Debug` text.

#[path = "support/vectors.rs"]
mod vectors;

use vectors::{API_V3_KEY, CERTIFICATE, PRIVATE_KEY, PUBLIC_KEY};
use wxpay_sign::{
    ApiV2Key, ApiV3Key, Backend, Certificate, CipherError, Decryptor as _, PaySignKey, PrivateKey,
    PublicKey, SignError, Signature, WorkwxSecret,
};

#[test]
fn secrets_are_redacted() {
    for &backend in Backend::all() {
        let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey([redacted])");
        assert_eq!(format!("{key:#?}"), "PrivateKey([redacted])");
        let key = ApiV3Key::new_with(backend, API_V3_KEY).unwrap();
        assert_eq!(format!("{key:?}"), "ApiV3Key([redacted])");
        assert_eq!(format!("{key:#?}"), "ApiV3Key([redacted])");
    }
    let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    assert_eq!(format!("{key:?}"), "ApiV2Key([redacted])");
    assert_eq!(format!("{key:#?}"), "ApiV2Key([redacted])");
    let key = PaySignKey::new("a".repeat(128)).unwrap();
    assert_eq!(format!("{key:?}"), "PaySignKey([redacted])");
    assert_eq!(format!("{key:#?}"), "PaySignKey([redacted])");
    let key = WorkwxSecret::new("a").unwrap();
    assert_eq!(format!("{key:?}"), "WorkwxSecret([redacted])");
    for wrong in ["", "with space", "line\n", &"a".repeat(257)] {
        WorkwxSecret::new(wrong).unwrap_err();
    }
}

#[test]
fn public_values_show_what_helps() {
    let key = PublicKey::from_pem(PUBLIC_KEY).unwrap();
    assert_eq!(format!("{key:?}"), "PublicKey { bits: 2048, .. }");
    let certificate = Certificate::from_pem(CERTIFICATE).unwrap();
    assert_eq!(
        format!("{certificate:?}"),
        "Certificate { serial_number: SerialNumber(\"0A1B2C3D4E5F60718293A4B5C6D7E8F901234567\"), \
         not_before: Timestamp(1704067200), not_after: Timestamp(2335219200), .. }"
    );
    let signature = Signature::from_bytes(b"abc".to_vec());
    assert_eq!(format!("{signature:?}"), "Signature(YWJj)");
}

#[test]
fn errors_about_keys_show_nothing_of_the_key() {
    // A secret in the wrong place: the API v3 key as PEM, a private key as API v2 key.
    let error = PrivateKey::from_pem(API_V3_KEY).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&API_V3_KEY[..8]));
    let error = ApiV2Key::new(PRIVATE_KEY).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&PRIVATE_KEY[28..36]));
    // The label is free text of the file and so is not repeated either.
    let error =
        PrivateKey::from_pem("-----BEGIN hunter2-----\nAAAA\n-----END hunter2-----\n").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn one_error_for_every_failed_decryption() {
    for &backend in Backend::all() {
        let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
        let longest = "A".repeat(4096);
        let texts = [
            "A",
            "AAAA",
            "!!!!",
            &longest,
            &"/".repeat(344),
            &"A".repeat(344),
        ];
        for text in texts {
            let error = key.decrypt(text).unwrap_err();
            assert_eq!(
                format!("{error:?}"),
                "CipherError { kind: Decryption, source: None }"
            );
        }
    }
}

#[test]
fn sources_are_kept_for_foreign_modules() {
    use std::error::Error as _;
    let error = SignError::new("the module is locked");
    assert_eq!(error.to_string(), "the message could not be signed");
    assert_eq!(error.source().unwrap().to_string(), "the module is locked");
    let error = CipherError::encryption("the module is locked");
    assert_eq!(error.to_string(), "encryption failed");
    assert_eq!(error.source().unwrap().to_string(), "the module is locked");
}
