use wxpay_sign::{Decryptor as _, Encryptor as _, Signer as _};

use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_772_380_800);
const FIVE_YEARS: i64 = 5 * 365 * 86_400;

#[test]
fn keys_and_certificates_belong_together() {
    let identity = Identity::generate(NOW).unwrap();
    let merchant = identity.merchant_certificate();
    assert_eq!(merchant.serial_number().as_str().len(), 40);
    assert_eq!(merchant.not_before(), NOW);
    assert_eq!(merchant.not_after().seconds_since(NOW), FIVE_YEARS);
    let signature = identity.merchant_private_key().sign(b"message").unwrap();
    merchant
        .public_key()
        .verify(b"message", &signature)
        .unwrap();

    let [platform] = identity.platform_certificates() else {
        panic!("one platform certificate")
    };
    assert_eq!(
        platform.certificate().not_after().seconds_since(NOW),
        FIVE_YEARS
    );
    let secret = platform
        .certificate()
        .public_key()
        .encrypt("6222020000000000000")
        .unwrap();
    assert_eq!(
        platform.private_key().decrypt(&secret).unwrap(),
        "6222020000000000000"
    );

    let signature = identity.public_key_signer().sign(b"message").unwrap();
    identity
        .public_key()
        .verify(b"message", &signature)
        .unwrap();
    assert!(
        merchant
            .public_key()
            .verify(b"message", &signature)
            .is_err()
    );
}

#[test]
fn a_rotation_adds_a_certificate_with_a_key_of_its_own() {
    let mut identity = Identity::generate(NOW).unwrap();
    let later = NOW.saturating_add(86_400);
    let serial = identity
        .add_platform_certificate(later)
        .unwrap()
        .serial_number()
        .clone();
    let [old, new] = identity.platform_certificates() else {
        panic!("two platform certificates")
    };
    assert_eq!(new.serial_number(), &serial);
    assert_eq!(new.certificate().not_before(), later);
    assert_ne!(old.serial_number(), new.serial_number());
    assert!(old.certificate().public_key() != new.certificate().public_key());
}

#[test]
fn debug_shows_numbers_and_no_secret() {
    let identity = Identity::generate(NOW).unwrap();
    let text = format!("{identity:?}");
    assert!(text.contains(identity.mchid()), "{text}");
    for secret in [
        identity.api_key(),
        identity.app_secret(),
        identity.partner_key(),
        identity.pay_sign_key(),
        &identity.names().apiv3_key,
    ] {
        assert!(!text.contains(secret.expose()), "{text}");
    }
    assert!(!text.contains("PRIVATE KEY"), "{text}");
}
