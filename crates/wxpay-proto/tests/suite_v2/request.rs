//! What is sent, and what is refused before it is.

use wxpay_proto::bytes::Bytes;
use wxpay_proto::http;
use wxpay_proto::sign::{Decryptor as _, PrivateKey};
use wxpay_proto::v2::{
    Host, Merchant, OperationInfo, PrepareError, ReplyForm, Request as _, SignType, Signing,
    Untyped,
};
use wxpay_proto::{
    BodyError, ConfigError, Date, DateTime, Endpoint, Idempotency, Sensitive, danger,
};

use crate::support::{
    Bill, NONCE, Order, PayBank, Sharing, Token, Upload, WorkWechat, key, merchant, nonce,
};

const PRIVATE_KEY: &str = include_str!("../vectors/keys/TEST-ONLY-private-key.pem");

fn endpoint(text: &str) -> Endpoint {
    Endpoint::parse(text).unwrap()
}

fn fields(request: &http::Request<Bytes>) -> wxpay_proto::v2::Parameters {
    danger::v2::parameters_unverified(request.body()).unwrap()
}

#[test]
fn a_request_has_everything_and_verifies() {
    let order = Order {
        attach: Some("]]> & <b>\r\n\t".to_owned()),
        time_expire: Some(DateTime::beijing(1_704_079_776)),
        ..Order::new("茶")
    };
    let request = merchant().prepare(&order, &nonce()).unwrap();
    assert_eq!(
        request.uri(),
        "https://api.mch.weixin.qq.com/pay/unifiedorder"
    );
    assert!(
        request.headers()["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("wxpay-rust/")
    );
    let sent = fields(&request);
    assert_eq!(sent.get("mch_id"), Some("10000100"));
    assert_eq!(sent.get("nonce_str"), Some(NONCE));
    assert_eq!(sent.get("sign_type"), Some("MD5"));
    assert_eq!(sent.get("attach"), order.attach.as_deref());
    assert_eq!(sent.get("time_expire"), Some("20240101112936"));
    assert_eq!(sent.get("total_fee"), Some("100"));
    key()
        .verify(sent.iter(), sent.get("sign").unwrap())
        .unwrap();
}

#[test]
fn the_sign_type_is_what_the_interface_takes() {
    let info = |signing| OperationInfo::new("x", "/x", Idempotency::Safe).signing(signing);
    let signed = |info: OperationInfo, merchant: &Merchant| {
        let encoded = merchant.encode(&Untyped::new(info), &nonce()).unwrap();
        let sent = danger::v2::parameters_unverified(encoded.body()).unwrap();
        let length = sent.get("sign").unwrap().len();
        let expected = if encoded.sign_type() == SignType::Md5 {
            32
        } else {
            64
        };
        assert_eq!(length, expected);
        (
            encoded.sign_type(),
            sent.get("sign_type").map(str::to_owned),
        )
    };
    let likes_md5 = merchant();
    let default = Merchant::new("10000100", key()).unwrap();
    let (md5, hmac) = (SignType::Md5, SignType::HmacSha256);
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(default.sign_type(), hmac);
    assert_eq!(
        signed(info(Signing::Any), &default),
        (hmac, said("HMAC-SHA256"))
    );
    assert_eq!(signed(info(Signing::Any), &likes_md5), (md5, said("MD5")));
    assert_eq!(signed(info(Signing::Md5), &default), (md5, said("MD5")));
    let only = info(Signing::HmacSha256);
    assert_eq!(signed(only, &likes_md5), (hmac, said("HMAC-SHA256")));
    // Where nothing can be said, WeChat Pay assumes MD5.
    assert_eq!(
        signed(info(Signing::Any).without_sign_type(), &default),
        (md5, None)
    );
    assert_eq!(signed(only.without_sign_type(), &likes_md5), (hmac, None));
}

#[test]
fn the_merchants_number_goes_by_the_name_of_the_interface() {
    let info = OperationInfo::new("x", "/x", Idempotency::No).merchant_field("mchid");
    let request = merchant().prepare(&Untyped::new(info), &nonce()).unwrap();
    assert_eq!(fields(&request).get("mchid"), Some("10000100"));
    assert_eq!(fields(&request).get("mch_id"), None);
}

#[test]
fn every_host_has_its_address_and_one_of_ones_own_stands_for_all() {
    let main = Endpoint::main();
    let backup = Endpoint::backup();
    let sandbox = endpoint("http://127.0.0.1:9470");
    for (host, own) in [
        (Host::Fraud, "https://fraud.mch.weixin.qq.com"),
        (Host::PayApp, "https://payapp.weixin.qq.com"),
        (Host::PayAppMch, "https://payapp.mch.weixin.qq.com"),
    ] {
        assert_eq!(host.endpoint(&main).to_string(), own);
        assert_eq!(host.endpoint(&backup).to_string(), own);
        assert_eq!(host.endpoint(&sandbox), sandbox);
        // A name that only looks like it.
        let other = endpoint("https://api.mch.weixin.qq.com.example");
        assert_eq!(host.endpoint(&other), other);
    }
    assert_eq!(Host::Api.endpoint(&backup), backup);
    let encoded = merchant().encode(&Order::new("茶"), &nonce()).unwrap();
    assert_eq!(encoded.request().uri(), "/pay/unifiedorder");
    let moved = encoded.to_http(&sandbox);
    assert_eq!(moved.uri(), "http://127.0.0.1:9470/pay/unifiedorder");
    let merchant = merchant().with_endpoint(sandbox);
    let request = merchant.prepare(&Order::new("茶"), &nonce()).unwrap();
    assert_eq!(request.uri(), "http://127.0.0.1:9470/pay/unifiedorder");
}

#[test]
fn another_attempt_sends_the_same_bytes() {
    let encoded = merchant().encode(&Order::new("茶"), &nonce()).unwrap();
    let (one, other) = (Endpoint::main(), Endpoint::backup());
    assert_eq!(encoded.to_http(&one).body(), encoded.to_http(&other).body());
}

#[test]
fn a_get_has_its_fields_in_the_query() {
    let request = merchant().prepare(&Token, &nonce()).unwrap();
    assert_eq!(request.method(), http::Method::GET);
    let uri = request.uri().to_string();
    assert!(
        uri.starts_with(
            "https://payapp.mch.weixin.qq.com/appauth/getaccesstoken?code=a%20b%2Bc&mch_id=10000100&\
             sign_type=MD5&sign="
        ),
        "{uri}"
    );
    assert!(request.body().is_empty());
    assert!(request.headers().get("content-type").is_none());
}

#[test]
fn what_is_sent_percent_encoded_is_signed_as_it_was() {
    struct Short;
    impl wxpay_proto::v2::Request for Short {
        fn info(&self) -> OperationInfo {
            OperationInfo::new("short", "/tools/shorturl", Idempotency::Safe)
        }
        fn write<'a>(&'a self, form: &mut wxpay_proto::v2::Form<'a>) -> Result<(), BodyError> {
            form.url_encoded("long_url", "weixin://wxpay/bizpayurl?pr=a b");
            Ok(())
        }
    }
    let request = merchant().prepare(&Short, &nonce()).unwrap();
    let sent = fields(&request);
    assert_eq!(
        sent.get("long_url"),
        Some("weixin%3A%2F%2Fwxpay%2Fbizpayurl%3Fpr%3Da%20b")
    );
    let signed = sent.iter().map(|(name, value)| match name {
        "long_url" => (name, "weixin://wxpay/bizpayurl?pr=a b"),
        _ => (name, value),
    });
    key().verify(signed, sent.get("sign").unwrap()).unwrap();
}

