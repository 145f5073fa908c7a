//! The same for v2.

use crate::codegen::model::{Family, Generation};
use crate::codegen::{facts, parse, rust};

const FAMILY: &str = r#"
title = "短链接"
doc = "Short links to a payment."

[[operation]]
name = "Links"
label = "创建短链接"
doc = "Creates a short link."
path = "/tools/links"
page = "https://pay.weixin.qq.com/wiki/doc/api/links.php"
idempotency = "out_trade_no"
certificate = true
sign = "hmac-sha256"
merchant = "mchid"
host = "fraud"
reply = "unsigned"
body = [
  { name = "out_trade_no", type = "string", required = true, min = 6, max = 32, alphabet = "trade_no", label = "商户订单号", doc = "The order" },
  { name = "appid", type = "string", label = "应用ID", doc = "The app" },
  { name = "detail", type = "Detail", json = true, label = "详情", doc = "More of it" },
  { name = "enc_name", type = "string", sensitive = "encrypted", label = "姓名", doc = "Of whom" },
  { name = "time_start", type = "datetime", format = "compact", label = "时间", doc = "When" },
  { name = "receipt", type = "yes_no", default = "N", label = "收据", doc = "Whether" },
]
response = "Links2"

[[shape]]
name = "Detail"
label = "详情"
doc = "More of it."
fields = [
  { name = "total", type = "fen", required = true, min = 1, label = "总金额", doc = "The whole amount" },
]

[[shape]]
name = "Links2"
label = "短链接"
doc = "Short links."
fields = [
  { name = "url", type = "string", required = true, label = "链接", doc = "The link" },
  { name = "orders", type = "[Order]", indexed = true, label = "订单", doc = "The orders" },
  { name = "list", type = "[Entry]", list = "entry", label = "列表", doc = "The list" },
  { name = "entry", type = "[Entry]", repeated = true, label = "条目", doc = "The entries" },
]

[[shape]]
name = "Order"
label = "订单"
doc = "An order."
fields = [
  { name = "order_fee", type = "fen", required = true, label = "金额", doc = "What it costs" },
  { name = "coupons", type = "[Coupon]", indexed = true, label = "优惠券", doc = "The coupons" },
]

[[shape]]
name = "Coupon"
label = "优惠券"
doc = "A coupon."
fields = [
  { name = "coupon_id", type = "string", label = "券ID", doc = "Its number" },
]

[[shape]]
name = "Entry"
label = "条目"
doc = "An entry."
fields = [
  { name = "at", type = "datetime", format = "spaced", required = true, label = "时间", doc = "When" },
]
"#;

fn family(text: &str) -> Result<Family, String> {
    parse(Generation::V2, "links", text).map_err(|error| format!("{error:#}"))
}

#[track_caller]
fn refused(from: &str, to: &str, expected: &str) {
    assert_eq!(FAMILY.matches(from).count(), 1, "`{from}` is there once");
    match family(&FAMILY.replace(from, to)) {
        Ok(_) => panic!("`{to}` was taken"),
        Err(complaint) => assert_eq!(complaint, format!("v2/links.toml: {expected}")),
    }
}

