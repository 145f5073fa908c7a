//! The bodies all operations share, in the shapes WeChat Pay sends them.

use wxpay_json::{
    CertificateItem, CertificateList, DateTime, EncryptedResource, ErrorBody, NotificationEnvelope,
    decode, encode,
};

#[test]
fn error_with_detail() {
    let body: ErrorBody = decode(
        r#"{"code":"PARAM_ERROR","message":"参数错误","detail":{"field":"/amount/currency","value":"XYZ","issue":"Currency code is invalid","location":"body"}}"#
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(
        (body.code.as_str(), body.message.as_str()),
        ("PARAM_ERROR", "参数错误")
    );
    assert_eq!(body.field(), Some("/amount/currency"));
    assert_eq!(body.issue(), Some("Currency code is invalid"));
    assert_eq!(body.location(), Some("body"));
    assert_eq!(body.sign_information(), None);
}

#[test]
fn errors_of_any_shape() {
    for (json, code, message) in [
        ("{}", "", ""),
        (r#"{"code":"A"}"#, "A", ""),
        (r#"{"message":"b"}"#, "", "b"),
        (
            r#"{"code":268435461,"message":null,"detail":null}"#,
            "268435461",
            "",
        ),
        (r#"{"code":{},"message":["x"],"detail":"text"}"#, "", ""),
        (
            r#"{"code":"A","message":"b","detail":[1,2],"new":true}"#,
            "A",
            "b",
        ),
        (
            r#"{"code":"A","message":"b","detail":{"sign_information":7,"field":3}}"#,
            "A",
            "b",
        ),
    ] {
        let body: ErrorBody = decode(json.as_bytes()).unwrap_or_else(|e| panic!("{json}: {e}"));
        assert_eq!(
            (body.code.as_str(), body.message.as_str()),
            (code, message),
            "{json}"
        );
        assert_eq!(
            (body.field(), body.sign_information()),
            (None, None),
            "{json}"
        );
    }
}

#[test]
fn sign_information_in_both_shapes() {
    let nested = r#"{"code":"SIGN_ERROR","detail":{"detail":{"issue":"sign not match"},"field":"signature","location":"authorization","sign_information":{"method":"POST","sign_message_length":349,"truncated_sign_message":"POST\n/v3/pay\n1\nN\n{\"amount\n","url":"/v3/pay"}},"message":"错误的签名，验签失败"}"#;
    let direct = r#"{"code":"SIGN_ERROR","detail":{"issue":"sign not match","field":"signature","location":"authorization","sign_information":{"method":"POST","sign_message_length":"349","truncated_sign_message":"POST\n/v3/pay\n1\nN\n{\"amount\n","url":"/v3/pay"}},"message":"签名错误"}"#;
    for json in [nested, direct] {
        let body: ErrorBody = decode(json.as_bytes()).unwrap();
        assert_eq!(body.issue(), Some("sign not match"));
        assert_eq!(body.location(), Some("authorization"));
        let seen = body.sign_information().unwrap();
        assert_eq!(seen.method.as_deref(), Some("POST"));
        assert_eq!(seen.url.as_deref(), Some("/v3/pay"));
        assert_eq!(seen.sign_message_length, Some(349));
        assert_eq!(
            seen.truncated_sign_message.as_deref(),
            Some("POST\n/v3/pay\n1\nN\n{\"amount\n")
        );
    }
}

#[test]
fn envelope_with_everything_and_with_little() {
    let full: NotificationEnvelope = decode(
        r#"{"id":"EV-1","create_time":"2015-05-20T13:29:35+08:00","resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付成功","resource":{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"AA==","associated_data":"","nonce":"0123456789ab"},"new":1}"#
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(
        full.create_time,
        Some("2015-05-20T13:29:35+08:00".parse().unwrap())
    );
    assert_eq!(full.resource.associated_data.as_deref(), Some(""));
    assert_eq!(full.resource.original_type.as_deref(), Some("transaction"));
    assert_eq!(
        decode::<NotificationEnvelope>(&encode(&full).unwrap()).unwrap(),
        full
    );

    let little: NotificationEnvelope = decode(
        br#"{"resource":{"nonce":"n","ciphertext":"c","algorithm":"a"},"event_type":"E","id":"1"}"#,
    )
    .unwrap();
    assert_eq!((little.summary, little.create_time), (None, None));
    assert_eq!(little.resource_type, "");
    assert_eq!(little.resource.associated_data, None);

    let error = decode::<NotificationEnvelope>(br#"{"id":"1","event_type":"E","resource":{}}"#);
    assert_eq!(error.unwrap_err().path(), "resource.algorithm");
}

#[test]
fn certificates_round_trip() {
    let mut sealed = EncryptedResource::new("61f9c719728a", "sRvt");
    sealed.associated_data = Some("certificate".to_owned());
    let from: DateTime = "2018-06-08T10:34:56+08:00".parse().unwrap();
    let item = CertificateItem::new(
        "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        from,
        from,
        sealed,
    );
    let list = CertificateList::new(vec![item]);
    let json = encode(&list).unwrap();
    assert_eq!(
        json,
        r#"{"data":[{"serial_no":"5157F09EFDC096DE15EBE81A47057A7232F1B8E1","effective_time":"2018-06-08T10:34:56+08:00","expire_time":"2018-06-08T10:34:56+08:00","encrypt_certificate":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"sRvt","associated_data":"certificate","nonce":"61f9c719728a"}}]}"#
    );
    assert_eq!(decode::<CertificateList>(&json).unwrap(), list);
}
