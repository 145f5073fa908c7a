//! What is said about a `SIGN_ERROR`.

use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::Response;
use wxpay_proto::{AcceptError, ApiError, Target, Untyped};

use crate::support::{Case, NOW, cases, merchant};

fn refused(body: impl Into<Bytes>) -> ApiError {
    let mut response = Response::new(body.into());
    *response.status_mut() = 401.try_into().unwrap();
    let operation = Untyped::get(Target::new("/v3/x"));
    match merchant().accept(&operation, &response, NOW) {
        Err(AcceptError::Api(error)) => *error,
        other => panic!("{other:?}"),
    }
}

fn message() -> Vec<u8> {
    let case = Case::new("prepare/post-json-with-chinese");
    case.bytes("message.txt").to_vec()
}

#[test]
fn both_shapes_are_read_and_agree_with_the_message() {
    for case in cases("diagnosis", 2) {
        let error = refused(case.bytes("body.txt"));
        assert_eq!(error.code(), "SIGN_ERROR");
        assert_eq!(error.field(), Some("signature"));
        let text = error.diagnose(&message()).unwrap();
        assert!(
            text.contains("so the key is wrong"),
            "{}: {text}",
            case.name
        );
    }
}

#[test]
fn the_first_difference_is_explained() {
    let error = refused(Case::new("diagnosis/nested").bytes("body.txt"));
    let ours = String::from_utf8(message()).unwrap();
    let explain = |from: &str, to: &str| {
        let changed = ours.replacen(from, to, 1);
        assert_ne!(changed, ours, "{from}");
        error.diagnose(changed.as_bytes()).unwrap()
    };
    for (from, to, said) in [
        ("POST", "PUT", "the method `POST`, signed was `PUT`"),
        (
            "/jsapi\n",
            "/jsapi?a=1\n",
            "one has a query, the other has not",
        ),
        (
            "/jsapi\n",
            "/js%61pi\n",
            "they differ in percent-encoding only",
        ),
        (
            "/jsapi\n",
            "/native\n",
            "the URL `/v3/pay/transactions/jsapi`, signed was `/v3/pay/transactions/native`",
        ),
        (
            "1554208460",
            "1554208461",
            "the timestamp `1554208460`, signed was `1554208461`",
        ),
        ("593BEC", "693BEC", "the nonce `593BEC"),
        (
            "{\"appid\"",
            "{\"mchid\"",
            "another body than the one that was signed",
        ),
        ("\"CNY\"", "\"CNY\" ", "372 bytes, ours 373"),
    ] {
        let text = explain(from, to);
        assert!(text.contains(said), "{from}: {text}");
    }
}

#[test]
fn a_character_cut_in_half_is_no_difference() {
    let body = serde_json::json!({
        "code": "SIGN_ERROR",
        "detail": { "sign_information": {
            "truncated_sign_message": "POST\n/v3/x\n1\nn\n{\"a\":\"\u{fffd}\n",
        }},
    });
    let error = refused(body.to_string());
    let text = error
        .diagnose("POST\n/v3/x\n1\nn\n{\"a\":\"订\"}\n".as_bytes())
        .unwrap();
    assert!(text.contains("so the key is wrong"), "{text}");
}

#[test]
fn an_empty_body_is_compared_too() {
    let body = serde_json::json!({
        "code": "SIGN_ERROR",
        "detail": { "sign_information": {
            "sign_message_length": 15,
            "truncated_sign_message": "GET\n/v3/x\n1\nn\n\n",
        }},
    });
    let error = refused(body.to_string());
    let text = error.diagnose(b"GET\n/v3/x\n1\nn\n\n").unwrap();
    assert!(text.contains("so the key is wrong"), "{text}");
}

#[test]
fn nothing_is_said_where_nothing_is_known() {
    for body in [
        r#"{"code":"SIGN_ERROR","message":"商户证书序列号有误"}"#,
        r#"{"code":"SIGN_ERROR","detail":{"sign_information":{}}}"#,
        r#"{"code":"SIGN_ERROR","detail":"x"}"#,
        r#"{"code":"PARAM_ERROR","detail":{"sign_information":{"method":"GET","sign_message_length":1}}}"#,
    ] {
        assert_eq!(refused(body).diagnose(&message()), None, "{body}");
    }
    // What is no message of ours cannot be compared.
    let error = refused(Case::new("diagnosis/nested").bytes("body.txt"));
    assert_eq!(error.diagnose(b"POST"), None);
    assert_eq!(error.diagnose(b""), None);
}
