//! The keys of encrypted files.

use wxpay_proto::sign::{Backend, Encryptor as _};
use wxpay_proto::{Credential, Merchant, PublicKey, SerialNumber};

use crate::support::{
    API_V3_KEY, MCHID, PUBLIC_KEY, SECOND_PUBLIC_KEY, SERIAL, merchant_of, public_key_ring,
};

const KEY: &str = "Qm9va3MgYXJlIGtlcHQgYnkgdGhlIGRh";
const NONCE: &[u8] = b"a8607ef79034c49c";

fn encrypted(pem: &str, key: &str) -> String {
    PublicKey::from_pem(pem).unwrap().encrypt(key).unwrap()
}

fn error(merchant: &Merchant, encrypt_key: &str) -> String {
    let error = merchant.open_file_key(encrypt_key).unwrap_err();
    assert_eq!(error.path(), "encrypt_key");
    let (text, debug) = (error.to_string(), format!("{error:?}"));
    for shown in [&text, &debug] {
        assert!(!shown.contains(&KEY[..8]), "{shown}");
        assert!(
            encrypt_key.is_empty() || !shown.contains(encrypt_key),
            "{shown}"
        );
    }
    text
}

#[test]
fn the_merchants_key_opens_it() {
    for &backend in Backend::all() {
        let merchant = merchant_of(backend, public_key_ring());
        let key = merchant.open_file_key(&encrypted(PUBLIC_KEY, KEY)).unwrap();
        let mut file = b"text".to_vec();
        wxpay_proto::FileKey::new(KEY)
            .unwrap()
            .seal(NONCE, &mut file)
            .unwrap();
        let mut opener = key.opener(NONCE).unwrap();
        assert_eq!(opener.update(&mut file).unwrap(), b"text");
        opener.finish().unwrap();
    }
}

#[test]
fn what_is_no_key_is_refused_by_the_name_of_its_field() {
    let merchant = merchant_of(Backend::default(), public_key_ring());
    for other in [&encrypted(SECOND_PUBLIC_KEY, KEY), "no Base64", "AAAA"] {
        assert_eq!(
            error(&merchant, other),
            "encrypt_key: cannot be decrypted with the merchant's key: decryption failed: the key does not \
             belong to the ciphertext, or it was changed"
        );
    }
    assert_eq!(
        error(&merchant, &encrypted(PUBLIC_KEY, &KEY[..31])),
        "encrypt_key: file key: 31 bytes, exactly 32 needed"
    );
    assert_eq!(
        error(&merchant, ""),
        "encrypt_key: file key: 0 bytes, exactly 32 needed"
    );
}

#[test]
fn a_credential_without_a_decryptor_says_so() {
    let signer = wxpay_proto::PrivateKey::from_pem(crate::support::PRIVATE_KEY).unwrap();
    let serial = SerialNumber::parse(SERIAL).unwrap();
    let credential = Credential::with_signer(MCHID, serial, std::sync::Arc::new(signer)).unwrap();
    let api_v3_key = wxpay_proto::ApiV3Key::new(API_V3_KEY).unwrap();
    let merchant = Merchant::new(credential, api_v3_key, public_key_ring());
    let text = error(&merchant, &encrypted(PUBLIC_KEY, KEY));
    assert!(
        text.starts_with("encrypt_key: cannot be decrypted with the merchant's key: "),
        "{text}"
    );
}
