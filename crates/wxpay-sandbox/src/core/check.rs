//! Holds bodies and parameters against the catalogue, and says what is wrong the way WeChat Pay does.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Map, Value};
use wxpay_json::{Date, DateTime};

use super::call::{Failure, Query, numeric};
use super::catalogue::{Field, Kind, Unit};
use super::v2::wire;

/// So many findings are kept for the journal; the answer names the first.
const MOST_FINDINGS: usize = 16;

/// Everything wrong with a JSON body, in the order of the catalogue.
pub(crate) fn body(schema: &Field, value: &Value) -> Vec<Failure> {
    let mut check = Check {
        location: "body",
        found: Vec::new(),
    };
    match value {
        Value::Object(map) => check.object(schema, map, &mut String::new()),
        other => check.wrong_type(schema, "", other, "一个合法的 JSON 对象"),
    }
    check.found
}

/// Everything wrong with the parameters of the query; of each group at least one must be there.
pub(crate) fn query(fields: &[Field], any_of: &[Vec<String>], given: &Query) -> Vec<Failure> {
    let mut check = Check {
        location: "query",
        found: Vec::new(),
    };
    for field in fields {
        check.parameter(field, &field.name, given.all(&field.name));
    }
    for group in any_of {
        if group.iter().all(|name| given.all(name).is_empty()) {
            check.none_of(group, "");
        }
    }
    for name in given.names() {
        if !fields.iter().any(|field| field.name == *name) {
            check.extra(name);
        }
    }
    check.found
}

/// Everything wrong with the placeholders of the path.
pub(crate) fn path(fields: &[Field], given: &BTreeMap<String, String>) -> Vec<Failure> {
    texts("uri", "", fields, given)
}

/// Everything wrong with the headers the catalogue names.
pub(crate) fn headers(fields: &[Field], given: &BTreeMap<String, String>) -> Vec<Failure> {
    texts("header", "", fields, given)
}

/// Everything wrong with the parts of a form besides a file and its description.
pub(crate) fn form(fields: &[Field], given: &BTreeMap<String, String>) -> Vec<Failure> {
    let mut found = texts("body", "/", fields, given);
    let mut check = Check {
        location: "body",
        found: Vec::new(),
    };
    for name in given.keys() {
        if !fields.iter().any(|field| field.name == *name) {
            check.extra(&clip(&format!("/{name}"), 128));
        }
    }
    found.append(&mut check.found);
    found
}

/// Fields that come as text, each once.
fn texts(
    location: &'static str,
    prefix: &str,
    fields: &[Field],
    given: &BTreeMap<String, String>,
) -> Vec<Failure> {
    let mut check = Check {
        location,
        found: Vec::new(),
    };
    for field in fields {
        let value = given.get(&field.name);
        let pointer = format!("{prefix}{}", field.name);
        check.parameter(field, &pointer, value.map_or(&[], std::slice::from_ref));
    }
    check.found
}

