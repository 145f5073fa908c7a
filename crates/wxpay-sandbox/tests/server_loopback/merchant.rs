//! A merchant with the least of clients: signs requests and reads whole answers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use wxpay_sandbox::{MerchantFile, Server};
use wxpay_sign::{
    Nonce, PrivateKey, SerialNumber, Signer as _, Timestamp, authorization, request_message,
};

pub(crate) struct Merchant {
    base_url: String,
    pub(crate) file: MerchantFile,
    key: PrivateKey,
    http: Client<HttpConnector, Full<Bytes>>,
    nonces: AtomicU32,
}

impl Merchant {
    pub(crate) fn of(server: &Server) -> Self {
        Self::at(server.base_url(), server.home())
    }

    pub(crate) fn at(base_url: &str, home: &std::path::Path) -> Self {
        let key = std::fs::read_to_string(home.join("apiclient_key.pem")).unwrap();
        Self {
            base_url: base_url.to_owned(),
            file: MerchantFile::read(home).unwrap(),
            key: PrivateKey::from_pem(&key).unwrap(),
            http: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build_http(),
            nonces: AtomicU32::new(1),
        }
    }

    /// A signed call, status and JSON body.
    pub(crate) async fn call(&self, method: Method, target: &str, body: Value) -> (u16, Value) {
        let response = self.send(self.signed(method, target, body)).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body();
        (
            status,
            if body.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(&body).unwrap()
            },
        )
    }

    /// A control of the sandbox, which asks for no signature.
    pub(crate) async fn control(&self, method: Method, target: &str, body: Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.base_url))
            .header("content-type", "application/json")
            .body(Full::new(text(&body)))
            .unwrap();
        let response = self.send(request).await.unwrap();
        (
            response.status().as_u16(),
            serde_json::from_slice(response.body()).unwrap_or_default(),
        )
    }

    pub(crate) fn signed(&self, method: Method, target: &str, body: Value) -> Request<Full<Bytes>> {
        let body = text(&body);
        let nonce = format!("{:032}", self.nonces.fetch_add(1, Ordering::Relaxed));
        let nonce = Nonce::new(&nonce).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a client signs the time it is")]
        let at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let at = Timestamp::from_unix(at.try_into().unwrap());
        let message = request_message(method.as_str(), target, at, &nonce, &body);
        let signature = self.key.sign(&message).unwrap();
        let serial = SerialNumber::parse(&self.file.serial_no).unwrap();
        Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.base_url))
            .header(
                "authorization",
                authorization(
                    self.key.algorithm(),
                    &self.file.mchid,
                    &nonce,
                    at,
                    &serial,
                    &signature,
                ),
            )
            .header("accept", "application/json")
            .header("user-agent", "wxpay-sandbox-tests")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .unwrap()
    }

    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, SendError> {
        let response = self
            .http
            .request(request)
            .await
            .map_err(SendError::NoAnswer)?;
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(SendError::HalfAnswer)?
            .to_bytes();
        Ok(Response::from_parts(parts, body))
    }

    /// The body of a Native order over `fen`.
    pub(crate) fn order(&self, number: &str, notify_url: &str, fen: i64) -> Value {
        json!({
            "appid": self.file.appid,
            "mchid": self.file.mchid,
            "description": "拿铁（大杯）",
            "out_trade_no": number,
            "notify_url": notify_url,
            "amount": { "total": fen, "currency": "CNY" },
        })
    }

    pub(crate) async fn create(&self, number: &str, notify_url: &str) {
        let order = self.order(number, notify_url, 1999);
        let (status, body) = self
            .call(Method::POST, "/v3/pay/transactions/native", order)
            .await;
        assert_eq!(status, 200, "{body}");
    }

    pub(crate) async fn query(&self, number: &str) -> (u16, Value) {
        let target = format!(
            "/v3/pay/transactions/out-trade-no/{number}?mchid={}",
            self.file.mchid
        );
        self.call(Method::GET, &target, Value::Null).await
    }

    pub(crate) async fn pay(&self, number: &str) {
        let (status, body) = self
            .control(
                Method::POST,
                &format!("/_sandbox/orders/{number}/pay"),
                json!({}),
            )
            .await;
        assert_eq!(status, 200, "{body}");
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "read through Debug when a test fails")]
pub(crate) enum SendError {
    NoAnswer(Error),
    HalfAnswer(hyper::Error),
}

fn text(body: &Value) -> Bytes {
    if body.is_null() {
        Bytes::new()
    } else {
        Bytes::from(body.to_string())
    }
}