#[test]
fn fields_about_people_are_encrypted_with_the_key_for_it() {
    let operation = PayBank {
        number: Sensitive::new("6225888888888888"),
        name: Sensitive::new("张三"),
    };
    let error = merchant().prepare(&operation, &nonce()).unwrap_err();
    let PrepareError::Body(source) = &error else {
        panic!("{error:?}");
    };
    assert!(matches!(
        source,
        BodyError::NoEncryptionKey {
            field: "enc_bank_no"
        }
    ));
    assert!(source.to_string().contains("getpublickey"), "{source}");
    let private = PrivateKey::from_pem(PRIVATE_KEY).unwrap();
    let merchant = merchant().with_encryption_key(private.public_key());
    let request = merchant.prepare(&operation, &nonce()).unwrap();
    let sent = fields(&request);
    for (name, plain) in [
        ("enc_bank_no", &operation.number),
        ("enc_true_name", &operation.name),
    ] {
        let cipher = sent.get(name).unwrap();
        assert_eq!(private.decrypt(cipher).unwrap(), plain.expose());
    }
    key()
        .verify(sent.iter(), sent.get("sign").unwrap())
        .unwrap();
    let long = PayBank {
        name: Sensitive::new("三".repeat(100)),
        ..operation
    };
    let error = merchant.prepare(&long, &nonce()).unwrap_err();
    assert!(matches!(
        error,
        PrepareError::Body(BodyError::Encrypt {
            field: "enc_true_name",
            ..
        })
    ));
}

