//! What is sent.

use std::error::Error as _;
use std::sync::Arc;

use wxpay_proto::sign::Decryptor as _;
use wxpay_proto::{
    Body, Credential, Endpoint, Host, Idempotency, Nonce, PlatformKeyring, PrepareError,
    PrivateKey, ReplySignature, Signature, Target, Untyped, http, json, sign,
};

use crate::support::{
    Apply, CERTIFICATE, LATER, MCHID, NONCE, NOW, PRIVATE_KEY, PUBLIC_KEY, PUBLIC_KEY_ID, Prepay,
    SECOND_CERTIFICATE, SECOND_PRIVATE_KEY, SECOND_SERIAL, SERIAL, certificate, merchant,
    merchant_with, nonce, public_key,
};

fn header<'r, B>(request: &'r http::Request<B>, name: &str) -> Option<&'r str> {
    let mut values = request.headers().get_all(name).iter();
    let value = values.next()?.to_str().unwrap();
    assert_eq!(values.next(), None, "{name}: twice");
    Some(value)
}

#[test]
fn every_request_has_its_headers() {
    let merchant = merchant();
    let query = Untyped::get(Target::new("/v3/x"));
    let body = Prepay::new("一");
    for request in [
        merchant.prepare(&query, NOW, nonce()).unwrap(),
        merchant.prepare(&body, NOW, nonce()).unwrap(),
    ] {
        let authorization = header(&request, "authorization").unwrap();
        let start = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{MCHID}\",nonce_str=\"{NONCE}\",timestamp=\"1554208460\",\
             serial_no=\"{SERIAL}\",signature=\""
        );
        assert!(authorization.starts_with(&start), "{authorization}");
        assert_eq!(header(&request, "accept"), Some("application/json"));
        let agent = header(&request, "user-agent").unwrap();
        assert!(agent.starts_with("wxpay-rust/0."), "{agent}");
        assert_eq!(header(&request, "wechatpay-serial"), Some(PUBLIC_KEY_ID));
        let has_body = !request.body().is_empty();
        let content_type = header(&request, "content-type");
        assert_eq!(content_type, has_body.then_some("application/json"));
        assert_eq!(request.uri().host(), Some("api.mch.weixin.qq.com"));
        assert_eq!(request.uri().scheme_str(), Some("https"));
    }
}

#[test]
fn files_may_be_of_any_type() {
    let download = Untyped::get(Target::new("/v3/billdownload/file")).unsigned_reply();
    let request = merchant().prepare(&download, NOW, nonce()).unwrap();
    assert_eq!(header(&request, "accept"), Some("*/*"));
}

#[test]
fn the_authorization_is_for_nobody_s_log() {
    let request = merchant()
        .prepare(&Prepay::new("一"), NOW, nonce())
        .unwrap();
    let shown = format!("{:?}", request.headers());
    assert!(shown.contains("\"authorization\": Sensitive"), "{shown}");
    assert!(!shown.contains(NONCE), "{shown}");
}

#[test]
fn the_request_for_certificates_needs_no_platform_key() {
    let merchant = merchant_with(PlatformKeyring::certificates());
    let request = merchant.certificates_request(NOW, nonce()).unwrap();
    assert_eq!(
        request.uri(),
        "https://api.mch.weixin.qq.com/v3/certificates"
    );
    assert_eq!(header(&request, "wechatpay-serial"), None);
    // The signature of a request to that very target, computed elsewhere.
    let authorization = header(&request, "authorization").unwrap();
    assert!(authorization.contains("signature=\"rikhRFmV0wpEqlkfq9BfMhvT75nfV/"));
}

