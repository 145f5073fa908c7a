//! A sandbox with HTTPS, and a clock that both sides go by.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
#[cfg(all(feature = "pkcs12", any(feature = "v1", feature = "v2")))]
use wxpay_client::Identity;
use wxpay_client::proto::{Date, DateTime};
use wxpay_client::{Clock, Endpoint, SystemClock, Timestamp, Transport};
use wxpay_sandbox::{MerchantFile, Server, ServerConfig};

/// Nobody listens there, and nothing leaves this machine.
pub(crate) const NOTIFY: &str = "http://127.0.0.1:1/notify";

const DAY: i64 = 86_400;

/// This machine's clock, moved together with the sandbox's.
#[derive(Debug, Default)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        SystemClock::new()
            .now()
            .saturating_add(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct World {
    pub(crate) server: Server,
    clock: Arc<Moved>,
}

impl World {
    pub(crate) async fn open() -> Self {
        let config = ServerConfig::default().tls_listen(([127, 0, 0, 1], 0));
        Self {
            server: Server::start(config).await.unwrap(),
            clock: Arc::new(Moved::default()),
        }
    }

    pub(crate) async fn close(self) {
        self.server.shutdown().await;
    }

    pub(crate) fn merchant(&self) -> &MerchantFile {
        self.server.merchant()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.server.home().join(name)).unwrap()
    }

    /// Its HTTPS address.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::parse(self.server.tls_base_url().unwrap()).unwrap()
    }

    pub(crate) fn transport(&self) -> Transport {
        let authority = String::from_utf8(self.read("ca.pem")).unwrap();
        Transport::builder()
            .proxy_from_env(false)
            .add_root_certificate_pem(&authority)
            .unwrap()
            .build()
            .unwrap()
    }

    /// The certificate as the merchant has got it.
    #[cfg(all(feature = "pkcs12", any(feature = "v1", feature = "v2")))]
    pub(crate) fn identity(&self) -> Identity {
        let archive = self.read("apiclient_cert.p12");
        Identity::from_pkcs12(&archive, &self.merchant().mchid).unwrap()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    pub(crate) fn now(&self) -> DateTime {
        DateTime::beijing(self.clock.now().as_unix())
    }

    pub(crate) fn days_ago(&self, days: i64) -> Date {
        let then = self.clock.now().as_unix() - days * DAY;
        Date::of(DateTime::beijing(then))
    }

    /// Sandbox and merchant see the time pass.
    pub(crate) async fn pass(&self, seconds: i64) {
        let moved = json!({ "advance_seconds": seconds });
        self.control(Method::PUT, "clock", &moved).await;
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn days_pass(&self, days: i64) {
        self.pass(days * DAY).await;
    }

    /// The payer pays.
    pub(crate) async fn pay(&self, number: &str) {
        let path = format!("orders/{number}/pay");
        self.control(Method::POST, &path, &json!({})).await;
    }

    pub(crate) async fn journal(&self) -> Vec<Value> {
        let journal = self.control(Method::GET, "journal", &Value::Null).await;
        journal.as_array().unwrap().clone()
    }

    /// A call of the sandbox's own controls.
    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let (status, body) = self
            .send(method, &format!("/_sandbox/{path}"), body.to_string())
            .await;
        assert!(status < 300, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Any call over plain HTTP.
    pub(crate) async fn send(&self, method: Method, path: &str, body: String) -> (u16, String) {
        let pool = Pool::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let path = path.replace('|', "%7C");
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.server.base_url()))
            .body(Full::from(body))
            .unwrap();
        let response = pool.request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}
