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

/// Fields as the older generations write them.
#[cfg(any(feature = "v1", feature = "v2"))]
fn xml(root: &str, fields: &[(&str, &str)]) -> String {
    let fields = fields
        .iter()
        .map(|(name, text)| format!("<{name}>{text}</{name}>"));
    format!("<{root}>{}</{root}>", fields.collect::<String>())
}

#[cfg(feature = "v2")]
#[tokio::test]
async fn what_is_taken_of_v2_does_not_show_what_came() {
    use wxpay_client::axum::v2::{
        VerifiedNativeCallback, VerifiedNotification, VerifiedRefundNotification,
    };
    use wxpay_client::proto::v2::SignType;
    use wxpay_client::v2::{ApiV2Key, Client, Merchant};

    const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
    let key = ApiV2Key::new(KEY).unwrap();
    let client = Client::new(Merchant::new("1900000109", key.clone()).unwrap()).unwrap();
    let mut fields = vec![
        ("return_code", "SUCCESS"),
        ("appid", "wxd678efh567hg6787"),
        ("mch_id", "1900000109"),
        ("product_id", "PRODUCT-1"),
        ("openid", "plaintext-of-somebody"),
    ];
    let sign = key.sign(SignType::Md5, fields.iter().copied());
    fields.push(("sign", &sign));
    let signed = xml("xml", &fields);
    let refund = xml("root", &[("refund_recv_accout", "plaintext-of-somebody")]);
    let sealed = key.seal_notice(refund.as_bytes()).unwrap();
    let refund = [
        ("return_code", "SUCCESS"),
        ("mch_id", "1900000109"),
        ("req_info", &*sealed),
    ];
    let refund = xml("xml", &refund);
    let request = |body: &str| {
        let body = Body::from(body.to_owned());
        Request::post("/notify").body(body).unwrap()
    };

    let (log, guard) = Log::keep();
    let paid = VerifiedNotification::from_request(request(&signed), &client).await;
    let scanned = VerifiedNativeCallback::from_request(request(&signed), &client).await;
    let refunded = VerifiedRefundNotification::from_request(request(&refund), &client).await;
    let (paid, scanned, refunded) = (paid.unwrap(), scanned.unwrap(), refunded.unwrap());
    tracing::info!(target: "application", ?paid, ?scanned, ?refunded);
    drop(guard);
    assert_eq!(
        (paid.body, scanned.body),
        (signed.clone().into(), signed.into())
    );
    assert_eq!(refunded.body, refund);
    let facts = [
        "VerifiedNotification {",
        "VerifiedNativeCallback {",
        "VerifiedRefundNotification {",
        "body: [redacted]",
    ];
    let secrets = [
        KEY,
        "plaintext-of-somebody",
        &sign,
        &sealed,
        "<xml><return_code>",
    ];
    log.judge(&secrets, &facts);
}

