//! What few operations have: other hosts, headers, uploads, statements, and other forms of values.

use serde_json::{Value, json};

use super::super::model::{Family, Generation};
use super::super::{facts, parse, rust};

/// One operation of each kind; each test breaks one thing in it.
const FAMILY: &str = r#"
title = "收据"
doc = "Receipts."
foreign = true

[[operation]]
name = "UploadReceipt"
label = "上传收据"
doc = "Uploads a receipt."
method = "POST"
path = "/v3/shops/{shop_id}/receipts"
host = "hk"
idempotency = "Idempotency-Key"
status = 202
params = [
  { name = "shop_id", type = "integer", min = 1, label = "门店ID", doc = "The shop" },
]
headers = [
  { name = "Idempotency-Key", rust = "idempotency_key", type = "string", required = true, max = 64, label = "幂等值", doc = "Makes repeating safe" },
]
upload = { file = "receipt_file", filename = "file_name", digest = "sm3", digest_name = "file_digest", algorithm = { name = "digest_type", word = "SM3" }, max = 2097152, types = ["pdf", "ofd"] }
meta = [
  { name = "phone", type = "string", required = true, sensitive = "encrypted", label = "电话", doc = "Whom to call" },
]
form = [
  { name = "item_id", type = "integer", required = true, label = "资料项", doc = "What it is for" },
  { name = "remark", type = "string", label = "备注", doc = "A remark" },
]

[[operation]]
name = "ListReceipts"
label = "查询收据"
doc = "Looks up receipts."
method = "GET"
path = "/v3/receipts"
query = [
  { name = "state", type = "[ReceiptState]", label = "状态", doc = "Their states" },
  { name = "shop_id", type = "[integer]", label = "门店ID", doc = "Their shops" },
  { name = "name", type = "string", required = true, sensitive = "encrypted", label = "姓名", doc = "Whose they are" },
  { name = "mobile", type = "string", sensitive = "encrypted", label = "手机", doc = "The phone number" },
  { name = "since", type = "datetime", format = "compact", label = "起始时间", doc = "From when on" },
]
response = "ReceiptList"

[[operation]]
name = "DownloadStatement"
label = "下载对账单"
doc = "Downloads a statement."
method = "GET"
path = "/v3/statements"
reply = "digest"

[[operation]]
name = "DownloadImage"
label = "下载图片"
doc = "Downloads an image."
method = "GET"
path = "/v3/images/{day}"
reply = "unsigned"
params = [
  { name = "day", type = "date", format = "compact", label = "日期", doc = "The day" },
]

[[operation]]
name = "DeleteReceivers"
label = "删除接收方"
doc = "Deletes receivers."
method = "DELETE"
path = "/v3/receivers"
idempotency = "none"
body = [
  { name = "names", type = "[string]", required = true, sensitive = "encrypted", label = "姓名", doc = "Their names" },
  { name = "start_time", type = "datetime", format = "compact", required = true, label = "开始时间", doc = "From when on" },
  { name = "end_date", type = "date", format = "compact", label = "结束日期", doc = "Until when" },
  { name = "currency", type = "currency", required = true, label = "币种", doc = "The currency" },
  { name = "extra", type = "json", label = "附加信息", doc = "Anything" },
  { name = "rate", type = "number", required = true, label = "费率", doc = "The rate" },
]

[[shape]]
name = "ReceiptList"
label = "收据"
doc = "Receipts."
fields = [
  { name = "names", type = "[string]", sensitive = "encrypted", label = "姓名", doc = "Their names" },
]

[[enum]]
name = "ReceiptState"
label = "状态"
doc = "A receipt's state."
words = [
  { word = "NEW", doc = "Just come" },
  { word = "READ", label = "已读", doc = "Seen" },
]
"#;

fn family(text: &str) -> Result<Family, String> {
    parse(Generation::V3, "receipts", text).map_err(|error| format!("{error:#}"))
}

#[track_caller]
fn refused(from: &str, to: &str, expected: &str) {
    assert_eq!(
        FAMILY.matches(from).count(),
        1,
        "`{from}` has to be there once"
    );
    match family(&FAMILY.replace(from, to)) {
        Ok(_) => panic!("`{to}` was taken"),
        Err(complaint) => assert_eq!(complaint, format!("receipts.toml: {expected}")),
    }
}

