//! The operations the sandbox answers, with the facts requests are held against.
//!
//! The file of facts has an operation a line. Lines are told apart at the start and read when the
//! first request for their operation comes: there are a thousand, and most sandboxes see a few.

mod routes;

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use http::StatusCode;
use serde::Deserialize;

use self::routes::Routes;

/// Every operation.
#[derive(Debug)]
pub(crate) struct Catalogue {
    entries: Vec<Entry>,
    routes: Routes,
}

/// A line of the file.
#[derive(Debug)]
struct Entry {
    path: &'static str,
    text: &'static str,
    operation: OnceLock<Operation>,
}

/// One operation.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Operation {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) label: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Where it is found in WeChat Pay's network; here all hosts are one.
    #[serde(default)]
    #[expect(dead_code, reason = "named so that tests refuse what nobody knows")]
    host: Option<String>,
    #[serde(default)]
    pub(crate) reply: ReplySignature,
    /// Of success; left out, 204 where there is no response and 200 otherwise.
    #[serde(default)]
    status: Option<u16>,
    /// The field whose number makes repeating safe.
    #[serde(default)]
    pub(crate) merchant_number: Option<String>,
    #[serde(default)]
    pub(crate) headers: Vec<Field>,
    #[serde(default)]
    pub(crate) query: Vec<Field>,
    /// Of each group at least one parameter of the query must be there.
    #[serde(default)]
    pub(crate) any_of: Vec<Vec<String>>,
    #[serde(default)]
    pub(crate) path_params: Vec<Field>,
    #[serde(default)]
    pub(crate) body: Option<Field>,
    #[serde(default)]
    pub(crate) meta: Option<Field>,
    #[serde(default)]
    pub(crate) upload: Option<UploadForm>,
    /// Parts of an upload besides the file and its description.
    #[serde(default)]
    pub(crate) form: Vec<Field>,
    #[serde(default)]
    pub(crate) response: Option<Field>,
}

/// How a file is uploaded.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
#[serde(default)]
pub(crate) struct UploadForm {
    /// The name of the part with the file.
    pub(crate) file: String,
    /// The name of the part that describes it.
    pub(crate) meta: String,
    /// How the file's digest in the description is computed.
    pub(crate) digest: String,
    /// The largest file, in bytes.
    pub(crate) max: Option<usize>,
    /// What names of files end with, without the dot; empty where nothing is said.
    pub(crate) types: Vec<String>,
}

impl Default for UploadForm {
    fn default() -> Self {
        Self {
            file: "file".to_owned(),
            meta: "meta".to_owned(),
            digest: "sha256".to_owned(),
            max: None,
            types: Vec::new(),
        }
    }
}

impl Operation {
    /// The status of success.
    pub(crate) fn status(&self) -> StatusCode {
        let by_itself = if self.response.is_none() && self.reply == ReplySignature::Signed {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::OK
        };
        let written = self.status.and_then(|it| StatusCode::from_u16(it).ok());
        written.unwrap_or(by_itself)
    }

    /// Whether it answers with a file.
    pub(crate) fn answers_file(&self) -> bool {
        self.response.is_none() && self.reply != ReplySignature::Signed
    }

    /// How it takes a file in; where nothing is said, as most do.
    pub(crate) fn upload_form(&self) -> &UploadForm {
        static USUAL: LazyLock<UploadForm> = LazyLock::new(UploadForm::default);
        self.upload.as_ref().unwrap_or(&USUAL)
    }

    /// Whether it takes a file in.
    pub(crate) fn is_upload(&self) -> bool {
        self.meta.is_some() || self.upload.is_some()
    }
}

/// Whether answers carry a signature.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReplySignature {
    #[default]
    Signed,
    Unsigned,
    /// Over the digest of the file that is answered.
    Digest,
}

