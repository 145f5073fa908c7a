//! What few interfaces have: other hosts, headers, sensitive values in queries, files signed by their
//! digest, brands.

use wxpay_proto::http::{HeaderValue, Request, Response};
use wxpay_proto::sign::{Decryptor as _, request_message};
use wxpay_proto::{
    AcceptError, BrandCredential, ConfigError, Endpoint, Host, Idempotency, Merchant, PrepareError,
    PrivateKey, PublicKey, Sensitive, SerialNumber, Signature, Target, Untyped, VerificationError,
    bytes::Bytes,
};

use crate::support::{
    NONCE, NOW, PRIVATE_KEY, PUBLIC_KEY, PUBLIC_KEY_ID, Platform, SECOND_PRIVATE_KEY,
    SECOND_PUBLIC_KEY, SECOND_SERIAL, certificate, merchant, merchant_with, nonce, set, without,
};

fn prepared(merchant: &Merchant, operation: &Untyped) -> Request<Bytes> {
    merchant.prepare(operation, NOW, nonce()).unwrap()
}

fn header<'r>(request: &'r Request<Bytes>, name: &str) -> &'r str {
    request.headers()[name].to_str().unwrap()
}

/// Whether `key` signed the request as it is.
fn is_signed_by(request: &Request<Bytes>, key: &str) -> bool {
    let (_, signature) = header(request, "authorization")
        .split_once("signature=\"")
        .unwrap();
    let signature = Signature::from_base64(signature.trim_end_matches('"')).unwrap();
    let target = request.uri().path_and_query().unwrap().as_str();
    let method = request.method().as_str();
    let message = request_message(method, target, NOW, &nonce(), request.body());
    let key = PublicKey::from_pem(key).unwrap();
    key.verify(&message, &signature).is_ok()
}

#[test]
fn each_host_unless_the_endpoint_is_ones_own() {
    let statement = Untyped::get(Target::new("/v3/global/statements")).at(Host::HongKong);
    for (endpoint, expected) in [
        (
            "https://api.mch.weixin.qq.com",
            "https://apihk.mch.weixin.qq.com",
        ),
        (
            "https://api2.mch.weixin.qq.com",
            "https://apihk.mch.weixin.qq.com",
        ),
        (
            "https://API.wechatpay.cn",
            "https://apihk.mch.weixin.qq.com",
        ),
        (
            "https://apihk.mch.weixin.qq.com",
            "https://apihk.mch.weixin.qq.com",
        ),
        (
            "http://api.mch.weixin.qq.com",
            "http://api.mch.weixin.qq.com",
        ),
        (
            "https://api.mch.weixin.qq.com.example",
            "https://api.mch.weixin.qq.com.example",
        ),
        ("http://127.0.0.1:9470", "http://127.0.0.1:9470"),
    ] {
        let merchant = merchant().with_endpoint(Endpoint::parse(endpoint).unwrap());
        let expected = format!("{expected}/v3/global/statements");
        assert_eq!(prepared(&merchant, &statement).uri(), expected.as_str());
        let unsigned = merchant.unsigned(&statement, NOW, nonce()).unwrap();
        let key = PrivateKey::from_pem(PRIVATE_KEY).unwrap();
        let signature = wxpay_proto::Signer::sign(&key, unsigned.message()).unwrap();
        assert_eq!(
            unsigned.attach(&signature).unwrap().uri(),
            expected.as_str()
        );
    }
}

