//! What the generator refuses, and the words it finds for it.

mod events;
mod unusual;
mod xml;

use super::model::{Family, Generation};
use super::{facts, parse, resolve, rust};

/// A family that holds together; each test breaks one thing in it.
const FAMILY: &str = r#"
title = "短链接"
doc = "Short links to a payment."

[[part]]
name = "order"
doc = "What every request begins with."
fields = [
  { name = "mchid", type = "string", required = true, max = 32, alphabet = "digits", label = "商户号", doc = "The merchant" },
]

[[operation]]
name = "CreateLink"
label = "创建短链接"
doc = "Creates a short link."
method = "POST"
path = "/v3/links/{out_trade_no}"
page = "https://pay.weixin.qq.com/doc/v3/merchant/1"
idempotency = "out_trade_no"
params = [
  { name = "out_trade_no", type = "string", min = 6, max = 32, alphabet = "trade_no", label = "商户订单号", doc = "The order" },
]
body = [
  { include = "order" },
  { name = "style", type = "LinkStyle", default = "PLAIN", label = "样式", doc = "How the page looks" },
  { name = "amounts", type = "[Amount]", required = true, min = 2, max = 5, label = "金额", doc = "What is asked for" },
  { name = "name", type = "string", sensitive = "encrypted", label = "姓名", doc = "Of whom" },
]
response = "Link"

[[shape]]
name = "Amount"
label = "金额"
doc = "An amount."
fields = [
  { name = "total", type = "fen", required = true, min = 1, label = "总金额", doc = "The whole amount" },
]

[[shape]]
name = "Link"
label = "短链接"
doc = "A short link."
fields = [
  { name = "url", type = "string", required = true, label = "链接", doc = "The link" },
]

[[enum]]
name = "LinkStyle"
label = "样式"
doc = "How a link's page looks."
words = [
  { word = "PLAIN", label = "普通", doc = "Nothing but the amount" },
]
"#;

fn family(text: &str) -> Result<Family, String> {
    parse(Generation::V3, "links", text).map_err(|error| format!("{error:#}"))
}

/// The complaint about the family with `from` replaced by `to`.
#[track_caller]
fn complaint(from: &str, to: &str) -> String {
    assert_eq!(
        FAMILY.matches(from).count(),
        1,
        "`{from}` has to be there once"
    );
    match family(&FAMILY.replace(from, to)) {
        Ok(_) => panic!("`{to}` was taken"),
        Err(complaint) => complaint,
    }
}

#[track_caller]
fn refused(from: &str, to: &str, expected: &str) {
    assert_eq!(complaint(from, to), format!("links.toml: {expected}"));
}

#[test]
fn the_family_itself_is_taken() {
    let family = family(FAMILY).unwrap();
    assert_eq!(family.operations.len(), 1);
    assert!(family.shape("Amount").unwrap().in_request);
    assert!(family.shape("Link").unwrap().in_response);
}

