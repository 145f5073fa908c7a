//! Notifications, and the keys they are signed with.

use bytes::Bytes;
use http::HeaderMap;
use wxpay_client::proto::VerificationError;
use wxpay_client::{ApiV3Key, Client, NotificationError};

use crate::support::platform::API_V3_KEY;
use crate::support::{Platform, Server, builder, merchant};

/// A payment notification, signed.
fn notification(platform: &Platform) -> (HeaderMap, Bytes) {
    let key = ApiV3Key::new(API_V3_KEY).unwrap();
    let plain = br#"{"out_trade_no":"ORDER-1","trade_state":"SUCCESS"}"#;
    let body = serde_json::json!({
        "id": "EV-2018022511223320873",
        "create_time": "2024-05-20T13:29:35+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": key.seal(b"fdasflkja484", b"transaction", plain).unwrap(),
            "associated_data": "transaction",
            "nonce": "fdasflkja484",
        },
    });
    let (parts, body) = platform.answer(200, body.to_string()).into_parts();
    (parts.headers, body)
}

async fn server() -> (Server, Client) {
    let platform = Platform::a();
    let server = Server::start(move |_| platform.certificates(&[&platform]).into()).await;
    let client = builder(merchant(), &server).build().unwrap();
    (server, client)
}

#[tokio::test]
async fn the_first_one_fetches_its_key() {
    let (server, client) = server().await;
    let (headers, body) = notification(&Platform::a());
    for _ in 0..2 {
        let opened = client.open_notification(&headers, &body).await.unwrap();
        assert_eq!(opened.event_type(), "TRANSACTION.SUCCESS");
        assert!(opened.plaintext().starts_with(br#"{"out_trade_no""#));
    }
    assert_eq!(server.certificate_requests(), 1);
}

#[tokio::test]
async fn forged_ones_do_not_drive_us() {
    let (server, client) = server().await;
    let (headers, body) = notification(&Platform::b());
    for _ in 0..10 {
        let error = client.open_notification(&headers, &body).await.unwrap_err();
        let unknown = VerificationError::UnknownKey(
            wxpay_client::proto::PlatformKeyId::parse(&Platform::b().id).unwrap(),
        );
        assert!(
            matches!(&error, NotificationError::Verification(found) if *found == unknown),
            "{error}"
        );
    }
    assert!(server.certificate_requests() <= 2);
}

#[tokio::test]
async fn a_probe_is_not_worth_a_request() {
    let (server, client) = server().await;
    let (mut headers, body) = notification(&Platform::b());
    headers.insert(
        "wechatpay-signature",
        "WECHATPAY/SIGNTEST/abcd".parse().unwrap(),
    );
    let error = client.open_notification(&headers, &body).await.unwrap_err();
    assert!(error.is_probe());
    assert!(server.seen().is_empty());
}
