//! What is signed, and by whom.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use wxpay_client::proto::sign::{Algorithm, Nonce, SignError, Signature, Signer, request_message};
use wxpay_client::proto::{Body, Multipart, Target, Untyped};
use wxpay_client::{ApiV3Key, Credential, Merchant, SerialNumber, Timestamp};

use crate::support::platform::{API_V3_KEY, MCHID, merchant_key, merchant_with};
use crate::support::{Platform, Seen, Server, builder, query};

/// Whether the merchant's signature of a request fits what stands in it.
fn fits(seen: &Seen, signed: &[u8]) -> bool {
    let at = Timestamp::from_unix(seen.authorization("timestamp").parse().unwrap());
    let nonce = Nonce::new(&seen.authorization("nonce_str")).unwrap();
    let message = request_message(seen.method.as_str(), &seen.target, at, &nonce, signed);
    let signature = Signature::from_base64(&seen.authorization("signature")).unwrap();
    merchant_key()
        .public_key()
        .verify(&message, &signature)
        .is_ok()
}

async fn server() -> Server {
    let platform = Platform::a().as_public_key();
    Server::start(move |_| platform.answer(200, "{}").into()).await
}

#[tokio::test]
async fn what_is_sent_is_what_is_signed() {
    let server = server().await;
    let client = builder(merchant_with(Platform::a().keyring()), &server)
        .build()
        .unwrap();
    let target = Target::new("/v3/pay/transactions/id/")
        .segment("a|b*")
        .query("mchid", MCHID);
    client.execute(&Untyped::get(target)).await.unwrap();
    let body = serde_json::json!({ "description": "\u{56fe}" });
    client
        .execute(&Untyped::post(Target::new("/v3/x"), &body).unwrap())
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].method, Method::GET);
    assert_eq!(
        seen[0].target,
        "/v3/pay/transactions/id/a%7Cb%2A?mchid=1900000109"
    );
    assert!(fits(&seen[0], b""));
    assert!(fits(&seen[1], &seen[1].body));
    assert!(!fits(&seen[1], b""));
}

#[tokio::test]
async fn of_an_upload_the_meta_is_signed() {
    let server = server().await;
    let client = builder(merchant_with(Platform::a().keyring()), &server)
        .build()
        .unwrap();
    let meta = Bytes::from_static(br#"{"filename":"a.png","sha256":"00"}"#);
    let form = Multipart::upload("a.png", "image/png", meta.clone(), b"\x89PNG");
    let upload = Untyped::post_body(
        Target::new("/v3/merchant/media/upload"),
        Body::Multipart(form),
    );
    client.execute(&upload).await.unwrap();
    let seen = &server.seen()[0];
    assert!(
        seen.header("content-type")
            .starts_with("multipart/form-data")
    );
    assert!(seen.body.windows(4).any(|bytes| bytes == b"\x89PNG"));
    assert!(fits(seen, &meta));
}

/// Signs only when told that somebody else has made progress meanwhile.
#[derive(Debug)]
struct Waiting {
    progress: Mutex<mpsc::Receiver<()>>,
}

impl Signer for Waiting {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let progress = self.progress.lock().unwrap();
        progress.recv_timeout(Duration::from_secs(10)).unwrap();
        merchant_key().sign(message)
    }

    fn is_slow(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_slow_signer_stalls_nobody() {
    let server = server().await;
    let (progress, receiver) = mpsc::channel();
    let signer = Waiting {
        progress: Mutex::new(receiver),
    };
    let serial = SerialNumber::parse("5157F09EFDC096DE15EBE81A47057A7232F1B8E1").unwrap();
    let credential = Credential::with_signer(MCHID, serial, Arc::new(signer)).unwrap();
    let key = ApiV3Key::new(API_V3_KEY).unwrap();
    let merchant = Merchant::new(credential, key, Platform::a().keyring());
    let client = builder(merchant, &server).build().unwrap();
    let query = query();
    // This runtime has one thread: were the signature made on it, the other side would never run.
    let (answered, ()) = tokio::join!(client.execute(&query), async {
        tokio::task::yield_now().await;
        progress.send(()).unwrap();
    });
    answered.unwrap();
}
