//! The interfaces of v2 the sandbox answers, with the facts requests are held against.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::core::catalogue::Field;

/// Every interface, by its path.
#[derive(Debug)]
pub(crate) struct Facts {
    by_path: BTreeMap<String, Operation>,
}

/// One interface.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) label: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// What the merchant's number is called: `mch_id`, `mchid`.
    pub(crate) merchant: String,
    /// The only type it takes, if it takes only one.
    #[serde(default)]
    pub(crate) sign: Option<OnlySign>,
    /// Whether requests say how they are signed.
    pub(crate) sign_type: bool,
    /// Whether requests carry a `nonce_str`.
    pub(crate) nonce: bool,
    pub(crate) certificate: bool,
    pub(crate) reply: ReplyForm,
    #[serde(default)]
    pub(crate) any_of: Vec<Vec<String>>,
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
    #[serde(default)]
    pub(crate) response: Vec<Field>,
    /// The fields of the second signature with the secret of 企业微信.
    #[serde(default)]
    pub(crate) workwx_sign: Vec<String>,
}

/// The one type an interface takes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum OnlySign {
    #[serde(rename = "md5")]
    Md5,
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReplyForm {
    Signed,
    Unsigned,
    /// A file, or unsigned XML that says why not.
    File,
    /// JSON, unsigned.
    Json,
}

/// Which of the sandboxes of WeChat Pay itself a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Realm {
    /// None: the real thing.
    Real,
    /// `/sandboxnew/…` (仿真系统).
    Old,
    /// `/xdc/apiv2sandbox/…`.
    New,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route<'f> {
    pub(crate) operation: &'f Operation,
    pub(crate) realm: Realm,
}

impl Operation {
    /// Whether no fields are answered but something to be shown as it is: a page for a browser, or the
    /// one document in JSON.
    pub(crate) fn is_shown(&self) -> bool {
        self.method == "GET" && self.response.is_empty()
    }

    /// Whether it is one of 企业微信, whose app ids are numbers of companies.
    pub(crate) fn is_workwx(&self) -> bool {
        self.path.contains("workwx") || self.path.contains("wwsptrans")
    }
}

impl Facts {
    /// The facts that come with the crate.
    pub(crate) fn built_in() -> &'static Self {
        static FACTS: OnceLock<Facts> = OnceLock::new();
        FACTS.get_or_init(|| {
            let operations: Vec<Operation> =
                serde_json::from_str(include_str!("../../catalogue_v2.json"))
                    .expect("the catalogue is generated together with the crate");
            let by_path = operations
                .into_iter()
                .map(|operation| (operation.path.clone(), operation))
                .collect();
            Self { by_path }
        })
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Operation> {
        self.by_path.get(path)
    }

    #[cfg(test)]
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.by_path.values()
    }

    /// Where a path and its query lead, if it is one of v2.
    pub(crate) fn route(&self, path: &str, query: Option<&str>) -> Option<Route<'_>> {
        // A few interfaces are told apart by their query (`?action=add`).
        let with_query = query.and_then(|query| self.get(&format!("{path}?{query}")));
        if let Some(operation) = with_query {
            return Some(Route {
                operation,
                realm: Realm::Real,
            });
        }
        if path.ends_with("/getsignkey") {
            // Not within a sandbox: it hands out the key to it.
            let operation = self.get(path)?;
            return Some(Route {
                operation,
                realm: Realm::Real,
            });
        }
        let (inner, realm) = if let Some(inner) = path.strip_prefix("/sandboxnew") {
            (inner, Realm::Old)
        } else if let Some(inner) = path.strip_prefix("/xdc/apiv2sandbox") {
            (inner, Realm::New)
        } else {
            (path, Realm::Real)
        };
        // The old sandbox knows these with and without the part that asks for a certificate.
        let inner = match (realm, inner) {
            (Realm::Old, "/pay/refund") => "/secapi/pay/refund",
            (Realm::Old, "/pay/reverse") => "/secapi/pay/reverse",
            (_, inner) => inner,
        };
        self.get(inner).map(|operation| Route { operation, realm })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::catalogue::Kind;
    use crate::core::check::allowed;

    #[test]
    fn the_facts_are_readable_and_use_only_rules_the_sandbox_knows() {
        fn walk(field: &Field, at: &str) {
            let at = format!("{at}/{}", field.name);
            assert_ne!(field.kind, Kind::Any, "{at}");
            if let Some(alphabet) = &field.alphabet {
                assert!(allowed(alphabet).is_some(), "{at}: {alphabet}");
            }
            if let Some(format) = &field.format {
                let known = ["ip", "notify_url", "compact", "spaced"];
                assert!(known.contains(&format.as_str()), "{at}: {format}");
            }
            for field in field.fields.iter().chain(field.items.as_deref()) {
                walk(field, &at);
            }
        }
        let facts = Facts::built_in();
        assert!(facts.operations().count() > 10);
        for operation in facts.operations() {
            assert!(
                matches!(operation.method.as_str(), "GET" | "POST"),
                "{}",
                operation.name
            );
            for field in operation.fields.iter().chain(&operation.response) {
                walk(field, &operation.name);
            }
        }
    }

    #[test]
    fn no_two_interfaces_have_one_path() {
        let text = include_str!("../../catalogue_v2.json");
        let all: Vec<Operation> = serde_json::from_str(text).unwrap();
        assert_eq!(all.len(), Facts::built_in().by_path.len());
    }

    #[test]
    fn a_query_may_belong_to_the_path() {
        let facts = Facts::built_in();
        let path = "/secapi/mch/submchmanage";
        let name = |query| {
            let route = facts.route(path, query);
            route.map(|route| route.operation.path.as_str())
        };
        assert_eq!(
            name(Some("action=add")),
            Some("/secapi/mch/submchmanage?action=add")
        );
        assert_eq!(
            name(Some("action=query")),
            Some("/secapi/mch/submchmanage?action=query")
        );
        assert_eq!(name(Some("action=none")), None);
        assert_eq!(name(None), None);
        let query = facts.route("/pay/orderquery", Some("a=b"));
        assert!(query.is_some());
    }

    #[test]
    fn the_sandboxes_of_wechat_pay_are_known_by_their_prefix() {
        let facts = Facts::built_in();
        for (path, expected) in [
            ("/pay/orderquery", Some(Realm::Real)),
            ("/sandboxnew/pay/orderquery", Some(Realm::Old)),
            ("/sandboxnew/pay/refund", Some(Realm::Old)),
            ("/sandboxnew/secapi/pay/refund", Some(Realm::Old)),
            ("/xdc/apiv2sandbox/pay/micropay", Some(Realm::New)),
            ("/pay/refund", None),
            ("/v3/certificates", None),
            ("/pay/", None),
        ] {
            let realm = facts.route(path, None).map(|route| route.realm);
            assert_eq!(realm, expected, "{path}");
        }
    }
}
