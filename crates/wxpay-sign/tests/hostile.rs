//! Wrong input: every file under `tests/vectors/refused`, and hand-made bad texts.

#[path = "support/vectors.rs"]
mod vectors;

use vectors::{API_V3_KEY, CERTIFICATE, PRIVATE_KEY, PUBLIC_KEY, cases};
use wxpay_sign::{
    ApiV2Key, ApiV3Key, Backend, Certificate, KeyErrorKind, PaySignKey, PlatformKeyId, PrivateKey,
    PublicKey, PublicKeyId, SerialNumber, SignType, Signature, VerifyError,
};

#[test]
fn refused_files_say_what_they_are() {
    for case in cases("refused", 40) {
        let input = case.text("input.pem");
        for &backend in Backend::all() {
            let error = match case.text("wanted.txt").as_str() {
                "private key" => PrivateKey::from_pem_with(backend, &input).unwrap_err(),
                "public key" => PublicKey::from_pem_with(backend, &input).unwrap_err(),
                "certificate" => Certificate::from_pem_with(backend, &input).unwrap_err(),
                other => panic!("{}: wanted {other}", case.name),
            };
            let seen = format!("{:?}: {error}", error.kind());
            assert_eq!(seen, case.text("error.txt"), "{}: {backend:?}", case.name);
        }
    }
}

#[test]
fn keys_of_the_portal_have_one_length() {
    let cases: [(&str, &str); 5] = [
        ("", "API v3 key: 0 bytes, exactly 32 needed"),
        (&API_V3_KEY[1..], "API v3 key: 31 bytes, exactly 32 needed"),
        (
            &format!("{API_V3_KEY}\n"),
            "API v3 key: 33 bytes, exactly 32 needed; it ends with a line break, remove that",
        ),
        (
            &format!(" {API_V3_KEY}"),
            "API v3 key: 33 bytes, exactly 32 needed; it has white space around it, remove that",
        ),
        (
            &API_V3_KEY.repeat(4),
            "API v3 key: 128 bytes, exactly 32 needed",
        ),
    ];
    for (key, text) in cases {
        for &backend in Backend::all() {
            let error = ApiV3Key::new_with(backend, key).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::Length);
            assert_eq!(error.to_string(), text);
        }
    }
    assert_eq!(
        ApiV2Key::new("short").unwrap_err().to_string(),
        "API v2 key: 5 bytes, exactly 32 needed"
    );
    assert_eq!(
        ApiV2Key::new([b' '; 32]).unwrap_err().kind(),
        KeyErrorKind::Alphabet
    );
    assert_eq!(
        ApiV2Key::new([0xe6; 32]).unwrap_err().kind(),
        KeyErrorKind::Alphabet
    );
    assert_eq!(
        PaySignKey::new([b'a'; 32]).unwrap_err().kind(),
        KeyErrorKind::Length
    );
}

#[test]
fn gcm_refuses_every_change() {
    for &backend in Backend::all() {
        let key = ApiV3Key::new_with(backend, API_V3_KEY).unwrap();
        let other = ApiV3Key::new_with(backend, API_V3_KEY.to_uppercase()).unwrap();
        let good = "YUCi0Ys2eaDL9uBIwmDAm6zm5oq1";
        assert_eq!(
            key.open(b"61f9c719728a", b"certificate", good).unwrap(),
            b"hello"
        );

        let mut failures = vec![
            other.open(b"61f9c719728a", b"certificate", good),
            key.open(b"61f9c719728", b"certificate", good),
            key.open(b"61f9c719728aa", b"certificate", good),
            key.open(b"", b"certificate", good),
            key.open(b"61f9c719728a", b"", good),
            key.open(b"61f9c719728a", b"certificate", ""),
            key.open(b"61f9c719728a", b"certificate", "YUCi0Ys2eaDL9uBIwmDA"),
            key.open(b"61f9c719728a", b"certificate", &format!("{good}\n")),
            key.open(b"61f9c719728a", b"certificate", &good[..27]),
            key.open(
                b"61f9c719728a",
                b"certificate",
                &good.replace('/', "_").replace('Y', "-"),
            ),
            // The unused bits of the last digit are not zero.
            key.open(b"fdasflkja484", b"transaction", "4R63cMxdJKVZEAGn+gHIIx=="),
            // Padding left out.
            key.open(b"fdasflkja484", b"transaction", "4R63cMxdJKVZEAGn+gHIIw"),
        ];
        for position in 0..12 {
            let mut nonce = *b"61f9c719728a";
            nonce[position] ^= 1;
            failures.push(key.open(&nonce, b"certificate", good));
        }
        let bytes = Signature::from_base64(good).unwrap();
        for position in 0..bytes.as_bytes().len() {
            for bit in 0..8 {
                let mut changed = bytes.as_bytes().to_vec();
                changed[position] ^= 1 << bit;
                let changed = Signature::from_bytes(changed).to_base64();
                failures.push(key.open(b"61f9c719728a", b"certificate", &changed));
            }
        }
        for failure in failures {
            assert_eq!(
                format!("{:?}", failure.unwrap_err()),
                "CipherError { kind: Decryption, source: None }"
            );
        }
    }
}

