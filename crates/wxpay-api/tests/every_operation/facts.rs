//! The facts, and samples made from them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) reply: String,
    pub(crate) merchant_number: Option<String>,
    pub(crate) query: Vec<Field>,
    pub(crate) path_params: Vec<Field>,
    pub(crate) body: Option<Object>,
    pub(crate) response: Option<Object>,
}

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
    pub(crate) required: bool,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
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
}

pub(crate) fn read() -> Vec<Facts> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../wxpay-sandbox/src/catalogue.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// How much of what is optional a sample has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    Full,
    Least,
}

impl Facts {
    /// Every field of the type, as an object.
    pub(crate) fn all(&self) -> Object {
        let body = self.body.clone().unwrap_or_default();
        let fields = [&self.path_params, &self.query, &body.fields]
            .into_iter()
            .flatten();
        Object {
            fields: fields.cloned().collect(),
            any_of: body.any_of,
        }
    }
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
            "fen" | "integer" => json!(self.min.unwrap_or(1).max(1)),
            "boolean" => json!(true),
            "datetime" => json!("2018-06-08T10:34:56+08:00"),
            "date" => json!("2019-06-11"),
            "string" => json!(self.text()),
            other => panic!("{}: unknown type {other}", self.name),
        }
    }

    fn text(&self) -> String {
        if let Some(word) = self.words.first() {
            return word.clone();
        }
        let text = match (self.alphabet.as_deref(), self.format.as_deref()) {
            (Some("digits"), _) => "1900007291",
            (Some("trade_no"), _) => "a|b*c-1",
            (Some("refund_no"), _) => "a|b*c@1",
            (None, Some("notify_url")) => "https://shop.example/notify",
            (None, Some("ip")) => "203.0.113.7",
            (None, None) => "深圳 & 1/2",
            other => panic!("{}: unknown {other:?}", self.name),
        };
        text.to_owned()
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