/// The generated file of an operation, in one line without the marks of comments.
#[track_caller]
fn generated(module: &str) -> String {
    let files = rust::write(&[family(FAMILY).unwrap()]);
    let path = format!("receipts/{module}.rs");
    let (_, text) = files.into_iter().find(|(own, _)| *own == path).unwrap();
    let words = text.split_whitespace().filter(|word| *word != "///");
    words.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn has(text: &str, expected: &[&str]) {
    for expected in expected {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
}

fn facts_of(name: &str) -> Value {
    let facts = facts::write(&[family(FAMILY).unwrap()], Generation::V3).unwrap();
    let facts: Vec<Value> = serde_json::from_str(&facts).unwrap();
    let name = format!("receipts.{name}");
    facts
        .into_iter()
        .find(|facts| facts["name"] == name)
        .unwrap()
}

#[test]
fn an_upload() {
    let text = generated("upload_receipt");
    has(
        &text,
        &[
            "pub fn new(shop_id: i64, idempotency_key: impl Into<String>, filename: impl Into<String>, \
             phone: impl Into<Sensitive>, item_id: i64, content: impl Into<FileContent>, )",
            ".at(Host::HongKong)",
            "check::text(\"Idempotency-Key\", &self.idempotency_key, 1, 64)?;",
            "check::text(\"file_name\", &self.filename, 1, usize::MAX)?;",
            "wire::file(\"receipt_file\", &self.content, 2097152)?;",
            "check::ending(\"file_name\", &self.filename, &[\"pdf\", \"ofd\"])",
            ".segment(&self.shop_id.to_string()).literal(\"/receipts\")",
            "vec![(\"Idempotency-Key\", self.idempotency_key.clone()),]",
            "sealed.encrypt(encryptor)?; let digest = self.content.sm3();",
            ".field(\"file_name\", &self.filename) .written(\"digest_type\", \"SM3\") \
             .field(\"file_digest\", &digest) .field(\"phone\", &sealed.phone);",
            "(\"item_id\", Some(self.item_id.to_string())),(\"remark\", self.remark.clone()),",
            "wire::upload_with(&meta, &form, \"receipt_file\", &self.filename, &self.content)",
            "Success is 202: it is accepted, and not yet done.",
            "Signed is the description with the file's SM3, not the file. Takes pdf, ofd.",
        ],
    );
    assert!(!text.contains("has_sensitive"), "nobody would ask:\n{text}");
}

#[test]
fn the_facts_of_an_upload() {
    let facts = facts_of("upload_receipt");
    let upload = json!({
        "file": "receipt_file", "meta": "meta", "digest": "sm3", "max": 2_097_152, "types": ["pdf", "ofd"],
    });
    assert_eq!(facts["upload"], upload);
    let names = |fields: &Value| -> Vec<String> {
        let fields = fields.as_array().unwrap().iter();
        fields
            .map(|field| field["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let meta = &facts["meta"]["fields"];
    assert_eq!(
        names(meta),
        ["file_name", "file_digest", "digest_type", "phone"]
    );
    assert_eq!(meta[2]["enum"], json!(["SM3"]));
    assert_eq!(meta[3]["sensitive"], true);
    assert_eq!(names(&facts["form"]), ["item_id", "remark"]);
    assert_eq!(names(&facts["headers"]), ["Idempotency-Key"]);
    assert_eq!(facts["host"], "hk");
    assert_eq!(facts["status"], 202);
    assert_eq!(facts["merchant_number"], "Idempotency-Key");
}

#[test]
fn a_query_with_lists_secrets_and_times() {
    let text = generated("list_receipts");
    has(
        &text,
        &[
            ".query_all(\"state\", self.state.iter().map(ReceiptState::as_str))",
            ".query_all(\"shop_id\", self.shop_id.iter().map(ToString::to_string))",
            ".query_encrypted(\"name\", &self.name)",
            ".query_encrypted_opt(\"mobile\", self.mobile.as_ref())",
            ".query_opt(\"since\", self.since.map(|time| time.compact()).as_deref())",
            "response.decrypt(reply.decryptor())?;",
            "self.names.iter_mut().try_for_each(|text| wire::open(\"names\", text, decryptor))",
        ],
    );
    assert!(
        !text.contains("encrypt(&mut self"),
        "a query is encrypted elsewhere:\n{text}"
    );
    let facts = facts_of("list_receipts");
    assert_eq!(facts["query"][0]["type"], "array");
    assert_eq!(facts["query"][0]["items"]["enum"], json!(["NEW", "READ"]));
    assert_eq!(facts["query"][2]["sensitive"], true);
    assert_eq!(facts["query"][4]["format"], "compact");
    assert!(facts.get("host").is_none() && facts.get("headers").is_none());
}

#[test]
fn files_as_answers() {
    for (module, signature) in [
        ("download_statement", "ReplySignature::Digest"),
        ("download_image", "ReplySignature::Unsigned"),
    ] {
        let text = generated(module);
        has(
            &text,
            &[
                signature,
                "type Response = Bytes;",
                "Ok(reply.body().clone())",
            ],
        );
    }
    has(
        &generated("download_image"),
        &[".segment(&self.day.compact())"],
    );
    let facts = facts_of("download_statement");
    assert_eq!(facts["reply"], "digest");
    assert_eq!(facts["status"], 200);
    assert_eq!(facts["response"], Value::Null);
}

#[test]
fn values_of_other_forms() {
    let text = generated("delete_receivers");
    has(
        &text,
        &[
            "Method::DELETE",
            "pub names: Vec<Sensitive>,",
            "pub extra: Option<Value>,",
            "pub rate: Number,",
            "rate: impl Into<Number>",
            ".written(\"start_time\", self.start_time.compact())",
            ".optional_written(\"end_date\", self.end_date.map(Date::compact))",
            "object.required_as(\"start_time\", DateTime::from_compact)?",
            "object.maybe_as(\"end_date\", Date::from_compact)?",
            "wire::currency(\"currency\", &self.currency)",
            "self.names.iter_mut().try_for_each(|text| wire::seal(\"names\", text, encryptor))",
        ],
    );
    let body = &facts_of("delete_receivers")["body"]["fields"];
    assert_eq!(
        body[0]["items"],
        json!({ "type": "string", "sensitive": true })
    );
    assert_eq!(body[0].get("sensitive"), None);
    assert_eq!(body[1]["format"], "compact");
    assert_eq!(body[3]["type"], "string");
    assert_eq!((&body[3]["min"], &body[3]["max"]), (&json!(3), &json!(3)));
    assert_eq!(body[3].get("enum"), None);
    assert_eq!(body[4]["type"], "json");
    assert_eq!(body[5]["type"], "number");
}

#[test]
fn words_without_a_label() {
    let text = generated("enums");
    has(
        &text,
        &["Just come. New = \"NEW\",", "Seen (已读). Read = \"READ\","],
    );
}

#[test]
fn money_of_the_mainland_is_yuan() {
    let text = FAMILY.replace("foreign = true\n", "");
    let families = [family(&text).unwrap()];
    let facts = facts::write(&families, Generation::V3).unwrap();
    assert!(facts.contains("\"enum\":[\"CNY\"]"), "{facts}");
    refused(
        "foreign = true",
        "foreign = false",
        "`foreign = false` is what it would be anyway",
    );
}

#[test]
fn hosts_and_statuses_that_are_none() {
    refused(
        "host = \"hk\"",
        "host = \"us\"",
        "operation UploadReceipt: host `us`: only \"hk\" is said",
    );
    refused(
        "status = 202",
        "status = 204",
        "operation UploadReceipt: `status` says what it would be anyway",
    );
    refused(
        "status = 202",
        "status = 301",
        "operation UploadReceipt: status 301: success is 200, 202 or 204, and 204 only where nothing is answered",
    );
    refused(
        "response = \"ReceiptList\"",
        "response = \"ReceiptList\"\nstatus = 204",
        "operation ListReceipts: status 204: success is 200, 202 or 204, and 204 only where nothing is answered",
    );
    refused(
        "reply = \"digest\"",
        "reply = \"signed\"",
        "operation DownloadStatement: reply `signed`: only \"unsigned\" and \"digest\" are said",
    );
    refused(
        "reply = \"digest\"",
        "reply = \"digest\"\nresponse = \"ReceiptList\"",
        "operation DownloadStatement: a file has no `response`",
    );
}

#[test]
fn headers_that_are_not_an_operations_own() {
    for name in ["Authorization", "Wechatpay-Serial", "Content-Type", "X Y"] {
        let from = "{ name = \"Idempotency-Key\", rust";
        let text = FAMILY.replace(
            "idempotency = \"Idempotency-Key\"",
            "idempotency = \"none\"",
        );
        let text = text.replace(from, &format!("{{ name = \"{name}\", rust"));
        let expected =
            format!("receipts.toml: operation UploadReceipt: header {name}: not one to set");
        assert_eq!(family(&text).map(|_| ()), Err(expected));
    }
    refused(
        "type = \"string\", required = true, max = 64",
        "type = \"[string]\", required = true, max = 64",
        "operation UploadReceipt: header Idempotency-Key: a plain string, an enum or an integer",
    );
}

#[test]
fn what_paths_and_queries_cannot_hold() {
    refused(
        "{ name = \"shop_id\", type = \"integer\", min = 1,",
        "{ name = \"shop_id\", type = \"boolean\",",
        "operation UploadReceipt: path parameter shop_id: a string, an enum, an integer or a date",
    );
    refused(
        "{ name = \"shop_id\", type = \"integer\", min = 1,",
        "{ name = \"shop_id\", type = \"string\", sensitive = \"encrypted\",",
        "operation UploadReceipt: path parameter shop_id: paths are not encrypted",
    );
    refused(
        "type = \"[ReceiptState]\"",
        "type = \"ReceiptList\"",
        "operation ListReceipts: field state: a query holds no shapes",
    );
    refused(
        "type = \"[integer]\"",
        "type = \"[datetime]\"",
        "operation ListReceipts: field shop_id: a list in a query is one of strings, enums or integers",
    );
}

#[test]
fn uploads_that_contradict_themselves() {
    let place = "operation UploadReceipt:";
    for (from, to, expected) in [
        (
            "digest = \"sm3\"",
            "digest = \"md4\"",
            "upload: digest `md4` is none of sha256, sm3, none",
        ),
        (
            "digest = \"sm3\", digest_name = \"file_digest\"",
            "digest = \"none\"",
            "upload: `algorithm` without a digest",
        ),
        (
            "digest = \"sm3\", digest_name = \"file_digest\"",
            "digest = \"none\", digest_name = \"file_digest\"",
            "upload: `digest_name` without a digest",
        ),
        (
            "filename = \"file_name\"",
            "filename = \"filename\"",
            "upload: `filename` says what it would be anyway",
        ),
        (
            "file = \"receipt_file\"",
            "meta = \"description\"",
            "upload: meta `description`: only \"meta\" is known",
        ),
        (
            "types = [\"pdf\", \"ofd\"]",
            "types = [\".PDF\"]",
            "upload: types: `.PDF` is no ending: small letters, without the dot",
        ),
        ("max = 2097152", "max = 0", "upload: `max` is not above 0"),
        (
            "{ name = \"phone\", type = \"string\", required = true, sensitive = \"encrypted\"",
            "{ name = \"file_digest\", type = \"string\", required = true",
            "field file_digest: it is made from the file, do not list it",
        ),
        (
            "{ name = \"remark\", type = \"string\"",
            "{ name = \"remark\", type = \"boolean\"",
            "field remark: a part beside the file is plain text, a number or a word",
        ),
        (
            "meta = [\n",
            "body = []\nmeta = [\n",
            "`body` and `upload` exclude each other",
        ),
    ] {
        refused(from, to, &format!("{place} {expected}"));
    }
    let without = FAMILY.lines().filter(|line| !line.starts_with("upload"));
    let without: Vec<&str> = without.collect();
    assert_eq!(
        family(&without.join("\n")).map(|_| ()),
        Err(format!(
            "receipts.toml: {place} `meta` is for uploads: say `upload`"
        ))
    );
}

#[test]
fn the_name_of_a_file_may_have_words_of_its_own() {
    let text = FAMILY.replace(
        "meta = [\n",
        "meta = [\n  { name = \"file_name\", type = \"string\", required = true, max = 128, label = \"文件名称\", doc = \"Its name\" },\n",
    );
    let files = rust::write(&[family(&text).unwrap()]);
    let path = "receipts/upload_receipt.rs";
    let (_, text) = files.into_iter().find(|(own, _)| own == path).unwrap();
    has(
        &text,
        &[
            "check::text(\"file_name\", &self.filename, 1, 128)?;",
            "/// Its name (文件名称).",
        ],
    );
    assert_eq!(
        text.matches(".field(\"file_name\", &self.filename)")
            .count(),
        2,
        "{text}"
    );
}

#[test]
fn v2_knows_none_of_it() {
    let v2 = |line: &str| {
        let text = format!(
            "title = \"券\"\ndoc = \"Coupons.\"\n[[operation]]\nname = \"SendCoupon\"\nlabel = \"发券\"\n\
             doc = \"Sends one.\"\npath = \"/x\"\nidempotency = \"none\"\n{line}\n"
        );
        match parse(Generation::V2, "coupon", &text) {
            Ok(_) => panic!("`{line}` was taken"),
            Err(error) => format!("{error:#}"),
        }
    };
    let place = "v2/coupon.toml: operation SendCoupon:";
    assert_eq!(v2("status = 202"), format!("{place} `status` is for v3"));
    for (key, line) in [
        ("headers", "headers = [{ include = \"x\" }]"),
        ("upload", "upload = {}"),
        ("form", "form = [{ include = \"x\" }]"),
    ] {
        assert_eq!(
            v2(line),
            format!("{place} `{key}` is for v3: fields stand in `body`")
        );
    }
    let body = "body = [{ name = \"a\", type = \"json\", label = \"a\", doc = \"a\" }]";
    assert_eq!(v2(body), format!("{place} field a: unknown type `json`"));
}
