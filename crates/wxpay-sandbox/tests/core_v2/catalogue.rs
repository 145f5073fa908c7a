//! Interfaces the sandbox has no model of: the gate is the same, the answer made up.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use wxpay_sign::{Encryptor as _, SignType, WorkwxSecret};
use wxpay_xml::{Document, ErrorKind};

use crate::merchant::{Fields, Merchant, fields, get, xml};

#[test]
fn the_gate_is_the_same_and_the_answer_made_up() {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::Md5;
    let url =
        "weixin://wxpay/bizpayurl?sign=S&appid=A&mch_id=M&product_id=P&time_stamp=T&nonce_str=N";
    // Signed as it is, sent percent-encoded.
    let mut fields = merchant.signed(&[("long_url", url)]);
    fields[0].1 = url
        .replace(':', "%3A")
        .replace('/', "%2F")
        .replace('&', "%26")
        .replace('=', "%3D")
        .replace('?', "%3F");
    let reply = merchant.post("/tools/shorturl", xml(&fields)).ok();
    merchant.verify(&reply.fields);
    assert!(reply.has("short_url"), "{}", reply.body);
    let entry = merchant.last_entry();
    assert_eq!(entry["verdict"], "accepted");
    assert!(
        entry["remarks"][0]
            .as_str()
            .unwrap()
            .starts_with("not modelled"),
        "{entry}"
    );

    fields.pop();
    merchant
        .post("/tools/shorturl", xml(&fields))
        .protocol_error("签名错误");
    merchant.call("/tools/shorturl", &[]).err("LACK_PARAMS");
    assert_eq!(merchant.last_entry()["remarks"], json!([]));
}

#[test]
fn fields_of_the_request_come_back() {
    let mut merchant = Merchant::new();
    let reply = merchant
        .call(
            "/pay/profitsharingquery",
            &[
                ("transaction_id", "4208450740201411110007820472"),
                ("out_order_no", "P20150806125346"),
            ],
        )
        .ok();
    assert_eq!(reply.get("transaction_id"), "4208450740201411110007820472");
    assert_eq!(reply.get("out_order_no"), "P20150806125346");
}

fn query(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, text)| format!("{name}={text}"))
        .collect();
    pairs.join("&")
}

#[test]
fn a_query_that_asks_for_an_address_is_answered_in_xml() {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::HmacSha256;
    let mut asked = merchant.signed(&[
        ("plan_id", "12535"),
        ("contract_code", "100000"),
        ("request_serial", "1000"),
        ("contract_display_account", "name"),
        ("notify_url", "https://shop.example/notify"),
        ("version", "1.0"),
        ("timestamp", "1414488825"),
        ("clientip", "203.0.113.7"),
    ]);
    asked.retain(|(name, _)| name != "nonce_str");
    let query = query(&merchant.resign(asked));
    let address = format!("http://127.0.0.1:9470/papay/h5entrustweb?{query}");
    let response = merchant.send(Request::get(address).body(Bytes::new()).unwrap());
    let content_type = &response.headers()["content-type"];
    assert_eq!(content_type, "text/xml; charset=utf-8");
    let reply = fields(response.body());
    assert_eq!(get(&reply, "return_code"), "SUCCESS");
    assert_eq!(get(&reply, "result_code"), "SUCCESS", "{reply:?}");
    assert!(!get(&reply, "redirect_url").is_empty(), "{reply:?}");
    // As its facts say.
    assert_eq!(get(&reply, "sign"), "");
}

#[test]
fn a_page_is_shown_to_whom_the_merchant_has_sent() {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::Md5;
    let path = "/papay/entrustweb";
    let request = |query: &str| {
        Request::builder()
            .uri(format!("http://127.0.0.1:9470{path}?{query}"))
            .body(Bytes::new())
            .unwrap()
    };
    let mut fields = merchant.signed(&[
        ("plan_id", "12535"),
        ("contract_code", "100000"),
        ("request_serial", "1000"),
        ("contract_display_account", "name"),
        ("notify_url", "https://shop.example/notify"),
        ("version", "1.0"),
        ("timestamp", "1414488825"),
    ]);
    fields.retain(|(name, _)| name != "nonce_str");
    let signed = query(&merchant.resign(fields.clone()));
    let response = merchant.send(request(&signed));
    let page = String::from_utf8_lossy(response.body()).into_owned();
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["content-type"]
        ),
        (200, &"text/html; charset=utf-8".parse().unwrap()),
        "{page}"
    );
    let response = merchant.send(request(&query(&fields)));
    assert!(String::from_utf8_lossy(response.body()).contains("签名错误"));
}

