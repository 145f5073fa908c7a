//! Every operation of the catalogue: a request made up from its facts is taken, and the answer holds
//! what the facts say of it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wxpay_sign::{Decryptor, Encryptor};

use crate::facts::{Size, good, list, name, operations, text};
use crate::merchant::{Merchant, assert_error, is_unsigned, parse};

const FACTS: &str = include_str!("../../src/catalogue.json");
const BOUNDARY: &str = "b0";

/// Percent-encodes everything but letters and digits.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// Encrypts the sensitive fields of a value for WeChat Pay.
fn seal(merchant: &Merchant, field: &Value, value: &mut Value) {
    match value {
        Value::String(text) if field["sensitive"] == true => {
            *text = merchant.core.identity().public_key().encrypt(text).unwrap();
        }
        Value::Array(items) => {
            for item in items {
                seal(merchant, &field["items"], item);
            }
        }
        Value::Object(map) => {
            for field in list(field, "fields") {
                if let Some(value) = map.get_mut(name(field)) {
                    seal(merchant, field, value);
                }
            }
        }
        _ => {}
    }
}

fn parameter(merchant: &Merchant, field: &Value) -> String {
    let mut value = Value::from(text(field));
    seal(merchant, field, &mut value);
    value.as_str().unwrap().to_owned()
}

/// A request for an operation, with everything it may have or only what it must have.
fn request(merchant: &Merchant, facts: &Value, size: Size) -> Request<Bytes> {
    let mut target = facts["path"].as_str().unwrap().to_owned();
    for field in list(facts, "path_params") {
        let value = escaped(&text(field));
        target = target.replace(&format!("{{{}}}", name(field)), &value);
    }
    let mut separator = '?';
    for field in list(facts, "query") {
        let is_first = |group: &Value| group[0] == name(field);
        let is_needed = field["required"] == true || list(facts, "any_of").iter().any(is_first);
        if size == Size::Whole || is_needed {
            let is_list = field["type"] == "array";
            let item = if is_list { &field["items"] } else { field };
            let times = if is_list {
                field["max"].as_u64().unwrap_or(2).min(2)
            } else {
                1
            };
            for _ in 0..times {
                let value = escaped(&parameter(merchant, item));
                target.push_str(&format!("{separator}{}={value}", name(field)));
                separator = '&';
            }
        }
    }
    let method: Method = facts["method"].as_str().unwrap().parse().unwrap();
    let body = |key: &str| {
        let mut body = good(&facts[key], size);
        seal(merchant, &facts[key], &mut body);
        body
    };
    let is_upload = facts["meta"].is_object() || facts["upload"].is_object();
    let mut request = if is_upload {
        let meta = if facts["meta"].is_object() {
            body("meta")
        } else {
            json!({})
        };
        upload(merchant, facts, &target, meta)
    } else if facts["body"].is_object() {
        merchant.request(method, &target, body("body").to_string())
    } else {
        merchant.request(method, &target, "")
    };
    let key = merchant.core.identity().public_key_id().as_str().to_owned();
    let headers = request.headers_mut();
    headers.insert("wechatpay-serial", key.parse().unwrap());
    for field in list(facts, "headers") {
        let name: http::HeaderName = name(field).parse().unwrap();
        headers.insert(name, text(field).parse().unwrap());
    }
    request
}

fn upload(merchant: &Merchant, facts: &Value, target: &str, mut meta: Value) -> Request<Bytes> {
    let form = &facts["upload"];
    let part = |key: &str| form[key].as_str().unwrap_or(key).to_owned();
    let extension = list(form, "types")
        .first()
        .and_then(Value::as_str)
        .unwrap_or("png");
    let file_name = format!("a.{extension}");
    let sha256 = Sha256::digest(b"abc");
    let sha256: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = match form["digest"].as_str().unwrap_or("sha256") {
        "sha256" => sha256,
        // Examples of RFC 1321, FIPS 180-4 and GB/T 32905.
        "md5" => "900150983cd24fb0d6963f7d28e17f72".to_owned(),
        "sha1" => "a9993e364706816aba3e25717850c26c9cd0d89d".to_owned(),
        "sm3" => "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0".to_owned(),
        "none" => String::new(),
        other => panic!("{other}"),
    };
    // Where the description of a file has other names for the two, they are these.
    let known = |names: &[&'static str]| {
        names
            .iter()
            .copied()
            .find(|known| meta.get(known).is_some())
            .unwrap_or(names[0])
    };
    let of_name = known(&["filename", "file_name"]);
    let of_digest = known(&["sha256", "file_digest", "digest"]);
    meta[of_name] = file_name.clone().into();
    if form["digest"] != "none" {
        meta[of_digest] = digest.into();
    }
    let meta = meta.to_string();
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"\r\nContent-Type: application/json\r\n\r\n{meta}\r\n",
        part("meta")
    );
    for field in list(facts, "form") {
        body.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n",
            name(field),
            text(field)
        ));
    }
    body.push_str(&format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{file_name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nabc\r\n--{BOUNDARY}--\r\n",
        part("file")
    ));
    let mut request = merchant.request(Method::POST, target, body);
    let authorization = merchant.authorize("POST", target, meta.as_bytes());
    let headers = request.headers_mut();
    headers.insert("authorization", authorization.parse().unwrap());
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    headers.insert("content-type", content_type.parse().unwrap());
    request
}

