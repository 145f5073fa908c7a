//! Reading and writing: places named, values never repeated, nothing panics.

use std::collections::HashMap;

use proptest::prelude::*;
use serde::Deserialize;
use wxpay_json::{
    CertificateList, DateTime, ErrorBody, Fen, NotificationEnvelope, Sensitive, decode, encode,
    open_enum,
};

open_enum! {
    /// Words for the tests.
    enum Kind {
        /// One.
        One = "ONE",
        /// Two.
        Two = "TWO",
    }
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read through Debug")]
struct Order {
    id: String,
    amount: Option<Amount>,
    #[serde(default)]
    goods: Vec<Goods>,
    time: Option<DateTime>,
    kind: Option<Kind>,
    secret: Option<Sensitive>,
    count: Option<u8>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read through Debug")]
struct Amount {
    total: Fen,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read through Debug")]
struct Goods {
    name: String,
}

fn failure(json: &str) -> (String, String) {
    let error = decode::<Order>(json.as_bytes()).expect_err("must not be read");
    (error.path().to_owned(), error.to_string())
}

#[test]
fn places_are_named() {
    for (json, path, message) in [
        (
            r#"{"id":1}"#,
            "id",
            "id: found an integer, expected a string",
        ),
        (r#"{}"#, "id", "id: the field is missing"),
        (
            r#"{"id":"a","amount":{}}"#,
            "amount.total",
            "amount.total: the field is missing",
        ),
        (
            r#"{"id":"a","goods":[{"name":"b"},{"name":null}]}"#,
            "goods[1].name",
            "goods[1].name: found null, expected a string",
        ),
        (
            r#"{"id":"a","time":"yesterday"}"#,
            "time",
            "time: expected an RFC 3339 time like 2018-06-08T10:34:56+08:00",
        ),
        (
            r#"{"id":"a","kind":7}"#,
            "kind",
            "kind: found an integer, expected a word (text)",
        ),
        (
            r#"{"id":"a","id":"b"}"#,
            "id",
            "id: the field is there twice",
        ),
        (r#"{"id":"a","count":300}"#, "count", "count: expected u8"),
        (r#""a""#, "", "found text, expected struct Order"),
        (r#""#, "", "the body is empty, expected JSON"),
    ] {
        assert_eq!(
            failure(json),
            (path.to_owned(), message.to_owned()),
            "{json}"
        );
    }
}

#[test]
fn broken_json_is_called_that() {
    for json in [
        "{",
        "{\"id\":\"a\"} x",
        "<html>",
        "{\"id\":\"a\"",
        "\u{feff}{}",
        "nul",
    ] {
        let (_, message) = failure(json);
        assert!(
            message.contains("not valid JSON at line 1 column "),
            "{json}: {message}"
        );
    }
    assert!(decode::<Order>(b"{\"id\":\"\xff\"}").is_err());
}

#[test]
fn nesting_is_bounded() {
    let deep = "[".repeat(100_000);
    let error = decode::<serde_json::Value>(deep.as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("recursion limit exceeded"),
        "{error}"
    );
    let ignored = format!("{{\"id\":\"a\",\"new\":{deep}");
    assert!(decode::<Order>(ignored.as_bytes()).is_err());
}

#[test]
fn values_are_never_repeated() {
    let secret = "6222020000000000000";
    for json in [
        format!(r#"{{"id":"a","time":"{secret}"}}"#),
        format!(r#"{{"id":"a","time":", expected {secret}"}}"#),
        format!(r#"{{"id":{secret}}}"#),
        format!(r#"{{"id":"a","amount":"{secret}"}}"#),
        format!(r#"{{"id":"a","amount":{{"total":"{secret}.5"}}}}"#),
        format!(r#"{{"id":"a","amount":{{"total":{secret}.5}}}}"#),
        format!(r#"{{"id":"a","count":"{secret}"}}"#),
        format!(r#"{{"id":"a","count":{secret}}}"#),
        format!(r#"{{"id":"a","secret":[{secret}]}}"#),
        format!(r#"{{"id":"a","goods":"{secret}"}}"#),
        format!(r#"{{"id":"a","secret":"{secret}"#),
        format!(r#"{{"id":"{secret}"}} {secret}"#),
    ] {
        let error = decode::<Order>(json.as_bytes()).unwrap_err();
        let texts = format!("{error} {error:?} {}", error.path());
        assert!(!texts.contains("62220200"), "{texts}");
        assert!(std::error::Error::source(&error).is_none());
    }
}

#[test]
fn paths_are_cut() {
    let key = "k".repeat(10_000);
    let json = format!(r#"{{"{key}":"x"}}"#);
    let error = decode::<HashMap<String, u8>>(json.as_bytes()).unwrap_err();
    assert_eq!(error.path().len(), 200);
    let error = decode::<HashMap<String, u8>>(b"{\"a\\nb\":\"x\"}").unwrap_err();
    assert_eq!(error.path(), "ab");
}

#[test]
fn encode_is_compact() {
    let body = ErrorBody::new("A", "说");
    assert_eq!(encode(&body).unwrap(), r#"{"code":"A","message":"说"}"#);
    let error = encode(&HashMap::from([((1, 2), 3)])).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the value has no form in JSON"),
        "{error}"
    );
}

#[test]
fn open_words() {
    assert_eq!(Kind::KNOWN, ["ONE", "TWO"]);
    assert_eq!(Kind::from("ONE"), Kind::One);
    assert_eq!(Kind::from("TWO".to_owned()), Kind::Two);
    assert_eq!(
        "THREE".parse::<Kind>().unwrap(),
        Kind::Unknown("THREE".into())
    );
    assert_eq!(Kind::Unknown("ONE".into()), Kind::One);
    assert_ne!(Kind::One, Kind::Two);
    for json in ["\"ONE\"", "\"one\"", "\"\"", "\"新\""] {
        let kind: Kind = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&kind).unwrap(), json);
    }
    assert_eq!(
        format!("{}|{:<5}|{:?}", Kind::One, Kind::Two, Kind::from("X")),
        "ONE|TWO  |Unknown(\"X\")"
    );
    assert_eq!(
        HashMap::from([(Kind::One, 1)])[&Kind::Unknown("ONE".into())],
        1
    );
}

proptest! {
    #[test]
    fn decode_never_panics(bytes: Vec<u8>, text in "[\\[\\]{}\",:0-9a-z.e-]{0,60}") {
        for body in [bytes.as_slice(), text.as_bytes()] {
            let _ = decode::<Order>(body);
            let _ = decode::<ErrorBody>(body).map(|body| body.sign_information());
            let _ = decode::<NotificationEnvelope>(body);
            let _ = decode::<CertificateList>(body);
            let _ = decode::<Fen>(body);
        }
    }

    #[test]
    fn damaged_bodies_never_panic(at in 0usize..200, byte: u8) {
        let mut body = br#"{"id":"a","amount":{"total":19},"goods":[{"name":"b"}],"time":"2018-06-08T10:34:56+08:00","kind":"ONE","secret":"s","count":3}"#.to_vec();
        let at = at % body.len();
        body[at] = byte;
        let _ = decode::<Order>(&body);
    }
}