#[test]
fn the_example_of_the_readme_is_taken() {
    let readme = crate::run::root().join("crates/wxpay-api/catalogue/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    assert_eq!(family(example).unwrap().operations.len(), 1);
}

#[test]
fn keys_nobody_knows() {
    let complaint = complaint("method = \"POST\"", "methd = \"POST\"");
    assert!(
        complaint.starts_with("links.toml: TOML parse error at line 16"),
        "{complaint}"
    );
    assert!(complaint.contains("unknown field `methd`"), "{complaint}");
}

#[test]
fn types() {
    refused(
        "type = \"[Amount]\"",
        "type = \"[Amuont]\"",
        "operation CreateLink: field amounts: unknown type `Amuont`",
    );
    refused(
        "name = \"Link\"\n",
        "name = \"Amount\"\n",
        "two types are called Amount",
    );
    refused(
        "response = \"Link\"",
        "response = \"LinkStyle\"",
        "operation CreateLink: response `LinkStyle` is no shape of this family",
    );
    refused("response = \"Link\"\n", "", "Link is used nowhere");
    refused(
        "name = \"CreateLink\"",
        "name = \"create_link\"",
        "`create_link` is no name for a type: letters and digits, like NativePrepay",
    );
    refused(
        "name = \"Link\"\n",
        "name = \"Option\"\n",
        "`Option` would hide a type the generated code uses",
    );
}

#[test]
fn paths() {
    refused(
        "/v3/links/{out_trade_no}",
        "/v3/links/{out_trade_no}/{style}",
        "operation CreateLink: path `/v3/links/{out_trade_no}/{style}` has the parameters \
         [out_trade_no, style], `params` has [out_trade_no]",
    );
    refused(
        "/v3/links/{out_trade_no}",
        "/v3/links/{out_trade_no",
        "operation CreateLink: path `/v3/links/{out_trade_no`: a brace is not closed",
    );
    refused(
        "type = \"string\", min = 6",
        "type = \"string\", required = true, min = 6",
        "operation CreateLink: path parameter out_trade_no: always required, do not say so",
    );
}

#[test]
fn fields() {
    refused(
        "default = \"PLAIN\"",
        "required = true, default = \"PLAIN\"",
        "operation CreateLink: field style: `default` on a required field",
    );
    refused(
        "default = \"PLAIN\"",
        "default = \"GOLD\"",
        "operation CreateLink: field style: `GOLD` is no default for it",
    );
    refused(
        "name = \"style\"",
        "name = \"mchid\"",
        "operation CreateLink: field mchid: it is there twice",
    );
    refused(
        "name = \"style\"",
        "name = \"type\"",
        "operation CreateLink: field type: `type` is a word of Rust, say another one (`rust`)",
    );
    refused(
        "min = 2, max = 5",
        "min = 7, max = 5",
        "operation CreateLink: field amounts: `min` is more than `max`",
    );
    refused(
        "alphabet = \"digits\"",
        "alphabet = \"numbers\"",
        "operation CreateLink: field mchid: alphabet `numbers` is none of digits, alphanumeric, \
         identifier, trade_no, refund_no, hex",
    );
    refused(
        "sensitive = \"encrypted\"",
        "sensitive = \"yes\"",
        "operation CreateLink: field name: sensitive `yes` is neither \"encrypted\" nor \"redacted\"",
    );
    refused(
        "type = \"fen\", required = true",
        "type = \"fen\", required = true, alphabet = \"digits\"",
        "shape Amount: field total: `alphabet` is for text",
    );
    refused(
        "label = \"总金额\", doc = \"The whole amount\"",
        "label = \"总金额\", doc = \"\"",
        "shape Amount: field total: `doc` is empty",
    );
    refused(
        "label = \"链接\", doc",
        "max = 9, label = \"链接\", doc",
        "shape Link: field url: limits and defaults are for requests, and this is an answer",
    );
}

#[test]
fn parts() {
    refused(
        "include = \"order\"",
        "include = \"oder\"",
        "operation CreateLink: include of oder: no such part",
    );
    refused(
        "  { include = \"order\" },\n",
        "",
        "part order is included nowhere",
    );
    refused(
        "include = \"order\"",
        "include = \"order\", required = true",
        "operation CreateLink: include of order: nothing may stand beside it",
    );
}

#[test]
fn methods_and_repetition() {
    refused(
        "method = \"POST\"",
        "method = \"GET\"",
        "operation CreateLink: a GET has no body",
    );
    refused(
        "method = \"POST\"",
        "method = \"post\"",
        "operation CreateLink: method `post` is none of GET, POST, PUT, PATCH, DELETE",
    );
    refused(
        "idempotency = \"out_trade_no\"\n",
        "",
        "operation CreateLink: idempotency: name the merchant number, or say \"none\"",
    );
    refused(
        "idempotency = \"out_trade_no\"",
        "idempotency = \"out_refund_no\"",
        "operation CreateLink: idempotency: there is no required field out_refund_no",
    );
    refused(
        "response = \"Link\"",
        "response = \"Link\"\nany_of = [[\"style\", \"mchid\"]]",
        "operation CreateLink: any_of: field mchid is required anyway",
    );
    refused(
        "https://pay.weixin.qq.com/doc",
        "https://example.com/doc",
        "operation CreateLink: page `https://example.com/doc/v3/merchant/1` is not on \
         https://pay.weixin.qq.com/",
    );
}

#[test]
fn words() {
    let word = "{ word = \"PLAIN\", label = \"普通\", doc = \"Nothing but the amount\" }";
    let twice = format!("{word}, {word}");
    refused(
        word,
        &twice,
        "enum LinkStyle: word PLAIN: it is there twice",
    );
    refused(
        "word = \"PLAIN\"",
        "word = \"1A\"",
        "enum LinkStyle: word 1A: `1a` is no name for a variant, say `rust`",
    );
    refused(
        "word = \"PLAIN\"",
        "word = \"PLAIN\", rust = \"Unknown\"",
        "enum LinkStyle: word PLAIN: Unknown is for the words that are not listed",
    );
}

#[test]
fn shapes_that_contain_themselves() {
    let text = FAMILY.replace(
        "  { name = \"url\"",
        "  { name = \"next\", type = \"Link\", label = \"下一个\", doc = \"The next\" },\n  { name = \"url\"",
    );
    assert_eq!(
        family(&text).unwrap_err(),
        "links.toml: shape Link contains itself"
    );
}

#[test]
fn two_families_with_one_path() {
    let one = family(FAMILY).unwrap();
    let mut other = family(FAMILY).unwrap();
    "other".clone_into(&mut other.name);
    let error = resolve::together(&[one, other]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "links.create_link and other.create_link are both POST /v3/links/{out_trade_no}"
    );
}

#[test]
fn the_facts_have_parts_and_shapes_put_in() {
    let facts = facts::write(&[family(FAMILY).unwrap()], Generation::V3).unwrap();
    let facts: serde_json::Value = serde_json::from_str(&facts).unwrap();
    let operation = &facts[0];
    assert_eq!(operation["name"], "links.create_link");
    assert_eq!(operation["status"], 200);
    assert_eq!(operation["path_params"][0]["required"], true);
    let body = operation["body"]["fields"].as_array().unwrap();
    let names: Vec<&str> = body
        .iter()
        .filter_map(|field| field["name"].as_str())
        .collect();
    assert_eq!(names, ["mchid", "style", "amounts", "name"]);
    assert_eq!(body[1]["enum"], serde_json::json!(["PLAIN"]));
    assert_eq!(body[2]["items"]["fields"][0]["type"], "fen");
    assert_eq!(body[2]["max"], 5);
    assert_eq!(body[3]["sensitive"], true);
}

#[test]
fn the_same_catalogue_makes_the_same_files() {
    let families = [family(FAMILY).unwrap()];
    let first = rust::write(&families);
    assert_eq!(first, rust::write(&[family(FAMILY).unwrap()]));
    let paths: Vec<&str> = first.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "../generated.rs",
            "../../tests/every_operation/list.rs",
            "links.rs",
            "links/create_link.rs",
            "links/enums.rs"
        ]
    );
}

