//! What few operations have: facts written by hand, one of each kind.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, Method, Request, Response};
use serde_json::{Value, json};
use wxpay_sign::{
    Decryptor as _, Encryptor as _, Nonce, Signature, Signer as _, Timestamp, request_message,
    response_message,
};

use crate::Identity;
use crate::core::Core;
use crate::core::catalogue::Catalogue;
use crate::core::upload::digest;

mod answers;
mod requests;
mod uploads;

const NOW: Timestamp = Timestamp::from_unix(1_704_076_496);

/// A merchant with a sandbox that knows the operations it is given, one a line.
struct Shop {
    core: Core,
    headers: HeaderMap,
}

impl Shop {
    fn new(facts: &'static str) -> Self {
        let identity = Identity::generate(NOW.saturating_sub(86_400)).unwrap();
        let mut core = Core::new(identity, NOW, 1);
        core.catalogue = Box::leak(Box::new(Catalogue::new(facts)));
        Self {
            core,
            headers: HeaderMap::new(),
        }
    }

    /// A header of the requests to come.
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    /// Has the requests to come name the public key.
    fn with_key(self) -> Self {
        let id = self.core.identity().public_key_id().as_str().to_owned();
        self.with("wechatpay-serial", &id)
    }

    fn authorization(
        &self,
        scheme: &str,
        caller: &str,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> String {
        let identity = self.core.identity();
        let nonce = Nonce::new("593BEC0C930BF1AFEB40B4A08C8FB242").unwrap();
        let message = request_message(method, target, NOW, &nonce, body);
        let signature = identity.merchant_private_key().sign(&message).unwrap();
        format!(
            "{scheme} {caller},nonce_str=\"{nonce}\",timestamp=\"{NOW}\",serial_no=\"{}\",signature=\"{}\"",
            identity.merchant_certificate().serial_number(),
            signature.to_base64()
        )
    }

    fn request(&self, method: &str, target: &str, body: &[u8], signed: &[u8]) -> Request<Bytes> {
        let caller = format!("mchid=\"{}\"", self.core.identity().mchid());
        let scheme = "WECHATPAY2-SHA256-RSA2048";
        let mut request = Request::builder()
            .method(method.parse::<Method>().unwrap())
            .uri(target)
            .header("host", "127.0.0.1:9470")
            .header("accept", "application/json")
            .header("user-agent", "test")
            .header("content-type", "application/json")
            .header(
                "authorization",
                self.authorization(scheme, &caller, method, target, signed),
            )
            .body(Bytes::copy_from_slice(body))
            .unwrap();
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        request
    }

    fn send(&mut self, request: Request<Bytes>) -> Response<Bytes> {
        self.core.handle(request, NOW).response
    }

    fn call(&mut self, method: &str, target: &str, body: &str) -> Response<Bytes> {
        let request = self.request(method, target, body.as_bytes(), body.as_bytes());
        self.send(request)
    }

    /// The answer of a request that succeeds.
    fn answer(&mut self, method: &str, target: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = self.call(method, target, &body);
        assert_eq!(response.status(), 200, "{:?}", response.body());
        self.verify(&response, response.body());
        json_of(&response)
    }

    /// Where and what a refused request is told: `location field`.
    fn refusal(&mut self, method: &str, target: &str, body: &str) -> String {
        refusal(&self.call(method, target, body))
    }

    /// Asserts that the signature of an answer covers a text.
    fn verify(&self, response: &Response<Bytes>, text: &[u8]) {
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        let identity = self.core.identity();
        let id = header("wechatpay-serial");
        let key = if id == identity.public_key_id().as_str() {
            identity.public_key()
        } else {
            identity.platform_certificates()[0]
                .certificate()
                .public_key()
        };
        let message = response_message(
            header("wechatpay-timestamp"),
            header("wechatpay-nonce"),
            text,
        );
        let signature = Signature::from_base64(header("wechatpay-signature")).unwrap();
        key.verify(&message, &signature).unwrap();
    }

    fn seal(&self, text: &str) -> String {
        self.core.identity().public_key().encrypt(text).unwrap()
    }

    fn open(&self, text: &Value) -> String {
        let key = self.core.identity().merchant_private_key();
        key.decrypt(text.as_str().unwrap()).unwrap()
    }

    /// The newest remarks in the journal.
    fn remarks(&mut self) -> Value {
        let request = Request::get("/_sandbox/journal")
            .body(Bytes::new())
            .unwrap();
        let journal = json_of(&self.send(request));
        journal.as_array().unwrap().last().unwrap()["remarks"].clone()
    }
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn refusal(response: &Response<Bytes>) -> String {
    let said = json_of(response);
    assert_eq!(response.status(), 400, "{said}");
    assert_eq!(said["code"], "PARAM_ERROR", "{said}");
    let detail = |name: &str| said["detail"][name].as_str().unwrap();
    format!("{} {}", detail("location"), detail("field"))
}

/// Percent-encodes what Base64 has and a query has not.
fn escaped(text: &str) -> String {
    text.replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}