#[cfg(feature = "v1")]
#[tokio::test]
async fn what_is_taken_or_refused_of_v1_does_not_show_what_came() {
    use wxpay_client::axum::v1::{
        VerifiedAlarmNotice, VerifiedNativeCallback, VerifiedPaymentNotice, VerifiedRightsNotice,
    };
    use wxpay_client::proto::sign::SignType;
    use wxpay_client::v1::{ApiV2Key, Client, Merchant, PaySignKey};

    const APPID: &str = "wxf8b4f85f3a794e77";
    const PARTNER_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";
    let pay_sign_key = "p".repeat(128);
    let partner_key = ApiV2Key::new(PARTNER_KEY).unwrap();
    let key = PaySignKey::new(&pay_sign_key).unwrap();
    let merchant = Merchant::new(APPID, "1900000109", partner_key.clone(), key.clone());
    let client = Client::new(merchant.unwrap()).unwrap();

    let query = [
        ("bank_billno", "plaintext-of-somebody"),
        ("fee_type", "1"),
        ("input_charset", "UTF-8"),
        ("out_trade_no", "ORDER1"),
        ("partner", "1900000109"),
        ("total_fee", "300"),
        ("trade_mode", "1"),
        ("trade_state", "0"),
        ("transaction_id", "1221847901201409221151232112"),
    ];
    let query_sign = partner_key.sign(SignType::Md5, query);
    let query = query.map(|(name, text)| format!("{name}={text}")).join("&");
    let query = format!("{query}&sign={query_sign}");

    // Each kind signs fields of its own, by lower-case name in order.
    let mut signatures = vec![query_sign];
    let mut body = |signed: &[&str], more: &[(&str, &str)]| {
        let all = [
            ("AlarmContent", "plaintext-of-somebody"),
            ("AppId", APPID),
            ("Description", "plaintext-of-somebody"),
            ("ErrorType", "1001"),
            ("IsSubscribe", "1"),
            ("NonceStr", "iuytxA0cH6PyTAVISB28"),
            ("OpenId", "plaintext-of-somebody"),
            ("ProductId", "PRODUCT1"),
            ("TimeStamp", "1704076496"),
        ];
        let fields = all.iter().filter(|(name, _)| signed.contains(name));
        let mut fields: Vec<_> = fields.copied().collect();
        let sign = key.sign(
            fields
                .iter()
                .map(|(name, text)| (name.to_ascii_lowercase(), *text)),
        );
        fields.push(("AppSignature", &sign));
        fields.extend(more);
        let body = xml("xml", &fields);
        signatures.push(sign);
        body
    };
    let payment = ["AppId", "IsSubscribe", "NonceStr", "OpenId", "TimeStamp"];
    let payment = body(&payment, &[]);
    let rights = body(
        &["AppId", "OpenId", "TimeStamp"],
        &[
            ("MsgType", "request"),
            ("FeedBackId", "1"),
            ("Reason", "plaintext-of-somebody"),
        ],
    );
    let alarm = [
        "AlarmContent",
        "AppId",
        "Description",
        "ErrorType",
        "TimeStamp",
    ];
    let alarm = body(&alarm, &[]);
    let question = [
        "AppId",
        "IsSubscribe",
        "NonceStr",
        "OpenId",
        "ProductId",
        "TimeStamp",
    ];
    let question = body(&question, &[]);
    let request = |query: &str, body: &str| {
        let request = Request::post(format!("/notify?{query}"));
        request.body(Body::from(body.to_owned())).unwrap()
    };

    let (log, guard) = Log::keep();
    let paid = VerifiedPaymentNotice::from_request(request(&query, &payment), &client).await;
    let complained = VerifiedRightsNotice::from_request(request("", &rights), &client).await;
    let alarmed = VerifiedAlarmNotice::from_request(request("", &alarm), &client).await;
    let scanned = VerifiedNativeCallback::from_request(request("", &question), &client).await;
    let (paid, complained) = (paid.unwrap(), complained.unwrap());
    let (alarmed, scanned) = (alarmed.unwrap(), scanned.unwrap());
    tracing::info!(target: "application", ?paid, ?complained, ?alarmed, ?scanned);
    // Each is what another was asked for.
    let refused = [
        VerifiedPaymentNotice::from_request(request(&query, &question), &client)
            .await
            .err(),
        VerifiedRightsNotice::from_request(request("", &question), &client)
            .await
            .err(),
        VerifiedAlarmNotice::from_request(request("", &question), &client)
            .await
            .err(),
        VerifiedNativeCallback::from_request(request("", &alarm), &client)
            .await
            .err(),
    ];
    for rejection in refused {
        log_error(&rejection.unwrap());
    }
    drop(guard);
    assert_eq!((paid.query, paid.body), (query, payment.into()));
    assert_eq!(
        (complained.body, alarmed.body),
        (rights.into(), alarm.into())
    );
    assert_eq!(scanned.body, question);
    let facts = [
        "VerifiedPaymentNotice { notice: [redacted], query: [redacted], body: [redacted] }",
        "VerifiedRightsNotice { notice: [redacted], body: [redacted] }",
        "VerifiedAlarmNotice { notice: [redacted], body: [redacted] }",
        "VerifiedNativeCallback { callback: [redacted], body: [redacted] }",
        "not proven to be for this merchant",
    ];
    let mut secrets = vec![PARTNER_KEY, &pay_sign_key, "plaintext-of-somebody"];
    secrets.extend(signatures.iter().map(String::as_str));
    log.judge(&secrets, &facts);
}
