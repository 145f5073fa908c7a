//! Answers that are made up.

use super::*;
use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{Aead, KeyInit, Nonce};
use aes_gcm::{AesGcm, aes::Aes256};

use crate::core::book::Flaws;

type Cipher = AesGcm<Aes256, U16>;

#[test]
fn an_answer_says_again_what_the_request_said() {
    let facts = r#"{"name":"a.a","method":"POST","path":"/v3/a/{service_id}/orders","merchant_number":"out_order_no","path_params":[{"name":"service_id","type":"string","required":true}],"body":{"type":"object","fields":[{"name":"out_order_no","type":"string","required":true},{"name":"mode","type":"string","enum":["X","Y"]},{"name":"name","type":"string"},{"name":"user_name","type":"string","sensitive":true},{"name":"amount","type":"object","fields":[{"name":"total","type":"fen"},{"name":"currency","type":"string"}]},{"name":"receivers","type":"array","items":{"type":"object","fields":[{"name":"account","type":"string"},{"name":"goods_id","type":"string"}]}}]},"response":{"type":"object","fields":[{"name":"service_id","type":"string","required":true},{"name":"out_order_no","type":"string","required":true},{"name":"order_id","type":"string","required":true},{"name":"mode","type":"string","enum":["Y","Z"],"required":true},{"name":"user_name","type":"string"},{"name":"fail_reason","type":"string"},{"name":"amount","type":"object","fields":[{"name":"total","type":"fen"},{"name":"payer_total","type":"fen"},{"name":"payer_currency","type":"string"}]},{"name":"receivers","type":"array","items":{"type":"object","fields":[{"name":"account","type":"string"},{"name":"detail_id","type":"string"}]}},{"name":"goods_id","type":"string"},{"name":"nested","type":"object","fields":[{"name":"out_order_no","type":"string"},{"name":"name","type":"string","label":"名称"}]},{"name":"total_count","type":"integer"},{"name":"failed_list","type":"array","required":true,"items":{"type":"string"}}]}}
{"name":"a.b","method":"GET","path":"/v3/a/orders/{out_order_no}","path_params":[{"name":"out_order_no","type":"string","required":true}],"response":{"type":"object","fields":[{"name":"order_id","type":"string","required":true}]}}"#;
    let mut shop = Shop::new(facts).with_key();
    let body = json!({
        "out_order_no": "P1", "mode": "X", "name": "拿铁", "user_name": shop.seal("张三"),
        "amount": { "total": 1999, "currency": "HKD" },
        "receivers": [{ "account": "a", "goods_id": "g1" }, { "account": "b", "goods_id": "g2" }],
    });
    let answer = shop.answer("POST", "/v3/a/s%2F1/orders", &body);
    assert_eq!(answer["service_id"], "s/1");
    assert_eq!(answer["out_order_no"], "P1");
    assert_eq!(answer["nested"]["out_order_no"], "P1");
    let amount = json!({ "total": 1999, "payer_total": 1999, "payer_currency": "HKD" });
    assert_eq!(answer["amount"], amount);
    // A word the answer does not have is not said again.
    assert_eq!(answer["mode"], "Y");
    // A name alone says little, a secret is not told, and of two numbers none is meant.
    assert_eq!(answer["nested"]["name"], "沙箱名称");
    assert!(!answer["user_name"].to_string().contains("张三"));
    assert!(!["g1", "g2"].contains(&answer["goods_id"].as_str().unwrap()));
    // As many entries as were sent, each its own.
    assert_eq!(answer["receivers"][0]["account"], "a");
    assert_eq!(answer["receivers"][1]["account"], "b");
    assert_ne!(
        answer["receivers"][0]["detail_id"],
        answer["receivers"][1]["detail_id"]
    );
    assert_eq!(answer["total_count"], 2);
    // All is well.
    assert_eq!(answer.get("fail_reason"), None);
    assert_eq!(answer["failed_list"], json!([]));
    let remarks = shop.remarks();
    assert!(
        remarks[0].as_str().unwrap().starts_with("not modelled"),
        "{remarks}"
    );

    // The same again, and the same number wherever the same order is named.
    let mut again = body.clone();
    again["user_name"] = shop.seal("张三").into();
    assert_eq!(shop.answer("POST", "/v3/a/s%2F1/orders", &again), answer);
    let seen = shop.answer("GET", "/v3/a/orders/P1", &Value::Null);
    assert_eq!(seen["order_id"], answer["order_id"]);
    let other = shop.answer("GET", "/v3/a/orders/P2", &Value::Null);
    assert_ne!(other["order_id"], answer["order_id"]);
}

