//! WeChat Pay's side of the keys: signs answers, hands out certificates.

use bytes::Bytes;
use http::Response;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SerialNumber as RcgenSerial};
use wxpay_client::proto::{Credential, PlatformPublicKey, sign};
use wxpay_client::{
    ApiV3Key, Clock, Merchant, PlatformKeyring, PrivateKey, SerialNumber, SystemClock,
};

pub(crate) const API_V3_KEY: &[u8; 32] = b"0123456789abcdef0123456789ABCDEF";
pub(crate) const MCHID: &str = "1900000109";
const MERCHANT_KEY: &str = include_str!("../keys/merchant.pem");
const PLATFORM_A: &str = include_str!("../keys/platform_a.pem");
const PLATFORM_B: &str = include_str!("../keys/platform_b.pem");

/// A merchant who fetches platform certificates.
pub(crate) fn merchant() -> Merchant {
    merchant_with(PlatformKeyring::certificates())
}

pub(crate) fn merchant_with(keyring: PlatformKeyring) -> Merchant {
    let serial = SerialNumber::parse("5157F09EFDC096DE15EBE81A47057A7232F1B8E1").unwrap();
    let key = PrivateKey::from_pem(MERCHANT_KEY).unwrap();
    let credential = Credential::new(MCHID, serial, key).unwrap();
    Merchant::new(credential, ApiV3Key::new(API_V3_KEY).unwrap(), keyring)
}

pub(crate) fn merchant_key() -> PrivateKey {
    PrivateKey::from_pem(MERCHANT_KEY).unwrap()
}

/// One platform key with its certificate.
#[derive(Clone)]
pub(crate) struct Platform {
    pub(crate) id: String,
    key: PrivateKey,
    certificate: String,
}

impl Platform {
    /// The key WeChat Pay signs with.
    pub(crate) fn a() -> Self {
        Self::new(PLATFORM_A, 0xa1)
    }

    /// The key WeChat Pay changes to.
    pub(crate) fn b() -> Self {
        Self::new(PLATFORM_B, 0xb2)
    }

    fn new(pem: &str, tag: u8) -> Self {
        let pair = KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // 20 bytes, the first of them small enough to need no sign byte.
        params.serial_number = Some(RcgenSerial::from_slice(
            &[[0x51; 19].as_slice(), &[tag]].concat(),
        ));
        let certificate = params.self_signed(&pair).unwrap().pem();
        let id = sign::Certificate::from_pem(&certificate)
            .unwrap()
            .serial_number()
            .to_string();
        Self {
            id,
            key: PrivateKey::from_pem(pem).unwrap(),
            certificate,
        }
    }

    /// The same key as a WeChat Pay public key (微信支付公钥), and a keyring that needs no fetching.
    pub(crate) fn keyring(&self) -> PlatformKeyring {
        let pem = KeyPair::from_pkcs8_pem_and_sign_algo(
            if self.id.ends_with("A1") {
                PLATFORM_A
            } else {
                PLATFORM_B
            },
            &PKCS_RSA_SHA256,
        )
        .unwrap()
        .public_key_pem();
        PlatformKeyring::public_key(PlatformPublicKey::from_pem(PUBLIC_KEY_ID, &pem).unwrap())
    }

    /// Signs as the WeChat Pay public key of [`keyring`](Self::keyring).
    pub(crate) fn as_public_key(&self) -> Self {
        Self {
            id: PUBLIC_KEY_ID.to_owned(),
            ..self.clone()
        }
    }

    /// An answer, signed.
    pub(crate) fn answer(&self, status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
        let body = body.into();
        let (at, nonce) = (
            SystemClock::new().now().to_string(),
            "593BEC0C930BF1AFEB40B4A08C8FB242",
        );
        let signature = self.sign(&sign::response_message(&at, nonce, &body));
        Response::builder()
            .status(status)
            .header("content-type", "application/json; charset=utf-8")
            .header(
                "request-id",
                format!("08F1-{}", if status < 300 { 0 } else { 268435461 }),
            )
            .header("wechatpay-timestamp", at)
            .header("wechatpay-nonce", nonce)
            .header("wechatpay-serial", &self.id)
            .header("wechatpay-signature", signature)
            .body(body)
            .unwrap()
    }

    /// An error answer, signed.
    pub(crate) fn error(&self, status: u16, code: &str) -> Response<Bytes> {
        self.answer(status, format!(r#"{{"code":"{code}","message":"出错了"}}"#))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> String {
        use sign::Signer as _;
        self.key.sign(message).unwrap().to_base64()
    }

    /// The answer of `GET /v3/certificates`, signed by this key.
    pub(crate) fn certificates(&self, listed: &[&Self]) -> Response<Bytes> {
        let key = ApiV3Key::new(API_V3_KEY).unwrap();
        let items: Vec<_> = listed
            .iter()
            .map(|platform| {
                let pem = platform.certificate.as_bytes();
                serde_json::json!({
                    "serial_no": platform.id,
                    "effective_time": "2020-01-01T00:00:00+08:00",
                    "expire_time": "2090-01-01T00:00:00+08:00",
                    "encrypt_certificate": {
                        "algorithm": "AEAD_AES_256_GCM",
                        "nonce": "61f9c719728a",
                        "associated_data": "certificate",
                        "ciphertext": key.seal(b"61f9c719728a", b"certificate", pem).unwrap(),
                    },
                })
            })
            .collect();
        self.answer(200, serde_json::json!({ "data": items }).to_string())
    }
}

const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000001092024092000000001";
