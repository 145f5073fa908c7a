//! WeChat Pay's side.

use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::{HeaderMap, HeaderValue, Response};
use wxpay_proto::sign::response_message;
use wxpay_proto::{ApiV3Key, PrivateKey, Signer as _, Timestamp};

use super::{
    API_V3_KEY, CERTIFICATE, NONCE, PRIVATE_KEY, PUBLIC_KEY_ID, SECOND_CERTIFICATE,
    SECOND_PRIVATE_KEY, SECOND_SERIAL, SERIAL,
};

/// One platform key under one name.
pub(crate) struct Platform {
    pub(crate) id: String,
    key: PrivateKey,
    certificate: &'static str,
}

impl Platform {
    /// The first key, as a certificate.
    pub(crate) fn first() -> Self {
        Self::of(SERIAL, PRIVATE_KEY, CERTIFICATE)
    }

    /// The second key, as a certificate.
    pub(crate) fn second() -> Self {
        Self::of(SECOND_SERIAL, SECOND_PRIVATE_KEY, SECOND_CERTIFICATE)
    }

    /// The first key, as a WeChat Pay public key.
    pub(crate) fn public_key() -> Self {
        Self::of(PUBLIC_KEY_ID, PRIVATE_KEY, CERTIFICATE)
    }

    /// The same key, claiming to be another.
    pub(crate) fn named(mut self, id: &str) -> Self {
        self.id = id.to_owned();
        self
    }

    fn of(id: &str, key: &str, certificate: &'static str) -> Self {
        Self {
            id: id.to_owned(),
            key: PrivateKey::from_pem(key).unwrap(),
            certificate,
        }
    }

    pub(crate) fn headers(&self, body: &[u8], at: Timestamp) -> HeaderMap {
        let at = at.to_string();
        let signature = self.key.sign(&response_message(&at, NONCE, body)).unwrap();
        let mut headers = HeaderMap::new();
        set(&mut headers, "wechatpay-timestamp", &at);
        set(&mut headers, "wechatpay-nonce", NONCE);
        set(&mut headers, "wechatpay-serial", &self.id);
        set(&mut headers, "wechatpay-signature", &signature.to_base64());
        set(&mut headers, "request-id", "08F1B2C3-268435461");
        headers
    }

    /// A signed answer.
    pub(crate) fn answer(
        &self,
        status: u16,
        body: impl Into<Bytes>,
        at: Timestamp,
    ) -> Response<Bytes> {
        let body = body.into();
        let headers = self.headers(&body, at);
        let mut response = Response::new(body);
        *response.status_mut() = status.try_into().unwrap();
        *response.headers_mut() = headers;
        response
    }

    /// This certificate as an entry of the list: encrypted with `key`, used until `expires`.
    pub(crate) fn listed_with(&self, key: &str, expires: &str) -> serde_json::Value {
        let key = ApiV3Key::new(key).unwrap();
        let text = self.certificate.as_bytes();
        let ciphertext = key.seal(b"61f9c719728a", b"certificate", text).unwrap();
        serde_json::json!({
            "serial_no": self.id,
            "effective_time": "2024-01-01T08:00:00+08:00",
            "expire_time": expires,
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": "61f9c719728a",
                "associated_data": "certificate",
                "ciphertext": ciphertext,
            }
        })
    }

    pub(crate) fn listed(&self) -> serde_json::Value {
        self.listed_with(API_V3_KEY, "2043-01-01T00:00:00+08:00")
    }

    /// The signed list of certificates.
    pub(crate) fn list(&self, items: &[serde_json::Value], at: Timestamp) -> Response<Bytes> {
        let body = serde_json::json!({ "data": items });
        self.answer(200, body.to_string(), at)
    }
}

pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    headers.insert(name, HeaderValue::try_from(value).unwrap());
}

pub(crate) fn without(mut headers: HeaderMap, name: &str) -> HeaderMap {
    headers.remove(name).unwrap();
    headers
}