#[test]
fn every_kind_of_value_is_made() {
    let facts = r#"{"name":"a.a","method":"GET","path":"/v3/a","response":{"type":"object","fields":[{"name":"create_time","type":"datetime","required":true},{"name":"expire_time","type":"datetime","format":"compact","required":true},{"name":"pay_date","type":"date","required":true},{"name":"day","type":"date","format":"compact","required":true},{"name":"rate","type":"number","required":true},{"name":"extra","type":"json","required":true},{"name":"ok","type":"boolean","required":true},{"name":"sub_mchid","type":"string","required":true},{"name":"payer_phone","type":"string","sensitive":true,"required":true},{"name":"state","type":"string","enum":["INIT","SUCCESS"],"required":true},{"name":"ids","type":"array","items":{"type":"integer"},"required":true}]}}"#;
    let mut shop = Shop::new(facts);
    let mut answer = shop.answer("GET", "/v3/a", &Value::Null);
    let phone = shop.open(&answer["payer_phone"]);
    assert!(phone.len() == 11 && phone.starts_with("138"), "{phone}");
    answer["payer_phone"] = json!("");
    let wanted = json!({
        "create_time": "2024-01-01T09:34:56+08:00", "expire_time": "20240108103456",
        "pay_date": "2024-01-01", "day": "20240101", "rate": 0.5, "extra": {}, "ok": true,
        "sub_mchid": shop.core.identity().sub_mchid(), "payer_phone": "", "state": "SUCCESS", "ids": [1],
    });
    assert_eq!(answer, wanted);
}

#[test]
fn an_answer_does_not_grow_beyond_measure() {
    // Lists in lists, each with an entry for every one of the request.
    let facts = r#"{"name":"a.a","method":"POST","path":"/v3/a","body":{"type":"object","fields":[{"name":"a","type":"json"},{"name":"b","type":"json"},{"name":"c","type":"json"}]},"response":{"type":"object","fields":[{"name":"a","type":"array","items":{"type":"object","fields":[{"name":"b","type":"array","items":{"type":"object","fields":[{"name":"c","type":"array","items":{"type":"object","fields":[{"name":"out_no","type":"string"}]}}]}}]}}]}}"#;
    let mut shop = Shop::new(facts);
    let many = json!(vec![json!({}); 1_000]);
    let answer = shop.answer("POST", "/v3/a", &json!({ "a": many, "b": many, "c": many }));
    assert_eq!(answer["a"].as_array().unwrap().len(), 50);
    let entries = answer.to_string().matches("out_no").count();
    assert!((500..4_000).contains(&entries), "{entries}");
}

