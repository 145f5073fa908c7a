//! Holds the fields of a request against the facts. WeChat Pay ignores what it does not know, and so
//! does this.

use std::net::IpAddr;

use serde_json::Value;
use wxpay_json::Date;
use wxpay_sign::{Decryptor as _, PrivateKey};

use super::facts::Operation;
use super::wire::{self, Pairs};
use crate::core::book::v2::Refusal;
use crate::core::call::numeric;
use crate::core::catalogue::{Field, Kind, Unit};
use crate::core::check;

/// More members than any numbered family has.
const MOST_MEMBERS: usize = 100;

/// Everything wrong with the fields, in the order of the facts. Encrypted fields are opened on the
/// way.
pub(super) fn fields(operation: &Operation, pairs: &mut Pairs, key: &PrivateKey) -> Vec<Refusal> {
    let mut found = Vec::new();
    for field in &operation.fields {
        if field.indexed {
            family(field, pairs, &mut found);
            continue;
        }
        let Some(text) = pairs.get(&field.name) else {
            if field.required {
                found.push(Refusal::lack(&field.name));
            }
            continue;
        };
        if field.sensitive {
            match key.decrypt(text) {
                Ok(plain) => pairs.set(&field.name, plain),
                Err(_) => found.push(Refusal::param_error(format!(
                    "{}解密失败，请使用getpublickey的公钥以RSAES-OAEP加密",
                    field.name
                ))),
            }
            continue;
        }
        found.extend(text_of(field, &field.name, text));
    }
    for group in &operation.any_of {
        if !group.iter().any(|name| pairs.get(name).is_some()) {
            found.push(Refusal::lack(&group.join("或")));
        }
    }
    found
}

/// The members of a numbered family, `name_0`, `name_1` and so on.
fn family(family: &Field, pairs: &Pairs, found: &mut Vec<Refusal>) {
    let here = |index: usize| {
        family
            .fields
            .iter()
            .any(|field| pairs.get(&format!("{}_{index}", field.name)).is_some())
    };
    let mut count = 0;
    while count < MOST_MEMBERS && here(count) {
        for field in &family.fields {
            let name = format!("{}_{count}", field.name);
            match pairs.get(&name) {
                Some(text) => found.extend(text_of(field, &name, text)),
                None if field.required => found.push(Refusal::lack(&name)),
                None => {}
            }
        }
        count += 1;
    }
    if count == 0 && family.required {
        found.push(Refusal::lack(&family.name));
    }
}

/// What is wrong with a text.
fn text_of(field: &Field, name: &str, text: &str) -> Option<Refusal> {
    if field.json || matches!(field.kind, Kind::Object | Kind::Array) {
        return json(field, name, text);
    }
    let wrong = |what: &str| Some(Refusal::param_error(format!("{name}{what}")));
    match field.kind {
        Kind::Fen | Kind::Integer => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let Some(number) = text.parse::<i64>().ok().filter(|_| plain) else {
                return wrong("参数格式错误，应为整数");
            };
            if field.min.is_some_and(|min| number < min)
                || field.max.is_some_and(|max| number > max)
            {
                return wrong("参数超出范围");
            }
        }
        Kind::Datetime => {
            let spaced = field.format.as_deref() == Some("spaced");
            let good = if spaced {
                is_spaced(text)
            } else {
                wire::parse_compact(text).is_some()
            };
            if !good {
                return wrong(if spaced {
                    "参数格式错误，应为yyyy-MM-dd HH:mm:ss"
                } else {
                    "参数格式错误，应为yyyyMMddHHmmss"
                });
            }
        }
        Kind::Date => {
            let good = match field.format.as_deref() {
                Some("compact") => wire::parse_day(text).is_some(),
                _ => text.parse::<Date>().is_ok(),
            };
            if !good {
                return wrong("参数格式错误，不是合法的日期");
            }
        }
        _ => return words(field, name, text),
    }
    None
}

fn words(field: &Field, name: &str, text: &str) -> Option<Refusal> {
    let wrong = |what: &str| Some(Refusal::param_error(format!("{name}{what}")));
    let length = match field.unit {
        Unit::Chars => text.chars().count(),
        Unit::Bytes => text.len(),
    };
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    if field.min.is_some_and(|min| length < min) {
        return wrong("参数长度有误，过短");
    }
    if field.max.is_some_and(|max| length > max) {
        return wrong("参数长度有误，过长");
    }
    if !field.words.is_empty() && !field.open && !field.words.iter().any(|word| word == text) {
        return wrong("参数不在可选值范围内");
    }
    if let Some(bad) = field
        .alphabet
        .as_deref()
        .and_then(|alphabet| check::outside(alphabet, text))
    {
        return wrong(&format!("含有不支持的字符“{bad}”"));
    }
    match field.format.as_deref() {
        Some("ip") if text.parse::<IpAddr>().is_err() => wrong("不是合法的IP地址"),
        Some("notify_url") if !check::is_notify_url(text) => {
            wrong("须为https或http的绝对地址，且不能携带参数")
        }
        _ => None,
    }
}

/// A text that holds JSON. What the facts do not list is let pass.
fn json(field: &Field, name: &str, text: &str) -> Option<Refusal> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return Some(Refusal::param_error(format!("{name}不是合法的JSON")));
    };
    let found = match (field.kind, &field.items, &value) {
        (Kind::Array, Some(items), Value::Array(values)) if items.kind == Kind::Object => values
            .iter()
            .flat_map(|value| check::body(items, value))
            .collect(),
        (Kind::Array, _, Value::Array(_)) => Vec::new(),
        (Kind::Object, _, Value::Object(_)) => check::body(field, &value),
        (Kind::Object, _, _) => return Some(Refusal::param_error(format!("{name}应为JSON对象"))),
        (Kind::Array, _, _) => return Some(Refusal::param_error(format!("{name}应为JSON数组"))),
        _ => Vec::new(),
    };
    found
        .into_iter()
        .find(|failure| failure.numeric != numeric::EXTRA_PARAMETER)
        .map(|failure| Refusal::param_error(format!("{name}：{}", failure.message)))
}

fn is_spaced(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    wire::parse_compact(&digits).is_some_and(|at| wire::spaced(at) == text)
}
