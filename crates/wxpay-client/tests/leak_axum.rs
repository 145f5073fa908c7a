//! What extractors log, answer and show of a rejection, and above all what they do not.
//!
//! A program of its own for the reason that `leak.rs` is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "loopback"]
#[allow(
    dead_code,
    reason = "shared with the loopback tests, which use all of it"
)]
#[allow(unused_imports, reason = "likewise")]
mod loopback {
    pub(crate) mod support;
}

#[path = "leak/log.rs"]
mod log;

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::FromRequest as _;
use axum::response::IntoResponse as _;
use http::Request;
use http_body_util::BodyExt as _;
use loopback::support;
use wxpay_api::pay::Transaction;
use wxpay_client::axum::{Rejection, Verified, VerifiedNotification};
use wxpay_client::{ApiV3Key, Client};

use log::{Log, log_error};
use support::platform::{API_V3_KEY, merchant_with};
use support::{Platform, transport};

const PLAIN: &str = r#"{"payer":"plaintext-of-somebody"}"#;

/// A notification signed by `platform` and encrypted with `key`.
fn request(platform: &Platform, key: &[u8; 32], event: &str) -> Request<Body> {
    let key = ApiV3Key::new(key).unwrap();
    let sealed = key.seal(b"fdasflkja484", b"transaction", PLAIN.as_bytes());
    let body = serde_json::json!({
        "id": "EV-1",
        "resource_type": "encrypt-resource",
        "event_type": event,
        "resource": {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": sealed.unwrap(),
            "associated_data": "transaction",
            "nonce": "fdasflkja484",
        },
    });
    let (parts, body) = platform.answer(200, body.to_string()).into_parts();
    let mut request = Request::post("/notify").body(Body::from(body)).unwrap();
    *request.headers_mut() = parts.headers;
    request
}

#[tokio::test]
async fn rejections_tell_the_step_and_no_secret() {
    let (log, guard) = Log::keep();
    let keyring = Platform::a().keyring();
    let client = Client::builder(merchant_with(keyring)).transport(transport());
    let client = client.build().unwrap();
    let (genuine, stranger) = (Platform::a().as_public_key(), Platform::b().as_public_key());
    let other_key = b"another-key-another-key-another-";
    let paid = "TRANSACTION.SUCCESS";
    let mut probe = request(&genuine, API_V3_KEY, paid);
    let mark = "WECHATPAY/SIGNTEST/abcd".parse().unwrap();
    probe.headers_mut().insert("wechatpay-signature", mark);

    let shown = Arc::new(Mutex::new(String::new()));
    let show = async |rejection: Rejection| {
        log_error(&rejection);
        let debug = format!("{rejection:?} {rejection}");
        let answer = rejection.into_response();
        let answer = answer.into_body().collect().await.unwrap().to_bytes();
        let answer = std::str::from_utf8(&answer).unwrap();
        shown
            .lock()
            .unwrap()
            .push_str(&format!("{debug}\n{answer}\n"));
    };
    let mut signatures = Vec::new();
    let requests = [
        request(&stranger, API_V3_KEY, paid),
        request(&genuine, other_key, paid),
        request(&genuine, API_V3_KEY, "REFUND.SUCCESS"),
        request(&genuine, API_V3_KEY, paid),
        probe,
    ];
    for request in requests {
        let signature = &request.headers()["wechatpay-signature"];
        signatures.push(signature.to_str().unwrap().to_owned());
        let taken = Verified::<Transaction>::from_request(request, &client).await;
        show(taken.unwrap_err()).await;
    }
    let request = request(&genuine, API_V3_KEY, paid);
    let taken = VerifiedNotification::from_request(request, &client).await;
    tracing::info!(target: "application", taken = ?taken.unwrap(), ?client);
    drop(guard);

    // The mark of a probe is no secret.
    signatures.retain(|signature| !signature.contains("SIGNTEST"));
    let mut secrets = vec![
        "plaintext-of-somebody",
        std::str::from_utf8(API_V3_KEY).unwrap(),
        "PRIVATE KEY",
        "PUBLIC KEY-----",
    ];
    secrets.extend(signatures.iter().map(String::as_str));
    let facts = [
        "a notification was not taken",
        "not proven to be WeChat Pay's",
        "resource.ciphertext cannot be decrypted",
        "asked for was what TRANSACTION.SUCCESS carries",
        "a signature probe was refused",
        "genuine=true",
        "genuine=false",
    ];
    log.judge(&secrets, &facts);
    let shown = shown.lock().unwrap();
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} stands in\n{shown}");
    }
}

#[cfg(feature = "v2")]
#[tokio::test]
async fn rejections_of_v2_tell_the_step_and_no_secret() {
    use wxpay_client::axum::v2::{VerifiedNotification, VerifiedRefundNotification};
    use wxpay_client::v2::{ApiV2Key, Client, Merchant};

    const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
    let (log, guard) = Log::keep();
    let merchant = Merchant::new("1900000109", ApiV2Key::new(KEY).unwrap()).unwrap();
    let client = Client::new(merchant).unwrap();
    let request = |body: &'static str| Request::post("/notify").body(Body::from(body)).unwrap();
    let forged = "<xml><return_code>SUCCESS</return_code><openid>plaintext-of-somebody</openid>\
        <sign>C380BEC2BFD727A4B6845133519F3AD6</sign></xml>";
    let claims = "<xml><return_code>FAIL</return_code>\
        <return_msg>said by\na stranger</return_msg></xml>";
    let refund = "<xml><return_code>SUCCESS</return_code><mch_id>1900000109</mch_id>\
        <req_info>MDEyMzQ1Njc4OWFiY2RlZg==</req_info></xml>";
    let paid = VerifiedNotification::from_request(request(forged), &client).await;
    let failed = VerifiedNotification::from_request(request(claims), &client).await;
    let refunded = VerifiedRefundNotification::from_request(request(refund), &client).await;
    for rejection in [paid.err(), failed.err(), refunded.err()] {
        let rejection = rejection.unwrap();
        tracing::warn!(target: "application", ?rejection);
        let answer = rejection.into_response().into_body();
        let answer = answer.collect().await.unwrap().to_bytes();
        let answer = std::str::from_utf8(&answer).unwrap();
        assert!(
            answer.contains("FAIL") && !answer.contains("stranger"),
            "{answer}"
        );
    }
    drop(guard);
    let secrets = [
        KEY,
        "plaintext-of-somebody",
        "C380BEC2BFD727A4",
        "\na stranger",
    ];
    let facts = [
        "not proven to be WeChat Pay's",
        "said by\\na stranger",
        "req_info cannot be decrypted",
    ];
    log.judge(&secrets, &facts);
}
