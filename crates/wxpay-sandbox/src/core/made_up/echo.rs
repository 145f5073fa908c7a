//! What a request says that its answer says again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::core::call::Call;
use crate::core::catalogue::{Field, Kind, Operation};
use crate::core::check;

/// Names that mean something else in every object.
const VAGUE: [&str; 14] = [
    "name",
    "type",
    "id",
    "state",
    "status",
    "amount",
    "total",
    "count",
    "description",
    "remark",
    "value",
    "code",
    "number",
    "reason",
];
/// Names of one word that mean the same everywhere.
const PLAIN: [&str; 4] = ["appid", "mchid", "openid", "currency"];
/// What an answer calls otherwise than the request: the payer pays what is asked for.
const ALIASES: [(&str, &str); 4] = [
    ("payer_total", "total"),
    ("payer_refund", "refund"),
    ("payer_amount", "total_amount"),
    ("payer_currency", "currency"),
];
/// More entries than are taken over from a request.
const MOST_ENTRIES: usize = 50;

/// A request by the names of what it holds.
#[derive(Debug)]
pub(super) struct Request<'a> {
    call: &'a Call<'a>,
    /// Every value of the body, by the name of its field.
    by_name: BTreeMap<&'a str, Vec<&'a Value>>,
    /// Fields whose values are not to be shown in the clear.
    sensitive: BTreeSet<&'a str>,
}

impl<'a> Request<'a> {
    pub(super) fn new(operation: &'a Operation, call: &'a Call<'a>) -> Self {
        let mut request = Self {
            call,
            by_name: BTreeMap::new(),
            sensitive: BTreeSet::new(),
        };
        request.collect(&call.body);
        let bodies = operation.body.iter().chain(&operation.meta);
        for field in bodies.chain(&operation.query) {
            request.collect_sensitive(field);
        }
        request
    }

    fn collect(&mut self, value: &'a Value) {
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    self.by_name.entry(name).or_default().push(value);
                    self.collect(value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            _ => {}
        }
    }

    fn collect_sensitive(&mut self, field: &'a Field) {
        if field.sensitive {
            self.sensitive.insert(&field.name);
        }
        for field in field.fields.iter().chain(field.items.as_deref()) {
            self.collect_sensitive(field);
        }
    }

    /// What the request is about: its business number, else all of it.
    pub(super) fn about(&self, operation: &Operation) -> String {
        let number = operation.merchant_number.as_deref().and_then(|name| {
            let top = self.call.body.get(name).and_then(Value::as_str);
            top.or_else(|| self.parameter(name)).map(str::to_owned)
        });
        // Of several parameters of a path the last is the thing itself.
        let last = operation
            .path_params
            .iter()
            .rev()
            .map(|it| it.name.as_str());
        let mut last = last.filter(|name| !is_party(name));
        let in_path = || last.next().map(|name| self.call.path(name).to_owned());
        let in_query = || {
            let mut names = self
                .call
                .query
                .names()
                .filter(|name| name.starts_with("out_"));
            let found = names.next().and_then(|name| self.call.query(name));
            found.map(str::to_owned)
        };
        let number = number.or_else(in_path).or_else(in_query);
        number.unwrap_or_else(|| {
            format!(
                "{} {} {:?} {:?} {:?} {}",
                self.call.method,
                self.call.path_template,
                self.call.path_params,
                self.call.query,
                self.call.headers,
                self.call.body
            )
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let in_path = self.call.path_params.get(name).map(String::as_str);
        in_path.or_else(|| self.call.query(name))
    }

    /// The counterpart of an object of the answer.
    pub(super) fn object<'s>(&'s self, name: &str, scope: Option<&'s Value>) -> Option<&'s Value> {
        let here = scope.and_then(|scope| scope.get(name));
        let anywhere = || self.by_name.get(name)?.first().copied();
        here.or_else(anywhere).filter(|value| value.is_object())
    }

    /// The counterpart of a list of the answer, its entries being of the right kind.
    pub(super) fn array<'s>(
        &'s self,
        field: &Field,
        item: &Field,
        scope: Option<&'s Value>,
    ) -> Option<&'s [Value]> {
        if self.is_hidden(field) {
            return None;
        }
        let name = field.name.as_str();
        let here = scope.and_then(|scope| scope.get(name));
        let anywhere = || self.by_name.get(name)?.first().copied();
        let items = here.or_else(anywhere)?.as_array()?;
        let items = items.get(..items.len().min(MOST_ENTRIES))?;
        let fits = !items.is_empty() && items.iter().all(|it| fits(item, it).is_some());
        fits.then_some(items)
    }

    /// What the request says in a field of this name, if the answer can say the same.
    pub(super) fn scalar(&self, field: &Field, scope: Option<&Value>) -> Option<Value> {
        if self.is_hidden(field) {
            return None;
        }
        let name = field.name.as_str();
        let here = scope.and_then(|scope| scope.get(name));
        if let Some(value) = here.and_then(|value| fits(field, value)) {
            return Some(value);
        }
        if let Some((_, alias)) = ALIASES.iter().find(|(alias, _)| *alias == name)
            && let Some(value) = scope.and_then(|scope| scope.get(*alias))
            && let Some(value) = fits(field, value)
        {
            return Some(value);
        }
        if VAGUE.contains(&name) {
            return None;
        }
        if let Some(text) = self.parameter(name) {
            return fits(field, &Value::from(text));
        }
        if !name.contains('_') && !PLAIN.contains(&name) {
            return None;
        }
        // Where several fields have the name and say different things, none is meant.
        let (first, others) = self.by_name.get(name)?.split_first()?;
        let alone = others.iter().all(|other| other == first);
        fits(field, first).filter(|_| alone)
    }

    fn is_hidden(&self, field: &Field) -> bool {
        !field.sensitive && self.sensitive.contains(field.name.as_str())
    }
}

/// Whether a parameter says who takes part, not what it is about.
fn is_party(name: &str) -> bool {
    ["mchid", "mch_id", "appid", "openid"]
        .iter()
        .any(|party| name.ends_with(party))
}

/// The value as the field would have it, if it can have it.
fn fits(field: &Field, value: &Value) -> Option<Value> {
    let value = match (field.kind, value) {
        // Parameters come as text.
        (Kind::Fen | Kind::Integer, Value::String(text)) => Value::from(text.parse::<i64>().ok()?),
        (Kind::Boolean, Value::String(text)) => Value::from(text.parse::<bool>().ok()?),
        (_, value) => value.clone(),
    };
    let fits = match field.kind {
        Kind::String => value.as_str().is_some_and(|text| {
            !text.is_empty() && (field.words.is_empty() || field.words.iter().any(|it| it == text))
        }),
        Kind::Fen | Kind::Integer => value.is_i64(),
        Kind::Number => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Datetime | Kind::Date => value
            .as_str()
            .is_some_and(|text| check::is_time(field, text)),
        Kind::Object => value.is_object(),
        Kind::Json => !value.is_null(),
        Kind::Array => value.is_array(),
        Kind::Any => false,
    };
    fits.then_some(value)
}
