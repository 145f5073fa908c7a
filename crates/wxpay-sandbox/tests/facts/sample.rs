//! Requests made up from the facts, without help from the code under test.

use serde_json::{Map, Value, json};

/// The operations of a file of facts, a line each.
pub(crate) fn operations(text: &str) -> impl Iterator<Item = Value> {
    text.lines()
        .map(|line| line.trim_end_matches(','))
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
}

pub(crate) fn list<'f>(facts: &'f Value, key: &str) -> &'f [Value] {
    facts[key].as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn name(field: &Value) -> &str {
    field["name"].as_str().unwrap_or_default()
}

/// Whether a value has everything, or only what it must have.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Size {
    Whole,
    Least,
}

/// A value that keeps every rule of its field.
pub(crate) fn good(field: &Value, size: Size) -> Value {
    match field["type"].as_str().unwrap() {
        "object" => object(field, size),
        "array" => {
            let count = field["min"].as_u64().unwrap_or(1).max(1);
            Value::Array((0..count).map(|_| good(&field["items"], size)).collect())
        }
        "fen" | "integer" => number(field).into(),
        "number" => json!(1.5),
        "boolean" => json!(true),
        "json" => json!({ "a": 1 }),
        _ => text(field).into(),
    }
}

fn object(schema: &Value, size: Size) -> Value {
    let mut map = Map::new();
    for field in list(schema, "fields") {
        if size == Size::Whole || field["required"] == true {
            map.insert(name(field).to_owned(), good(field, size));
        }
    }
    for group in list(schema, "any_of") {
        let names: Vec<&str> = group
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap())
            .collect();
        if !names.iter().any(|name| map.contains_key(*name)) {
            let first = list(schema, "fields")
                .iter()
                .find(|it| name(it) == names[0])
                .unwrap();
            map.insert(names[0].to_owned(), good(first, size));
        }
    }
    Value::Object(map)
}

fn number(field: &Value) -> i64 {
    let (min, max) = (field["min"].as_i64(), field["max"].as_i64());
    min.unwrap_or_else(|| max.map_or(1, |max| max.min(1)))
}

/// A text that keeps every rule of its field; for numbers as well, as parameters are written.
pub(crate) fn text(field: &Value) -> String {
    match field["type"].as_str().unwrap() {
        "fen" | "integer" => return number(field).to_string(),
        "number" => return "1.5".to_owned(),
        "boolean" => return "true".to_owned(),
        _ => {}
    }
    if let Some(word) = list(field, "enum").first() {
        return word.as_str().unwrap().to_owned();
    }
    match (field["type"].as_str().unwrap(), field["format"].as_str()) {
        ("datetime", Some("compact")) => "20240101103456".to_owned(),
        ("datetime", Some("spaced")) => "2024-01-01 10:34:56".to_owned(),
        ("datetime", _) => "2024-01-01T10:34:56+08:00".to_owned(),
        ("date", Some("compact")) => "20240101".to_owned(),
        ("date", _) => "2024-01-01".to_owned(),
        (_, Some("ip")) => "127.0.0.1".to_owned(),
        (_, Some("notify_url")) => "https://a.example/n".to_owned(),
        _ => {
            let least = field["min"].as_u64().unwrap_or(1).max(1);
            let most = field["max"].as_u64().unwrap_or(u64::MAX);
            // A digit is in every alphabet.
            "1".repeat(usize::try_from(least.max(6).min(most)).unwrap())
        }
    }
}
