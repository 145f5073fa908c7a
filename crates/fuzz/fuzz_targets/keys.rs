//! Keys, certificates, serial numbers, signatures: nothing panics, whatever the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_sign::{ApiV3Key, Certificate, Nonce, PlatformKeyId, PrivateKey, PublicKey, Signature};

fuzz_target!(|data: &[u8]| {
    let _ = Certificate::from_der(data);
    let _ = PrivateKey::from_pkcs8_der(data);
    let _ = PublicKey::from_spki_der(data);
    let _ = ApiV3Key::new(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = Certificate::from_pem(text);
    let _ = PrivateKey::from_pem(text);
    let _ = PublicKey::from_pem(text);
    let _ = Nonce::new(text);
    if let Ok(id) = PlatformKeyId::parse(text) {
        assert_eq!(PlatformKeyId::parse(id.as_str()).as_ref(), Ok(&id));
    }
    if let Ok(signature) = Signature::from_base64(text) {
        assert_eq!(signature.to_base64(), text);
    }
});
