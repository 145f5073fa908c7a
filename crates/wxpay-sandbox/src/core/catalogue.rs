//! The operations the sandbox answers, with the facts requests are held against.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// Every operation.
#[derive(Debug)]
pub(crate) struct Catalogue {
    operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) reply: ReplySignature,
    #[serde(default)]
    pub(crate) query: Vec<Field>,
    #[serde(default)]
    pub(crate) path_params: Vec<Field>,
    #[serde(default)]
    pub(crate) body: Option<Field>,
    #[serde(default)]
    pub(crate) meta: Option<Field>,
    #[serde(default)]
    pub(crate) response: Option<Field>,
}

/// Whether answers carry a signature.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReplySignature {
    #[default]
    Signed,
    Unsigned,
}

/// A field, a parameter, a list's item or a whole body.
#[derive(Debug, Default, Deserialize)]
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
    /// A form the text must have: `ip`, `notify_url`.
    #[serde(default)]
    pub(crate) format: Option<String>,
    #[serde(default)]
    pub(crate) label: Option<String>,
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
}

/// What a value is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    String,
    Fen,
    Integer,
    Boolean,
    Datetime,
    Date,
    Object,
    Array,
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
        CATALOGUE.get_or_init(|| {
            Self::parse(include_str!("../catalogue.json"))
                .expect("the catalogue is generated together with the crate")
        })
    }

    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self {
            operations: serde_json::from_str(text)?,
        })
    }

    /// All of them, for tests that go through every one.
    #[cfg(test)]
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of this name, for tests that call one without a request.
    #[cfg(test)]
    pub(crate) fn named(&self, name: &str) -> Option<&Operation> {
        let mut operations = self.operations.iter();
        operations.find(|operation| operation.name == name)
    }

    /// Finds the operation of a method and a raw path.
    pub(crate) fn route(&self, method: &str, path: &str) -> Route<'_> {
        let mut best: Option<(&Operation, BTreeMap<String, String>)> = None;
        let mut other = Vec::new();
        for operation in &self.operations {
            let Some(params) = match_path(&operation.path, path) else {
                continue;
            };
            if operation.method != method {
                other.push(operation.method.as_str());
            } else if best
                .as_ref()
                .is_none_or(|(_, found)| params.len() < found.len())
            {
                // A path with fewer placeholders is the more exact one.
                best = Some((operation, params));
            }
        }
        match best {
            Some((operation, params)) => Route::Found(operation, params),
            None if other.is_empty() => Route::Unknown,
            None => Route::OtherMethod(other),
        }
    }
}

/// Holds a raw path against a template such as `/v3/x/{id}/close`; the placeholders' values are
/// percent-decoded.
fn match_path(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    let mut params = BTreeMap::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(literal), Some(segment)) if literal == segment => {}
            (Some(wanted), Some(segment)) => {
                let name = wanted.strip_prefix('{')?.strip_suffix('}')?;
                let value = percent_decode_str(segment).decode_utf8().ok()?;
                if value.is_empty() {
                    return None;
                }
                params.insert(name.to_owned(), value.into_owned());
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_readable_and_routes_to_itself() {
        let catalogue = Catalogue::built_in();
        assert!(!catalogue.operations.is_empty());
        for operation in &catalogue.operations {
            let path = operation.path.replace(['{', '}'], "");
            match catalogue.route(&operation.method, &path) {
                Route::Found(found, _) => assert_eq!(found.name, operation.name, "{path}"),
                other => panic!("{path}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_built_in_catalogue_uses_only_rules_the_sandbox_knows() {
        fn walk(field: &Field, at: &str) {
            let at = format!("{at}/{}", field.name);
            assert_ne!(field.kind, Kind::Any, "{at}");
            if let Some(alphabet) = &field.alphabet {
                assert!(
                    super::super::check::allowed(alphabet).is_some(),
                    "{at}: {alphabet}"
                );
            }
            if let Some(format) = &field.format {
                assert!(
                    matches!(format.as_str(), "ip" | "notify_url"),
                    "{at}: {format}"
                );
            }
            for field in field.fields.iter().chain(field.items.as_deref()) {
                walk(field, &at);
            }
        }
        for operation in &Catalogue::built_in().operations {
            let bodies = [&operation.body, &operation.meta, &operation.response];
            let parameters = operation.query.iter().chain(&operation.path_params);
            for field in parameters.chain(bodies.into_iter().flatten()) {
                walk(field, &operation.name);
            }
        }
    }

    #[test]
    fn placeholders_are_decoded_and_never_empty() {
        let params = match_path("/v3/a/{id}/close", "/v3/a/a%7Cb%2Ac/close").unwrap();
        assert_eq!(params["id"], "a|b*c");
        assert_eq!(match_path("/v3/a/{id}/close", "/v3/a//close"), None);
        assert_eq!(match_path("/v3/a/{id}", "/v3/a/1/2"), None);
        assert_eq!(match_path("/v3/a/{id}", "/v3/a/%FF"), None);
    }
}
