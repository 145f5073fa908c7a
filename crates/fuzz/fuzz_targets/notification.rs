//! Notifications, forged and genuine: the envelope is read only behind a right signature, so half of the
//! inputs get one.
#![no_main]

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use wxpay_proto::sign::response_message;
use wxpay_proto::{
    ApiV3Key, Credential, Merchant, PlatformKeyring, PlatformPublicKey, PrivateKey, SerialNumber,
    Signer, Timestamp,
};

const PRIVATE: &str = include_str!("../../wxpay-sign/tests/vectors/keys/TEST-ONLY-private-key.pem");
const PUBLIC: &str = include_str!("../../wxpay-sign/tests/vectors/keys/TEST-ONLY-public-key.pem");
const ID: &str = "PUB_KEY_ID_0119000072912024010100000000000000";
const NOW: i64 = 1_704_076_497;

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::from_pem(PRIVATE).unwrap());
static MERCHANT: LazyLock<Merchant> = LazyLock::new(|| {
    let serial = SerialNumber::parse("0A1B2C3D4E5F60718293A4B5C6D7E8F901234567").unwrap();
    let credential = Credential::new("1900007291", serial, KEY.clone()).unwrap();
    let key = ApiV3Key::new("0123456789ABCDEF0123456789abcdef").unwrap();
    let platform = PlatformPublicKey::from_pem(ID, PUBLIC).unwrap();
    Merchant::new(credential, key, PlatformKeyring::public_key(platform))
});

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else {
        return;
    };
    let mut headers = HeaderMap::new();
    let now = Timestamp::from_unix(NOW);
    if kind % 2 == 0 {
        let message = response_message(&NOW.to_string(), "n", rest);
        let signature = KEY.sign(&message).unwrap().to_base64();
        headers.insert("wechatpay-timestamp", NOW.into());
        headers.insert("wechatpay-nonce", HeaderValue::from_static("n"));
        headers.insert("wechatpay-serial", HeaderValue::from_static(ID));
        headers.insert("wechatpay-signature", signature.parse().unwrap());
        let _ = MERCHANT.open_notification(&headers, rest, now);
    } else {
        let mut parts = rest.splitn(5, |byte| *byte == 0);
        for name in ["timestamp", "nonce", "serial", "signature"] {
            let value = HeaderValue::from_bytes(parts.next().unwrap_or_default());
            let Ok(value) = value else { return };
            let name: http::HeaderName = format!("wechatpay-{name}").parse().unwrap();
            headers.insert(name, value);
        }
        let body = parts.next().unwrap_or_default();
        assert!(
            MERCHANT.open_notification(&headers, body, now).is_err(),
            "a forgery was believed"
        );
    }
});
