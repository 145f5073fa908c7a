//! What is logged, and above all what is not.
//!
//! A program of its own: `tracing` keeps for the whole process which call sites are of interest to
//! anybody, and tests beside this one would have their say.

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

use loopback::support;

use wxpay_client::ErrorKind;
use wxpay_client::proto::{Idempotency, Target, Untyped};

use log::{Log, log_error};
use support::platform::{API_V3_KEY, merchant_with};
use support::{Platform, Server, builder, merchant};

#[tokio::test]
async fn spans_tell_the_call_and_no_secret() {
    let (log, guard) = Log::keep();
    let platform = Platform::a();
    let server = Server::start(move |seen| {
        if seen.target.starts_with("/v3/certificates") {
            platform.certificates(&[&platform]).into()
        } else if seen.index < 3 {
            platform.error(500, "SYSTEM_ERROR").into()
        } else {
            platform
                .answer(200, r#"{"openid":"answer-plaintext"}"#)
                .into()
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let client = builder(merchant(), &server)
        .certificate_cache(folder.path().join("certificates"))
        .build()
        .unwrap();
    let target = Target::new("/v3/pay/transactions/native").query("token", "query-secret");
    let body = serde_json::json!({ "payer": "body-plaintext" });
    let call = Untyped::post(target, &body)
        .unwrap()
        .idempotency(Idempotency::MerchantNumber);
    client.execute(&call).await.unwrap();

    // An answer with a wrong signature, too.
    let stranger = Platform::b().as_public_key();
    let wrong =
        Server::start(move |_| stranger.answer(200, r#"{"a":"answer-plaintext"}"#).into()).await;
    let client = builder(merchant_with(Platform::a().keyring()), &wrong)
        .build()
        .unwrap();
    let error = client.execute(&call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    log_error(&error);
    drop(guard);

    let mut secrets = vec![
        "query-secret".to_owned(),
        "body-plaintext".to_owned(),
        "answer-plaintext".to_owned(),
        String::from_utf8(API_V3_KEY.to_vec()).unwrap(),
        "PRIVATE KEY".to_owned(),
        "WECHATPAY2-SHA256".to_owned(),
    ];
    for seen in server.seen() {
        secrets.push(seen.authorization("signature"));
        secrets.push(seen.authorization("nonce_str"));
    }
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let facts = [
        "path=\"/v3/pay/transactions/native\"",
        "status=200",
        "request_id=08F1-0",
        "attempts=3",
        "method=POST",
    ];
    log.judge(&secrets, &facts);
}
