//! `use` lines, from what a file's code mentions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::codegen::model::{Family, Generation};

/// What generated code may need, and where it comes from.
const COMMON: [(&str, &str); 17] = [
    ("wxpay_json::node", "FromObject"),
    ("wxpay_json::node", "Object"),
    ("wxpay_json::node", "ToObject"),
    ("wxpay_json", "serde_by_node"),
    ("wxpay_json::check", "Alphabet"),
    ("wxpay_json", "Date"),
    ("wxpay_json", "DateTime"),
    ("wxpay_json", "DecodeError"),
    ("wxpay_json", "Fen"),
    ("wxpay_json", "InvalidField"),
    ("wxpay_json", "Number"),
    ("wxpay_json", "Sensitive"),
    ("wxpay_json", "Value"),
    ("wxpay_proto", "Idempotency"),
    ("crate", "Currency"),
    ("crate", "FileContent"),
    ("crate", "wire"),
];

const V2: [(&str, &str); 15] = [
    ("bytes", "Bytes"),
    ("wxpay_proto", "BodyError"),
    ("wxpay_proto::v2", "DateForm"),
    ("wxpay_proto::v2", "Decode"),
    ("wxpay_proto::v2", "Fields"),
    ("wxpay_proto::v2", "Form"),
    ("wxpay_proto::v2", "Host"),
    ("wxpay_proto::v2", "Operation"),
    ("wxpay_proto::v2", "OperationInfo"),
    ("wxpay_proto::v2", "Reply"),
    ("wxpay_proto::v2", "ReplyForm"),
    ("wxpay_proto::v2", "Request"),
    ("wxpay_proto::v2", "Signing"),
    ("wxpay_proto::v2", "TimeForm"),
    ("wxpay_proto::v2", "YesNo"),
];

const V3: [(&str, &str); 14] = [
    ("bytes", "Bytes"),
    ("http", "Method"),
    ("wxpay_proto", "Body"),
    ("wxpay_proto", "BodyError"),
    ("wxpay_proto", "Host"),
    ("wxpay_proto", "NotificationContent"),
    ("wxpay_proto", "Operation"),
    ("wxpay_proto", "OperationInfo"),
    ("wxpay_proto", "Plaintext"),
    ("wxpay_proto", "Reply"),
    ("wxpay_proto", "ReplySignature"),
    ("wxpay_proto", "Target"),
    ("wxpay_proto::sign", "Decryptor"),
    ("wxpay_proto::sign", "Encryptor"),
];

/// The `use` lines of `body`, which defines `own`.
pub(super) fn of(family: &Family, body: &str, own: &[&str]) -> String {
    let code: String = body
        .lines()
        .filter(|line| !line.trim_start().starts_with("///"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let words: std::collections::BTreeSet<&str> = code
        .split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
        .collect();
    let mut uses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let own_generation: &[(&str, &str)] = match family.generation {
        Generation::V2 => &V2,
        Generation::V3 => &V3,
    };
    for &(from, name) in COMMON.iter().chain(own_generation) {
        if words.contains(name) {
            uses.entry(from).or_default().push(name);
        }
    }
    // The functions of `check` are called with its name before them.
    if code.contains("check::") {
        uses.entry("wxpay_json").or_default().push("check");
    }
    for name in family.index.keys().map(String::as_str) {
        if words.contains(name) && !own.contains(&name) {
            uses.entry("super").or_default().push(name);
        }
    }
    let mut outside = String::new();
    let mut inside = String::new();
    for (from, names) in uses {
        let group = if matches!(from, "crate" | "super") {
            &mut inside
        } else {
            &mut outside
        };
        let _ = writeln!(group, "use {from}::{{{}}};", names.join(", "));
    }
    format!("{outside}\n{inside}\n")
}
