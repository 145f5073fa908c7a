//! Bodies and parameters against the catalogue.

use http::Method;
use serde_json::{Value, json};
use wxpay_sign::{Decryptor, Encryptor};

use crate::merchant::{Merchant, NATIVE, assert_error, numeric, parse};

const ECHO: &str = "/v3/security/echo";

#[test]
fn every_broken_rule_is_answered_with_field_and_issue() {
    let mut merchant = Merchant::new();
    let cases: &[(&str, Value, &str, u64)] = &[
        (
            "/amount/total",
            json!(0),
            "输入源“/body/amount/total”映射到数值字段“总金额”规则校验失败，值低于最小值 1",
            268_435_464,
        ),
        ("/amount/total", json!(1.0), "64 位有符号整数", 268_435_461),
        ("/amount/total", json!("1"), "64 位有符号整数", 268_435_461),
        (
            "/amount/total",
            json!(9_223_372_036_854_775_808_u64),
            "64 位有符号整数",
            268_435_461,
        ),
        ("/amount/total", json!(null), "非 null", 268_435_461),
        ("/amount/currency", json!("USD"), "枚举", 268_435_461),
        (
            "/out_trade_no",
            json!("1".repeat(33)),
            "字符数 33，大于最大值 32",
            268_435_461,
        ),
        (
            "/out_trade_no",
            json!("12345"),
            "字符数 5，小于最小值 6",
            268_435_461,
        ),
        (
            "/out_trade_no",
            json!("123456#"),
            "不支持的字符“#”",
            268_435_461,
        ),
        (
            "/description",
            json!("订".repeat(128)),
            "字符数 128，大于最大值 127",
            268_435_461,
        ),
        ("/description", json!(""), "小于最小值 1", 268_435_461),
        (
            "/description",
            json!(["a"]),
            "一个合法的字符串",
            268_435_461,
        ),
        ("/attach", json!(null), "非 null", 268_435_461),
        ("/support_fapiao", json!("true"), "布尔值", 268_435_461),
        (
            "/time_expire",
            json!("2024-01-01 10:00:00"),
            "RFC 3339",
            268_435_461,
        ),
        (
            "/notify_url",
            json!("https://a.example/n?x=1"),
            "不能携带参数",
            268_435_461,
        ),
        ("/notify_url", json!("a.example/n"), "绝对地址", 268_435_461),
        (
            "/scene_info",
            json!({ "payer_client_ip": "1.2.3" }),
            "IPv4",
            268_435_461,
        ),
        ("/scene_info", json!("POS"), "JSON 对象", 268_435_461),
        (
            "/detail",
            json!({ "goods_detail": {} }),
            "JSON 数组",
            268_435_461,
        ),
        ("/openid", json!("o1"), "非法的额外参数", 270_924_358),
        (
            "/amount/payer_total",
            json!(1),
            "非法的额外参数",
            270_924_358,
        ),
    ];
    for (pointer, value, issue, number) in cases {
        let mut order = merchant.native();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        order.pointer_mut(parent).unwrap()[name] = value.clone();
        let response = merchant.post(NATIVE, &order);
        let body = assert_error(&response, 400, "PARAM_ERROR");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(issue), "{pointer} = {value}: {message}");
        assert_eq!(body["detail"]["location"], "body", "{body}");
        assert!(
            body["detail"]["field"]
                .as_str()
                .unwrap()
                .starts_with(pointer),
            "{body}"
        );
        assert_eq!(numeric(&response), *number, "{pointer} = {value}");
        merchant.verified(&response);
    }
}

#[test]
fn what_is_required_is_missed() {
    let mut merchant = Merchant::new();
    for pointer in [
        "/appid",
        "/mchid",
        "/description",
        "/out_trade_no",
        "/notify_url",
        "/amount",
        "/amount/total",
    ] {
        let mut order = merchant.native();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        order
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
        let response = merchant.post(NATIVE, &order);
        let body = assert_error(&response, 400, "PARAM_ERROR");
        assert_eq!(body["detail"]["field"], pointer);
        assert!(body["message"].as_str().unwrap().contains("必填"), "{body}");
    }
    // Of two alternatives one is needed.
    let refund =
        json!({ "out_refund_no": "r1", "amount": { "refund": 1, "total": 1, "currency": "CNY" } });
    let response = merchant.post("/v3/refund/domestic/refunds", &refund);
    let body = assert_error(&response, 400, "PARAM_ERROR");
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .contains("transaction_id、out_trade_no至少传入一项"),
        "{body}"
    );
}

#[test]
fn the_journal_has_all_findings_and_the_answer_the_first() {
    let mut merchant = Merchant::new();
    let mut order = merchant.native();
    order["amount"]["total"] = json!(-1);
    order["description"] = json!("");
    order["extra"] = json!(1);
    let response = merchant.post(NATIVE, &order);
    assert_eq!(
        assert_error(&response, 400, "PARAM_ERROR")["detail"]["field"],
        "/description"
    );
    assert_eq!(
        merchant.last_entry()["problems"].as_array().unwrap().len(),
        3
    );
}