#[test]
fn the_one_in_json_refuses_in_json() {
    let mut merchant = Merchant::new();
    let address = "http://127.0.0.1:9470/appauth/getaccesstoken";
    let request = Request::get(format!("{address}?mch_id=1")).body(Bytes::new());
    let response = merchant.send(request.unwrap());
    let refused: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(refused["retcode"], 1);
    assert!(refused["access_token"].is_null() && refused["retmsg"].is_string());
}

/// A text that the facts of a field allow.
fn sample(merchant: &Merchant, field: &Value) -> String {
    let name = field["name"].as_str().unwrap();
    let identity = merchant.identity();
    match name {
        "appid" | "mch_appid" | "wxappid" | "msgappid" | "combine_appid" => {
            return identity.appid().to_owned();
        }
        "sub_appid" => return identity.sub_appid().to_owned(),
        "sub_mch_id" => return identity.sub_mchid().to_owned(),
        _ => {}
    }
    if field["json"] == true || matches!(field["type"].as_str(), Some("object" | "array")) {
        return sample_json(merchant, field).to_string();
    }
    let spaced = field["format"] == "spaced";
    let text = match field["type"].as_str().unwrap() {
        "fen" | "integer" => field["min"].as_i64().unwrap_or(1).to_string(),
        "datetime" => if spaced {
            "2024-01-01 10:34:56"
        } else {
            "20240101103456"
        }
        .to_owned(),
        "date" => if field["format"] == "compact" {
            "20240101"
        } else {
            "2024-01-01"
        }
        .to_owned(),
        "boolean" => "true".to_owned(),
        _ => match (&field["enum"][0], field["format"].as_str()) {
            (Value::String(word), _) => word.clone(),
            (_, Some("ip")) => "203.0.113.7".to_owned(),
            (_, Some("notify_url")) => "https://shop.example/notify".to_owned(),
            _ => "1".repeat(usize::try_from(field["min"].as_u64().unwrap_or(1)).unwrap()),
        },
    };
    if field["sensitive"] == true {
        return identity.public_key().encrypt(&text).unwrap();
    }
    text
}

fn sample_json(merchant: &Merchant, field: &Value) -> Value {
    match field["type"].as_str().unwrap() {
        "object" => field["fields"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|field| field["required"] == true)
            .map(|field| {
                (
                    field["name"].as_str().unwrap().to_owned(),
                    sample_json(merchant, field),
                )
            })
            .collect(),
        "array" => json!([sample_json(merchant, &field["items"])]),
        "fen" | "integer" => json!(field["min"].as_i64().unwrap_or(1)),
        "boolean" => json!(true),
        _ => {
            let mut field = field.clone();
            field["name"] = field.get("name").cloned().unwrap_or_else(|| json!("item"));
            json!(sample(merchant, &field))
        }
    }
}

/// A request with all the required fields of an interface, signed with the type it takes.
fn request_of(merchant: &mut Merchant, operation: &Value) -> Fields {
    merchant.sign_type = match operation["sign"].as_str() {
        Some("hmac-sha256") => SignType::HmacSha256,
        _ => SignType::Md5,
    };
    let mut own: Fields = vec![(
        operation["merchant"].as_str().unwrap().to_owned(),
        merchant.identity().mchid().to_owned(),
    )];
    let any_of: Vec<&Value> = operation["any_of"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|group| &group[0])
        .collect();
    for field in operation["fields"].as_array().unwrap() {
        if field["required"] == true || any_of.contains(&&field["name"]) {
            let name = field["name"].as_str().unwrap();
            if field["indexed"] == true {
                for member in field["fields"].as_array().unwrap() {
                    let name = format!("{}_0", member["name"].as_str().unwrap());
                    own.push((name, sample(merchant, member)));
                }
            } else {
                own.push((name.to_owned(), sample(merchant, field)));
            }
        }
    }
    if operation["nonce"] == true {
        own.push(("nonce_str".to_owned(), "n".to_owned()));
    }
    if operation["sign_type"] == true {
        own.push((
            "sign_type".to_owned(),
            merchant.sign_type.as_str().to_owned(),
        ));
    }
    if let Some(names) = operation["workwx_sign"].as_array() {
        let secret = WorkwxSecret::new(merchant.identity().app_secret().expose()).unwrap();
        let chosen = names.iter().map(|name| {
            let name = name.as_str().unwrap();
            (name, get(&own, name))
        });
        let sign = secret.workwx_sign(chosen);
        own.push(("workwx_sign".to_owned(), sign));
    }
    merchant.resign(own)
}

