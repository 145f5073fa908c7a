//! What is written by hand in v2: uploads, test systems, an answer in JSON.

#![cfg(feature = "v2")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use bytes::Bytes;
use wxpay_api::v2::applyment::UploadMedia;
use wxpay_api::v2::bill::{DownloadBill, TarType};
use wxpay_api::v2::pay::{MicroPay, OrderQuery};
use wxpay_api::v2::real_name::GetAccessToken;
use wxpay_api::v2::sandbox::{
    NegativeTest, Sandbox, SandboxMicroPay, SandboxSignKey, Simulator, SimulatorOrderQuery,
    SimulatorSignKey,
};
use wxpay_proto::sign::{ApiV2Key, SignType};
use wxpay_proto::v2::{AcceptError, Merchant, Operation, Request as _};
use wxpay_proto::{Date, Endpoint, Fen, Nonce};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn merchant() -> Merchant {
    Merchant::new("1900007291", ApiV2Key::new(KEY).unwrap()).unwrap()
}

fn nonce() -> Nonce {
    Nonce::new("5K8264ILTKCH16CQ2502SI8ZNMTM67VS").unwrap()
}

fn answered<O: Operation>(operation: &O, body: &str) -> Result<O::Response, AcceptError> {
    let response = http::Response::new(Bytes::copy_from_slice(body.as_bytes()));
    Ok(merchant().accept(operation, &response)?.into_value())
}

/// The answer `fields`, signed with MD5.
fn signed(fields: &[(&str, &str)]) -> String {
    let mut all = vec![
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("mch_id", "1900007291"),
    ];
    all.extend(fields);
    let sign = ApiV2Key::new(KEY)
        .unwrap()
        .sign(SignType::Md5, all.iter().copied());
    all.push(("sign", &sign));
    let fields: String = all
        .iter()
        .map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>"))
        .collect();
    format!("<xml>{fields}</xml>")
}

fn micro_pay() -> MicroPay {
    let code = "134650000000000000";
    MicroPay::new("wx1", "伞", "S00001", Fen::new(101), "203.0.113.7", code)
}