#[test]
fn limits_in_bytes() {
    let text = FAMILY.replace("alphabet = \"digits\"", "unit = \"bytes\"");
    let families = [family(&text).unwrap()];
    let files = rust::write(&families);
    let (_, text) = files
        .iter()
        .find(|(path, _)| path == "links/create_link.rs")
        .unwrap();
    assert!(
        text.contains("check::bytes(\"mchid\", &self.mchid, 1, 32)?;"),
        "{text}"
    );
    assert!(text.contains("At most 32 bytes of UTF-8."), "{text}");
    assert!(
        facts::write(&families, Generation::V3)
            .unwrap()
            .contains(r#""unit":"bytes""#)
    );
}

#[test]
fn the_rust_has_the_limits_and_the_secrets() {
    let files = rust::write(&[family(FAMILY).unwrap()]);
    let (_, text) = files
        .iter()
        .find(|(path, _)| path == "links/create_link.rs")
        .unwrap();
    for expected in [
        "check::text(\"out_trade_no\", &self.out_trade_no, 6, 32)?;",
        "check::alphabet(\"out_trade_no\", &self.out_trade_no, Alphabet::TradeNo)?;",
        "check::each(\"amounts\", &self.amounts, 2, 5, Amount::check)?;",
        "pub name: Option<Sensitive>,",
        "sealed.encrypt(encryptor)?;",
        "Target::new(\"/v3/links/\").segment(&self.out_trade_no)",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
    assert!(
        !text.contains("decryptor"),
        "nothing in the answer is encrypted"
    );
}

#[test]
fn groups_are_known_and_only_for_v3() {
    let title = "title = \"短链接\"";
    let grouped = |groups: &str| format!("{title}\ngroups = {groups}");
    assert_eq!(
        complaint(title, &grouped("[\"merchants\"]")),
        "links.toml: group `merchants` is none of default, merchant, partner, marketing"
    );
    assert_eq!(
        complaint(title, &grouped("[\"partner\", \"partner\"]")),
        "links.toml: group `partner` is there twice"
    );
    let taken = parse(Generation::V3, "full", FAMILY).expect_err("a group's name");
    assert_eq!(
        format!("{taken:#}"),
        "full.toml: full is a group of features"
    );
}