#[test]
fn an_answer_has_the_status_and_the_signature_of_its_facts() {
    let facts = r#"{"name":"a.a","method":"POST","path":"/v3/a","status":202,"response":{"type":"object","fields":[{"name":"state","type":"string","required":true}]}}
{"name":"a.b","method":"POST","path":"/v3/b","status":202}
{"name":"a.c","method":"GET","path":"/v3/global/statements","reply":"digest","query":[{"name":"date","type":"date","format":"compact","required":true}]}
{"name":"a.d","method":"GET","path":"/v3/image/{id}","path_params":[{"name":"id","type":"string","required":true}],"reply":"unsigned"}
{"name":"a.e","method":"GET","path":"/v3/receipt","reply":"unsigned"}"#;
    let mut shop = Shop::new(facts);
    let accepted = shop.call("POST", "/v3/a", "");
    assert_eq!(accepted.status(), 202);
    assert_eq!(json_of(&accepted), json!({ "state": "SUCCESS" }));
    shop.verify(&accepted, accepted.body());
    let empty = shop.call("POST", "/v3/b", "");
    assert_eq!((empty.status().as_u16(), empty.body().len()), (202, 0));
    shop.verify(&empty, b"");

    let statement = shop.call("GET", "/v3/global/statements?date=20240101", "");
    assert_eq!(statement.status(), 200);
    let sha1 = digest("sha1", statement.body()).unwrap();
    assert_eq!(statement.headers()["wechatpay-statement-sha1"], sha1);
    shop.verify(&statement, format!("{{\"sha1\":\"{sha1}\"}}").as_bytes());
    let wrong = "/v3/global/statements?date=2024-01-01";
    assert_eq!(shop.refusal("GET", wrong, ""), "query date");

    for (target, kind, head) in [
        ("/v3/image/1", "image/png", &b"\x89PNG\r\n\x1a\n"[..]),
        ("/v3/receipt", "application/pdf", b"%PDF-1."),
    ] {
        let file = shop.call("GET", target, "");
        assert_eq!(file.headers()["content-type"], kind);
        assert!(file.body().starts_with(head), "{target}");
        assert!(!file.headers().contains_key("wechatpay-signature"));
    }
}

const BILLS: &str = r#"{"name":"a.a","method":"GET","path":"/v3/a/bill","query":[{"name":"tar_type","type":"string"}],"response":{"type":"object","fields":[{"name":"hash_type","type":"string","enum":["SM3","SHA1"],"required":true},{"name":"hash_value","type":"string","required":true},{"name":"download_url","type":"string","required":true}]}}
{"name":"a.b","method":"GET","path":"/v3/b/bill","query":[{"name":"tar_type","type":"string"},{"name":"encryption_algorithm","type":"string"}],"response":{"type":"object","fields":[{"name":"download_bill_count","type":"integer"},{"name":"download_bill_list","type":"array","items":{"type":"object","fields":[{"name":"hash_type","type":"string"},{"name":"hash_value","type":"string"},{"name":"download_url","type":"string"},{"name":"encrypt_key","type":"string"},{"name":"nonce","type":"string"}]}}]}}
{"name":"bill.download_bill","method":"GET","path":"/v3/billdownload/file","reply":"unsigned","query":[{"name":"token","type":"string","required":true},{"name":"tartype","type":"string"}]}
{"name":"a.c","method":"GET","path":"/v3/c","response":{"type":"object","fields":[{"name":"resource","type":"object","fields":[{"name":"ciphertext","type":"string"},{"name":"nonce","type":"string"}]}]}}"#;

/// The file behind a link of the sandbox.
fn follow(shop: &mut Shop, link: &Value) -> Bytes {
    let link = link.as_str().unwrap();
    let target = link.strip_prefix("http://127.0.0.1:9470").unwrap();
    let file = shop.call("GET", target, "");
    assert_eq!(file.status(), 200, "{:?}", file.body());
    file.body().clone()
}

fn unpacked(file: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    GzDecoder::new(file).read_to_end(&mut text).unwrap();
    text
}

#[test]
fn links_lead_to_files_that_are_what_is_said_of_them() {
    let mut shop = Shop::new(BILLS);
    for (target, is_packed) in [("/v3/a/bill", false), ("/v3/a/bill?tar_type=GZIP", true)] {
        let answer = shop.answer("GET", target, &Value::Null);
        let file = follow(&mut shop, &answer["download_url"]);
        let text = if is_packed {
            unpacked(&file)
        } else {
            file.to_vec()
        };
        assert_eq!(answer["hash_type"], "SHA1");
        assert_eq!(answer["hash_value"], digest("sha1", &text).unwrap());
    }
    for (target, is_packed) in [("/v3/b/bill", false), ("/v3/b/bill?tar_type=GZIP", true)] {
        let answer = shop.answer("GET", target, &Value::Null);
        assert_eq!(answer["download_bill_count"], 1);
        let bill = &answer["download_bill_list"][0];
        let file = follow(&mut shop, &bill["download_url"]);
        let cipher = Cipher::new_from_slice(shop.open(&bill["encrypt_key"]).as_ref()).unwrap();
        let nonce = bill["nonce"].as_str().unwrap().as_bytes();
        let nonce = Nonce::<Cipher>::try_from(nonce).unwrap();
        let text = cipher.decrypt(&nonce, file.as_ref()).unwrap();
        let text = if is_packed { unpacked(&text) } else { text };
        assert_eq!(bill["hash_value"], digest("sha1", &text).unwrap());
    }
}