#[test]
fn headers_of_its_own() {
    let build = |name, value: &str| {
        Untyped::post(Target::new("/v3/marketing/partnerships/build"), &())
            .unwrap()
            .header(name, value)
    };
    let request = prepared(&merchant(), &build("Idempotency-Key", "12345"));
    assert_eq!(header(&request, "idempotency-key"), "12345");
    for (name, value) in [
        ("Authorization", "WECHATPAY2-SHA256-RSA2048 mchid=\"1\""),
        ("Wechatpay-Serial", PUBLIC_KEY_ID),
        ("Content-Length", "0"),
        ("Host", "example.com"),
        ("Idempotency-Key", "1\r\nX: y"),
        ("Idempotency-Key", ""),
        ("Idempotency Key", "1"),
    ] {
        let error = merchant().prepare(&build(name, value), NOW, nonce());
        match error.unwrap_err() {
            PrepareError::Header(refused) => assert_eq!(refused, name),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn sensitive_values_of_a_query_are_encrypted_with_the_key_that_is_named() {
    // Two platform keys: the one that encrypts is the one that the header names.
    let ring = wxpay_proto::PlatformKeyring::certificates()
        .with_certificate(certificate(crate::support::SECOND_CERTIFICATE));
    for (merchant, id, key) in [
        (merchant(), PUBLIC_KEY_ID, PRIVATE_KEY),
        (merchant_with(ring), SECOND_SERIAL, SECOND_PRIVATE_KEY),
    ] {
        let now = crate::support::LATER;
        let target = Target::new("/v3/realname/verify")
            .query_encrypted("encrypted_name", &Sensitive::from("张三"))
            .query_encrypted_opt("none", None)
            .query("appid", "wx1");
        assert_eq!(target.as_str(), "/v3/realname/verify?appid=wx1");
        assert!(!format!("{target:?}").contains("张三"), "{target:?}");
        let request = merchant
            .prepare(&Untyped::get(target), now, nonce())
            .unwrap();
        assert_eq!(header(&request, "wechatpay-serial"), id);
        let query = request.uri().query().unwrap();
        let sealed = query.strip_prefix("appid=wx1&encrypted_name=").unwrap();
        // Base64 has characters that mean something else in a query.
        assert!(!sealed.contains(['+', '/', '=']), "{sealed}");
        let sealed = sealed
            .replace("%2B", "+")
            .replace("%2F", "/")
            .replace("%3D", "=");
        let key = PrivateKey::from_pem(key).unwrap();
        assert_eq!(key.decrypt(&sealed).unwrap(), "张三");
    }
}

#[test]
fn a_sensitive_value_that_is_too_long_is_named() {
    let long = Sensitive::from("一".repeat(100));
    let target = Target::new("/v3/realname/verify").query_encrypted("encrypted_name", &long);
    let error = merchant().prepare(&Untyped::get(target), NOW, nonce());
    let PrepareError::Body(error) = error.unwrap_err() else {
        panic!("it was encrypted");
    };
    assert_eq!(error.to_string(), "encrypted_name: cannot be encrypted");
}

#[test]
fn a_list_in_a_query_is_its_name_again_and_again() {
    let target = Target::new("/v3/x")
        .query_all("state", ["A&B", "C"])
        .query_all("none", [""; 0]);
    assert_eq!(target.as_str(), "/v3/x?state=A%26B&state=C");
}

#[test]
fn a_delete_signs_the_body_it_sends() {
    let target = || Target::new("/v3/global/profit-sharing/receivers");
    let with = Untyped::delete_with(target(), &["1900000109"]).unwrap();
    let with = prepared(&merchant(), &with);
    assert_eq!(with.method(), "DELETE");
    assert_eq!(with.body(), "[\"1900000109\"]");
    assert_eq!(header(&with, "content-type"), "application/json");
    assert!(is_signed_by(&with, PUBLIC_KEY));
    let without = prepared(&merchant(), &Untyped::delete(target()));
    assert!(without.body().is_empty() && !without.headers().contains_key("content-type"));
    assert!(is_signed_by(&without, PUBLIC_KEY));
}

const STATEMENT: &str = "交易时间,公众账号ID\r\n`2026-01-01 00:00:00,`wx1\r\n";
/// SHA-1 of the statement.
const SHA1: &str = "1908287026bd2f145e35a269a2baa4b76852ee06";

fn statement() -> Untyped {
    Untyped::get(Target::new("/v3/global/statements")).digest_reply()
}

/// A statement with the header `sha1`, signed for that.
fn answer(sha1: &str, body: &'static str) -> Response<Bytes> {
    let signed = format!("{{\"sha1\":\"{sha1}\"}}");
    let mut headers = Platform::public_key().headers(signed.as_bytes(), NOW);
    set(&mut headers, "wechatpay-statement-sha1", sha1);
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.headers_mut() = headers;
    response
}

fn unproven(response: &Response<Bytes>) -> VerificationError {
    match merchant().accept(&statement(), response, NOW) {
        Err(AcceptError::Verification(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_statement_is_proven_by_its_digest() {
    let request = prepared(&merchant(), &statement());
    assert_eq!(header(&request, "accept"), "*/*");
    for sha1 in [SHA1.to_owned(), SHA1.to_uppercase()] {
        let response = answer(&sha1, STATEMENT);
        let accepted = merchant().accept(&statement(), &response, NOW).unwrap();
        assert_eq!(accepted.value(), STATEMENT);
        assert_eq!(accepted.key_id().unwrap().as_str(), PUBLIC_KEY_ID);
        // What streams has the head first.
        let sha1 = merchant().verify_digest(response.headers(), NOW).unwrap();
        let hex: String = sha1.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, SHA1);
    }
}

#[test]
fn a_statement_that_is_not_the_signed_one() {
    let altered = unproven(&answer(
        SHA1,
        "交易时间,公众账号ID\r\n`2026-01-01 00:00:01,`wx1\r\n",
    ));
    assert!(
        matches!(altered, VerificationError::Digest { body_len: 56 }),
        "{altered:?}"
    );
    // Another digest is not what was signed.
    let other = "0000000000000000000000000000000000000000";
    let mut response = answer(SHA1, STATEMENT);
    set(response.headers_mut(), "wechatpay-statement-sha1", other);
    let mismatch = |error| matches!(error, VerificationError::Mismatch { .. });
    assert!(mismatch(unproven(&response)));
    let head = merchant().verify_digest(response.headers(), NOW);
    assert!(mismatch(head.unwrap_err()));
    // Nor is a signature over the file itself.
    let mut response = Platform::public_key().answer(200, STATEMENT, NOW);
    set(response.headers_mut(), "wechatpay-statement-sha1", SHA1);
    assert!(mismatch(unproven(&response)));
}

#[test]
fn a_statement_without_what_proves_it() {
    let name = "Wechatpay-Statement-Sha1";
    let (mut parts, body) = answer(SHA1, STATEMENT).into_parts();
    parts.headers = without(parts.headers, "wechatpay-statement-sha1");
    let missing = unproven(&Response::from_parts(parts, body));
    assert_eq!(
        missing,
        VerificationError::MissingHeader { names: vec![name] }
    );
    let mut unsigned = Response::new(Bytes::from_static(STATEMENT.as_bytes()));
    set(unsigned.headers_mut(), "wechatpay-statement-sha1", SHA1);
    assert!(matches!(
        unproven(&unsigned),
        VerificationError::MissingHeader { .. }
    ));
    for bad in [&SHA1[1..], "g000000000000000000000000000000000000000", "一"] {
        let mut response = answer(SHA1, STATEMENT);
        let value = HeaderValue::from_bytes(bad.as_bytes()).unwrap();
        response
            .headers_mut()
            .insert("wechatpay-statement-sha1", value);
        assert_eq!(
            unproven(&response),
            VerificationError::MalformedHeader { name },
            "{bad}"
        );
    }
    let mut twice = answer(SHA1, STATEMENT);
    let value = twice.headers()["wechatpay-statement-sha1"].clone();
    twice
        .headers_mut()
        .append("wechatpay-statement-sha1", value);
    assert_eq!(
        unproven(&twice),
        VerificationError::DuplicateHeader { name }
    );
}

#[test]
fn an_error_in_place_of_a_statement_is_an_error() {
    let body = r#"{"code":"NO_STATEMENT_EXIST","message":"账单不存在"}"#;
    let response = Platform::public_key().answer(400, body, NOW);
    match merchant().accept(&statement(), &response, NOW) {
        Err(AcceptError::Api(error)) => assert_eq!(error.code(), "NO_STATEMENT_EXIST"),
        other => panic!("{other:?}"),
    }
}

fn brand() -> BrandCredential {
    let key = PrivateKey::from_pem(SECOND_PRIVATE_KEY).unwrap();
    BrandCredential::new("1234", SerialNumber::parse(SECOND_SERIAL).unwrap(), key).unwrap()
}

#[test]
fn a_brand_signs_what_is_a_brands() {
    let merchant = merchant().with_brand(brand());
    let of_brand = Untyped::get(Target::new("/brand/store/brandstores/1"));
    let request = prepared(&merchant, &of_brand);
    let start = format!(
        "WECHATPAY-BRAND-SHA256-RSA2048 brand_id=\"1234\",nonce_str=\"{NONCE}\",timestamp=\"1554208460\",\
         serial_no=\"{SECOND_SERIAL}\",signature=\""
    );
    let authorization = header(&request, "authorization");
    assert!(authorization.starts_with(&start), "{authorization}");
    assert!(is_signed_by(&request, SECOND_PUBLIC_KEY));
    // Everything else stays the merchant's, what only looks like a brand's as well.
    for path in ["/v3/brand/applyments", "/v3/certificates", "/brands"] {
        let request = prepared(&merchant, &Untyped::get(Target::new(path)));
        let authorization = header(&request, "authorization");
        assert!(
            authorization.starts_with("WECHATPAY2-SHA256-RSA2048 mchid="),
            "{path}"
        );
        assert!(is_signed_by(&request, PUBLIC_KEY), "{path}");
    }
    let encoded = merchant.encode(&of_brand, NOW).unwrap();
    let unsigned = merchant.unsigned(&of_brand, NOW, nonce()).unwrap();
    let signature = merchant
        .signer_of(&encoded)
        .sign(unsigned.message())
        .unwrap();
    assert!(is_signed_by(
        &unsigned.attach(&signature).unwrap(),
        SECOND_PUBLIC_KEY
    ));
}

#[test]
fn without_a_brand_nothing_is_sent_for_one() {
    let operation = Untyped::get(Target::new("/brand/store/brandstores/1"));
    let error = merchant().prepare(&operation, NOW, nonce()).unwrap_err();
    assert!(matches!(error, PrepareError::NoBrand), "{error:?}");
    assert!(matches!(
        merchant().unsigned(&operation, NOW, nonce()),
        Err(PrepareError::NoBrand)
    ));
    let key = || PrivateKey::from_pem(SECOND_PRIVATE_KEY).unwrap();
    let serial = || SerialNumber::parse(SECOND_SERIAL).unwrap();
    for id in ["", "12a", "123456789012345678901234567890123"] {
        let refused = BrandCredential::new(id, serial(), key());
        assert_eq!(refused.map(|_| ()), Err(ConfigError::BrandId), "{id}");
    }
    let shown = format!("{:?}", brand());
    let expected =
        format!("BrandCredential {{ brand_id: \"1234\", serial_no: \"{SECOND_SERIAL}\", .. }}");
    assert_eq!(shown, expected);
}

#[test]
fn an_accepted_request_is_no_finished_one() {
    let operation = Untyped::post(
        Target::new("/v3/new-tax-control-fapiao/fapiao-applications"),
        &(),
    )
    .unwrap()
    .idempotency(Idempotency::MerchantNumber);
    let response = Platform::public_key().answer(202, "", NOW);
    let accepted = merchant().accept(&operation, &response, NOW).unwrap();
    assert_eq!(accepted.status(), 202);
    assert!(accepted.value().is_empty());
}
