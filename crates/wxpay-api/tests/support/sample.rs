//! Fields as the facts have them, and samples made from them.

#![allow(dead_code, reason = "not every test of the crate needs all of it")]

use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Object {
    pub(crate) fields: Vec<Field>,
    #[serde(default)]
    pub(crate) any_of: Vec<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Field {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) label: String,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) unit: Option<String>,
    pub(crate) alphabet: Option<String>,
    pub(crate) format: Option<String>,
    #[serde(default, rename = "enum")]
    pub(crate) words: Vec<String>,
    #[serde(default)]
    pub(crate) sensitive: bool,
    #[serde(default)]
    pub(crate) fields: Vec<Self>,
    #[serde(default)]
    pub(crate) any_of: Vec<Vec<String>>,
    pub(crate) items: Option<Box<Self>>,
    /// What only v2 has.
    #[serde(default)]
    pub(crate) json: bool,
    #[serde(default)]
    pub(crate) indexed: bool,
    pub(crate) list: Option<String>,
    #[serde(default)]
    pub(crate) repeated: bool,
    #[serde(default)]
    pub(crate) url_encoded: bool,
    #[serde(default)]
    pub(crate) redacted: bool,
}

/// How much of what is optional a sample has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    Full,
    Least,
}

impl Object {
    pub(crate) fn sample(&self, extent: Extent) -> Value {
        let mut object = Map::new();
        for field in &self.fields {
            // Of a group of which one is needed, the first is taken.
            let chosen = self
                .any_of
                .iter()
                .any(|group| group.first() == Some(&field.name));
            if field.required || chosen || extent == Extent::Full {
                object.insert(field.name.clone(), field.sample(extent));
            }
        }
        Value::Object(object)
    }

    /// The sample as it goes over the wire: encrypted text between brackets.
    pub(crate) fn sealed(&self, sample: &Value) -> Value {
        let Value::Object(sample) = sample else {
            panic!("no object: {sample}")
        };
        let fields = self.fields.iter();
        let there = fields.filter_map(|field| Some((field, sample.get(&field.name)?)));
        there
            .map(|(field, value)| (field.name.clone(), field.sealed(value)))
            .collect()
    }
}

impl Field {
    /// A text that is always the same.
    pub(crate) fn word(name: &str, word: &str) -> Self {
        let field = json!({ "name": name, "required": true, "type": "string", "enum": [word] });
        serde_json::from_value(field).unwrap()
    }

    /// Makes the form of a time a part of its kind, as v3 has it: there it stands in JSON in that form.
    pub(crate) fn name_form(&mut self) {
        if let ("datetime" | "date", Some(form)) = (&*self.kind, &self.format) {
            self.kind = format!("{} {form}", self.kind);
        }
        let items = self.items.iter_mut().map(|item| &mut **item);
        self.fields
            .iter_mut()
            .chain(items)
            .for_each(Self::name_form);
    }

    pub(crate) fn object(&self) -> Object {
        Object {
            fields: self.fields.clone(),
            any_of: self.any_of.clone(),
        }
    }

    pub(crate) fn sample(&self, extent: Extent) -> Value {
        match self.kind.as_str() {
            "object" => self.object().sample(extent),
            "array" => {
                let item = self.items.as_ref().unwrap().sample(extent);
                Value::Array(vec![item; usize::try_from(self.min.unwrap_or(1)).unwrap()])
            }
            "fen" | "integer" => json!(self.number()),
            "boolean" => json!(true),
            "number" => json!(1.5),
            "json" => json!({ "a": [1, "b"] }),
            "datetime" => json!(format!(
                "2018-06-08T10:{:02}:{:02}+08:00",
                seed(&self.name) % 60,
                seed(&self.name) / 60 % 60
            )),
            "datetime compact" => json!(format!("201806081034{:02}", seed(&self.name) % 60)),
            "datetime spaced" => json!(format!("2018-06-08 10:34:{:02}", seed(&self.name) % 60)),
            "date" => json!(format!("2019-06-{:02}", seed(&self.name) % 28 + 1)),
            "date compact" => json!(format!("201906{:02}", seed(&self.name) % 28 + 1)),
            "string" => json!(self.text()),
            other => panic!("{}: unknown type {other}", self.name),
        }
    }

    /// A text that no other field has, as far as its limits let it.
    fn text(&self) -> String {
        if let Some(word) = self.words.first() {
            return word.clone();
        }
        let seed = seed(&self.name);
        let short = self.name.replace('_', "");
        let text = match (self.alphabet.as_deref(), self.format.as_deref()) {
            (Some("digits" | "hex"), _) => format!("1{:09}", seed % 1_000_000_000),
            (Some("alphanumeric"), _) => short,
            (Some("identifier"), _) => format!("a_{short}-1"),
            (Some("trade_no"), _) => format!("a|b*c-{short}"),
            (Some("refund_no"), _) => format!("a|b*c@{short}"),
            (None, Some("notify_url")) => format!("https://shop.example/{}", self.name),
            (None, Some("ip")) => format!("203.0.113.{}", seed % 200 + 10),
            (None, None) if self.unit.as_deref() == Some("bytes") => short,
            (None, None) => format!("深圳 & 1/2 {short}"),
            other => panic!("{}: unknown {other:?}", self.name),
        };
        let size = |limit: Option<i64>| limit.map(|limit| usize::try_from(limit).unwrap());
        let max = size(self.max).unwrap_or(usize::MAX);
        let text: String = text.chars().take(max).collect();
        // No value ends in white space.
        let text = text.trim_end();
        let missing = size(self.min)
            .unwrap_or(1)
            .saturating_sub(text.chars().count());
        format!("{text}{}", "1".repeat(missing))
    }

    /// A number within the limits.
    fn number(&self) -> i64 {
        let min = self.min.unwrap_or(1).max(1);
        let width = self.max.map_or(9000, |max| (max - min + 1).clamp(1, 9000));
        min + i64::from(seed(&self.name)) % width
    }

    fn sealed(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if self.sensitive => json!(format!("<{text}>")),
            Value::Object(_) => self.object().sealed(value),
            Value::Array(items) => {
                let item = self.items.as_ref().unwrap();
                items.iter().map(|value| item.sealed(value)).collect()
            }
            other => other.clone(),
        }
    }
}

/// A number that belongs to `name`: FNV-1a.
pub(crate) fn seed(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