#[test]
fn certificates_are_the_same_in_every_part_of_the_world() {
    let facts = r#"{"name":"a.a","method":"GET","path":"/hk/v3/certificates","host":"hk","response":{"type":"object","fields":[{"name":"data","type":"array","items":{"type":"object","fields":[{"name":"serial_no","type":"string"},{"name":"encrypt_certificate","type":"object","fields":[{"name":"nonce","type":"string"},{"name":"ciphertext","type":"string"}]}]}}]}}
{"name":"a.b","method":"GET","path":"/v3/global/certificates","host":"hk"}"#;
    let mut shop = Shop::new(facts);
    for target in ["/hk/v3/certificates", "/v3/global/certificates"] {
        let answer = shop.answer("GET", target, &Value::Null);
        let identity = shop.core.identity();
        let serial = identity.platform_certificates()[0].serial_number();
        assert_eq!(answer["data"][0]["serial_no"], serial.as_str());
    }
}

#[test]
fn what_cannot_be_made_up_says_why() {
    let mut shop = Shop::new(BILLS);
    for (target, reason) in [
        ("/v3/c", "密文"),
        (
            "/v3/b/bill?encryption_algorithm=AEAD_SM4_GCM",
            "AEAD_AES_256_GCM",
        ),
    ] {
        let response = shop.call("GET", target, "");
        assert_eq!(response.status(), 501);
        let message = json_of(&response)["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("沙箱尚未模拟此接口"), "{message}");
        assert!(message.contains(reason), "{message}");
        assert_eq!(shop.remarks(), json!([]));
    }
}

#[test]
fn a_model_may_leave_out_what_it_does_not_know() {
    use std::collections::BTreeMap;

    use crate::core::call::{Call, Query};
    use crate::core::made_up;

    let facts = r#"{"name":"a.a","method":"POST","path":"/v3/a","response":{"type":"object","fields":[{"name":"state","type":"string","required":true},{"name":"appid","type":"string","required":true},{"name":"remark","type":"string"},{"name":"list","type":"array","items":{"type":"object","fields":[{"name":"id","type":"string","required":true},{"name":"amount","type":"fen","required":true}]}}]}}"#;
    let mut shop = Shop::new(facts);
    let operation = shop.core.catalogue.named("a.a").unwrap();
    let call = Call {
        operation: "a.a",
        method: "POST",
        path_template: "/v3/a",
        path_params: BTreeMap::new(),
        query: Query::default(),
        headers: BTreeMap::new(),
        body: json!({ "appid": "wx1" }),
        upload: None,
        mchid: "1",
        base_url: "",
        now: NOW,
        flaws: Flaws::default(),
    };
    let mut complete = |mut answer: Value| {
        let (identity, ids) = (&shop.core.identity, &mut shop.core.ids);
        let added = made_up::complete(operation, &call, identity, ids, &mut answer).unwrap();
        (answer, added)
    };
    let (answer, added) = complete(json!({ "state": "DONE", "list": [{ "amount": 7 }] }));
    assert!(added);
    assert_eq!(answer["state"], "DONE");
    assert_eq!(answer["appid"], "wx1");
    assert_eq!(answer.get("remark"), None);
    assert_eq!(answer["list"][0]["amount"], 7);
    assert!(answer["list"][0]["id"].is_string());
    assert!(!complete(answer).1);
}
