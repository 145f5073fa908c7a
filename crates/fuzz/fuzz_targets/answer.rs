//! Answers of any status, and kept certificates: nothing panics, nothing unsigned is believed.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use wxpay_proto::{
    AcceptError, ApiV3Key, Credential, Merchant, PlatformKeyring, PlatformPublicKey, PrivateKey,
    SerialNumber, Target, Timestamp, Untyped,
};

const PRIVATE: &str = include_str!("../../wxpay-sign/tests/vectors/keys/TEST-ONLY-private-key.pem");
const PUBLIC: &str = include_str!("../../wxpay-sign/tests/vectors/keys/TEST-ONLY-public-key.pem");

static MERCHANT: LazyLock<Merchant> = LazyLock::new(|| {
    let serial = SerialNumber::parse("0A1B2C3D4E5F60718293A4B5C6D7E8F901234567").unwrap();
    let key = PrivateKey::from_pem(PRIVATE).unwrap();
    let credential = Credential::new("1900007291", serial, key).unwrap();
    let key = ApiV3Key::new("0123456789ABCDEF0123456789abcdef").unwrap();
    let id = "PUB_KEY_ID_0119000072912024010100000000000000";
    let platform = PlatformPublicKey::from_pem(id, PUBLIC).unwrap();
    Merchant::new(credential, key, PlatformKeyring::public_key(platform))
});

fuzz_target!(|data: &[u8]| {
    let [high, low, body @ ..] = data else { return };
    let Ok(status) = StatusCode::from_u16(u16::from_be_bytes([*high, *low])) else {
        return;
    };
    let now = Timestamp::from_unix(1_704_076_497);
    let mut answer = http::Response::new(Bytes::copy_from_slice(body));
    *answer.status_mut() = status;
    let operation = Untyped::get(Target::new("/v3/x"));
    match MERCHANT.accept(&operation, &answer, now) {
        Ok(_) => panic!("an unsigned answer was believed"),
        Err(AcceptError::Api(error)) => {
            let _ = error.diagnose(body);
            let _ = error.to_string();
        }
        Err(_) => {}
    }
    let _ = MERCHANT.import_certificates(body, now);
});