/// Whether a text is digits where the pattern has them, and the same elsewhere.
fn is_like(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(given, wanted)| match wanted {
                b'0' => given.is_ascii_digit(),
                _ => given == wanted,
            })
}

/// Holds an answer against its facts; whoever reads it can say what is wrong.
fn check(merchant: &Merchant, field: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let mut ensure = |holds: bool| {
        if !holds {
            wrong.push(format!("{at}: {value}"));
        }
    };
    match field["type"].as_str().unwrap() {
        "object" => {
            let Some(map) = value.as_object() else {
                return ensure(false);
            };
            for known in list(field, "fields") {
                ensure(map.contains_key(name(known)) || known["required"] != true);
            }
            for (key, value) in map {
                let at = format!("{at}/{key}");
                match list(field, "fields")
                    .iter()
                    .find(|known| name(known) == key)
                {
                    Some(known) => check(merchant, known, value, &at, wrong),
                    None => wrong.push(format!("{at}: unknown")),
                }
            }
        }
        "array" => {
            let Some(items) = value.as_array() else {
                return ensure(false);
            };
            for (index, item) in items.iter().enumerate() {
                check(
                    merchant,
                    &field["items"],
                    item,
                    &format!("{at}/{index}"),
                    wrong,
                );
            }
        }
        "fen" | "integer" => ensure(value.is_i64()),
        "number" => ensure(value.is_number()),
        "boolean" => ensure(value.is_boolean()),
        "json" => ensure(!value.is_null()),
        kind => {
            let Some(text) = value.as_str() else {
                return ensure(false);
            };
            let compact = field["format"] == "compact";
            let fits = match (kind, compact) {
                _ if field["sensitive"] == true => {
                    let plain = merchant
                        .core
                        .identity()
                        .merchant_private_key()
                        .decrypt(text);
                    text.is_empty() || plain.is_ok_and(|plain| !plain.is_empty())
                }
                ("datetime", true) => is_like(text, "00000000000000"),
                ("datetime", _) if field["format"] == "spaced" => {
                    is_like(text, "0000-00-00 00:00:00")
                }
                ("datetime", false) => is_like(text, "0000-00-00T00:00:00+08:00"),
                ("date", true) => is_like(text, "00000000"),
                ("date", false) => is_like(text, "0000-00-00"),
                ("string", _) => {
                    let words = list(field, "enum");
                    words.is_empty() || words.iter().any(|word| word == text)
                }
                (other, _) => panic!("{at}: {other}"),
            };
            ensure(fits);
        }
    }
}

/// What the journal says of the latest request, which is then forgotten.
fn entry(merchant: &mut Merchant) -> Value {
    let entry = merchant.last_entry();
    merchant.control(Method::DELETE, "/_sandbox/journal", "");
    entry
}

fn is_made_up(entry: &Value) -> bool {
    list(entry, "remarks")
        .iter()
        .any(|it| it.as_str().unwrap().starts_with("not modelled"))
}

/// Holds a success against the facts.
fn check_success(merchant: &Merchant, facts: &Value, response: &Response<Bytes>) {
    let operation = name(facts);
    let reply = facts["reply"].as_str().unwrap_or("signed");
    let made = !facts["response"].is_null();
    let usual = if made || reply != "signed" { 200 } else { 204 };
    assert_eq!(
        response.status(),
        u16::try_from(facts["status"].as_u64().unwrap_or(usual)).unwrap(),
        "{operation}"
    );
    let body = response.body();
    match reply {
        "unsigned" => assert!(is_unsigned(response), "{operation}"),
        "digest" => {
            let sha1 = response.headers()["wechatpay-statement-sha1"]
                .to_str()
                .unwrap();
            let signed = format!("{{\"sha1\":\"{sha1}\"}}");
            merchant
                .verify(response.headers(), signed.as_bytes())
                .unwrap();
        }
        _ => drop(merchant.verified(response)),
    }
    if made {
        let mut wrong = Vec::new();
        check(merchant, &facts["response"], &parse(body), "", &mut wrong);
        assert!(wrong.is_empty(), "{operation}: {wrong:?}");
    } else {
        assert_eq!(body.is_empty(), reply == "signed", "{operation}");
    }
}