/// A field, a parameter, a list's item or a whole body.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Field {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default, rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) min: Option<i64>,
    #[serde(default)]
    pub(crate) max: Option<i64>,
    #[serde(default)]
    pub(crate) unit: Unit,
    #[serde(default)]
    pub(crate) alphabet: Option<String>,
    #[serde(default, rename = "enum")]
    pub(crate) words: Vec<String>,
    #[serde(default)]
    pub(crate) open: bool,
    #[serde(default)]
    pub(crate) sensitive: bool,
    /// A form the text must have: `ip`, `notify_url`; of a time, `compact` or in v2 `spaced`.
    #[serde(default)]
    pub(crate) format: Option<String>,
    #[serde(default)]
    pub(crate) label: Option<String>,
    /// What is taken where it is left out.
    #[serde(default)]
    #[expect(dead_code, reason = "named so that tests refuse what nobody knows")]
    default: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) fields: Vec<Self>,
    /// Of each group at least one field must be there.
    #[serde(default)]
    pub(crate) any_of: Vec<Vec<String>>,
    #[serde(default)]
    pub(crate) items: Option<Box<Self>>,
    /// In v2: a text that holds JSON.
    #[serde(default)]
    pub(crate) json: bool,
    /// In v2: percent-encoded on the wire and signed as it was before.
    #[serde(default)]
    pub(crate) url_encoded: bool,
    /// In v2: stands any number of times, its fields with `_0`, `_1` … behind their names.
    #[serde(default)]
    pub(crate) indexed: bool,
    /// In v2: an element with elements of this name in it.
    #[serde(default)]
    pub(crate) list: Option<String>,
    /// In v2: an element with elements in it, any number of times.
    #[serde(default)]
    pub(crate) repeated: bool,
    /// In v2: not encrypted, and yet nothing to show.
    #[serde(default)]
    #[expect(dead_code, reason = "named so that tests refuse what nobody knows")]
    redacted: bool,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    String,
    Fen,
    Integer,
    /// A decimal number.
    Number,
    Boolean,
    Datetime,
    Date,
    Object,
    Array,
    /// JSON of any form.
    Json,
    /// A kind this sandbox has no rule for: anything goes.
    #[default]
    #[serde(other)]
    Any,
}

/// How lengths are counted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    #[default]
    Chars,
    Bytes,
}

/// Where a request leads.
#[derive(Debug)]
pub(crate) enum Route<'c> {
    Found(&'c Operation, BTreeMap<String, String>),
    /// The path is known, but for other methods.
    OtherMethod(Vec<&'c str>),
    Unknown,
}

impl Catalogue {
    /// The catalogue that comes with the crate.
    pub(crate) fn built_in() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| Self::new(include_str!("../catalogue.json")))
    }

    /// The operations of a file of facts. A line that is none is left out.
    pub(crate) fn new(text: &'static str) -> Self {
        let mut routes = Routes::default();
        let mut entries = Vec::new();
        for line in text.lines() {
            let text = line.trim_end_matches(',');
            let (Some(method), Some(path)) = (value(text, "method"), value(text, "path")) else {
                continue;
            };
            routes.insert(method, path, entries.len());
            entries.push(Entry {
                path,
                text,
                operation: OnceLock::new(),
            });
        }
        Self { entries, routes }
    }

    /// All of them, for tests that go through every one.
    #[cfg(test)]
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.entries.iter().map(Entry::operation)
    }

    /// The operation of this name, for tests that call one without a request.
    #[cfg(test)]
    pub(crate) fn named(&self, name: &str) -> Option<&Operation> {
        self.operations().find(|operation| operation.name == name)
    }

    /// Finds the operation of a method and a raw path.
    pub(crate) fn route(&self, method: &str, path: &str) -> Route<'_> {
        let mut other = Vec::new();
        for found in self.routes.find(path) {
            other.extend(found.methods());
            let entry = found.operation(method);
            if let Some(entry) = entry.and_then(|entry| self.entries.get(entry))
                && let Some(parameters) = found.parameters(entry.path)
            {
                return Route::Found(entry.operation(), parameters);
            }
        }
        other.sort_unstable();
        other.dedup();
        // What fits and is yet not found has a parameter that is no text.
        if other.is_empty() || other.contains(&method) {
            Route::Unknown
        } else {
            Route::OtherMethod(other)
        }
    }
}

impl Entry {
    fn operation(&self) -> &Operation {
        self.operation.get_or_init(|| {
            serde_json::from_str(self.text)
                .expect("the catalogue is generated together with the crate")
        })
    }
}

/// A text of an operation itself, found without reading its line: nothing within has these keys.
fn value(line: &'static str, key: &str) -> Option<&'static str> {
    let (_, rest) = line.split_once(&format!("\"{key}\":\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests;
