//! A merchant with real keys, and the platform's side of a conversation with it. One key plays every role: it
//! is the one of wxpay-sign's vectors, made for tests.

#![allow(dead_code, reason = "not every test of the crate needs all of it")]

use bytes::Bytes;
use http::Response;
use wxpay_proto::sign::{
    ApiV3Key, PrivateKey, PublicKeyId, SerialNumber, Signer as _, Timestamp, response_message,
};
use wxpay_proto::{
    AcceptError, Credential, Merchant, Nonce, Operation, PlatformKeyring, PlatformPublicKey,
};

pub(crate) const NOW: i64 = 1_554_208_460;
const API_V3_KEY: &str = "0123456789abcdef0123456789abcdef";
const KEY_ID: &str = "PUB_KEY_ID_0119000072912024010100000000000000";

pub(crate) fn key() -> PrivateKey {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../wxpay-sign/tests/vectors/keys/TEST-ONLY-private-key.pem"
    );
    PrivateKey::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn merchant() -> Merchant {
    let serial = SerialNumber::parse("0A1B2C3D4E5F60718293A4B5C6D7E8F901234567").unwrap();
    let credential = Credential::new("1900007291", serial, key()).unwrap();
    let id: PublicKeyId = KEY_ID.parse().unwrap();
    let platform = PlatformPublicKey::new(id, key().public_key());
    let api_v3_key = ApiV3Key::new(API_V3_KEY).unwrap();
    Merchant::new(
        credential,
        api_v3_key,
        PlatformKeyring::public_key(platform),
    )
}

/// The request as it goes over the wire.
pub(crate) fn sent<O: Operation>(operation: &O) -> http::Request<Bytes> {
    let nonce = Nonce::new("593BEC0C930BF1AFEB40B4A08C8FB242").unwrap();
    merchant()
        .prepare(operation, Timestamp::from_unix(NOW), nonce)
        .unwrap()
}

/// What the merchant makes of the answer `body`, which is signed as WeChat Pay signs.
pub(crate) fn answered<O: Operation>(
    operation: &O,
    body: &str,
) -> Result<O::Response, AcceptError> {
    let status = if body.is_empty() { 204 } else { 200 };
    let response = signed(status, body);
    let accepted = merchant().accept(operation, &response, Timestamp::from_unix(NOW))?;
    Ok(accepted.into_value())
}

/// An answer as WeChat Pay signs it; notifications have the same headers.
fn signed(status: u16, body: &str) -> Response<Bytes> {
    let nonce = "c5ac7061fccab6bf3e254dcf98995b8c";
    let at = NOW.to_string();
    let signature = key()
        .sign(&response_message(&at, nonce, body.as_bytes()))
        .unwrap();
    Response::builder()
        .status(status)
        .header("Wechatpay-Timestamp", at)
        .header("Wechatpay-Nonce", nonce)
        .header("Wechatpay-Serial", KEY_ID)
        .header("Wechatpay-Signature", signature.to_base64())
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

/// The notification of `event` that carries `content`, signed and encrypted as WeChat Pay does, opened by the
/// merchant.
pub(crate) fn notified(event: &str, content: &serde_json::Value) -> wxpay_proto::Notification {
    let nonce = b"fdasflkja484";
    let api_v3_key = ApiV3Key::new(API_V3_KEY).unwrap();
    let plaintext = content.to_string();
    let ciphertext = api_v3_key.seal(nonce, b"", plaintext.as_bytes()).unwrap();
    let body = serde_json::json!({
        "id": "EV-2018022511223320873",
        "create_time": "2018-06-08T10:34:56+08:00",
        "event_type": event,
        "resource_type": "encrypt-resource",
        "resource": { "algorithm": "AEAD_AES_256_GCM", "ciphertext": ciphertext, "nonce": "fdasflkja484" },
    })
    .to_string();
    let response = signed(200, &body);
    let now = Timestamp::from_unix(NOW);
    merchant()
        .open_notification(response.headers(), response.body(), now)
        .unwrap()
}