#[test]
fn bodies_are_json_of_characters_of_at_most_three_bytes() {
    let mut merchant = Merchant::new();
    for body in ["{", "[]", "1", "\"\"", "{\"a\":1}x", "a=1", "\u{feff}{}"] {
        let request = merchant.request(Method::POST, NATIVE, body);
        assert_error(&merchant.send(request), 400, "PARAM_ERROR");
    }
    let request = merchant.request(Method::POST, NATIVE, &b"{\"a\":\"\xff\"}"[..]);
    assert_error(&merchant.send(request), 400, "PARAM_ERROR");

    let mut order = merchant.native();
    order["description"] = json!("公仔🙂");
    let response = merchant.post(NATIVE, &order);
    assert_eq!(
        assert_error(&response, 400, "PARAM_ERROR")["detail"]["field"],
        "/description"
    );

    let order = merchant.native().to_string();
    for content_type in [
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        None,
    ] {
        let mut request = merchant.request(Method::POST, NATIVE, order.clone());
        request.headers_mut().remove("content-type");
        if let Some(content_type) = content_type {
            request
                .headers_mut()
                .insert("content-type", content_type.parse().unwrap());
        }
        let body = assert_error(&merchant.send(request), 400, "PARAM_ERROR");
        assert_eq!(body["detail"]["field"], "Content-Type");
    }
    let mut request = merchant.request(Method::POST, NATIVE, order);
    request.headers_mut().insert(
        "content-type",
        "Application/JSON; charset=UTF-8".parse().unwrap(),
    );
    assert_eq!(merchant.send(request).status(), 200);
    // A request that has no body has none.
    let request = merchant.request(Method::GET, "/v3/certificates", "{\"a\":1}");
    assert_error(&merchant.send(request), 400, "PARAM_ERROR");
    // And none of them is endless.
    let request = merchant.request(Method::POST, NATIVE, vec![b' '; (1 << 20) + 1]);
    assert_error(&merchant.send(request), 413, "PARAM_ERROR");
}

#[test]
fn parameters_of_path_and_query_are_checked() {
    let mut merchant = Merchant::new();
    let mchid = merchant.core.identity().mchid().to_owned();
    let path = "/v3/pay/transactions/out-trade-no/";
    for (target, location, field) in [
        (format!("{path}123456"), "query", "mchid"),
        (
            format!("{path}123456?mchid={mchid}&more=1"),
            "query",
            "more",
        ),
        (
            format!("{path}123456?mchid={mchid}&mchid={mchid}"),
            "query",
            "mchid",
        ),
        (format!("{path}123456?mchid=%FF"), "query", ""),
        (
            format!("{path}12%23456?mchid={mchid}"),
            "uri",
            "out_trade_no",
        ),
        (
            format!("{path}{}?mchid={mchid}", "1".repeat(33)),
            "uri",
            "out_trade_no",
        ),
        (
            "/v3/certificates?algorithm_type=DSA".to_owned(),
            "query",
            "algorithm_type",
        ),
    ] {
        let body = assert_error(&merchant.get(&target), 400, "PARAM_ERROR");
        assert_eq!(body["detail"]["location"], location, "{target}: {body}");
        assert_eq!(body["detail"]["field"], field, "{target}: {body}");
    }
    let response = merchant.get(&format!("{path}12%7C456?mchid={mchid}"));
    assert_error(&response, 404, "ORDER_NOT_EXIST");
    assert_eq!(numeric(&response), 268_512_771);
    merchant.verified(&response);
}

#[test]
fn sensitive_fields_are_opened_with_the_key_named_and_sealed_for_the_merchant() {
    let mut merchant = Merchant::new();
    let identity = merchant.core.identity();
    let public_key_id = identity.public_key_id().as_str().to_owned();
    let certificate = &identity.platform_certificates()[0];
    let serial = certificate.serial_number().as_str().to_owned();
    let by_public_key = identity.public_key().encrypt("张三").unwrap();
    let by_certificate = certificate
        .certificate()
        .public_key()
        .encrypt("张三")
        .unwrap();
    let merchant_key = identity.merchant_private_key().clone();
    let body = |ciphertext: &str| {
        json!({ "echo_message": "hello", "encrypted_echo_message": ciphertext }).to_string()
    };
    let mut send = |ciphertext: &str, key: Option<&str>| {
        let mut request = merchant.request(Method::POST, ECHO, body(ciphertext));
        if let Some(key) = key {
            request
                .headers_mut()
                .insert("wechatpay-serial", key.parse().unwrap());
        }
        merchant.send(request)
    };
    for (ciphertext, key) in [(&by_public_key, &public_key_id), (&by_certificate, &serial)] {
        let response = send(ciphertext, Some(key));
        assert_eq!(response.status(), 200, "{:?}", response.body());
        let answered = parse(response.body())["encrypted_echo_message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_ne!(answered, *ciphertext);
        assert_eq!(merchant_key.decrypt(&answered).unwrap(), "张三");
    }
    // The wrong key of the two, no key, an unknown key, no ciphertext at all.
    let body = assert_error(&send(&by_public_key, Some(&serial)), 400, "PARAM_ERROR");
    assert_eq!(body["detail"]["field"], "/encrypted_echo_message");
    for key in [
        None,
        Some("PUB_KEY_ID_0000000000000000000000000000"),
        Some("0000"),
        Some(""),
    ] {
        let body = assert_error(&send(&by_public_key, key), 400, "PARAM_ERROR");
        assert_eq!(body["detail"]["field"], "Wechatpay-Serial", "{body}");
        assert_eq!(body["detail"]["location"], "header");
    }
    let body = assert_error(&send("张三", Some(&serial)), 400, "PARAM_ERROR");
    assert!(!body.to_string().contains("张三"), "{body}");
}