/// Sends it as the interface wants it.
fn send(merchant: &mut Merchant, operation: &Value, signed: &Fields) -> (String, Bytes) {
    let path = operation["path"].as_str().unwrap();
    let address = format!("http://127.0.0.1:9470{path}");
    let request = if operation["method"] == "GET" {
        Request::get(format!("{address}?{}", query(signed))).body(Bytes::new())
    } else if path == "/secapi/mch/uploadmedia" {
        let mut signed = signed.clone();
        for (name, text) in &mut signed {
            if name == "media_hash" {
                // Of the text `file`.
                *text = "8c7dd922ad47494fc02c388e12c00eac".to_owned();
            }
        }
        let mut body = String::new();
        for (name, text) in merchant.resign(signed) {
            body.push_str(&format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
            ));
        }
        body.push_str("--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\n\r\nfile\r\n--b--\r\n");
        Request::post(address)
            .header("content-type", "multipart/form-data; boundary=b")
            .body(body.into())
    } else {
        Request::post(address).body(Bytes::from(xml(signed)))
    };
    let response = merchant.send(request.unwrap());
    assert_eq!(response.status(), 200, "{path}");
    let content_type = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    (content_type, response.into_body())
}

#[test]
fn every_interface_answers_what_the_catalogue_says() {
    let catalogue: Value =
        serde_json::from_str(include_str!("../../src/catalogue_v2.json")).unwrap();
    let mut merchant = Merchant::new();
    let mut made_up = 0;
    for operation in catalogue.as_array().unwrap() {
        let (name, path) = (
            operation["name"].as_str().unwrap(),
            operation["path"].as_str().unwrap(),
        );
        if (path.starts_with("/sandboxnew") || path.starts_with("/xdc"))
            && !path.ends_with("getsignkey")
        {
            continue; // Signed with another key.
        }
        let signed = request_of(&mut merchant, operation);
        let (content_type, body) = send(&mut merchant, operation, &signed);
        let entry = merchant.last_entry();
        assert_eq!(entry["operation"], name);
        let text = String::from_utf8_lossy(&body).into_owned();
        if entry["verdict"] == "refused" {
            // Only what needs an order that is not there.
            assert_eq!(
                get(&fields(&body), "result_code").replace("FAIL", "")
                    + get(&fields(&body), "error_code"),
                if path == "/pay/downloadbill" {
                    "20002"
                } else {
                    ""
                },
                "{name}: {entry} {text}"
            );
            continue;
        }
        let is_made_up = entry["remarks"].to_string().contains("not modelled");
        made_up += usize::from(is_made_up);
        if operation["method"] == "GET" && operation["response"] == Value::Array(Vec::new()) {
            assert!(
                content_type.starts_with("text/html") || path == "/appauth/getaccesstoken",
                "{name}"
            );
            continue;
        }
        if operation["reply"] == "file" {
            assert!(content_type.starts_with("text/plain"), "{name}");
            continue;
        }
        let reply = match Document::parse(&body) {
            Ok(_) => fields(&body),
            // Those with lists in them are not flat.
            Err(error) if error.kind() == ErrorKind::Nested => continue,
            Err(error) => panic!("{name}: {error}: {text}"),
        };
        if operation["reply"] == "signed" {
            merchant.verify(&reply);
        } else {
            assert_eq!(get(&reply, "sign"), "", "{name}");
        }
        for field in operation["response"].as_array().unwrap() {
            let field_name = field["name"].as_str().unwrap();
            if field["required"] == true && field["indexed"] != true && field["list"].is_null() {
                assert!(
                    !get(&reply, field_name).is_empty(),
                    "{name}: no {field_name} in {text}"
                );
            }
        }
        // One byte changed after signing, and it is not believed.
        let mut forged = signed.clone();
        forged.push(("forged".to_owned(), "1".to_owned()));
        let (_, body) = send(&mut merchant, operation, &forged);
        if path != "/secapi/mch/uploadmedia" {
            assert_eq!(get(&fields(&body), "return_code"), "FAIL", "{name}");
        }
    }
    assert!(made_up > 40, "{made_up}");
}