#[test]
fn signature_texts_are_strict_base64() {
    for text in [
        "",
        "A",
        "AA",
        "AA=",
        "AAAA\n",
        " AAAA",
        "AA==AA==",
        "AB==",
        "A_-A",
        &"A".repeat(1372),
    ] {
        assert_eq!(
            Signature::from_base64(text),
            Err(VerifyError::Malformed),
            "{text:?}"
        );
    }
}

#[test]
fn signatures_of_any_other_length_do_not_match() {
    for &backend in Backend::all() {
        let key = PublicKey::from_pem_with(backend, PUBLIC_KEY).unwrap();
        for length in [0, 1, 32, 255, 256, 257, 512, 1024, 4096] {
            for byte in [0, 0xff] {
                let signature = Signature::from_bytes(vec![byte; length]);
                assert_eq!(
                    key.verify(b"message", &signature),
                    Err(VerifyError::Mismatch)
                );
            }
        }
    }
}

#[test]
fn a_damaged_private_key_is_refused() {
    let der = Certificate::from_pem(&PRIVATE_KEY.replace("PRIVATE KEY", "CERTIFICATE"));
    assert!(der.is_err(), "a key is no certificate");
    // One digit changed in the private exponent, in either prime.
    for (from, to) in [
        ("Gdat7R+", "Gdat7S+"),
        ("780Dn3+NFr", "780Dn3+NFs"),
        ("6YkZIdAqK", "6YkZIdAqL"),
    ] {
        assert!(PRIVATE_KEY.replace('\n', "").contains(from), "{from}");
        let damaged = PRIVATE_KEY
            .replace("KEY-----\n", "KEY-----")
            .replace('\n', "")
            .replace(from, to);
        for &backend in Backend::all() {
            let error = PrivateKey::from_pem_with(backend, &damaged).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::Rejected, "{from}: {backend:?}");
        }
    }
}

#[test]
fn serials_are_normalised() {
    let same = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567";
    for text in [
        same,
        "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        "0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:01:23:45:67",
    ] {
        assert_eq!(SerialNumber::parse(text).unwrap().as_str(), same);
    }
    // The sign byte of DER goes, zeros of a full serial stay.
    assert_eq!(SerialNumber::parse("00:80:FF").unwrap().as_str(), "80FF");
    assert_eq!(
        SerialNumber::parse(&format!("00{}", "F".repeat(40)))
            .unwrap()
            .as_str(),
        "F".repeat(40)
    );
    let zeros = format!("00F{}", "1".repeat(37));
    assert_eq!(SerialNumber::parse(&zeros).unwrap().as_str(), zeros);
    assert_eq!(SerialNumber::parse("0123").unwrap().as_str(), "0123");
}

#[test]
fn bad_identifiers_say_why() {
    let text = |input: &str| PlatformKeyId::parse(input).unwrap_err().to_string();
    assert_eq!(
        text("A1B2C3D4E5F60718293A4B5C6D7E8F901234567"),
        "certificate serial number: 39 digits, an even number needed; the leading zero was lost, take \
         the serial from the certificate itself"
    );
    assert_eq!(
        text(""),
        "certificate serial number: 0 digits, 2 to 40 needed"
    );
    assert_eq!(
        text(&"AB".repeat(21)),
        "certificate serial number: 42 digits, 2 to 40 needed"
    );
    let characters = "certificate serial number: only hexadecimal digits and colons are allowed";
    for input in ["0x12", "12 34", "12\n", "十六", "pub_key_id_0119"] {
        assert_eq!(text(input), characters, "{input}");
    }
    assert!(SerialNumber::parse(&":".repeat(1000)).is_err());
    assert_eq!(
        text("PUB_KEY_ID_"),
        "public key id: 11 bytes, 12 to 128 needed"
    );
    assert_eq!(
        text("PUB_KEY_ID_01\r\n"),
        "public key id: only ASCII letters, digits, `_` and `-` are allowed"
    );
    assert_eq!(
        PublicKeyId::parse("0119").unwrap_err().to_string(),
        "public key id: it must start with PUB_KEY_ID_"
    );
}

#[test]
fn platform_key_ids_are_told_apart() {
    let id = "PUB_KEY_ID_0119000072912024010100000000000000";
    assert_eq!(
        PlatformKeyId::parse(id).unwrap(),
        PublicKeyId::parse(id).unwrap().into()
    );
    assert_eq!(PlatformKeyId::parse(id).unwrap().as_str(), id);
    // Case matters in what follows the prefix: it is not hexadecimal.
    assert_ne!(
        PlatformKeyId::parse("PUB_KEY_ID_ab"),
        PlatformKeyId::parse("PUB_KEY_ID_AB")
    );
    let certificate = Certificate::from_pem(CERTIFICATE).unwrap();
    let id = PlatformKeyId::from(certificate.serial_number().clone());
    assert_eq!(
        PlatformKeyId::parse("0a1b2c3d4e5f60718293a4b5c6d7e8f901234567").unwrap(),
        id
    );
    assert_eq!(id.to_string(), "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567");
}

#[test]
#[cfg_attr(
    debug_assertions,
    should_panic(expected = "appid does not come after nonce_str")
)]
fn unsorted_parameters_are_a_mistake_of_the_program() {
    let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let params = [("nonce_str", "1"), ("appid", "2")];
    let sign = key.sign(SignType::Md5, params);
    // In a release build nothing matches.
    assert_eq!(key.verify_sorted(params, &sign), Err(VerifyError::Mismatch));
}
