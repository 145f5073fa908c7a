//! Properties that hold for any input. Nothing here may panic, hang or take what it should refuse.

#![expect(clippy::unwrap_used, reason = "a broken fixture is a failed test")]

#[path = "support/vectors.rs"]
mod vectors;

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use vectors::{API_V3_KEY, CERTIFICATE, PRIVATE_KEY, PRIVATE_KEY_PKCS1, PUBLIC_KEY};
use wxpay_sign::{
    ApiV2Key, ApiV3Key, Backend, Certificate, Decryptor as _, Encryptor as _, Nonce, PlatformKeyId,
    PrivateKey, PublicKey, SerialNumber, SignType, Signature, Signer as _, Timestamp, VerifyError,
    request_message, response_message,
};

static KEYS: LazyLock<Vec<PrivateKey>> = LazyLock::new(|| {
    Backend::all()
        .iter()
        .map(|&backend| PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap())
        .collect()
});
static API_V3_KEYS: LazyLock<Vec<ApiV3Key>> = LazyLock::new(|| {
    Backend::all()
        .iter()
        .map(|&backend| ApiV3Key::new_with(backend, API_V3_KEY).unwrap())
        .collect()
});

fn read_everything(text: &str) {
    for &backend in Backend::all() {
        let _ = PrivateKey::from_pem_with(backend, text);
        let _ = PublicKey::from_pem_with(backend, text);
        let _ = Certificate::from_pem_with(backend, text);
    }
}

fn read_everything_der(der: &[u8]) {
    for &backend in Backend::all() {
        let _ = PrivateKey::from_pkcs8_der_with(backend, der);
        let _ = PublicKey::from_spki_der_with(backend, der);
        let _ = Certificate::from_der_with(backend, der);
    }
}

/// The DER inside one of our own PEM texts.
fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut bytes = Vec::new();
    for quad in body.as_bytes().chunks(4) {
        bytes.extend_from_slice(
            Signature::from_base64(str::from_utf8(quad).unwrap())
                .unwrap()
                .as_bytes(),
        );
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        read_everything(&text);
        let _ = Signature::from_base64(&text);
        let _ = SerialNumber::parse(&text);
        let _ = PlatformKeyId::parse(&text);
        let _ = Nonce::new(&text);
    }

    #[test]
    fn no_pem_like_text_makes_a_parser_panic(
        label in "(RSA |EC |ENCRYPTED )?(PRIVATE KEY|PUBLIC KEY|CERTIFICATE)",
        body in "[A-Za-z0-9+/=\\r\\n :\\\\]{0,200}",
        end in "(-----END (PRIVATE KEY|PUBLIC KEY|CERTIFICATE)-----)?",
    ) {
        read_everything(&format!("-----BEGIN {label}-----{body}-----END {label}-----{end}"));
        read_everything(&format!("-----BEGIN {label}-----{body}{end}"));
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in vec(any::<u8>(), 0..400)) {
        read_everything_der(&bytes);
    }

    #[test]
    fn a_changed_certificate_never_panics(position in 0usize..806, byte in any::<u8>(), cut in 0usize..806) {
        let mut bytes = der(CERTIFICATE);
        bytes[position] = byte;
        read_everything_der(&bytes);
        bytes.truncate(cut);
        prop_assert!(Certificate::from_der(&bytes).is_err());
    }

    #[test]
    fn a_changed_public_key_never_panics(position in 0usize..294, byte in any::<u8>()) {
        let mut bytes = der(PUBLIC_KEY);
        bytes[position] = byte;
        read_everything_der(&bytes);
    }

    #[test]
    fn identifiers_survive_a_round_trip(bytes in vec(any::<u8>(), 1..=20)) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let serial = SerialNumber::parse(&hex).unwrap();
        prop_assert_eq!(&SerialNumber::parse(serial.as_str()).unwrap(), &serial);
        if bytes.len() == 20 {
            prop_assert_eq!(serial.as_str(), hex.to_uppercase());
        }
    }

    #[test]
    fn signatures_survive_a_round_trip(bytes in vec(any::<u8>(), 1..=1024)) {
        let signature = Signature::from_bytes(bytes);
        let text = signature.to_base64();
        prop_assert!(!text.contains(['\n', '-', '_']));
        prop_assert_eq!(Signature::from_base64(&text).unwrap(), signature);
    }

    #[test]
    fn messages_end_every_part_with_a_line_feed(
        target in "/[a-z0-9/?&=%]{0,40}", at in any::<i64>(), nonce in "[A-Z0-9]{1,32}", body in vec(any::<u8>(), 0..60),
    ) {
        let nonce = Nonce::new(&nonce).unwrap();
        let at = Timestamp::from_unix(at);
        let message = request_message("PATCH", &target, at, &nonce, &body);
        let mut expected = format!("PATCH\n{target}\n{at}\n{nonce}\n").into_bytes();
        expected.extend_from_slice(&body);
        expected.push(b'\n');
        prop_assert_eq!(&message, &expected);

        let message = response_message(&at.to_string(), nonce.as_str(), &body);
        prop_assert!(expected.ends_with(&message));
    }

    #[test]
    fn any_text_seals_and_opens(nonce in any::<[u8; 12]>(), aad in vec(any::<u8>(), 0..40), plain in vec(any::<u8>(), 0..300)) {
        let sealed: Vec<_> = API_V3_KEYS.iter().map(|key| key.seal(&nonce, &aad, &plain).unwrap()).collect();
        for key in API_V3_KEYS.iter() {
            for text in &sealed {
                prop_assert_eq!(&key.open(&nonce, &aad, text).unwrap(), &plain);
            }
        }
    }

    #[test]
    fn no_ciphertext_makes_opening_panic(nonce in vec(any::<u8>(), 0..16), aad in vec(any::<u8>(), 0..8), text in "[A-Za-z0-9+/=]{0,100}") {
        for key in API_V3_KEYS.iter() {
            prop_assert!(key.open(&nonce, &aad, &text).is_err());
        }
    }

    #[test]
    fn parameters_verify_in_any_order(
        params in proptest::collection::btree_map("[A-Za-z_0-9]{1,12}", "\\PC{0,20}", 0..12)
            .prop_map(|map| map.into_iter().collect::<Vec<_>>()),
        seed in any::<usize>(),
        hmac in any::<bool>(),
    ) {
        let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap();
        let sign_type = if hmac { SignType::HmacSha256 } else { SignType::Md5 };
        let sign = key.sign(sign_type, params.clone());
        let mut turned = params;
        if !turned.is_empty() {
            let middle = seed % turned.len();
            turned.rotate_left(middle);
        }
        turned.push(("sign".to_owned(), sign.clone()));
        turned.push(("empty".to_owned(), String::new()));
        prop_assert_eq!(key.verify(turned.clone(), &sign), Ok(()));
        turned.push(("~".to_owned(), "0".to_owned()));
        prop_assert_eq!(key.verify(turned, &sign), Err(VerifyError::Mismatch));
    }

    #[test]
    fn any_change_of_a_signed_parameter_is_noticed(
        params in proptest::collection::btree_map("[a-z_0-9]{1,12}", "[ -~]{1,20}|支付.{0,400}", 1..12)
            .prop_map(|map| map.into_iter().filter(|(name, _)| name != "sign").collect::<Vec<_>>()),
        which in any::<prop::sample::Index>(),
        hmac in any::<bool>(),
    ) {
        prop_assume!(!params.is_empty());
        let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap();
        let sign_type = if hmac { SignType::HmacSha256 } else { SignType::Md5 };
        let pairs = || params.iter().map(|(name, value)| (name, value));
        let sign = key.sign_sorted(sign_type, pairs());
        prop_assert_eq!(&*sign, key.sign(sign_type, pairs().rev()));
        prop_assert_eq!(key.verify_sorted(pairs(), &sign), Ok(()));
        let at = which.index(params.len());
        let mut changed = params.clone();
        changed[at].1.push('x');
        prop_assert_eq!(key.verify(changed.clone(), &sign), Err(VerifyError::Mismatch));
        changed[at].1.clear();
        prop_assert_eq!(key.verify(changed, &sign), Err(VerifyError::Mismatch));
        let mut digits = sign.to_string().into_bytes();
        let at = which.index(digits.len());
        digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
        let digits = String::from_utf8(digits).unwrap();
        prop_assert_eq!(key.verify_sorted(pairs(), &digits), Err(VerifyError::Mismatch));
    }

    #[test]
    fn any_notice_seals_and_opens(plain in vec(any::<u8>(), 0..100), text in "[A-Za-z0-9+/=]{0,100}") {
        let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap();
        for &one in Backend::all() {
            let sealed = key.seal_notice_with(one, &plain).unwrap();
            for &other in Backend::all() {
                prop_assert_eq!(&key.open_notice_with(other, &sealed).unwrap(), &plain);
            }
            let _ = key.open_notice_with(one, &text);
        }
    }

    #[test]
    fn no_sign_makes_verification_panic(sign in any::<String>()) {
        let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap();
        prop_assert!(key.verify([("a", "b")], &sign).is_err());
    }
}

