//! v2 through the server: client certificates over HTTPS, and notices taken by their words.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use wxpay_sandbox::{Server, ServerConfig};
use wxpay_sign::{ApiV2Key, SignType};
use wxpay_xml::Document;

const TAKEN: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>";

struct Merchant<'s> {
    server: &'s Server,
    key: ApiV2Key,
}

impl<'s> Merchant<'s> {
    fn of(server: &'s Server) -> Self {
        let key = ApiV2Key::new(server.merchant().api_key.expose()).unwrap();
        Self { server, key }
    }

    /// A signed document.
    fn signed(&self, own: &[(&str, &str)]) -> String {
        let file = self.server.merchant();
        let mut fields = own.to_vec();
        fields.extend([
            ("appid", &*file.appid),
            ("mch_id", &*file.mchid),
            ("nonce_str", "n"),
        ]);
        let sign = self.key.sign(SignType::Md5, fields.iter().copied());
        fields.push(("sign", &sign));
        wxpay_xml::write("xml", &fields).unwrap()
    }

    /// Sends over HTTP or HTTPS, with the merchant's certificate or without; status and body.
    async fn post(&self, url: &str, body: String, with_certificate: bool) -> (u16, String) {
        let file = |name: &str| std::fs::read(self.server.home().join(name)).unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(&file("ca.pem")).unwrap())
            .unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = if with_certificate {
            let chain = vec![CertificateDer::from_pem_slice(&file("apiclient_cert.pem")).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(&file("apiclient_key.pem")).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        } else {
            config.with_no_client_auth()
        };
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_all_versions()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let request = Request::post(url)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let response = client.request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn call(&self, path: &str, own: &[(&str, &str)]) -> String {
        let url = format!("{}{path}", self.server.base_url());
        let (status, body) = self.post(&url, self.signed(own), false).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_sandbox/{path}", self.server.base_url());
        let (status, said) = self.post(&url, body.to_string(), false).await;
        assert_eq!(status, 200, "{said}");
        serde_json::from_str(&said).unwrap()
    }

    /// Places an order and pays it.
    async fn paid(&self, number: &str, notify_url: &str) {
        let placed = self
            .call(
                "/pay/unifiedorder",
                &[
                    ("body", "拿铁"),
                    ("out_trade_no", number),
                    ("total_fee", "1999"),
                    ("spbill_create_ip", "127.0.0.1"),
                    ("notify_url", notify_url),
                    ("trade_type", "APP"),
                ],
            )
            .await;
        assert!(placed.contains("prepay_id"), "{placed}");
        self.control(&format!("orders/{number}/pay"), json!({}))
            .await;
    }
}

/// A merchant's listener: what arrives, and what is said to it.
async fn listen() -> (String, Arc<Mutex<String>>, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let said = Arc::new(Mutex::new(String::new()));
    let (sender, arrived) = mpsc::unbounded_channel();
    let answer = Arc::clone(&said);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (sender, answer) = (sender.clone(), Arc::clone(&answer));
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let (sender, answer) = (sender.clone(), Arc::clone(&answer));
                async move {
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let _ = sender.send(String::from_utf8(body.to_vec()).unwrap());
                    let body = Bytes::from(answer.lock().unwrap().clone());
                    Ok::<_, Infallible>(Response::new(Full::new(body)))
                }
            });
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
        }
    });
    (url, said, arrived)
}

#[tokio::test]
async fn a_refund_over_https_needs_the_merchants_certificate() {
    let config = ServerConfig::default().tls_listen(([127, 0, 0, 1], 0));
    let server = Server::start(config).await.unwrap();
    let merchant = Merchant::of(&server);
    merchant.paid("tls", "http://127.0.0.1:9/").await;
    let refund = merchant.signed(&[
        ("out_trade_no", "tls"),
        ("out_refund_no", "r"),
        ("total_fee", "1999"),
        ("refund_fee", "1"),
    ]);
    let url = format!("{}/secapi/pay/refund", server.tls_base_url().unwrap());
    let (status, page) = merchant.post(&url, refund.clone(), false).await;
    assert_eq!(status, 400);
    assert!(
        page.contains("400 No required SSL certificate was sent"),
        "{page}"
    );
    let (status, reply) = merchant.post(&url, refund, true).await;
    assert_eq!(status, 200);
    assert!(reply.contains("refund_id"), "{reply}");
    // Where none is needed, none is asked for.
    let url = format!("{}/pay/refundquery", server.tls_base_url().unwrap());
    let query = merchant.signed(&[("out_refund_no", "r")]);
    let (status, found) = merchant.post(&url, query, false).await;
    assert!(
        status == 200 && found.contains("refund_status_0"),
        "{found}"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn a_notice_comes_until_the_merchant_says_that_it_took_it() {
    let server = Server::start(ServerConfig::default()).await.unwrap();
    let merchant = Merchant::of(&server);
    let (url, said, mut arrived) = listen().await;
    merchant.paid("told", &url).await;
    let first = arrived.recv().await.unwrap();
    let document = Document::parse(first.as_bytes()).unwrap();
    merchant
        .key
        .verify(document.iter(), document.get("sign").unwrap())
        .unwrap();
    assert_eq!(document.get("total_fee"), Some("1999"));
    // 200 with nothing in it was not enough.
    TAKEN.clone_into(&mut said.lock().unwrap());
    let clock = format!("{}/_sandbox/clock", server.base_url());
    let moved = Request::put(clock)
        .body(Full::new(Bytes::from(r#"{"advance_seconds":20}"#)))
        .unwrap();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    assert_eq!(client.request(moved).await.unwrap().status(), 200);
    arrived.recv().await.unwrap();
    // The answer is taken down before anything else is answered.
    let seen = loop {
        let order = format!("{}/_sandbox/orders/told", server.base_url());
        let request = Request::get(order).body(Full::default()).unwrap();
        let response = client.request(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let order: Value = serde_json::from_slice(&body).unwrap();
        if order["notifications"][0]["state"] != "pending" {
            break order;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(seen["notifications"][0]["state"], "delivered");
    assert_eq!(
        seen["notifications"][0]["attempts"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    server.shutdown().await;
}

#[tokio::test]
async fn a_scan_asks_the_merchant_over_the_wire() {
    let server = Server::start(ServerConfig::default()).await.unwrap();
    let merchant = Merchant::of(&server);
    let (url, said, mut arrived) = listen().await;
    "<xml><return_code>FAIL</return_code><return_msg>closed</return_msg></xml>"
        .clone_into(&mut said.lock().unwrap());
    let file = server.merchant();
    let params = [
        ("appid", &*file.appid),
        ("mch_id", &*file.mchid),
        ("nonce_str", "n"),
        ("product_id", "88888"),
        ("time_stamp", "1415949957"),
    ];
    let sign = merchant.key.sign(SignType::Md5, params);
    let query: Vec<String> = params
        .iter()
        .map(|(name, text)| format!("{name}={text}"))
        .collect();
    let code = format!("weixin://wxpay/bizpayurl?sign={sign}&{}", query.join("&"));
    let wish = json!({ "url": code, "callback_url": url });
    let scan = merchant.control("scans", wish).await;
    assert_eq!(scan["state"], "calling");
    let asked = arrived.recv().await.unwrap();
    assert!(asked.contains("88888"), "{asked}");
    server.shutdown().await;
}