#[test]
fn cross_border_merchants_have_a_list_of_certificates_of_their_own() {
    const MAIN: &str = "https://api.mch.weixin.qq.com/v3/certificates";
    const GLOBAL: &str = "https://apihk.mch.weixin.qq.com/v3/global/certificates";
    let gateway = || Endpoint::parse("https://gateway.example").unwrap();
    let plain = || Endpoint::parse("http://apihk.mch.weixin.qq.com").unwrap();
    let shouted = || Endpoint::parse("https://APIHK.mch.weixin.qq.com").unwrap();
    for (endpoint, told, expected) in [
        (Endpoint::main(), None, MAIN),
        (Endpoint::main(), Some(Host::Main), MAIN),
        (Endpoint::main(), Some(Host::HongKong), GLOBAL),
        (Endpoint::backup(), Some(Host::HongKong), GLOBAL),
        // Where everything is in Hong Kong, so are the certificates.
        (Endpoint::hong_kong(), None, GLOBAL),
        (
            shouted(),
            None,
            "https://APIHK.mch.weixin.qq.com/v3/global/certificates",
        ),
        (
            Endpoint::hong_kong(),
            Some(Host::Main),
            "https://apihk.mch.weixin.qq.com/v3/certificates",
        ),
        // An endpoint of one's own does not say whose merchant it is for.
        (gateway(), None, "https://gateway.example/v3/certificates"),
        (
            plain(),
            None,
            "http://apihk.mch.weixin.qq.com/v3/certificates",
        ),
        (
            gateway(),
            Some(Host::HongKong),
            "https://gateway.example/v3/global/certificates",
        ),
    ] {
        let mut merchant = merchant_with(PlatformKeyring::certificates()).with_endpoint(endpoint);
        if let Some(host) = told {
            merchant = merchant.with_certificates_from(host);
        }
        let encoded = merchant.encode_certificates_request().unwrap();
        assert_eq!(encoded.info().reply, ReplySignature::Signed);
        assert!(expected.ends_with(encoded.target()), "{expected}");
        let request = merchant.certificates_request(NOW, nonce()).unwrap();
        assert_eq!(request.uri(), expected);
    }
}

#[test]
fn sensitive_fields_are_encrypted_with_the_key_that_is_named() {
    let operation = Apply("张三".to_owned());
    let keys = || {
        PlatformKeyring::certificates()
            .with_certificate(certificate(SECOND_CERTIFICATE))
            .with_certificate(certificate(CERTIFICATE))
    };
    let with_public_key = keys().with_public_key(public_key(PUBLIC_KEY_ID, PUBLIC_KEY));
    for (keys, id, key) in [
        // The newest certificate that is valid.
        (keys(), SECOND_SERIAL, SECOND_PRIVATE_KEY),
        // A public key goes before certificates.
        (with_public_key, PUBLIC_KEY_ID, PRIVATE_KEY),
    ] {
        let request = merchant_with(keys)
            .prepare(&operation, LATER, nonce())
            .unwrap();
        assert_eq!(header(&request, "wechatpay-serial"), Some(id));
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let sealed = body["name"].as_str().unwrap();
        let key = PrivateKey::from_pem(key).unwrap();
        assert_eq!(key.decrypt(sealed).unwrap(), "张三");
    }
    assert_eq!(operation.0, "张三");
}

#[test]
fn a_field_too_long_to_encrypt_is_named() {
    let operation = Apply("长".repeat(72));
    let error = merchant().prepare(&operation, NOW, nonce()).unwrap_err();
    let PrepareError::Body(source) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(source.to_string(), "name: cannot be encrypted");
    assert!(!format!("{error:?} {error} {source}").contains('长'));
}

#[test]
fn another_attempt_has_the_same_body_and_a_fresh_signature() {
    let merchant = merchant();
    // Encryption is different each time, so it must be done once.
    let encoded = merchant.encode(&Apply("张三".to_owned()), NOW).unwrap();
    let one = merchant.sign(&encoded, NOW, nonce()).unwrap();
    let later = NOW.saturating_add(2);
    let two = merchant
        .sign(&encoded, later, Nonce::new("second").unwrap())
        .unwrap();
    assert_eq!(one.body(), two.body());
    assert_eq!(one.body().as_ptr(), two.body().as_ptr(), "not copied");
    assert_eq!(one.uri(), two.uri());
    assert_eq!(
        header(&one, "wechatpay-serial"),
        header(&two, "wechatpay-serial")
    );
    let authorization = header(&two, "authorization").unwrap();
    assert!(authorization.contains("nonce_str=\"second\",timestamp=\"1554208462\""));
    let signature = |request| {
        let authorization = header(request, "authorization").unwrap();
        authorization
            .rsplit_once("signature=")
            .unwrap()
            .1
            .to_owned()
    };
    assert_ne!(signature(&one), signature(&two));
    // Without a host, which is not signed: any endpoint will do.
    assert_eq!(one.uri(), "/v3/applyment4sub/applyment/");
    let sent = Endpoint::backup().apply(one);
    assert_eq!(sent.uri().host(), Some("api2.mch.weixin.qq.com"));
}