proptest! {
    // Private-key operations, which take milliseconds without AWS-LC.
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_private_key_never_panics(position in 0usize..1216, byte in any::<u8>()) {
        let mut bytes = der(PRIVATE_KEY);
        bytes[position] = byte;
        read_everything_der(&bytes);
    }

    #[test]
    fn a_changed_pkcs1_text_never_panics(position in 40usize..1600, byte in "[A-Za-z0-9+/]") {
        let mut text = PRIVATE_KEY_PKCS1.to_owned();
        text.replace_range(position..=position, &byte);
        read_everything(&text);
    }

    #[test]
    fn any_message_signs_and_verifies(message in vec(any::<u8>(), 0..300), position in 0usize..300) {
        let signatures: Vec<_> = KEYS.iter().map(|key| key.sign(&message).unwrap()).collect();
        for key in KEYS.iter() {
            for signature in &signatures {
                prop_assert_eq!(signature, &signatures[0]);
                prop_assert_eq!(key.public_key().verify(&message, signature), Ok(()));
                let mut changed = signature.as_bytes().to_vec();
                changed[position % 256] ^= 1;
                let changed = Signature::from_bytes(changed);
                prop_assert_eq!(key.public_key().verify(&message, &changed), Err(VerifyError::Mismatch));
            }
        }
    }

    #[test]
    fn any_text_encrypts_and_decrypts(plain in "\\PC{0,53}") {
        for a in KEYS.iter() {
            let ciphertext = a.public_key().encrypt(&plain).unwrap();
            for b in KEYS.iter() {
                prop_assert_eq!(&b.decrypt(&ciphertext).unwrap(), &plain);
            }
        }
    }

    #[test]
    fn no_ciphertext_makes_decryption_panic(bytes in vec(any::<u8>(), 1..300), text in any::<String>()) {
        for key in KEYS.iter() {
            prop_assert!(key.decrypt(&Signature::from_bytes(bytes.clone()).to_base64()).is_err());
            prop_assert!(text.is_empty() || key.decrypt(&text).is_err());
            let mut full = bytes.clone();
            full.resize(256, 0x17);
            prop_assert!(key.decrypt(&Signature::from_bytes(full).to_base64()).is_err());
        }
    }
}