#[test]
fn uploads_carry_signed_fields_and_an_unsigned_file() {
    let file = Bytes::from_static(b"hello wechatpay");
    let request = merchant().prepare(&Upload(file.clone()), &nonce()).unwrap();
    let content_type = request.headers()["content-type"].to_str().unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    let parts: Vec<_> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 7, "{body}");
    assert_eq!((parts[0], parts[6]), ("", "--\r\n"));
    let value = |name: &str| {
        let head = format!("\r\nContent-Disposition: form-data; name=\"{name}\";");
        let part = parts.iter().find(|part| part.starts_with(&head)).unwrap();
        let (_, value) = part.split_once("\r\n\r\n").unwrap();
        value.strip_suffix("\r\n").unwrap().to_owned()
    };
    assert_eq!(value("media"), "hello wechatpay");
    // echo -n "hello wechatpay" | md5sum
    assert_eq!(value("media_hash"), "012ec7e04e50bbaa2eee57fc85d23637");
    assert!(body.contains("filename=\"身份证.png\""));
    let signed = ["mch_id", "media_hash", "sign_type"].map(|name| (name, value(name)));
    key().verify(signed, &value("sign")).unwrap();
    // The same file, the same bytes.
    let again = merchant().prepare(&Upload(file), &nonce()).unwrap();
    assert_eq!(request.body(), again.body());
}

#[test]
fn what_cannot_be_sent_is_refused_with_its_name() {
    let merchant = merchant();
    let refused = |request: &dyn wxpay_proto::v2::Request| {
        let error = merchant.prepare(request, &nonce()).unwrap_err();
        assert!(error.to_string().ends_with("nothing was sent"), "{error}");
        let source = std::error::Error::source(&error).map(ToString::to_string);
        source.unwrap_or_else(|| error.to_string())
    };
    assert!(refused(&Order::new("")).starts_with("body: "));
    let control = Untyped::post("/x", Idempotency::No).field("attach", "a\u{1}b");
    assert!(refused(&control).starts_with("field `attach`: "));
    let twice = Untyped::post("/x", Idempotency::No).field("sign_type", "MD5");
    assert!(refused(&twice).starts_with("field `sign_type`: "));
    let info = OperationInfo::new("page", "/x", Idempotency::Safe).with_query();
    let twice = Untyped::new(info).field("mch_id", "1");
    assert!(refused(&twice).starts_with("field `mch_id`: "));
    let name = Untyped::post("/x", Idempotency::No).field("not a name", "1");
    assert!(refused(&name).contains("use a name"));
    assert!(refused(&WorkWechat).starts_with("workwx_sign: "));
    for path in ["", "x", "//x/y", "/a b", "/ä"] {
        let request = Untyped::post(path, Idempotency::No);
        assert!(refused(&request).contains("path"), "{path}");
    }
}

#[test]
fn merchants_have_digits_for_a_number() {
    for bad in ["", "12345", "1234567a", "123456\n"] {
        assert_eq!(
            Merchant::new(bad, key()).unwrap_err(),
            ConfigError::MerchantId
        );
    }
}

#[test]
fn operations_say_what_they_are() {
    let info = Sharing {
        receivers: Vec::new(),
    }
    .info();
    assert!(info.certificate && info.sign_type_field && info.nonce_field && !info.query);
    assert_eq!(info.signing, Signing::HmacSha256);
    assert_eq!(info.reply, ReplyForm::Signed);
    let bill = Bill(Date::new(2024, 1, 1).unwrap());
    let request = merchant().prepare(&bill, &nonce()).unwrap();
    assert_eq!(fields(&request).get("bill_date"), Some("20240101"));
    assert_eq!(fields(&request).get("appid"), None);
}