#[test]
fn a_signature_from_elsewhere_makes_the_same_request() {
    let merchant = merchant().with_endpoint(Endpoint::parse("http://127.0.0.1:9470").unwrap());
    let operation = Prepay::new("一");
    let unsigned = merchant.unsigned(&operation, NOW, nonce()).unwrap();
    let module = PrivateKey::from_pem(PRIVATE_KEY).unwrap();
    let signature = sign::Signer::sign(&module, unsigned.message()).unwrap();
    let attached = unsigned.attach(&signature).unwrap();
    let prepared = merchant.prepare(&operation, NOW, nonce()).unwrap();
    assert_eq!(attached.headers(), prepared.headers());
    assert_eq!(attached.body(), prepared.body());
    assert_eq!(
        attached.uri(),
        "http://127.0.0.1:9470/v3/pay/transactions/jsapi"
    );
    assert_eq!(attached.uri(), prepared.uri());
    assert_eq!(attached.method(), prepared.method());
}

/// A module that refuses.
#[derive(Debug)]
struct Locked;

impl sign::Signer for Locked {
    fn algorithm(&self) -> sign::Algorithm {
        sign::Algorithm::RsaSha256
    }

    fn sign(&self, _: &[u8]) -> Result<Signature, sign::SignError> {
        Err(sign::SignError::new("the module is locked"))
    }
}

#[test]
fn a_signer_that_fails_is_heard() {
    let serial = wxpay_proto::SerialNumber::parse(SERIAL).unwrap();
    let credential = Credential::with_signer(MCHID, serial, Arc::new(Locked)).unwrap();
    let key = wxpay_proto::ApiV3Key::new(crate::support::API_V3_KEY).unwrap();
    let merchant = wxpay_proto::Merchant::new(credential, key, crate::support::public_key_ring());
    let error = merchant
        .prepare(&Prepay::new("一"), NOW, nonce())
        .unwrap_err();
    assert!(matches!(error, PrepareError::Sign(_)), "{error:?}");
    // It can still be signed elsewhere, and says itself that it cannot decrypt.
    assert!(merchant.unsigned(&Prepay::new("一"), NOW, nonce()).is_ok());
    let error = merchant
        .credential()
        .decryptor()
        .decrypt("AAAA")
        .unwrap_err();
    assert!(
        format!("{error} {:?}", error.source()).contains("with_decryptor"),
        "{error:?}"
    );
}

#[test]
fn nothing_is_made_of_an_invalid_field() {
    // Before anything else: not even a key is looked for.
    for merchant in [merchant(), merchant_with(PlatformKeyring::certificates())] {
        for description in ["", &"长".repeat(128), "一😀"] {
            let error = merchant
                .prepare(&Prepay::new(description), NOW, nonce())
                .unwrap_err();
            let PrepareError::Invalid(field) = &error else {
                panic!("{description}: {error:?}")
            };
            assert_eq!(field.field(), "description");
        }
        let fits = Prepay::new(&"长".repeat(127));
        assert!(!matches!(
            merchant.prepare(&fits, NOW, nonce()),
            Err(PrepareError::Invalid(_))
        ));
    }
}