#[test]
fn the_example_of_the_readme_is_taken() {
    let readme = crate::run::root().join("crates/wxpay-api/catalogue/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once("## v2").unwrap();
    let (_, rest) = rest.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    assert_eq!(family(example).unwrap().operations.len(), 1);
}

#[test]
fn what_the_protocol_writes_and_reads_is_not_listed() {
    refused(
        "name = \"appid\"",
        "name = \"mchid\"",
        "operation Links: field mchid: the protocol writes it",
    );
    refused(
        "name = \"appid\"",
        "name = \"sign_type\"",
        "operation Links: field sign_type: the protocol writes it",
    );
    refused(
        "name = \"url\"",
        "name = \"err_code\"",
        "operation Links: response: field err_code: the protocol reads it",
    );
}

#[test]
fn keys_of_the_other_generation() {
    refused(
        "body = [",
        "query = [\n  { name = \"a\", type = \"string\", label = \"甲\", doc = \"A\" },\n]\nbody = [",
        "operation Links: `query` is for v3: fields stand in `body`",
    );
    let v3 = parse(
        Generation::V3,
        "links",
        &FAMILY.replace("path =", "method = \"POST\"\npath ="),
    );
    let error = format!("{:#}", v3.unwrap_err());
    assert_eq!(
        error,
        "links.toml: operation Links: `certificate` is for v2"
    );
}

#[test]
fn what_goes_without_saying() {
    refused(
        "certificate = true",
        "certificate = false",
        "operation Links: `certificate = false` is what it would be anyway",
    );
    refused(
        "host = \"fraud\"",
        "nonce = true",
        "operation Links: `nonce = true` is what it would be anyway",
    );
    refused(
        "merchant = \"mchid\"",
        "merchant = \"mch_id\"",
        "operation Links: `merchant` says what it would be anyway",
    );
    refused(
        "sign = \"hmac-sha256\"",
        "sign = \"sha256\"",
        "operation Links: sign `sha256` is none of md5, hmac-sha256",
    );
    refused(
        "sign = \"hmac-sha256\"",
        "workwx_sign = [\"appid\", \"amount\"]",
        "operation Links: workwx_sign: there is no field amount",
    );
}

#[test]
fn what_xml_cannot_hold() {
    refused(
        "type = \"Detail\", json = true",
        "type = \"Detail\"",
        "operation Links: field detail: a list or a shape within XML is `json`, `indexed`, a \
         `list` or `repeated`",
    );
    refused(
        "type = \"datetime\", format = \"compact\"",
        "type = \"datetime\"",
        "operation Links: field time_start: a time within XML has a `format`",
    );
    refused(
        "indexed = true, label = \"订单\"",
        "json = true, label = \"订单\"",
        "shape Order: field coupons: within JSON there is no `json`, `indexed`, `list`, \
         `repeated` or `url_encoded`",
    );
    refused(
        "list = \"entry\"",
        "list = \"entry\", json = true",
        "shape Links2: field list: `json`, `indexed`, `list` and `repeated` exclude each other",
    );
    refused(
        "list = \"entry\"",
        "list = \"entry\", repeated = true",
        "shape Links2: field list: `json`, `indexed`, `list` and `repeated` exclude each other",
    );
    refused(
        "type = \"[Entry]\", repeated = true",
        "type = \"Entry\", repeated = true",
        "shape Links2: field entry: `repeated` is for lists of shapes",
    );
    refused(
        "type = \"[Coupon]\", indexed = true",
        "type = \"[Coupon]\", repeated = true",
        "shape Links2: field orders: Order has nested elements of its own",
    );
    refused(
        "name = \"coupon_id\", type = \"string\"",
        "name = \"coupon_id\", type = \"string\", sensitive = \"encrypted\"",
        "shape Coupon: field coupon_id: answers are neither encrypted nor percent-encoded, say \
         \"redacted\"",
    );
}

#[test]
fn a_signature_covers_no_nested_elements() {
    refused(
        "reply = \"unsigned\"\n",
        "",
        "operation Links: response: field list: a signature covers no nested elements",
    );
    refused(
        "doc = \"Short links.\"",
        "doc = \"Short links.\"\nnotification = [\"links\"]",
        "shape Links2: field list: a signature covers no nested elements",
    );
}

#[test]
fn a_shape_is_json_or_elements() {
    refused(
        "name = \"list\", type = \"[Entry]\", list = \"entry\"",
        "name = \"list\", type = \"[Coupon]\", json = true",
        "shape Coupon: it is JSON in one place and elements of the XML in another",
    );
}

#[test]
fn the_rust_has_everything_in_the_order_of_the_alphabet() {
    let files = rust::write(&[family(FAMILY).unwrap()]);
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    // The operation is called like its family.
    assert_eq!(
        paths,
        [
            "../generated.rs",
            "v2.rs",
            "../../tests/every_v2_operation/list.rs",
            "v2/links.rs",
            "v2/links/operation.rs"
        ]
    );
    assert!(
        files[2]
            .1
            .contains("run.operation::<v2::links::Links>(\"v2.links.links\");"),
        "{}",
        files[2].1
    );
    let text = &files[4].1;
    for expected in [
        "OperationInfo::new(\"v2.links.links\", \"/tools/links\", Idempotency::MerchantNumber)\
         .host(Host::Fraud).merchant_field(\"mchid\").signing(Signing::HmacSha256)\
         .with_certificate().reply(ReplyForm::Unsigned)",
        "check::text(\"out_trade_no\", &self.out_trade_no, 6, 32)?;",
        "check::nested(\"detail\", &self.detail, Detail::check)",
        "form.text(\"appid\", self.appid.as_deref());\n\
         form.json(\"detail\", self.detail.as_ref())?;\n\
         form.encrypted(\"enc_name\", self.enc_name.as_ref())?;\n\
         form.text(\"out_trade_no\", self.out_trade_no.as_str());\n\
         form.text(\"receipt\", self.receipt.as_ref().map(YesNo::as_str));\n\
         form.time(\"time_start\", self.time_start, TimeForm::Compact);\n",
        "entry: fields.repeated(\"entry\", Entry::read)?,\n\
         list: fields.records(\"list\", \"entry\", Entry::read)?,\n\
         orders: fields.family(&[\"order_fee\"], Order::read)?,\n\
         url: fields.text(\"url\")?,\n",
        "coupons: fields.family(&[\"coupon_id\"], Coupon::read)?,\n\
         order_fee: fields.fen(\"order_fee\")?,\n",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
    // JSON shapes and requests can be stored; answers are read from elements.
    assert_eq!(text.matches("serde_by_node!(").count(), 2, "{text}");
}

#[test]
fn the_facts_say_how_each_field_stands_in_the_xml() {
    let families = [family(FAMILY).unwrap()];
    assert_eq!(facts::write(&families, Generation::V3).unwrap(), "[\n\n]\n");
    let facts = facts::write(&families, Generation::V2).unwrap();
    let facts: serde_json::Value = serde_json::from_str(&facts).unwrap();
    let operation = &facts[0];
    assert_eq!(operation["name"], "v2.links.links");
    assert_eq!(operation["merchant"], "mchid");
    assert_eq!(operation["sign"], "hmac-sha256");
    assert_eq!(operation["idempotency"], "out_trade_no");
    assert_eq!(operation["fields"][2]["json"], true);
    assert_eq!(operation["fields"][2]["fields"][0]["name"], "total");
    assert_eq!(operation["fields"][4]["format"], "compact");
    let response = &operation["response"];
    assert_eq!(response[1]["indexed"], true);
    assert_eq!(response[1]["fields"][1]["fields"][0]["name"], "coupon_id");
    assert_eq!(response[2]["list"], "entry");
    assert_eq!(response[2]["fields"][0]["format"], "spaced");
    assert_eq!(response[3]["repeated"], true);
    assert_eq!(response[3]["fields"][0]["name"], "at");
}
