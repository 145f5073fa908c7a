//! The facts.

use serde::Deserialize;

use crate::sample::{Field, Object};

#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) reply: String,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) host: Option<String>,
    pub(crate) merchant_number: Option<String>,
    pub(crate) query: Vec<Field>,
    /// Of the query; those of a body stand with it.
    #[serde(default)]
    any_of: Vec<Vec<String>>,
    pub(crate) path_params: Vec<Field>,
    #[serde(default)]
    pub(crate) headers: Vec<Field>,
    pub(crate) body: Option<Object>,
    pub(crate) upload: Option<Upload>,
    pub(crate) meta: Option<Object>,
    #[serde(default)]
    pub(crate) form: Vec<Field>,
    pub(crate) response: Option<Object>,
}

/// How a file goes up.
#[derive(Debug, Deserialize)]
pub(crate) struct Upload {
    /// The name of its part.
    pub(crate) file: String,
    #[serde(default)]
    pub(crate) types: Vec<String>,
}

pub(crate) fn read() -> Vec<Facts> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../wxpay-sandbox/src/catalogue.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut facts: Vec<Facts> = serde_json::from_str(&text).unwrap();
    for facts in &mut facts {
        let objects = [&mut facts.body, &mut facts.meta, &mut facts.response];
        let inner = objects.into_iter().flatten().map(|it| &mut it.fields);
        for fields in inner.chain([&mut facts.path_params, &mut facts.query]) {
            fields.iter_mut().for_each(Field::name_form);
        }
    }
    facts
}

impl Facts {
    /// Every field of the type, as an object.
    pub(crate) fn all(&self) -> Object {
        let body = self.body.clone().unwrap_or_default();
        let meta = self.meta.clone().unwrap_or_default();
        // What is made from the file is no field.
        let described = meta.fields.iter().filter(|field| {
            let made = field.alphabet.as_deref() == Some("hex");
            !made && field.label != "摘要算法"
        });
        let fields = [&self.path_params, &self.query, &self.headers, &body.fields];
        let mut fields: Vec<Field> = fields.into_iter().flatten().cloned().collect();
        fields.extend(described.cloned());
        fields.extend(self.form.iter().cloned());
        if let Some(upload) = &self.upload {
            for field in &mut fields {
                if ["filename", "file_name"].contains(&&*field.name) {
                    field.words = vec![upload.filename()];
                }
            }
            if !fields.iter().any(|field| field.name.contains("name")) {
                fields.push(Field::word("filename", &upload.filename()));
            }
            // "file content" in Base64, as an upload is stored.
            fields.push(Field::word(&upload.file, "ZmlsZSBjb250ZW50"));
        }
        Object {
            fields,
            any_of: [&*self.any_of, &*body.any_of].concat(),
        }
    }
}

impl Upload {
    fn filename(&self) -> String {
        let ending = self.types.first().map_or("bin", String::as_str);
        format!("门店.{ending}")
    }
}