#[test]
fn an_upload_is_a_form_with_the_hash_signed() {
    let upload = UploadMedia::new("id.PNG", Bytes::from_static(b"picture"));
    upload.check().unwrap();
    let info = upload.info();
    assert!(info.certificate && !info.nonce_field);
    let request = merchant().prepare(&upload, &nonce()).unwrap();
    assert_eq!(
        request.uri(),
        "https://api.mch.weixin.qq.com/secapi/mch/uploadmedia"
    );
    let content_type = request.headers()["content-type"].to_str().unwrap();
    assert!(
        content_type.starts_with("multipart/form-data; boundary="),
        "{content_type}"
    );
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    // md5sum of "picture"
    let hash = "5456fc54c74a297ce994998c2873b370";
    for part in [
        "name=\"mch_id\";\r\n\r\n1900007291\r\n",
        "name=\"sign_type\";\r\n\r\nHMAC-SHA256\r\n",
        "name=\"media\"; filename=\"id.PNG\";\r\nContent-Type: image/png\r\n\r\npicture\r\n",
        "name=\"media_hash\";\r\n\r\n",
        "name=\"sign\";\r\n\r\n",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
    let (_, after) = body.split_once("name=\"media_hash\";\r\n\r\n").unwrap();
    let sent = &after[..32];
    let (_, after) = body.split_once("name=\"sign\";\r\n\r\n").unwrap();
    let expected = ApiV2Key::new(KEY).unwrap().sign(
        SignType::HmacSha256,
        [
            ("mch_id", "1900007291"),
            ("media_hash", sent),
            ("sign_type", "HMAC-SHA256"),
        ],
    );
    assert_eq!(&after[..64], expected);
    assert_eq!(sent, hash);
    let answer = signed(&[("media_id", "m1")]);
    assert_eq!(answered(&upload, &answer).unwrap().media_id, "m1");
}

#[test]
fn an_upload_knows_its_limits_and_shows_nothing() {
    let upload = |name: &str, len| UploadMedia::new(name, vec![b'x'; len]);
    upload("a.jpg", 2 << 20).check().unwrap();
    for (wrong, expected) in [
        (upload("a.jpg", 0), "media: 0, at least 1 allowed"),
        (
            upload("a.jpg", (2 << 20) + 1),
            "media: 2097153, at most 2097152 allowed",
        ),
        (
            upload("", 1),
            "filename: empty, leave the field out or fill it",
        ),
    ] {
        assert_eq!(wrong.check().unwrap_err().to_string(), expected);
    }
    assert_eq!(
        format!("{:?}", upload("a.jpg", 3)),
        "UploadMedia { filename: \"a.jpg\", len: 3 }"
    );
}

#[test]
fn a_test_system_changes_the_path_and_the_signature_alone() {
    let simulated = Simulator::new(micro_pay());
    let info = simulated.info();
    assert_eq!(info.name, "v2.sandbox.simulator_micro_pay");
    assert_eq!(info.path, "/sandboxnew/pay/micropay");
    assert_eq!(info.idempotency, micro_pay().info().idempotency);
    let sent = merchant().encode(&simulated, &nonce()).unwrap();
    assert_eq!(sent.sign_type(), SignType::Md5);
    let text = std::str::from_utf8(sent.body()).unwrap();
    assert!(
        text.contains("<sign_type><![CDATA[MD5]]></sign_type>"),
        "{text}"
    );
    assert!(
        text.contains("<out_trade_no><![CDATA[S00001]]></out_trade_no>"),
        "{text}"
    );
    simulated.check().unwrap();
    let broken = Simulator::new(micro_pay().attach(""));
    assert_eq!(broken.check().unwrap_err().field(), "attach");

    let bill = DownloadBill::new("wx1", Date::new(2026, 11, 20).unwrap()).tar_type(TarType::Gzip);
    let response = http::Response::new(Bytes::from_static(b"\x1f\x8b\x08"));
    let file = merchant().accept(&Simulator::new(bill), &response).unwrap();
    assert_eq!(file.value(), &b"\x1f\x8b\x08"[..]);
}

#[test]
fn no_test_system_asks_for_a_certificate() {
    use wxpay_api::v2::pay::Reverse;
    use wxpay_api::v2::refund::CreateRefund;
    assert!(Reverse::new("wx1").info().certificate);
    assert!(!Simulator::new(Reverse::new("wx1")).info().certificate);
    let refund = CreateRefund::new("wx1", "R00001", Fen::new(1), Fen::new(1));
    assert!(refund.info().certificate);
    assert!(!Simulator::new(refund).info().certificate);
}

#[test]
fn a_test_system_answers_as_the_real_one() {
    let query: SimulatorOrderQuery = Simulator::new(OrderQuery::new("wx1").out_trade_no("S00001"));
    let answer = signed(&[
        ("appid", "wx1"),
        ("out_trade_no", "S00001"),
        ("trade_state", "SUCCESS"),
        ("total_fee", "101"),
    ]);
    let order = answered(&query, &answer).unwrap();
    assert_eq!(order.total_fee, Some(Fen::new(101)));
    assert_eq!(query.operation().out_trade_no.as_deref(), Some("S00001"));
}

#[test]
fn the_newer_test_system_is_told_what_to_answer() {
    let charge: SandboxMicroPay = Sandbox::new(micro_pay());
    let encoded = merchant().encode(&charge, &nonce()).unwrap();
    let endpoint = Endpoint::parse("http://127.0.0.1:8443").unwrap();
    let mut request = encoded.to_http(&endpoint);
    assert_eq!(
        request.uri(),
        "http://127.0.0.1:8443/xdc/apiv2sandbox/pay/micropay"
    );
    NegativeTest::UserPaying.apply(&mut request).unwrap();
    assert_eq!(
        request.headers()["Wechatpay-Negative-Test"],
        "MICROPAY_USERPAYING"
    );
    NegativeTest::from("a\nb").apply(&mut request).unwrap_err();
}

#[test]
fn keys_of_test_systems() {
    for (path, info) in [
        ("/sandboxnew/pay/getsignkey", SimulatorSignKey::new().info()),
        (
            "/xdc/apiv2getsignkey/sign/getsignkey",
            SandboxSignKey::new().info(),
        ),
    ] {
        assert_eq!(info.path, path);
        assert_eq!(info.sign_type(SignType::HmacSha256), SignType::Md5);
    }
    let answer = format!(
        "<xml><return_code>SUCCESS</return_code><mch_id>1900007291</mch_id>\
         <sandbox_signkey>{KEY}</sandbox_signkey></xml>"
    );
    let key = answered(&SandboxSignKey::new(), &answer).unwrap();
    assert_eq!(key.sandbox_signkey.expose(), KEY);
    assert!(!format!("{key:?}").contains(KEY));
}

#[test]
fn a_code_is_exchanged_for_a_token() {
    let exchange = GetAccessToken::new("wx1", "o1", "CODE");
    exchange.check().unwrap();
    let request = merchant().prepare(&exchange, &nonce()).unwrap();
    assert_eq!(request.method(), http::Method::GET);
    assert!(request.body().is_empty());
    let uri = request.uri().to_string();
    let start = "https://payapp.mch.weixin.qq.com/appauth/getaccesstoken?appid=wx1&code=CODE&\
                 grant_type=authorization_code&mch_id=1900007291&openid=o1&scope=pay_identity&\
                 sign_type=HMAC-SHA256&sign=";
    assert!(uri.starts_with(start), "{uri}");
    for code in ["0", "\"0\""] {
        let answer = format!(
            r#"{{"retcode":{code},"retmsg":"ok","access_token":"T1","access_token_expire_in":7200,
               "refresh_token":"T2","refresh_token_expire_in":86400}}"#
        );
        let token = answered(&exchange, &answer).unwrap();
        assert_eq!(token.access_token.expose(), "T1");
        assert_eq!(token.access_token_expire_in, 7200);
        let shown = format!("{token:?} {exchange:?}");
        assert!(!shown.contains("T1") && !shown.contains("CODE"), "{shown}");
    }
    for (answer, expected) in [
        (
            r#"{"retcode":-1,"retmsg":"code expired"}"#,
            "retcode: -1: code expired",
        ),
        (r#"{"retcode":0,"retmsg":"ok"}"#, "access_token: missing"),
    ] {
        let error = answered(&exchange, answer).unwrap_err();
        let source = std::error::Error::source(&error).unwrap();
        let text = format!(
            "{source}: {}",
            source.source().map(ToString::to_string).unwrap_or_default()
        );
        assert!(text.contains(expected), "{text}");
    }
}
