//! Client certificates: those that can be used, and what is said of those that cannot.

use wxpay_client::{BuildError, BuildErrorKind, Identity};

use crate::support::certificate::{ClientCertificate, KEY, SERIAL};
use crate::support::platform::MCHID;
use crate::support::tls::Authority;

const LEGACY: &[u8] = include_bytes!("keys/legacy.p12");
const OTHER_KEY: &str = include_str!("keys/platform_a.pem");

fn kind(result: Result<Identity, BuildError>) -> BuildErrorKind {
    let error = result.unwrap_err();
    assert!(
        error.to_string().starts_with("client certificate: "),
        "{error}"
    );
    error.kind()
}

#[test]
fn both_forms_are_read() {
    let certificate = ClientCertificate::new(&Authority::new());
    let archive = certificate.p12(MCHID);
    for identity in [
        certificate.identity(),
        Identity::from_pkcs12(&archive, MCHID).unwrap(),
        Identity::from_pkcs12(LEGACY, MCHID).unwrap(),
    ] {
        assert_eq!(identity.serial_number().as_str(), SERIAL);
        assert!(identity.not_before() < identity.not_after());
        let text = format!("{identity:?}");
        assert!(text.starts_with("Identity { serial_number: "), "{text}");
        assert!(!text.contains("key"), "{text}");
    }
}

#[test]
fn a_wrong_password_is_told_from_a_damaged_file() {
    let archive = ClientCertificate::new(&Authority::new()).p12(MCHID);
    for archive in [LEGACY, &archive] {
        for password in ["", "1900000108", "1900000109 "] {
            let opened = Identity::from_pkcs12(archive, password);
            assert_eq!(kind(opened), BuildErrorKind::WrongPassword);
        }
        for end in [0, 1, 10, archive.len() / 2, archive.len() - 1] {
            let opened = Identity::from_pkcs12(&archive[..end], MCHID);
            assert_eq!(kind(opened), BuildErrorKind::DamagedArchive, "{end}");
        }
    }
    for other in [
        &b"-----BEGIN CERTIFICATE-----"[..],
        b"PK\x03\x04",
        KEY.as_bytes(),
    ] {
        let opened = Identity::from_pkcs12(other, MCHID);
        assert_eq!(kind(opened), BuildErrorKind::DamagedArchive);
    }
}

#[test]
fn no_byte_of_an_archive_makes_it_panic() {
    for at in (0..LEGACY.len()).step_by(7) {
        let mut changed = LEGACY.to_vec();
        changed[at] ^= 0x41;
        // Some bytes are names that nobody looks at.
        let _ = Identity::from_pkcs12(&changed, MCHID);
    }
}

#[test]
fn what_is_missing_is_named() {
    let no_key = Identity::from_pkcs12(include_bytes!("keys/no_key.p12"), MCHID);
    assert_eq!(kind(no_key), BuildErrorKind::NoPrivateKey);
    let pem = ClientCertificate::new(&Authority::new()).pem;
    for (certificate, key, expected) in [
        ("", KEY, BuildErrorKind::NoCertificate),
        (KEY, KEY, BuildErrorKind::NoCertificate),
        (&pem, "", BuildErrorKind::NoPrivateKey),
        (&pem, &pem, BuildErrorKind::NoPrivateKey),
        (&pem, OTHER_KEY, BuildErrorKind::KeyMismatch),
    ] {
        assert_eq!(kind(Identity::from_pem(certificate, key)), expected);
    }
}