/// Method and path of an operation, without the names of its parameters.
fn shape(facts: &Value) -> String {
    let segments = facts["path"].as_str().unwrap().split('/');
    let segments: Vec<&str> = segments
        .map(|segment| {
            if segment.starts_with('{') {
                "{}"
            } else {
                segment
            }
        })
        .collect();
    format!("{} {}", facts["method"], segments.join("/"))
}

#[test]
fn every_operation_is_answered_as_its_facts_say() {
    let mut merchant = Merchant::new();
    let mut made_up = 0;
    let mut shapes = BTreeSet::new();
    // Those that differ from another in nothing but what a parameter is called.
    let shapes_of_all = operations(FACTS).map(|facts| shape(&facts));
    let twins: BTreeSet<String> = shapes_of_all
        .filter(|it| !shapes.insert(it.clone()))
        .collect();
    for facts in operations(FACTS) {
        let operation = name(&facts);
        for size in [Size::Whole, Size::Least] {
            let request = request(&merchant, &facts, size);
            let response = merchant.send(request);
            let entry = entry(&mut merchant);
            if !twins.contains(&shape(&facts)) {
                assert_eq!(entry["operation"], operation, "{entry}");
            }
            assert_ne!(response.status(), 501, "{entry}");
            if response.status().is_success() {
                check_success(&merchant, &facts, &response);
            } else {
                // A model knows no order, or has other rules than the facts: but it was asked.
                assert_ne!(response.status(), 401, "{entry}");
                assert!(!is_made_up(&entry), "{entry}");
                let message = parse(response.body())["message"].to_string();
                assert!(!message.contains("映射到"), "{operation}: {message}");
            }
            if is_made_up(&entry) {
                made_up += 1;
                agrees(&facts, &response);
            }
        }
    }
    // So that a catalogue nothing is made up for does not go unnoticed.
    let all = operations(FACTS).count();
    assert!(all < 100 || made_up > all, "{made_up} of {all}");
}

/// What the path names stands in the answer under the same name.
fn agrees(facts: &Value, response: &Response<Bytes>) {
    if facts["response"].is_null() {
        return;
    }
    let answer = parse(response.body());
    let given: BTreeMap<&str, String> = list(facts, "path_params")
        .iter()
        .map(|it| (name(it), text(it)))
        .collect();
    for field in list(&facts["response"], "fields") {
        let Some(given) = given.get(name(field)) else {
            continue;
        };
        let is_plain = field["type"] == "string" && field["sensitive"] != true;
        let vague = !name(field).contains('_');
        if is_plain && !vague && list(field, "enum").is_empty() {
            assert_eq!(&answer[name(field)], given, "{}: {answer}", name(facts));
        }
    }
}

/// A request without one thing it must have, and what the refusal has to name.
fn incomplete(
    merchant: &Merchant,
    facts: &Value,
) -> Option<(Request<Bytes>, String, &'static str)> {
    let is_needed = |field: &&Value| field["required"] == true;
    let mut less = facts.clone();
    let query = list(facts, "query").iter().find(is_needed);
    if let Some(field) = query {
        let left = list(facts, "query").iter().filter(|it| *it != field);
        less["query"] = left.cloned().collect();
        return Some((
            request(merchant, &less, Size::Least),
            name(field).to_owned(),
            "query",
        ));
    }
    let field = list(&facts["body"], "fields").iter().find(is_needed)?;
    let left = list(&facts["body"], "fields")
        .iter()
        .filter(|it| *it != field);
    less["body"]["fields"] = left.cloned().collect();
    let request = request(merchant, &less, Size::Least);
    Some((request, format!("/{}", name(field)), "body"))
}

#[test]
fn what_every_operation_needs_is_missed() {
    let mut merchant = Merchant::new();
    for facts in operations(FACTS) {
        let Some((request, field, location)) = incomplete(&merchant, &facts) else {
            continue;
        };
        let response = merchant.send(request);
        let said = assert_error(&response, 400, "PARAM_ERROR");
        assert_eq!(said["detail"]["field"], field, "{}: {said}", name(&facts));
        assert_eq!(
            said["detail"]["location"],
            location,
            "{}: {said}",
            name(&facts)
        );
        merchant.verified(&response);
    }
}
