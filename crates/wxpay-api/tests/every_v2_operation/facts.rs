//! The facts of v2.

use serde::Deserialize;

use crate::sample::{Field, Object};

#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) merchant: String,
    pub(crate) sign: Option<String>,
    pub(crate) sign_type: bool,
    pub(crate) nonce: bool,
    pub(crate) certificate: bool,
    pub(crate) reply: String,
    pub(crate) idempotency: String,
    pub(crate) any_of: Vec<Vec<String>>,
    pub(crate) fields: Vec<Field>,
    pub(crate) response: Vec<Field>,
    #[serde(default)]
    pub(crate) workwx_sign: Vec<String>,
    #[serde(default)]
    pub(crate) by_hand: bool,
}

pub(crate) fn read() -> Vec<Facts> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../wxpay-sandbox/src/catalogue_v2.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

impl Facts {
    /// Every field of the type, as an object.
    pub(crate) fn all(&self) -> Object {
        Object {
            fields: self.fields.clone(),
            any_of: self.any_of.clone(),
        }
    }
}
