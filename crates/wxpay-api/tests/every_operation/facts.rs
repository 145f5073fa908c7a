//! The facts.

use serde::Deserialize;

use crate::sample::{Field, Object};

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

pub(crate) fn read() -> Vec<Facts> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../wxpay-sandbox/src/catalogue.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
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
