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

use loopback::support;

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;
use wxpay_client::ErrorKind;
use wxpay_client::proto::{Idempotency, Target, Untyped};

use support::platform::{API_V3_KEY, merchant_with};
use support::{Platform, Server, builder, merchant};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn spans_tell_the_call_and_no_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("wxpay_client=trace,wxpay_proto=trace,wxpay_sign=trace")
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

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
    tracing::warn!(target: "wxpay_client", %error, ?error, "as an application would log it");
    drop(guard);

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
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
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} stands in\n{text}");
    }
    for fact in [
        "path=\"/v3/pay/transactions/native\"",
        "status=200",
        "request_id=08F1-0",
        "attempts=3",
        "method=POST",
    ] {
        assert!(text.contains(fact), "{fact} does not stand in\n{text}");
    }
}
