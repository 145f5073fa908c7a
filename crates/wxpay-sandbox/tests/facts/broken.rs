//! Requests that break a rule of the facts, one at a time.

use serde_json::{Value, json};

use super::sample::{Size, good, list, name, text};

/// Values that break one rule of a field, each with the rule's name.
pub(crate) fn bad(field: &Value) -> Vec<(Value, &'static str)> {
    let mut found = vec![(Value::Null, "null")];
    let required = field["required"] == true;
    match field["type"].as_str().unwrap() {
        "object" => found.push((json!("x"), "type")),
        "json" => {}
        "boolean" | "number" => found.push((json!("true"), "type")),
        "array" => {
            found.push((json!({}), "type"));
            let some = |count: u64| {
                (0..count)
                    .map(|_| good(&field["items"], Size::Least))
                    .collect()
            };
            if let Some(max) = field["max"].as_u64().filter(|max| *max <= 100) {
                found.push((Value::Array(some(max + 1)), "too many"));
            }
            match field["min"].as_u64() {
                Some(min) if min > 0 => found.push((Value::Array(some(min - 1)), "too few")),
                _ if required => found.push((json!([]), "empty")),
                _ => {}
            }
        }
        "fen" | "integer" => {
            found.extend([(json!("1"), "type"), (json!(1.5), "type")]);
            if let Some(min) = field["min"].as_i64() {
                found.push((json!(min - 1), "too small"));
            }
            if let Some(max) = field["max"].as_i64() {
                found.push((json!(max + 1), "too large"));
            }
        }
        kind => {
            found.push((json!(1), "type"));
            let texts = if kind == "string" {
                bad_texts(field)
            } else {
                vec![("2024-13-01".to_owned(), "time")]
            };
            found.extend(texts.into_iter().map(|(text, rule)| (text.into(), rule)));
        }
    }
    found
}

/// Texts that break one rule of a field.
pub(crate) fn bad_texts(field: &Value) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    let digits = |count: u64| "1".repeat(usize::try_from(count).unwrap());
    let max = field["max"].as_u64().filter(|max| *max <= 10_000);
    match field["type"].as_str().unwrap() {
        "string" => {}
        "fen" | "integer" => {
            found.push(("1.5".to_owned(), "type"));
            if let Some(max) = field["max"].as_i64() {
                found.push(((max + 1).to_string(), "too large"));
            }
            return found;
        }
        "boolean" => return vec![("1".to_owned(), "type")],
        _ => return vec![("2024-13-01".to_owned(), "time")],
    }
    if let Some(max) = max {
        found.push((digits(max + 1), "too long"));
    }
    let min = field["min"]
        .as_u64()
        .unwrap_or_else(|| u64::from(field["required"] == true));
    if min > 0 {
        found.push((digits(min - 1), "too short"));
    }
    if !list(field, "enum").is_empty() && field["open"] != true {
        found.push(("NO_SUCH_WORD".to_owned(), "enumeration"));
    }
    if field["alphabet"].is_string() {
        let mut text = text(field);
        text.pop();
        found.push((text + "#", "alphabet"));
    }
    if field["format"].is_string() {
        found.push(("#".repeat(text(field).len()), "format"));
    }
    found
}

/// One broken body.
pub(crate) struct Broken {
    pub(crate) body: Value,
    /// The JSON pointer of the field a refusal has to name.
    pub(crate) pointer: String,
    pub(crate) rule: &'static str,
}

/// Every rule of a body broken once.
pub(crate) fn broken(schema: &Value, visit: &mut dyn FnMut(Broken)) {
    walk(schema, "", &|body| body, visit);
}

/// `whole` puts an object of this schema where it belongs in a body.
fn walk(schema: &Value, at: &str, whole: &dyn Fn(Value) -> Value, visit: &mut dyn FnMut(Broken)) {
    let least = good(schema, Size::Least);
    let with = |field: &Value, value: Value| {
        let mut object = least.clone();
        object[name(field)] = value;
        whole(object)
    };
    for field in list(schema, "fields") {
        let pointer = format!("{at}/{}", name(field));
        if field["required"] == true {
            let mut object = least.clone();
            object.as_object_mut().unwrap().remove(name(field));
            visit(Broken {
                body: whole(object),
                pointer: pointer.clone(),
                rule: "missing",
            });
        }
        for (value, rule) in bad(field) {
            visit(Broken {
                body: with(field, value),
                pointer: pointer.clone(),
                rule,
            });
        }
        let items = &field["items"];
        let several = |first: Value| {
            let Value::Array(mut items) = good(field, Size::Least) else {
                unreachable!()
            };
            items[0] = first;
            Value::Array(items)
        };
        match (field["type"].as_str().unwrap(), items["type"].as_str()) {
            ("object", _) => walk(field, &pointer, &|object| with(field, object), visit),
            ("array", Some("object")) => {
                let whole = |object| with(field, several(object));
                walk(items, &format!("{pointer}/0"), &whole, visit);
            }
            ("array", Some(_)) => {
                for (value, rule) in bad(items) {
                    let body = with(field, several(value));
                    visit(Broken {
                        body,
                        pointer: format!("{pointer}/0"),
                        rule,
                    });
                }
            }
            _ => {}
        }
    }
    for group in list(schema, "any_of") {
        let mut object = least.clone();
        for name in group.as_array().unwrap() {
            object
                .as_object_mut()
                .unwrap()
                .remove(name.as_str().unwrap());
        }
        visit(Broken {
            body: whole(object),
            pointer: at.to_owned(),
            rule: "any of",
        });
    }
    if !list(schema, "fields").is_empty() {
        let mut object = least.clone();
        object["no_such_field"] = json!("1");
        let pointer = format!("{at}/no_such_field");
        visit(Broken {
            body: whole(object),
            pointer,
            rule: "unknown",
        });
    }
}
