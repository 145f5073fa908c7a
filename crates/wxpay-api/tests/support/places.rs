//! The places in a sample, and what is wrong there.

#![allow(dead_code, reason = "not every test of the crate needs all of it")]

use serde_json::{Value, json};

use crate::sample::{Field, Object};

/// Every field in `sample` with its JSON pointer; of a list the last entry.
pub(crate) fn places(object: &Object, sample: &Value) -> Vec<(String, Field)> {
    let mut places = Vec::new();
    walk(&object.fields, sample, "", &mut places);
    places
}

fn walk(fields: &[Field], sample: &Value, at: &str, places: &mut Vec<(String, Field)>) {
    for field in fields {
        let pointer = format!("{at}/{}", field.name);
        let value = &sample[&field.name];
        match (value, &field.items) {
            (Value::Array(items), Some(item)) => {
                let last = items.len() - 1;
                walk(
                    &item.fields,
                    &items[last],
                    &format!("{pointer}/{last}"),
                    places,
                );
            }
            _ => walk(&field.fields, value, &pointer, places),
        }
        places.push((pointer, field.clone()));
    }
}

/// `detail.goods_detail[0].quantity` of `/detail/goods_detail/0/quantity`.
pub(crate) fn path(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(part);
        }
    }
    path
}

/// Values that break each of the field's limits.
pub(crate) fn broken(field: &Field, sample: &Value) -> Vec<Value> {
    let mut broken = Vec::new();
    let size = |limit: i64| usize::try_from(limit).unwrap();
    match field.kind.as_str() {
        "fen" | "integer" => {
            broken.extend(field.min.map(|min| json!(min - 1)));
            broken.extend(field.max.map(|max| json!(max + 1)));
        }
        "array" => {
            let item = &sample[0];
            broken.extend(field.max.map(|max| json!(vec![item; size(max) + 1])));
            if field.required {
                broken.push(json!(vec![item; size(field.min.unwrap()) - 1]));
            }
        }
        "string" if field.words.is_empty() => {
            broken.push(json!(""));
            broken.push(json!("一笔\u{1f4b0}付款"));
            let url = field.format.as_deref() == Some("notify_url");
            let start = if url { "https://shop.example/" } else { "" };
            if let Some(max) = field.max {
                broken.push(json!(format!(
                    "{start}{}",
                    "1".repeat(size(max) + 1 - start.len())
                )));
            }
            if let Some(min) = field.min.filter(|min| *min > 1) {
                broken.push(json!("1".repeat(size(min) - 1)));
            }
            if field.alphabet.is_some() {
                broken.push(json!("123456 7"));
            }
            if url {
                for address in [
                    "/notify",
                    "shop.example/notify",
                    "https://shop.example/?a=1",
                ] {
                    broken.push(json!(address));
                }
            }
        }
        _ => {}
    }
    broken
}
