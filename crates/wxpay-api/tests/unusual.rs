//! What few operations have, as it goes over the wire.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "support/merchant.rs"]
mod merchant;

use merchant::{key, merchant, sent};
use wxpay_api::fapiao::{FapiaoAbilityType, FapiaoMode, OperationType, QueryInviteUrl};
use wxpay_api::partnership::TerminatePartnership;
use wxpay_api::real_name::VerifyRealName;
use wxpay_api::{Currency, complaint, global_profit_sharing, hk};
use wxpay_proto::sign::Decryptor as _;
use wxpay_proto::{Endpoint, Nonce, Operation, ReplySignature, Timestamp};

fn header<'r>(request: &'r http::Request<bytes::Bytes>, name: &str) -> &'r str {
    request.headers()[name].to_str().unwrap()
}

/// The decoded value of a query parameter.
fn value(query: &str, name: &str) -> Vec<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let own = pairs.filter(|(key, _)| *key == name);
    own.map(|(_, value)| {
        value
            .replace("%2B", "+")
            .replace("%2F", "/")
            .replace("%3D", "=")
    })
    .collect()
}

#[test]
fn sensitive_values_of_a_query() {
    let verify = VerifyRealName::new(1, "11010519491231002X", "张三", "wxp1");
    let request = sent(&verify);
    let query = request.uri().query().unwrap();
    for (name, plain) in [
        ("encrypted_credential_id", "11010519491231002X"),
        ("encrypted_name", "张三"),
    ] {
        let [sealed] = value(query, name).try_into().unwrap();
        assert_eq!(key().decrypt(&sealed).unwrap(), plain, "{name}");
    }
    // The one platform key of this merchant, which encrypted them.
    assert!(header(&request, "wechatpay-serial").starts_with("PUB_KEY_ID_"));
    assert!(!format!("{verify:?}").contains("张三"), "{verify:?}");
}

#[test]
fn a_list_in_a_query() {
    let query = QueryInviteUrl::new(
        OperationType::AuthBinding,
        FapiaoMode::TencentDigitalTax,
        "code",
    );
    let none = sent(&query);
    let none = none.uri().query().unwrap();
    assert!(!none.contains("fapiao_ability_type_list"), "{none}");
    let some =
        sent(&query.fapiao_ability_type_list([
            FapiaoAbilityType::RealEstate,
            FapiaoAbilityType::RefinedOil,
        ]));
    let some = value(some.uri().query().unwrap(), "fapiao_ability_type_list");
    assert_eq!(some, ["REAL_ESTATE_ABILITY", "REFINED_OIL_ABILITY"]);
}

#[test]
fn a_header_that_makes_repeating_safe() {
    let json = r#"{
        "Idempotency-Key": "T-1",
        "partner": {"type": "APPID", "appid": "wx1"},
        "authorized_data": {"business_type": "FAVOR_STOCK"}
    }"#;
    let terminate: TerminatePartnership = serde_json::from_str(json).unwrap();
    let request = sent(&terminate);
    assert_eq!(header(&request, "idempotency-key"), "T-1");
    let body = std::str::from_utf8(request.body()).unwrap();
    assert!(!body.contains("T-1"), "{body}");
    let mut empty = terminate;
    empty.idempotency_key = String::new();
    assert_eq!(empty.check().unwrap_err().field(), "Idempotency-Key");
}

#[test]
fn a_delete_with_a_body_on_another_host() {
    let delete = global_profit_sharing::DeleteReceiver::new("MERCHANT_ID", "1900000109");
    let request = sent(&delete);
    assert_eq!(request.method(), "DELETE");
    assert_eq!(request.uri().host(), Some("apihk.mch.weixin.qq.com"));
    assert_eq!(
        request.body(),
        r#"{"type":"MERCHANT_ID","account":"1900000109"}"#
    );
    // Somebody's own endpoint stands for all hosts.
    let own = merchant().with_endpoint(Endpoint::parse("http://127.0.0.1:9470").unwrap());
    let nonce = Nonce::new("593BEC0C930BF1AFEB40B4A08C8FB242").unwrap();
    let request = own.prepare(&delete, Timestamp::from_unix(merchant::NOW), nonce);
    assert_eq!(
        request.unwrap().uri().authority().unwrap(),
        "127.0.0.1:9470"
    );
}

#[test]
fn files() {
    let statement = hk::DownloadStatement::new("2026-01-01".parse().unwrap());
    assert_eq!(statement.info().reply, ReplySignature::Digest);
    let image = complaint::DownloadImage::new("file_23578_21798531.jpg");
    assert_eq!(image.info().reply, ReplySignature::Unsigned);
    let request = sent(&image);
    assert_eq!(
        request.uri().path(),
        "/v3/merchant-service/images/file_23578_21798531.jpg"
    );
    assert_eq!(header(&request, "accept"), "*/*");
    let answer = http::Response::new(bytes::Bytes::from_static(b"\xff\xd8\xff"));
    let file = merchant().accept(&image, &answer, Timestamp::from_unix(merchant::NOW));
    assert_eq!(file.unwrap().value().as_ref(), b"\xff\xd8\xff");
}

#[test]
fn currencies_of_other_countries() {
    for word in Currency::KNOWN {
        assert_eq!(word.len(), 3);
        assert!(
            !matches!(Currency::from(*word), Currency::Unknown(_)),
            "{word}"
        );
    }
    assert_eq!(Currency::from("XAF").as_str(), "XAF");
}
