//! A whole payment against the sandbox.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use wxpay_api::bill::{AccountType, BillAlgorithm, SubMerchantFundFlowBill, TarType, TradeBill};
use wxpay_api::global_settlement::{ListCertificates, ListSettlements, SettleState};
use wxpay_api::partner_pay;
use wxpay_api::pay::{self, NativePrepay, QueryOrderByOutTradeNo, TradeState};
use wxpay_api::refund::{CreateRefund, QueryRefund, RefundRequestAmount, RefundStatus};
use wxpay_client::proto::{Date, DateTime, Fen, Host};
use wxpay_client::{
    ApiV3Key, Certificate, Client, Clock, Credential, Delivery, EncryptedPart, Endpoint, ErrorKind,
    ExpectedHash, Merchant, PlatformKeyring, PrivateKey, SystemClock, Timestamp, Transport,
};
use wxpay_sandbox::{Server, ServerConfig};

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

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn merchant(server: &Server) -> Merchant {
    let file = server.merchant();
    let key = PrivateKey::from_pem(&read(server.home(), "apiclient_key.pem")).unwrap();
    let certificate = Certificate::from_pem(&read(server.home(), "apiclient_cert.pem")).unwrap();
    Merchant::new(
        Credential::from_certificate(file.mchid.clone(), &certificate, key).unwrap(),
        ApiV3Key::new(file.apiv3_key.expose()).unwrap(),
        PlatformKeyring::certificates(),
    )
}

/// A call of the sandbox's own controls; its answer.
async fn control(server: &Server, method: Method, path: &str, body: &'static str) -> Value {
    let pool = Pool::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = Request::builder()
        .method(method)
        .uri(format!("{}/_sandbox/{path}", server.base_url()))
        .header("content-type", "application/json")
        .body(Full::from(body))
        .unwrap();
    let response = pool.request(request).await.unwrap();
    let status = response.status();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert!(status.is_success(), "{path}: {status} {text:?}");
    serde_json::from_slice(&text).unwrap()
}

fn today(clock: &dyn Clock) -> Date {
    Date::of(DateTime::beijing(clock.now().as_unix()))
}

#[tokio::test]
async fn a_payment_from_order_to_bill() {
    let server = Server::start(ServerConfig::default()).await.unwrap();
    let clock = Arc::new(Moved::default());
    let client = Client::builder(merchant(&server))
        .endpoint(Endpoint::parse(server.base_url()).unwrap())
        .transport(Transport::builder().proxy_from_env(false).build().unwrap())
        .clock(clock.clone())
        .build()
        .unwrap();
    let (appid, mchid) = (&server.merchant().appid, &server.merchant().mchid);

    let order = NativePrepay::new(
        appid,
        mchid,
        "深圳腾大-QQ公仔",
        "ORDER-20260101",
        "https://shop.example/notify",
        pay::Amount::new(Fen::new(1999)),
    );
    let prepared = client.execute(&order).await.unwrap();
    assert!(prepared.value().code_url.contains("ORDER-20260101"));

    let query = QueryOrderByOutTradeNo::new("ORDER-20260101", mchid);
    assert_eq!(
        client.execute(&query).await.unwrap().value().trade_state,
        TradeState::NotPay
    );
    control(&server, Method::POST, "orders/ORDER-20260101/pay", "{}").await;
    let paid = client.execute(&query).await.unwrap().into_value();
    assert_eq!(paid.trade_state, TradeState::Success);

    let amount = RefundRequestAmount::new(Fen::new(999), Fen::new(1999), "CNY");
    let refund = CreateRefund::new("REFUND-1", amount).out_trade_no("ORDER-20260101");
    client.execute(&refund).await.unwrap();
    let refunded = client
        .execute(&QueryRefund::new("REFUND-1"))
        .await
        .unwrap()
        .into_value();
    assert!(
        matches!(
            refunded.status,
            RefundStatus::Processing | RefundStatus::Success
        ),
        "{:?}",
        refunded.status
    );

    let day = today(&*clock);
    control(
        &server,
        Method::PUT,
        "clock",
        r#"{"advance_seconds":172800}"#,
    )
    .await;
    clock.0.store(172_800, Ordering::SeqCst);
    let link = client
        .execute(&TradeBill::new(day).tar_type(TarType::Gzip))
        .await
        .unwrap();
    let link = link.into_value();
    let expected = ExpectedHash::new(link.hash_type.as_str(), &link.hash_value).unwrap();
    let mut bill = client.download(&link.download_url, expected).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = bill.chunk().await.unwrap() {
        text.extend_from_slice(&piece);
    }
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("`ORDER-20260101"), "{text}");

    let other = ExpectedHash::sha1(&"0".repeat(40)).unwrap();
    let mut bill = client.download(&link.download_url, other).await.unwrap();
    let error = loop {
        match bill.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a bill with another hash must not end well"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Content);
    server.shutdown().await;
}

