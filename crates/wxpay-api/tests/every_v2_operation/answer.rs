//! Answers made from the facts.

use serde_json::Value;

use crate::sample::{Extent, Field, seed};

/// The fields of an answer as they go over the wire, and what `Debug` has to show of them.
#[derive(Default)]
pub(crate) struct Answer {
    /// Name and text of each element that is signed.
    pub(crate) elements: Vec<(String, String)>,
    /// The same with its nested lists, as XML.
    pub(crate) xml: String,
    pub(crate) shown: Vec<String>,
    /// What `Debug` must not show.
    pub(crate) hidden: Vec<String>,
    /// The names of elements without which there is no answer.
    pub(crate) required: Vec<String>,
    /// The names of numbers.
    pub(crate) numbers: Vec<String>,
}

/// How words of enumerations are put in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Words {
    /// The first that is listed.
    Known,
    /// One that nobody lists.
    Unknown,
}

impl Answer {
    pub(crate) fn of(fields: &[Field], extent: Extent, words: Words) -> Self {
        let mut answer = Self::default();
        answer.fields(fields, extent, words, "", true);
        answer
    }

    fn fields(
        &mut self,
        fields: &[Field],
        extent: Extent,
        words: Words,
        suffix: &str,
        certain: bool,
    ) {
        for field in fields {
            if !field.required && extent == Extent::Least {
                continue;
            }
            if field.indexed {
                // Numbers may be missing.
                for at in ["0", "2"] {
                    self.fields(
                        &field.fields,
                        extent,
                        words,
                        &format!("{suffix}_{at}"),
                        false,
                    );
                }
            } else if field.list.is_some() || field.repeated {
                let item = field.list.as_ref().unwrap_or(&field.name);
                let mut inner = String::new();
                for _ in 0..2 {
                    let mut record = Self::default();
                    record.fields(&field.fields, extent, words, "", false);
                    inner.push_str(&format!("<{item}>{}</{item}>", record.xml));
                    self.shown.append(&mut record.shown);
                    self.hidden.append(&mut record.hidden);
                }
                if field.list.is_some() {
                    inner = format!("<{0}>{inner}</{0}>", field.name);
                }
                self.xml.push_str(&inner);
            } else {
                let name = format!("{}{suffix}", field.name);
                let (text, shown) = scalar(field, &name, words);
                if field.redacted {
                    self.hidden.push(text.clone());
                }
                self.shown.extend(shown);
                if field.required && certain {
                    self.required.push(name.clone());
                }
                if matches!(field.kind.as_str(), "fen" | "integer") && !field.json {
                    self.numbers.push(name.clone());
                }
                self.xml.push_str(&element(&name, &text));
                self.elements.push((name, text));
            }
        }
    }
}

pub(crate) fn element(name: &str, text: &str) -> String {
    format!("<{name}><![CDATA[{text}]]></{name}>")
}

/// The text of one element, and what `Debug` shows of it.
fn scalar(field: &Field, name: &str, words: Words) -> (String, Vec<String>) {
    let number = i64::from(seed(name)) % 9000 + 100;
    let (minute, second) = (number % 60, number / 60 % 60);
    if field.json {
        let value = field.sample(Extent::Full);
        let mut shown = Vec::new();
        leaves(&value, &mut shown);
        return (value.to_string(), shown);
    }
    match field.kind.as_str() {
        "fen" | "integer" => (number.to_string(), vec![number.to_string()]),
        "boolean" => ("true".to_owned(), vec!["true".to_owned()]),
        "datetime" => {
            let shown = format!("2018-06-08T10:{minute:02}:{second:02}+08:00");
            let text = match field.format.as_deref() {
                Some("compact") => format!("20180608 10{minute:02}{second:02}").replace(' ', ""),
                _ => format!("2018-06-08 10:{minute:02}:{second:02}"),
            };
            (text, vec![shown])
        }
        "date" => {
            let day = number % 28 + 1;
            let text = match field.format.as_deref() {
                Some("compact") => format!("201906{day:02}"),
                _ => format!("2019-06-{day:02}"),
            };
            (text, Vec::new())
        }
        "string" if field.words.is_empty() => {
            let text = match name {
                // Answers are about the merchant and the app of the request.
                "mch_id" => "1900007291".to_owned(),
                "appid" => "深圳 & 1/2 appid".to_owned(),
                _ => format!("深圳 & {name}"),
            };
            let shown = match field.redacted {
                true => "[redacted]".to_owned(),
                false => format!("{text:?}"),
            };
            (text, vec![shown])
        }
        "string" => match (words, field.words.first()) {
            (Words::Known, Some(word)) => (word.clone(), Vec::new()),
            _ => {
                let word = format!("WORD_OF_2031_{name}");
                let shown = format!("Unknown({word:?})");
                (word, vec![shown])
            }
        },
        other => panic!("{name}: unknown type {other}"),
    }
}

/// What `Debug` shows of JSON text: strings that are no words, times or secrets cannot be told from those, so
/// numbers only.
fn leaves(value: &Value, shown: &mut Vec<String>) {
    match value {
        Value::Number(number) => shown.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, shown)),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, shown)),
        _ => {}
    }
}
