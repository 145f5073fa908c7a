//! Requests and their `Authorization`.

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use serde_json::json;
use wxpay_sign::Timestamp;

use crate::merchant::{Merchant, NATIVE, NOW, assert_error, is_unsigned, numeric, parse};

const FORMAT: &str = "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》";

/// Sends the Native order with another `Authorization`; the answer must be a 401 without a signature.
fn refused(merchant: &mut Merchant, change: impl FnOnce(&mut Request<Bytes>)) -> (String, String) {
    let body = merchant.native().to_string();
    let mut request = merchant.request(Method::POST, NATIVE, body);
    change(&mut request);
    let response = merchant.send(request);
    let body = assert_error(&response, 401, "SIGN_ERROR");
    assert!(is_unsigned(&response));
    assert_ne!(numeric(&response), 0);
    let entry = merchant.last_entry();
    assert_eq!(entry["verdict"], "refused");
    let problem = entry["problems"][0].as_str().unwrap().to_owned();
    (body["message"].as_str().unwrap().to_owned(), problem)
}

fn rewrite(request: &mut Request<Bytes>, change: impl FnOnce(&str) -> String) {
    let value = request.headers()["authorization"].to_str().unwrap();
    let value = HeaderValue::from_str(&change(value)).unwrap();
    request.headers_mut().insert("authorization", value);
}

#[test]
fn a_request_signed_rightly_is_accepted_and_its_answer_signed() {
    let mut merchant = Merchant::new();
    let order = merchant.native();
    let response = merchant.post(NATIVE, &order);
    assert_eq!(response.status(), 200, "{:?}", response.body());
    assert!(parse(response.body())["code_url"].is_string());
    merchant.verified(&response);
    assert_eq!(numeric(&response), 0);
    let entry = merchant.last_entry();
    assert_eq!(entry["verdict"], "accepted");
    assert_eq!(entry["operation"], "pay.native_prepay");
    assert_eq!(entry["problems"], json!([]));
}

#[test]
fn parameters_may_stand_in_any_order() {
    let mut merchant = Merchant::new();
    let mut request = merchant.request(Method::GET, "/v3/certificates", "");
    rewrite(&mut request, |value| {
        let (scheme, parameters) = value.split_once(' ').unwrap();
        let mut parameters: Vec<&str> = parameters.split(',').collect();
        parameters.reverse();
        format!("{scheme} {}", parameters.join(","))
    });
    assert_eq!(merchant.send(request).status(), 200);
}