#[test]
fn without_a_platform_key_nothing_is_sent() {
    let none = merchant_with(PlatformKeyring::certificates());
    let not_yet =
        merchant_with(PlatformKeyring::certificates().with_certificate(certificate(CERTIFICATE)));
    // In 2019 the certificate of 2024 is not valid yet.
    for merchant in [none, not_yet] {
        let error = merchant.encode(&Prepay::new("一"), NOW).unwrap_err();
        assert!(matches!(error, PrepareError::NoPlatformKey), "{error:?}");
        assert!(
            error
                .to_string()
                .contains("fetch the platform certificates"),
            "{error}"
        );
    }
}

#[test]
fn a_target_that_would_change_on_the_way_is_not_signed() {
    let long = format!("/{}", "a".repeat(9000));
    for target in [
        Target::new("v3/x"),
        Target::new("/v3/x#y"),
        Target::new("/v3/{id}"),
        Target::new("/v3/订单"),
        Target::new("/v3/ x"),
        Target::new("//evil.example/v3"),
        Target::new(""),
        Target::new(&long),
        Target::new("/v3/id/").segment("..").literal("/close"),
        Target::new("/v3/id/").segment(""),
    ] {
        let operation = Untyped::get(target.clone());
        let error = merchant().prepare(&operation, NOW, nonce()).unwrap_err();
        assert!(
            matches!(error, PrepareError::Target(_)),
            "{target}: {error:?}"
        );
    }
}

#[test]
fn untyped_calls_say_what_they_are() {
    let target = || Target::new("/v3/x");
    let json = serde_json::json!({});
    for (operation, method, idempotency) in [
        (Untyped::get(target()), "GET", Idempotency::Safe),
        (Untyped::delete(target()), "DELETE", Idempotency::No),
        (
            Untyped::post(target(), &json).unwrap(),
            "POST",
            Idempotency::No,
        ),
        (
            Untyped::put(target(), &json).unwrap(),
            "PUT",
            Idempotency::No,
        ),
        (
            Untyped::patch(target(), &json).unwrap(),
            "PATCH",
            Idempotency::No,
        ),
        (
            Untyped::post(target(), &json)
                .unwrap()
                .idempotency(Idempotency::MerchantNumber),
            "POST",
            Idempotency::MerchantNumber,
        ),
    ] {
        let encoded = merchant().encode(&operation, NOW).unwrap();
        assert_eq!(encoded.info().method.as_str(), method);
        assert_eq!(encoded.info().idempotency, idempotency);
        assert_eq!(encoded.info().reply, ReplySignature::Signed);
        let message = encoded.message(NOW, &nonce());
        assert!(message.starts_with(format!("{method}\n/v3/x\n").as_bytes()));
    }
    // Keys of a map that are no text.
    let odd = std::collections::BTreeMap::from([(vec![1], 2)]);
    assert!(matches!(
        Untyped::post(target(), &odd),
        Err(json::EncodeError { .. })
    ));
    let upload = Untyped::post_body(target(), Body::Empty);
    let request = merchant().prepare(&upload, NOW, nonce()).unwrap();
    assert_eq!(header(&request, "content-type"), None);
}

#[test]
fn credentials_are_checked() {
    let key = || PrivateKey::from_pem(PRIVATE_KEY).unwrap();
    let pem = |text| wxpay_proto::Certificate::from_pem(text).unwrap();
    let credential = Credential::from_certificate(MCHID, &pem(CERTIFICATE), key()).unwrap();
    assert_eq!(credential.serial_number().as_str(), SERIAL);
    let error = Credential::from_certificate(MCHID, &pem(SECOND_CERTIFICATE), key()).unwrap_err();
    assert!(error.to_string().contains("does not belong"), "{error}");
    let serial = || wxpay_proto::SerialNumber::parse(SERIAL).unwrap();
    for mchid in [
        "",
        "19000",
        "1900007291\"",
        "1900 07291",
        "wxd678efh567hg6787",
        &"1".repeat(33),
    ] {
        let error = Credential::new(mchid, serial(), key()).unwrap_err();
        assert_eq!(error, wxpay_proto::ConfigError::MerchantId, "{mchid}");
    }
}
