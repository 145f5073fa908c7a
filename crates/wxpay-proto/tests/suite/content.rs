//! As what a notification is read, and what is said where that cannot be.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;

use wxpay_proto::json::{EncryptedResource, NotificationEnvelope};
use wxpay_proto::sign::{CipherError, Decryptor, Encryptor as _};
use wxpay_proto::{
    ApiV3Key, ContentError, Credential, DecodeError, Merchant, Notification, NotificationContent,
    Plaintext, PrivateKey, SerialNumber,
};

use crate::support::{
    API_V3_KEY, MCHID, NOW, PRIVATE_KEY, Platform, SERIAL, merchant, public_key_ring,
};

const NAME: &str = "张三";

/// Somebody who signed a contract; the name comes encrypted.
#[derive(Debug, Eq, PartialEq)]
struct Contract {
    id: String,
    name: String,
}

impl NotificationContent for Contract {
    const EVENTS: &'static [&'static str] = &["CONTRACT.SIGN", "CONTRACT.END"];

    fn read(plaintext: Plaintext<'_>) -> Result<Self, DecodeError> {
        let mut fields: BTreeMap<String, String> = plaintext.json()?;
        let mut take = |name: &str| {
            let missing = || DecodeError::at(name, "the field is missing");
            fields.remove(name).ok_or_else(missing)
        };
        let (id, name) = (take("id")?, take("name")?);
        let opened = plaintext.decryptor().decrypt(&name);
        let name = opened.map_err(|error| DecodeError::at("name", error.to_string()))?;
        Ok(Self { id, name })
    }
}

fn sealed_name() -> String {
    let key = PrivateKey::from_pem(PRIVATE_KEY).unwrap();
    key.public_key().encrypt(NAME).unwrap()
}

fn told_to(merchant: &Merchant, event: &str, plain: &serde_json::Value) -> Notification {
    let key = ApiV3Key::new(API_V3_KEY).unwrap();
    let nonce = b"fdasflkja484";
    let ciphertext = key.seal(nonce, b"", plain.to_string().as_bytes()).unwrap();
    let mut resource = EncryptedResource::new("fdasflkja484", ciphertext);
    resource.original_type = Some("contract".to_owned());
    let envelope = NotificationEnvelope::new("EV-1", event, resource);
    let body = serde_json::to_vec(&envelope).unwrap();
    let headers = Platform::public_key().headers(&body, NOW);
    merchant.open_notification(&headers, &body, NOW).unwrap()
}

fn told(event: &str, plain: &serde_json::Value) -> Notification {
    told_to(&merchant(), event, plain)
}

fn signed() -> serde_json::Value {
    serde_json::json!({ "id": "C-1", "name": sealed_name() })
}

#[test]
fn what_belongs_to_the_event_is_read_and_decrypted() {
    for event in Contract::EVENTS {
        let contract: Contract = told(event, &signed()).decode().unwrap();
        assert_eq!(
            (contract.id.as_str(), contract.name.as_str()),
            ("C-1", NAME)
        );
    }
}

#[test]
fn another_event_is_refused_by_both_names() {
    let notification = told("REFUND.SUCCESS", &signed());
    let error = notification.decode::<Contract>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the notification is genuine and of event REFUND.SUCCESS, asked for was what CONTRACT.SIGN or \
         CONTRACT.END carries: match on event_type() before, or use decode_as() where the payloads are known to \
         be the same"
    );
    assert_eq!(error.expected_events(), Some(Contract::EVENTS));
    assert_eq!((error.id(), error.event_type()), ("EV-1", "REFUND.SUCCESS"));
    assert!(error.source().is_none());
    assert_eq!(error.plaintext(), notification.plaintext());
    // Who knows better says so.
    assert_eq!(notification.decode_as::<Contract>().unwrap().id, "C-1");
}

#[test]
fn an_event_of_tomorrow_is_passed_on() {
    let notification = told("CONTRACT.TELEPORT", &signed());
    assert_eq!(notification.event_type(), "CONTRACT.TELEPORT");
    notification.decode::<Contract>().unwrap_err();
    assert_eq!(notification.decode_as::<Contract>().unwrap().name, NAME);
    let untyped: serde_json::Value = notification.json().unwrap();
    assert_eq!(untyped["id"], "C-1");
    assert_ne!(untyped["name"], NAME, "nothing is decrypted on the way");
}

