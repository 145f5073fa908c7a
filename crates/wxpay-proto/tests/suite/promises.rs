//! What the types promise: that they cross threads, and that they keep quiet.

use std::fmt::Debug;

use wxpay_proto::bytes::Bytes;
use wxpay_proto::*;

use crate::support::{
    API_V3_KEY, Case, NONCE, NOW, PRIVATE_KEY, Platform, Prepay, merchant, nonce, public_key_ring,
};

#[test]
fn everything_crosses_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Merchant>();
    crosses::<Credential>();
    crosses::<PlatformKeyring>();
    crosses::<PlatformKey>();
    crosses::<PlatformCertificate>();
    crosses::<PlatformPublicKey>();
    crosses::<PlatformKeyError>();
    crosses::<RefreshPermit>();
    crosses::<RefreshDecision>();
    crosses::<RefreshPolicy>();
    crosses::<RefreshReason>();
    crosses::<EncodedRequest>();
    crosses::<UnsignedRequest>();
    crosses::<PrepareError>();
    crosses::<Response<Bytes>>();
    crosses::<AcceptError>();
    crosses::<ApiError>();
    crosses::<DecodeFailure>();
    crosses::<UnexpectedAnswer>();
    crosses::<VerificationError>();
    crosses::<Notification>();
    crosses::<NotificationError>();
    crosses::<CertificatesError>();
    crosses::<CertificatesOutcome>();
    crosses::<ConfigError>();
    crosses::<Endpoint>();
    crosses::<EndpointError>();
    crosses::<Target>();
    crosses::<TargetError>();
    crosses::<Body>();
    crosses::<BodyError>();
    crosses::<Multipart>();
    crosses::<MultipartBuilder>();
    crosses::<OperationInfo>();
    crosses::<Untyped>();
    crosses::<RetryPolicy>();
    crosses::<Outcome>();
    crosses::<H5UrlError>();
    // Operations can be kept as objects.
    crosses::<Box<dyn Operation<Response = Bytes>>>();
    let boxed: Box<dyn Operation<Response = Bytes>> = Box::new(Untyped::get(Target::new("/v3/x")));
    assert!(merchant().prepare(&*boxed, NOW, nonce()).is_ok());
}

const SECRET: &str = "张三的身份证";

fn text(value: &impl Debug) -> String {
    let (one, pretty) = (format!("{value:?}"), format!("{value:#?}"));
    for shown in [&one, &pretty] {
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(!shown.contains(API_V3_KEY), "{shown}");
        assert!(!shown.contains(&PRIVATE_KEY[60..90]), "{shown}");
        // Nor as a list of numbers, nor escaped.
        assert!(
            !shown.contains("229, 188, 160") && !shown.contains("\\xe5\\xbc\\xa0"),
            "{shown}"
        );
    }
    one
}

#[test]
fn debug_texts_are_these() {
    let merchant = merchant();
    assert_eq!(
        text(&merchant),
        "Merchant { credential: Credential { mchid: \"1900007291\", \
         serial_no: \"0A1B2C3D4E5F60718293A4B5C6D7E8F901234567\", .. }, \
         platform_keys: PlatformKeyring { \
         public_keys: [PlatformKey(PUB_KEY_ID_0119000072912024010100000000000000)], \
         certificates: [], refreshed_at: None, .. }, \
         endpoint: Endpoint { scheme: \"https\", authority: api.mch.weixin.qq.com }, .. }"
    );
    let operation = Prepay::new(SECRET);
    let encoded = merchant.encode(&operation, NOW).unwrap();
    assert!(text(&encoded).contains("body: 36 bytes"), "{encoded:?}");
    let unsigned = merchant.unsigned(&operation, NOW, nonce()).unwrap();
    assert!(text(&unsigned).contains("message_len: 113"), "{unsigned:?}");
    let body = Body::json(&operation).unwrap();
    assert_eq!(text(&body), "Json(36 bytes)");
    let untyped = Untyped::post_body(Target::new("/v3/x"), body);
    assert!(text(&untyped).contains("Json(36 bytes)"));
    let meta = Bytes::from_static(b"{}");
    let builder = Multipart::builder(meta).field("name", SECRET);
    assert_eq!(
        text(&builder),
        "MultipartBuilder { meta_len: 2, fields: 1 }"
    );
    let form = builder.file("file", SECRET, "image/png", SECRET.as_bytes());
    assert!(
        text(&form).starts_with("Multipart { content_type: \"multipart/form-data; boundary=wxpay-")
    );
    text(&Body::Multipart(form));
}

#[test]
fn notifications_and_answers_keep_quiet() {
    let merchant = merchant();
    let case = Case::new("notification/payment");
    let at = Timestamp::from_unix(1_704_076_497);
    let body = case.bytes("body.txt");
    let notification = merchant
        .open_notification(&case.headers(), &body, at)
        .unwrap();
    assert_eq!(
        text(&notification),
        "Notification { id: \"EV-2018022511223320873\", event_type: \"TRANSACTION.SUCCESS\", \
         plaintext: [redacted], .. }"
    );
    let body = format!(r#"{{"prepay_id":"1","name":"{SECRET}"}}"#);
    let response = Platform::public_key().answer(200, body, NOW);
    let answer = merchant.accept(&Prepay::new("一"), &response, NOW).unwrap();
    assert!(text(&answer).starts_with("Response { value: Prepaid { prepay_id: \"1\" }"));
}

#[test]
fn a_permit_names_no_key() {
    let keys = PlatformKeyring::certificates();
    let decision = keys.refresh(NOW, RefreshReason::Missing);
    assert!(text(&decision).starts_with("Start(RefreshPermit { "));
    assert!(!text(&public_key_ring()).contains(NONCE));
}

#[test]
fn errors_say_what_happened_without_saying_it_twice() {
    use std::error::Error;

    let chain = |error: &dyn Error| {
        let mut texts = vec![error.to_string()];
        let mut source = error.source();
        while let Some(error) = source {
            texts.push(error.to_string());
            source = error.source();
        }
        texts
    };
    let merchant = merchant();
    let invalid = merchant
        .prepare(&Prepay::new(""), NOW, nonce())
        .unwrap_err();
    let target = merchant
        .prepare(&Untyped::get(Target::new("x")), NOW, nonce())
        .unwrap_err();
    let operation = Untyped::get(Target::new("/v3/x"));
    let unsigned = merchant
        .accept(&operation, &http::Response::new(Bytes::new()), NOW)
        .unwrap_err();
    let unopened = merchant
        .open_notification(&http::HeaderMap::new(), b"", NOW)
        .unwrap_err();
    let key = PlatformPublicKey::from_pem("x", "").unwrap_err();
    for error in [&invalid as &dyn Error, &target, &unsigned, &unopened, &key] {
        let texts = chain(error);
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(!texts[0].contains(&texts[1]), "{texts:?}");
        for text in &texts {
            assert!(!text.ends_with('.') && !text.is_empty(), "{text}");
        }
    }
}