/// What a text says: on the wire every parameter is one, numbers and booleans are read from it.
fn read(kind: Kind, text: &str) -> Value {
    let said = match kind {
        Kind::Fen | Kind::Integer => text.parse::<i64>().ok().map(Value::from),
        Kind::Number => text.parse::<f64>().ok().map(Value::from),
        Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    said.unwrap_or_else(|| Value::from(text))
}

struct Check {
    location: &'static str,
    found: Vec<Failure>,
}

impl Check {
    /// A value that came as text, or several where a parameter may stand more than once.
    fn parameter(&mut self, field: &Field, pointer: &str, given: &[String]) {
        let mut pointer = pointer.to_owned();
        match (field.kind, given) {
            (_, []) if field.required => self.missing(field, &pointer),
            (_, []) => {}
            (Kind::Array, texts) => {
                let item = field.items.as_deref().unwrap_or(field);
                let values = texts.iter().map(|text| read(item.kind, text)).collect();
                self.value(field, &Value::Array(values), &mut pointer);
            }
            (_, [text]) => self.value(field, &read(field.kind, text), &mut pointer),
            (_, _) => self.rule(field, &pointer, Value::Null, "参数", "不能重复传入"),
        }
    }

    fn object(&mut self, schema: &Field, map: &Map<String, Value>, pointer: &mut String) {
        let length = pointer.len();
        for field in &schema.fields {
            pointer.push('/');
            pointer.push_str(&field.name);
            match map.get(&field.name) {
                None if field.required => self.missing(field, pointer),
                None => {}
                Some(value) => self.value(field, value, pointer),
            }
            pointer.truncate(length);
        }
        for group in &schema.any_of {
            if !group.iter().any(|name| map.contains_key(name)) {
                self.none_of(group, pointer);
            }
        }
        // An object whose fields the catalogue does not list is free-form.
        if schema.fields.is_empty() && length > 0 {
            return;
        }
        for name in map.keys() {
            if !schema.fields.iter().any(|field| field.name == *name) {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                self.extra(&clip(&format!("{pointer}/{escaped}"), 128));
            }
        }
    }

    fn value(&mut self, field: &Field, value: &Value, pointer: &mut String) {
        match (field.kind, value) {
            (_, Value::Null) => {
                self.wrong_type(
                    field,
                    pointer,
                    value,
                    "一个非 null 的值，选填字段无值时请不要传入",
                );
            }
            (Kind::Any | Kind::Json, _) => {}
            (Kind::String, Value::String(text)) => self.text(field, text, pointer),
            (Kind::String, other) => self.wrong_type(field, pointer, other, "一个合法的字符串"),
            (Kind::Fen | Kind::Integer, number) => match number.as_i64() {
                Some(number) => self.number(field, number, pointer),
                None => {
                    self.wrong_type(field, pointer, value, "一个合法的 64 位有符号整数");
                }
            },
            (Kind::Boolean, Value::Bool(_)) => {}
            (Kind::Boolean, other) => self.wrong_type(field, pointer, other, "一个合法的布尔值"),
            (Kind::Number, Value::Number(_)) => {}
            (Kind::Number, other) => self.wrong_type(field, pointer, other, "一个合法的数值"),
            (Kind::Datetime | Kind::Date, value) => {
                if !value.as_str().is_some_and(|text| is_time(field, text)) {
                    self.wrong_type(field, pointer, value, time_wanted(field));
                }
            }
            (Kind::Object, Value::Object(map)) => self.object(field, map, pointer),
            (Kind::Object, other) => self.wrong_type(field, pointer, other, "一个合法的 JSON 对象"),
            (Kind::Array, Value::Array(items)) => self.array(field, items, pointer),
            (Kind::Array, other) => self.wrong_type(field, pointer, other, "一个合法的 JSON 数组"),
        }
    }

    fn array(&mut self, field: &Field, items: &[Value], pointer: &mut String) {
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if field.min.is_some_and(|min| count < min) || (field.required && count == 0) {
            let min = field.min.unwrap_or(1);
            self.rule(
                field,
                pointer,
                Value::Null,
                "数组",
                &format!("元素个数 {count}，小于最小值 {min}"),
            );
        }
        if let Some(max) = field.max.filter(|max| count > *max) {
            self.rule(
                field,
                pointer,
                Value::Null,
                "数组",
                &format!("元素个数 {count}，大于最大值 {max}"),
            );
            return;
        }
        let Some(schema) = &field.items else { return };
        let length = pointer.len();
        for (index, item) in items.iter().enumerate() {
            if self.found.len() >= MOST_FINDINGS {
                return;
            }
            pointer.push_str(&format!("/{index}"));
            self.value(schema, item, pointer);
            pointer.truncate(length);
        }
    }

    fn number(&mut self, field: &Field, number: i64, pointer: &str) {
        if let Some(min) = field.min.filter(|min| number < *min) {
            self.rule(
                field,
                pointer,
                number.into(),
                "数值",
                &format!("值低于最小值 {min}"),
            );
        } else if let Some(max) = field.max.filter(|max| number > *max) {
            self.rule(
                field,
                pointer,
                number.into(),
                "数值",
                &format!("值高于最大值 {max}"),
            );
        }
    }

    fn text(&mut self, field: &Field, text: &str, pointer: &str) {
        let shown = if field.sensitive {
            Value::Null
        } else {
            Value::from(clip(text, 64))
        };
        let (count, unit) = match field.unit {
            Unit::Chars => (text.chars().count(), "字符数"),
            Unit::Bytes => (text.len(), "字节数"),
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        // A required text without a lower limit must still hold something.
        let min = field.min.unwrap_or_else(|| i64::from(field.required));
        if count < min {
            return self.rule(
                field,
                pointer,
                shown,
                "字符串",
                &format!("{unit} {count}，小于最小值 {min}"),
            );
        }
        if let Some(max) = field.max.filter(|max| count > *max) {
            return self.rule(
                field,
                pointer,
                shown,
                "字符串",
                &format!("{unit} {count}，大于最大值 {max}"),
            );
        }
        if !field.words.is_empty() && !field.open && !field.words.iter().any(|word| word == text) {
            return self.rule(field, pointer, shown, "枚举", "值不在枚举范围内");
        }
        if let Some(bad) = field
            .alphabet
            .as_deref()
            .and_then(|name| outside(name, text))
        {
            return self.rule(
                field,
                pointer,
                shown,
                "字符串",
                &format!("含有不支持的字符“{bad}”"),
            );
        }
        let well_formed = match field.format.as_deref() {
            Some("ip") => text.parse::<IpAddr>().is_ok(),
            Some("notify_url") => is_notify_url(text),
            _ => true,
        };
        if !well_formed {
            let wanted = match field.format.as_deref() {
                Some("ip") => "不是合法的IPv4或IPv6地址",
                _ => "须为https或http的绝对地址，且不能携带参数",
            };
            self.rule(field, pointer, shown, "字符串", wanted);
        }
    }

    /// A rule about a value of the right type is broken.
    fn rule(&mut self, field: &Field, pointer: &str, value: Value, kind: &str, issue: &str) {
        let message = format!(
            "输入源“{}”映射到{kind}字段“{}”规则校验失败，{issue}",
            self.source(pointer),
            label(field, pointer)
        );
        let numeric = if kind == "数值" {
            numeric::OUT_OF_RANGE
        } else {
            numeric::ILLEGAL_PARAMETER
        };
        self.push(pointer, value, message, issue, numeric);
    }

    fn wrong_type(&mut self, field: &Field, pointer: &str, value: &Value, wanted: &str) {
        let message = format!(
            "无法将 JSON 输入源“{}”映射到目标字段“{}”中，此字段需要{wanted}",
            self.source(pointer),
            label(field, pointer)
        );
        let shown = match value {
            Value::String(_) if field.sensitive => Value::Null,
            Value::String(text) => clip(text, 64).into(),
            Value::Number(_) | Value::Bool(_) => value.clone(),
            _ => Value::Null,
        };
        self.push(
            pointer,
            shown,
            message,
            &format!("需要{wanted}"),
            numeric::ILLEGAL_PARAMETER,
        );
    }

    fn missing(&mut self, field: &Field, pointer: &str) {
        let message = format!(
            "输入源“{}”映射到字段“{}”必填性规则校验失败，此字段为必填项",
            self.source(pointer),
            label(field, pointer)
        );
        self.push(
            pointer,
            Value::Null,
            message,
            "此字段为必填项",
            numeric::ILLEGAL_PARAMETER,
        );
    }

    fn none_of(&mut self, group: &[String], pointer: &str) {
        let names = group.join("、");
        let message = format!(
            "输入源“{}”必填性规则校验失败，{names}至少传入一项",
            self.source(pointer)
        );
        let issue = format!("{names}至少传入一项");
        self.push(
            pointer,
            Value::Null,
            message,
            &issue,
            numeric::ILLEGAL_PARAMETER,
        );
    }

    fn extra(&mut self, pointer: &str) {
        let message = format!("参数中含有非法的额外参数“{}”", self.source(pointer));
        self.push(
            pointer,
            Value::Null,
            message,
            "非法的额外参数",
            numeric::EXTRA_PARAMETER,
        );
    }

    fn push(&mut self, pointer: &str, value: Value, message: String, issue: &str, numeric: u64) {
        if self.found.len() >= MOST_FINDINGS {
            return;
        }
        let mut failure = Failure::param_error_in(self.location, pointer, value, issue);
        failure.message = clip(&message, 256);
        failure.numeric = numeric;
        self.found.push(failure);
    }

    /// How the message names the place: `/body/amount/total`, `/query/mchid`.
    fn source(&self, pointer: &str) -> String {
        let slash = if pointer.starts_with('/') || pointer.is_empty() {
            ""
        } else {
            "/"
        };
        format!("/{}{slash}{pointer}", self.location)
    }
}

/// Whether a text is a time or a day as the field wants it written.
pub(crate) fn is_time(field: &Field, text: &str) -> bool {
    match (field.kind, field.format.as_deref()) {
        (Kind::Datetime, Some("compact")) => wire::parse_compact(text).is_some(),
        (Kind::Datetime, Some("spaced")) => {
            let (day, time) = text.split_once(' ').unwrap_or_default();
            format!("{day}T{time}+08:00").parse::<DateTime>().is_ok()
        }
        (Kind::Date, Some("compact")) => {
            text.len() == 8 && wire::parse_compact(&format!("{text}000000")).is_some()
        }
        (Kind::Date, _) => text.parse::<Date>().is_ok(),
        _ => text.parse::<DateTime>().is_ok(),
    }
}

fn time_wanted(field: &Field) -> &'static str {
    match (field.kind, field.format.as_deref()) {
        (Kind::Datetime, Some("compact")) => "一个 yyyyMMddHHmmss 格式的时间",
        (Kind::Datetime, Some("spaced")) => "一个 yyyy-MM-dd HH:mm:ss 格式的时间",
        (Kind::Date, Some("compact")) => "一个 yyyyMMdd 格式的日期",
        (Kind::Date, _) => "一个 yyyy-MM-dd 格式的日期",
        _ => "一个符合 RFC 3339 的时间，如 2018-06-08T10:34:56+08:00",
    }
}

/// The official Chinese name, or the last part of the field's own.
fn label<'a>(field: &'a Field, pointer: &'a str) -> &'a str {
    match &field.label {
        Some(label) => label,
        None => pointer.rsplit('/').next().unwrap_or(pointer),
    }
}

/// An absolute web address without a query. WeChat Pay wants https and tolerates http on private
/// lines; a sandbox's notifications go to the machine next door, so both are taken.
pub(crate) fn is_notify_url(text: &str) -> bool {
    let Ok(url) = text.parse::<http::Uri>() else {
        return false;
    };
    let web = matches!(url.scheme_str(), Some("http" | "https"));
    let plain = url.query().is_none() && !text.contains('#');
    web && plain && url.host().is_some_and(|host| !host.is_empty())
}

/// The first character that the alphabet does not have.
pub(crate) fn outside(alphabet: &str, text: &str) -> Option<char> {
    let allowed = allowed(alphabet)?;
    text.chars().find(|c| !allowed(*c))
}

/// The characters of an alphabet of the catalogue.
pub(crate) fn allowed(alphabet: &str) -> Option<fn(char) -> bool> {
    Some(match alphabet {
        "trade_no" => |c| c.is_ascii_alphanumeric() || "_-|*".contains(c),
        "refund_no" => |c| c.is_ascii_alphanumeric() || "_-|*@".contains(c),
        "digits" => |c| c.is_ascii_digit(),
        "alphanumeric" => |c| c.is_ascii_alphanumeric(),
        "identifier" => |c| c.is_ascii_alphanumeric() || "_-".contains(c),
        "hex" => |c| c.is_ascii_hexdigit(),
        _ => return None,
    })
}

/// Where the value holds something WeChat Pay takes nowhere: a character of four UTF-8 bytes, in a
/// text or in a key. A JSON pointer.
pub(crate) fn four_byte_character(value: &Value) -> Option<String> {
    fn bad(text: &str) -> bool {
        text.chars().any(|c| c.len_utf8() == 4)
    }
    fn walk(value: &Value, pointer: &mut String) -> bool {
        let length = pointer.len();
        match value {
            Value::String(text) => return bad(text),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    if walk(item, pointer) {
                        return true;
                    }
                    pointer.truncate(length);
                }
            }
            Value::Object(map) => {
                for (name, item) in map {
                    if bad(name) {
                        return true;
                    }
                    pointer.push('/');
                    pointer.push_str(name);
                    if walk(item, pointer) {
                        return true;
                    }
                    pointer.truncate(length);
                }
            }
            _ => {}
        }
        false
    }
    let mut pointer = String::new();
    walk(value, &mut pointer).then_some(pointer)
}

/// The text, cut to so many characters.
pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(std::iter::once('…'))
        .collect()
}

#[cfg(test)]
mod tests;