#[test]
fn one_altered_byte_is_noticed_and_the_answer_says_what_was_checked() {
    let mut merchant = Merchant::new();
    let order = merchant.native().to_string();
    let mut request = merchant.request(Method::POST, NATIVE, order.clone());
    let altered = order.replace("100", "101");
    *request.body_mut() = Bytes::from(altered.clone());
    let response = merchant.send(request);
    let body = assert_error(&response, 401, "SIGN_ERROR");
    assert_eq!(body["message"], "错误的签名，验签失败");
    let expected = format!("POST\n{NATIVE}\n{NOW}\n{}\n{altered}\n", Merchant::nonce());
    let detail = &body["detail"];
    assert_eq!(detail["detail"]["issue"], "sign not match");
    assert_eq!(
        (&detail["field"], &detail["location"]),
        (&json!("signature"), &json!("authorization"))
    );
    let information = &detail["sign_information"];
    assert_eq!(information["method"], "POST");
    assert_eq!(information["url"], NATIVE);
    assert_eq!(information["sign_message_length"], expected.len());
    let truncated = format!(
        "POST\n{NATIVE}\n{NOW}\n{}\n{}\n",
        Merchant::nonce(),
        &altered[..8]
    );
    assert_eq!(information["truncated_sign_message"], truncated);
    // On the wire the keys stand in the order WeChat Pay has them.
    let text = std::str::from_utf8(response.body()).unwrap();
    assert!(
        text.starts_with(r#"{"code":"SIGN_ERROR","detail":{"detail":{"issue":"#),
        "{text}"
    );
}

#[test]
fn path_query_and_method_are_signed_as_they_are() {
    let mut merchant = Merchant::new();
    let target = "/v3/certificates?algorithm_type=RSA";
    assert_eq!(merchant.get(target).status(), 200);
    for (method, other) in [
        (Method::GET, "/v3/certificates?algorithm_type=%52SA"),
        (Method::GET, "/v3/certificates"),
    ] {
        let mut request = merchant.request(method, target, "");
        *request.uri_mut() = other.parse().unwrap();
        assert_error(&merchant.send(request), 401, "SIGN_ERROR");
    }
    // The same target in absolute form is the same target.
    let mut request = merchant.request(Method::GET, target, "");
    *request.uri_mut() = format!("https://api.mch.weixin.qq.com{target}")
        .parse()
        .unwrap();
    assert_eq!(merchant.send(request).status(), 200);
}

#[test]
fn every_other_flaw_has_its_message() {
    let mut merchant = Merchant::new();
    let serial = merchant
        .core
        .identity()
        .merchant_certificate()
        .serial_number()
        .to_string();
    let mchid = merchant.core.identity().mchid().to_owned();

    let (message, problem) = refused(&mut merchant, |request| {
        request.headers_mut().remove("authorization");
    });
    assert_eq!(
        (message.as_str(), problem.as_str()),
        (FORMAT, "no Authorization header")
    );

    let (message, problem) = refused(&mut merchant, |request| {
        let value = request.headers()["authorization"].clone();
        request.headers_mut().append("authorization", value);
    });
    assert_eq!(message, FORMAT);
    assert!(problem.contains("more than once"), "{problem}");

    let (message, _) = refused(&mut merchant, |request| {
        rewrite(request, |value| {
            value.replace("SHA256-RSA2048", "SM2-WITH-SM3")
        });
    });
    assert_eq!(message, "Http头Authorization认证类型不正确");

    for (change, expected) in [
        (
            (
                "nonce_str=\"",
                "nonce_str=\"12345678901234567890123456789012345",
            ),
            "nonce_str",
        ),
        (("timestamp=\"1", "timestamp=\"x"), "timestamp"),
        (("mchid=", "merchant="), "other than mchid"),
    ] {
        let (message, problem) = refused(&mut merchant, |request| {
            rewrite(request, |value| value.replace(change.0, change.1))
        });
        assert_eq!(message, FORMAT, "{problem}");
        assert!(problem.contains(expected), "{problem}");
    }

    for (from, to, expected) in [
        (serial.as_str(), "00".repeat(20), "40 upper-case hex digits"),
        (
            serial.as_str(),
            serial.to_lowercase(),
            "40 upper-case hex digits",
        ),
        (mchid.as_str(), "1900000001".to_owned(), "the one merchant"),
    ] {
        let (message, problem) = refused(&mut merchant, |request| {
            rewrite(request, |value| value.replace(from, &to))
        });
        assert_eq!(message, "商户证书序列号有误");
        assert!(problem.contains(expected), "{problem}");
    }
    let (message, _) = refused(&mut merchant, |request| {
        rewrite(request, |value| {
            value.replace("signature=\"", "signature=\"A")
        });
    });
    assert_eq!(message, "错误的签名，验签失败");
}

#[test]
fn timestamps_hold_for_five_minutes_both_ways() {
    let mut merchant = Merchant::new();
    for (skew, passes) in [
        (300, true),
        (-300, true),
        (301, false),
        (-301, false),
        (3_600, false),
    ] {
        merchant.now = NOW.saturating_add(skew);
        let request = merchant.request(Method::GET, "/v3/certificates", "");
        merchant.now = NOW;
        let response = merchant.send(request);
        if passes {
            assert_eq!(response.status(), 200, "{skew}");
        } else {
            let body = assert_error(&response, 401, "SIGN_ERROR");
            assert_eq!(
                body["message"],
                "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
            );
            let problem = merchant.last_entry()["problems"][0]
                .as_str()
                .unwrap()
                .to_owned();
            let expected = if skew > 0 { "ahead of" } else { "behind" };
            assert!(
                problem.contains(&format!("{} s {expected}", skew.abs())),
                "{problem}"
            );
        }
    }
}

#[test]
fn an_expired_merchant_certificate_is_refused() {
    let mut merchant = Merchant::new();
    let ends = merchant.core.identity().merchant_certificate().not_after();
    merchant.now = Timestamp::from_unix(ends.as_unix() + 1);
    let response = merchant.get("/v3/certificates");
    assert_eq!(
        assert_error(&response, 401, "SIGN_ERROR")["message"],
        "商户证书已过期"
    );
}

#[test]
fn accept_and_user_agent_are_needed() {
    let mut merchant = Merchant::new();
    for name in ["accept", "user-agent"] {
        let mut request = merchant.request(Method::GET, "/v3/certificates", "");
        request.headers_mut().remove(name);
        let response = merchant.send(request);
        let body = assert_error(&response, 400, "INVALID_REQUEST");
        assert_eq!(body["message"], "Http头缺少Accept或User-Agent");
        merchant.verified(&response);
    }
    for (accept, status) in [
        ("*/*", 200),
        ("text/html, application/json;q=0.9", 200),
        ("text/html", 400),
    ] {
        let mut request = merchant.request(Method::GET, "/v3/certificates", "");
        request
            .headers_mut()
            .insert("accept", accept.parse().unwrap());
        assert_eq!(merchant.send(request).status(), status, "{accept}");
    }
}

#[test]
fn unknown_paths_and_methods_are_not_found_and_unsigned() {
    let mut merchant = Merchant::new();
    for (method, path, problem) in [
        (Method::GET, "/v3/nothing", "no operation"),
        (Method::POST, "/v3/certificates", "called with GET"),
        (Method::GET, NATIVE, "called with POST"),
        (Method::GET, "/", "no operation"),
        (Method::GET, "/v3/certificates/", "no operation"),
    ] {
        let request = merchant.request(method, path, "");
        let response = merchant.send(request);
        assert_error(&response, 404, "NOT_FOUND");
        assert!(is_unsigned(&response));
        let entry = merchant.last_entry();
        assert!(
            entry["problems"][0].as_str().unwrap().contains(problem),
            "{entry}"
        );
    }
}