#[test]
fn names_of_events_are_harmless_to_print() {
    let strange = format!("X\n\u{7}{}", "Y".repeat(1000));
    let error = told(&strange, &signed()).decode::<Contract>().unwrap_err();
    let text = error.to_string();
    assert!(text.len() < 300 && !text.contains('\n'), "{text}");
    assert_eq!(error.event_type(), strange, "kept as it was sent");
}

fn unread(plain: &serde_json::Value) -> ContentError {
    let error = told("CONTRACT.SIGN", plain)
        .decode::<Contract>()
        .unwrap_err();
    assert_eq!(error.expected_events(), None);
    assert_eq!(error.plaintext(), plain.to_string().as_bytes());
    error
}

#[test]
fn what_cannot_be_read_is_not_lost() {
    let error = unread(&serde_json::json!({ "id": "C-1" }));
    let text = error.to_string();
    assert!(
        text.contains("genuine") && text.contains("CONTRACT.SIGN") && text.contains("plaintext()"),
        "{text}"
    );
    let cause = error.source().unwrap();
    assert_eq!(cause.to_string(), "name: the field is missing");
    assert!(
        !text.contains("missing"),
        "the cause is not told twice: {text}"
    );

    let wrong = unread(&serde_json::json!({ "id": 1 }));
    assert!(wrong.source().unwrap().to_string().starts_with("id: "));
    let forged = unread(&serde_json::json!({ "id": "C-1", "name": "bm90IGVuY3J5cHRlZA==" }));
    assert!(forged.source().unwrap().to_string().starts_with("name: "));
}

#[test]
fn nothing_that_was_told_shows() {
    let secret = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
    let error = unread(&serde_json::json!({ "id": secret }));
    let plaintext = error.plaintext().len();
    assert_eq!(
        format!("{error:?}"),
        format!(
            "ContentError {{ id: \"EV-1\", event_type: \"CONTRACT.SIGN\", error: DecodeError(Inner {{ path: \
             \"name\", message: \"the field is missing\" }}), plaintext_len: {plaintext}, .. }}"
        )
    );
    assert!(!error.to_string().contains(secret));
    let other = told("OTHER", &serde_json::json!({ "id": secret }));
    let error = other.decode::<Contract>().unwrap_err();
    assert!(!format!("{error:?} {error} {other:?}").contains(secret));

    struct Looks;
    impl NotificationContent for Looks {
        const EVENTS: &'static [&'static str] = &["OTHER"];

        fn read(plaintext: Plaintext<'_>) -> Result<Self, DecodeError> {
            assert_eq!(plaintext.original_type(), Some("contract"));
            let len = plaintext.bytes().len();
            assert_eq!(
                format!("{plaintext:?}"),
                format!("Plaintext {{ len: {len}, original_type: Some(\"contract\"), .. }}")
            );
            Ok(Self)
        }
    }
    other.decode::<Looks>().unwrap();
}

/// Decrypts to the same text whatever it is given: a key that lies elsewhere.
#[derive(Debug)]
struct Elsewhere;

impl Decryptor for Elsewhere {
    fn decrypt(&self, _: &str) -> Result<String, CipherError> {
        Ok("李四".to_owned())
    }
}

#[test]
fn the_merchants_own_decryptor_is_asked() {
    let serial = SerialNumber::parse(SERIAL).unwrap();
    let key = PrivateKey::from_pem(PRIVATE_KEY).unwrap();
    let credential = Credential::new(MCHID, serial, key).unwrap();
    let credential = credential.with_decryptor(Arc::new(Elsewhere));
    let api_v3_key = ApiV3Key::new(API_V3_KEY).unwrap();
    let merchant = Merchant::new(credential, api_v3_key, public_key_ring());
    let contract: Contract = told_to(&merchant, "CONTRACT.SIGN", &signed())
        .decode()
        .unwrap();
    assert_eq!(contract.name, "李四");
}
