//! A merchant, and a WeChat Pay that signs whatever a test wants.

mod operations;
mod platform;
mod vectors;

pub(crate) use operations::{Apply, Prepaid, Prepay};
pub(crate) use platform::{Platform, set, without};
pub(crate) use vectors::{Case, cases};

use wxpay_proto::sign::Backend;
use wxpay_proto::{
    ApiV3Key, Certificate, Credential, Merchant, Nonce, PlatformCertificate, PlatformKeyring,
    PlatformPublicKey, PrivateKey, PublicKey, PublicKeyId, SerialNumber, Timestamp,
};

pub(crate) const MCHID: &str = "1900007291";
pub(crate) const SERIAL: &str = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567";
pub(crate) const SECOND_SERIAL: &str = "5B1B2C3D4E5F60718293A4B5C6D7E8F901234567";
pub(crate) const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000072912024010100000000000000";
pub(crate) const NONCE: &str = "593BEC0C930BF1AFEB40B4A08C8FB242";

pub(crate) const PRIVATE_KEY: &str = include_str!("../vectors/keys/TEST-ONLY-private-key.pem");
pub(crate) const PUBLIC_KEY: &str = include_str!("../vectors/keys/TEST-ONLY-public-key.pem");
pub(crate) const CERTIFICATE: &str = include_str!("../vectors/keys/certificate.pem");
pub(crate) const SECOND_PRIVATE_KEY: &str =
    include_str!("../vectors/keys/TEST-ONLY-second-private-key.pem");
pub(crate) const SECOND_PUBLIC_KEY: &str =
    include_str!("../vectors/keys/TEST-ONLY-second-public-key.pem");
pub(crate) const SECOND_CERTIFICATE: &str = include_str!("../vectors/keys/second-certificate.pem");
pub(crate) const API_V3_KEY: &str = include_str!("../vectors/keys/TEST-ONLY-api-v3-key.txt");

/// The time of most vectors.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_554_208_460);
/// A time at which both certificates are valid.
pub(crate) const LATER: Timestamp = Timestamp::from_unix(1_750_000_000);

pub(crate) fn nonce() -> Nonce {
    Nonce::new(NONCE).unwrap()
}

/// A merchant that knows the first key as a WeChat Pay public key.
pub(crate) fn merchant() -> Merchant {
    merchant_with(public_key_ring())
}

pub(crate) fn merchant_with(keyring: PlatformKeyring) -> Merchant {
    merchant_of(Backend::default(), keyring)
}

pub(crate) fn merchant_of(backend: Backend, keyring: PlatformKeyring) -> Merchant {
    let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
    let serial = SerialNumber::parse(SERIAL).unwrap();
    let credential = Credential::new(MCHID, serial, key).unwrap();
    let api_v3_key = ApiV3Key::new_with(backend, API_V3_KEY).unwrap();
    Merchant::new(credential, api_v3_key, keyring)
}

pub(crate) fn public_key_ring() -> PlatformKeyring {
    PlatformKeyring::public_key(public_key(PUBLIC_KEY_ID, PUBLIC_KEY))
}

pub(crate) fn public_key(id: &str, pem: &str) -> PlatformPublicKey {
    PlatformPublicKey::from_pem(id, pem).unwrap()
}

/// The first key under both of its names: what the vectors are signed with.
pub(crate) fn both_names(backend: Backend) -> PlatformKeyring {
    let key = PublicKey::from_pem_with(backend, PUBLIC_KEY).unwrap();
    let id = PublicKeyId::parse(PUBLIC_KEY_ID).unwrap();
    let certificate = Certificate::from_pem_with(backend, CERTIFICATE).unwrap();
    PlatformKeyring::public_key(PlatformPublicKey::new(id, key))
        .with_certificate(PlatformCertificate::new(certificate))
}

pub(crate) fn certificate(pem: &str) -> PlatformCertificate {
    PlatformCertificate::new(Certificate::from_pem(pem).unwrap())
}