#[tokio::test]
async fn an_unknown_order_is_refused_in_its_own_words() {
    let server = Server::start(ServerConfig::default()).await.unwrap();
    let client = Client::builder(merchant(&server))
        .endpoint(Endpoint::parse(server.base_url()).unwrap())
        .transport(Transport::builder().proxy_from_env(false).build().unwrap())
        .build()
        .unwrap();
    let query = QueryOrderByOutTradeNo::new("NO-SUCH-ORDER", &server.merchant().mchid);
    let error = client.execute(&query).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Refused);
    let api = error.api().unwrap();
    assert_eq!(api.status(), StatusCode::NOT_FOUND);
    assert_eq!(api.code(), "ORDER_NOT_EXIST");
    assert_eq!(error.request_id(), api.request_id());
}

#[tokio::test]
async fn a_cross_border_merchant_has_certificates_of_its_own() {
    let server = Server::start(ServerConfig::default()).await.unwrap();
    let client = Client::builder(merchant(&server).with_certificates_from(Host::HongKong))
        .endpoint(Endpoint::parse(server.base_url()).unwrap())
        .transport(Transport::builder().proxy_from_env(false).build().unwrap())
        .build()
        .unwrap();
    let settlements = ListSettlements::new(SettleState::Settled, 10, 0);
    client.execute(&settlements).await.unwrap();
    // What was fetched is trusted: the list itself, asked for as an operation, is signed with it.
    let listed = client.execute(&ListCertificates::new()).await.unwrap();
    assert!(!listed.value().data.is_empty());

    let journal = control(&server, Method::GET, "journal", "").await;
    let journal = journal.as_array().unwrap();
    let seen = |entry: &Value| {
        assert_eq!(entry["verdict"], "accepted", "{entry:#}");
        entry["path"].as_str().unwrap().to_owned()
    };
    let seen: Vec<String> = journal.iter().map(seen).collect();
    assert_eq!(
        seen,
        [
            "/v3/global/certificates",
            "/v3/global/settle/settlements",
            "/v3/global/certificates",
        ],
        "the main host's list is never asked for"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn an_encrypted_bill_in_parts() {
    let server = Server::start(ServerConfig::default()).await.unwrap();
    let clock = Arc::new(Moved::default());
    let client = Client::builder(merchant(&server))
        .endpoint(Endpoint::parse(server.base_url()).unwrap())
        .transport(Transport::builder().proxy_from_env(false).build().unwrap())
        .clock(clock.clone())
        .build()
        .unwrap();
    let own = server.merchant();
    let order = partner_pay::NativePrepay::new(
        &own.appid,
        &own.mchid,
        &own.sub_mchid,
        "深圳腾大-QQ公仔",
        "THEIR-ORDER",
        "https://shop.example/notify",
        partner_pay::Amount::new(Fen::new(1999)),
    );
    client.execute(&order).await.unwrap();
    control(&server, Method::POST, "orders/THEIR-ORDER/pay", "{}").await;
    let day = today(&*clock);
    let advance = r#"{"advance_seconds":172800}"#;
    control(&server, Method::PUT, "clock", advance).await;
    clock.0.store(172_800, Ordering::SeqCst);

    let (basic, gcm) = (AccountType::Basic, BillAlgorithm::AeadAes256Gcm);
    let ask = SubMerchantFundFlowBill::new(&own.sub_mchid, day, basic, gcm);
    let ask = ask.tar_type(TarType::Gzip);
    let mut texts = Vec::new();
    for settings in [r#"{"encrypted_parts":1}"#, r#"{"encrypted_parts":3}"#] {
        control(&server, Method::PUT, "bills", settings).await;
        let links = client.execute(&ask).await.unwrap().into_value();
        // In any order.
        let parts = links.download_bill_list.iter().rev().map(|link| {
            EncryptedPart::new(
                link.bill_sequence,
                &link.download_url,
                ExpectedHash::new(link.hash_type.as_str(), &link.hash_value).unwrap(),
                link.encrypt_key.expose(),
                &link.nonce,
            )
        });
        let mut bill = client.download_parts(parts.clone()).await.unwrap();
        let mut text = String::new();
        bill.read_to_string(&mut text).await.unwrap();
        texts.push((parts.len(), text));

        // Links are good for five minutes.
        let advance = r#"{"advance_seconds":301}"#;
        control(&server, Method::PUT, "clock", advance).await;
        clock.0.fetch_add(301, Ordering::SeqCst);
        let error = client.download_parts(parts).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api, "{error}");
        assert!(error.part().is_some(), "{error}");
    }
    let [(1, whole), (3, together)] = &texts[..] else {
        panic!("{texts:?}");
    };
    assert!(whole.contains("`19.99"), "{whole}");
    assert_eq!(whole, together);
    server.shutdown().await;
}
