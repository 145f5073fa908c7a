//! The catalogue as people write it: one TOML file a family, the same form for both generations. What
//! the keys mean, and which of them only one generation has, stands in
//! `crates/wxpay-api/catalogue/README.md`.

use serde::Deserialize;

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Family {
    pub(super) title: String,
    pub(super) doc: String,
    /// Whether types written by hand stand beside the generated ones.
    #[serde(default)]
    pub(super) by_hand: bool,
    /// v3: whether its money may be of any currency.
    pub(super) foreign: Option<bool>,
    /// The groups of features it is in.
    #[serde(default)]
    pub(super) groups: Vec<String>,
    /// Other features that its feature enables.
    #[serde(default)]
    pub(super) enables: Vec<String>,
    #[serde(default)]
    pub(super) part: Vec<Part>,
    #[serde(default)]
    pub(super) operation: Vec<Operation>,
    #[serde(default)]
    pub(super) shape: Vec<Shape>,
    #[serde(default, rename = "enum")]
    pub(super) enumeration: Vec<Enumeration>,
}

/// Fields that several operations or shapes have in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) fields: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) doc: String,
    pub(super) method: Option<String>,
    pub(super) path: String,
    pub(super) page: Option<String>,
    pub(super) idempotency: Option<String>,
    pub(super) reply: Option<String>,
    #[serde(default)]
    pub(super) by_hand: bool,
    #[serde(default)]
    pub(super) any_of: Vec<Vec<String>>,
    #[serde(default)]
    pub(super) params: Vec<Entry>,
    #[serde(default)]
    pub(super) query: Vec<Entry>,
    pub(super) body: Option<Vec<Entry>>,
    pub(super) response: Option<String>,
    pub(super) host: Option<String>,
    // What only an operation of v3 says.
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) headers: Vec<Entry>,
    pub(super) upload: Option<Upload>,
    pub(super) meta: Option<Vec<Entry>>,
    #[serde(default)]
    pub(super) form: Vec<Entry>,
    // What only an operation of v2 says.
    pub(super) certificate: Option<bool>,
    pub(super) sign: Option<String>,
    pub(super) sign_type: Option<bool>,
    pub(super) nonce: Option<bool>,
    pub(super) merchant: Option<String>,
    pub(super) page_url: Option<bool>,
    #[serde(default)]
    pub(super) workwx_sign: Vec<String>,
}

/// How a file is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Upload {
    /// The name of the file's part.
    pub(super) file: Option<String>,
    /// The name of the part that describes it.
    pub(super) meta: Option<String>,
    /// What the description calls the file's name.
    pub(super) filename: Option<String>,
    /// The digest's algorithm.
    pub(super) digest: Option<String>,
    /// What the description calls the digest.
    pub(super) digest_name: Option<String>,
    /// The field of the description that names the algorithm, and the word for it there.
    pub(super) algorithm: Option<AlgorithmField>,
    /// The largest file, in bytes.
    pub(super) max: Option<i64>,
    /// What names of files may end with.
    #[serde(default)]
    pub(super) types: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlgorithmField {
    pub(super) name: String,
    pub(super) word: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) doc: String,
    #[serde(default)]
    pub(super) notification: Vec<String>,
    #[serde(default)]
    pub(super) any_of: Vec<Vec<String>>,
    pub(super) fields: Vec<Entry>,
}

/// One line of a list of fields: a field, or `{ include = "part" }`.
///
/// One struct and not an untagged enumeration, whose errors would not name the key that is wrong.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) include: Option<String>,
    pub(super) name: Option<String>,
    pub(super) rust: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) required: Option<bool>,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) unit: Option<String>,
    pub(super) alphabet: Option<String>,
    pub(super) format: Option<String>,
    pub(super) sensitive: Option<String>,
    pub(super) default: Option<String>,
    /// v2: JSON text within the XML.
    pub(super) json: Option<bool>,
    /// v2: `name_0`, `name_1` ... of each of the shape's fields.
    pub(super) indexed: Option<bool>,
    /// v2: the element's name of a nested list's entries.
    pub(super) list: Option<String>,
    /// v2: nested entries of that name, directly among the fields.
    pub(super) repeated: Option<bool>,
    /// v2: percent-encoded when it is sent.
    pub(super) url_encoded: Option<bool>,
    pub(super) label: Option<String>,
    pub(super) doc: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enumeration {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) doc: String,
    pub(super) words: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Word {
    pub(super) word: String,
    pub(super) rust: Option<String>,
    pub(super) label: Option<String>,
    pub(super) doc: String,
}
