//! Sensitive text: encrypted on its way with a real key, back in the clear on its return, and never shown.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "support/merchant.rs"]
mod merchant;

use merchant::{answered, key, merchant, sent};
use serde_json::Value;
use wxpay_api::pay::{Amount, Identity, IdentityType, NativePrepay, Payer};
use wxpay_api::refund::{AbnormalRefundType, ApplyAbnormalRefund};
use wxpay_api::security::Echo;
use wxpay_proto::sign::{Decryptor as _, Encryptor as _};
use wxpay_proto::{AcceptError, Fen, Operation as _, PrepareError, Sensitive};

fn order() -> NativePrepay {
    let identity = Identity::new(IdentityType::IdCard, "11010519491231002X", "张三");
    let amount = Amount::new(Fen::new(100));
    NativePrepay::new(
        "wx1",
        "1900007291",
        "伞",
        "order-1",
        "https://shop.example/n",
        amount,
    )
    .payer(Payer::new().identity(identity))
}

#[test]
fn a_payers_identity_goes_encrypted() {
    let order = order();
    let before = order.clone();
    let request = sent(&order);
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let identity = &body["payer"]["identity"];
    assert_eq!(identity["type"], "IDCARD");
    for (field, plain) in [("number", "11010519491231002X"), ("name", "张三")] {
        let sealed = identity[field].as_str().unwrap();
        assert_ne!(sealed, plain);
        assert_eq!(key().decrypt(sealed).unwrap(), plain);
    }
    assert_eq!(order, before, "the caller's value stays plain");
    // The key that encrypted is named, or nobody could decrypt.
    let serial = request.headers().get("Wechatpay-Serial").unwrap();
    assert!(serial.to_str().unwrap().starts_with("PUB_KEY_ID_"));
}

#[test]
fn the_other_fields_do_not_change_by_it() {
    let request = sent(&order());
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let plain: Value = serde_json::to_value(order()).unwrap();
    assert_eq!(body["amount"], plain["amount"]);
    assert_eq!(
        body.as_object().unwrap().len(),
        plain.as_object().unwrap().len()
    );
}

#[test]
fn path_and_secrets_together() {
    let apply = ApplyAbnormalRefund::new(
        "50000000382019052709732678859",
        "R1",
        AbnormalRefundType::UserBankCard,
    )
    .bank_type("ICBC_DEBIT")
    .bank_account("6222020200112233445")
    .real_name("张三");
    let request = sent(&apply);
    let path = request.uri().path();
    assert_eq!(
        path,
        "/v3/refund/domestic/refunds/50000000382019052709732678859/apply-abnormal-refund"
    );
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert!(body.get("refund_id").is_none(), "it stands in the path");
    let account = body["bank_account"].as_str().unwrap();
    assert_eq!(key().decrypt(account).unwrap(), "6222020200112233445");
}

#[test]
fn what_comes_back_is_decrypted() {
    let echo = Echo::new("hello").encrypted_echo_message("secret hello");
    let sealed = key().public_key().encrypt("secret hello").unwrap();
    let body = serde_json::json!({ "echo_message": "hello", "encrypted_echo_message": sealed });
    let response = answered(&echo, &body.to_string()).unwrap();
    assert_eq!(
        response.encrypted_echo_message.unwrap().expose(),
        "secret hello"
    );
    // Left out is left out.
    let response = answered(&echo, r#"{"echo_message":"hello"}"#).unwrap();
    assert_eq!(response.encrypted_echo_message, None);
}

#[test]
fn what_cannot_be_decrypted_is_an_error_that_names_the_field() {
    let echo = Echo::new("hello").encrypted_echo_message("secret hello");
    let body = r#"{"echo_message":"hello","encrypted_echo_message":"bm90IGVuY3J5cHRlZA=="}"#;
    let Err(AcceptError::Decode(failure)) = answered(&echo, body) else {
        panic!("it was taken");
    };
    let error = std::error::Error::source(&*failure).unwrap().to_string();
    let start = "encrypted_echo_message: cannot be decrypted with the merchant's key";
    assert!(error.starts_with(start), "{error}");
    assert!(!error.contains("bm90"), "{error}");
}

#[test]
fn what_is_too_long_for_the_key_is_an_error_that_names_the_field() {
    let echo = Echo::new("hello").encrypted_echo_message("长".repeat(72));
    let now = wxpay_proto::Timestamp::from_unix(merchant::NOW);
    let error = merchant().encode(&echo, now).unwrap_err();
    let PrepareError::Body(body) = &error else {
        panic!("{error}")
    };
    assert_eq!(
        body.to_string(),
        "encrypted_echo_message: cannot be encrypted"
    );
}

#[test]
fn debug_shows_nothing() {
    let shown = format!("{:?}", order().payer);
    assert_eq!(
        shown,
        "Some(Payer { identity: Some(Identity { kind: IdCard, number: Sensitive([redacted]), \
         name: Sensitive([redacted]) }) })"
    );
    let mut broken = order();
    let identity = broken.payer.as_mut().unwrap().identity.as_mut().unwrap();
    identity.name = Sensitive::from("张\u{20bb7}");
    let error = broken.check().unwrap_err();
    assert_eq!(
        error.to_string(),
        "payer.identity.name: a character at position 2, characters of four UTF-8 bytes (such as \
         emoji) are not allowed"
    );
}

#[test]
fn stored_values_keep_the_text() {
    let stored = serde_json::to_string(&order()).unwrap();
    assert!(
        stored.contains("张三"),
        "a stored order is as confidential as what is in it"
    );
    assert_eq!(
        serde_json::from_str::<NativePrepay>(&stored).unwrap(),
        order()
    );
}
