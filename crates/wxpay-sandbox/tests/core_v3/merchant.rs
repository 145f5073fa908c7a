//! A merchant with a sandbox core of its own: signs as the rules say and checks every answer.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use wxpay_sandbox::{Answer, Core, Identity};
use wxpay_sign::{
    Algorithm, Nonce, PublicKey, Signature, Signer, Timestamp, authorization, request_message,
    response_message,
};

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_704_076_496);
pub(crate) const NATIVE: &str = "/v3/pay/transactions/native";

pub(crate) struct Merchant {
    pub(crate) core: Core,
    pub(crate) now: Timestamp,
}

impl Merchant {
    pub(crate) fn new() -> Self {
        Self::seeded(1)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        // A day old, so that clocks may be turned back a little.
        let identity = Identity::generate(NOW.saturating_sub(86_400)).unwrap();
        Self {
            core: Core::new(identity, NOW, seed),
            now: NOW,
        }
    }

    pub(crate) fn nonce() -> Nonce {
        Nonce::new("593BEC0C930BF1AFEB40B4A08C8FB242").unwrap()
    }

    /// The `Authorization` of a request that stands at `self.now`.
    pub(crate) fn authorize(&self, method: &str, target: &str, body: &[u8]) -> String {
        let identity = self.core.identity();
        let nonce = Self::nonce();
        let message = request_message(method, target, self.now, &nonce, body);
        let signature = identity.merchant_private_key().sign(&message).unwrap();
        authorization(
            Algorithm::RsaSha256,
            identity.mchid(),
            &nonce,
            self.now,
            identity.merchant_certificate().serial_number(),
            &signature,
        )
    }

    /// A request with everything it needs.
    pub(crate) fn request(
        &self,
        method: Method,
        target: &str,
        body: impl Into<Bytes>,
    ) -> Request<Bytes> {
        let body = body.into();
        let mut request = Request::builder()
            .method(method.clone())
            .uri(target)
            .header("host", "127.0.0.1:9470")
            .header("accept", "application/json")
            .header("user-agent", "wxpay-test/1")
            .header(
                "authorization",
                self.authorize(method.as_str(), target, &body),
            );
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        request.body(body).unwrap()
    }

    pub(crate) fn native(&self) -> Value {
        json!({
            "appid": self.core.identity().appid(),
            "mchid": self.core.identity().mchid(),
            "description": "Image形象店-深圳腾大-QQ公仔",
            "out_trade_no": "1217752501201407033233368018",
            "notify_url": "http://127.0.0.1:9471/notify",
            "amount": { "total": 100, "currency": "CNY" },
        })
    }

    pub(crate) fn handle(&mut self, request: Request<Bytes>) -> Answer {
        self.core.handle(request, self.now)
    }

    pub(crate) fn send(&mut self, request: Request<Bytes>) -> Response<Bytes> {
        let answer = self.handle(request);
        assert_eq!(answer.cut, None);
        answer.response
    }

    pub(crate) fn post(&mut self, target: &str, body: &Value) -> Response<Bytes> {
        let request = self.request(Method::POST, target, body.to_string());
        self.send(request)
    }

    pub(crate) fn get(&mut self, target: &str) -> Response<Bytes> {
        let request = self.request(Method::GET, target, "");
        self.send(request)
    }

    /// Calls a control; the answer must be JSON.
    pub(crate) fn control(
        &mut self,
        method: Method,
        path: &str,
        body: &str,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        let response = self.send(request);
        (response.status(), parse(response.body()))
    }

    /// Sets the faults.
    pub(crate) fn set_faults(&mut self, faults: Value) {
        let (status, said) = self.control(Method::PUT, "/_sandbox/faults", &faults.to_string());
        assert_eq!(status, 200, "{said}");
    }

    /// The newest entry of the journal.
    pub(crate) fn last_entry(&mut self) -> Value {
        let (_, journal) = self.control(Method::GET, "/_sandbox/journal", "");
        journal.as_array().unwrap().last().unwrap().clone()
    }

    /// The key with this id, by what the merchant knows.
    pub(crate) fn platform_key(&self, id: &str) -> Option<PublicKey> {
        let identity = self.core.identity();
        if id == identity.public_key_id().as_str() {
            return Some(identity.public_key().clone());
        }
        identity
            .platform_certificates()
            .iter()
            .find(|certificate| certificate.serial_number().as_str() == id)
            .map(|certificate| certificate.certificate().public_key().clone())
    }

    /// Whether headers and body hold together, and which key says so.
    pub(crate) fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<String, String> {
        let header = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
                .ok_or_else(|| format!("no {name}"))
        };
        let timestamp = header("wechatpay-timestamp")?;
        let at: i64 = timestamp.parse().map_err(|_| "timestamp".to_owned())?;
        if (self.now.as_unix() - at).abs() >= 300 {
            return Err("stale".to_owned());
        }
        let id = header("wechatpay-serial")?;
        let key = self.platform_key(&id).ok_or("unknown serial")?;
        let text = header("wechatpay-signature")?;
        if Signature::is_probe(&text) {
            return Err("probe".to_owned());
        }
        let signature = Signature::from_base64(&text).map_err(|error| error.to_string())?;
        let message = response_message(&timestamp, &header("wechatpay-nonce")?, body);
        key.verify(&message, &signature)
            .map_err(|_| "mismatch".to_owned())?;
        Ok(id)
    }

    /// The key that signed an answer, which must be signed.
    pub(crate) fn verified(&self, response: &Response<Bytes>) -> String {
        self.verify(response.headers(), response.body()).unwrap()
    }
}

pub(crate) fn parse(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// The number at the end of the `Request-ID`.
pub(crate) fn numeric(response: &Response<Bytes>) -> u64 {
    let id = response.headers()["request-id"].to_str().unwrap();
    id.rsplit_once('-').unwrap().1.parse().unwrap()
}

pub(crate) fn is_unsigned(response: &Response<Bytes>) -> bool {
    response
        .headers()
        .keys()
        .all(|name| !name.as_str().starts_with("wechatpay-"))
}

/// Asserts the whole shape of an error answer and hands back its body.
pub(crate) fn assert_error(response: &Response<Bytes>, status: u16, code: &str) -> Value {
    let body = parse(response.body());
    assert_eq!(response.status(), status, "{body}");
    assert_eq!(body["code"], code, "{body}");
    let message = body["message"].as_str().unwrap();
    assert!(
        !message.is_empty() && message.chars().count() <= 256,
        "{body}"
    );
    body
}
