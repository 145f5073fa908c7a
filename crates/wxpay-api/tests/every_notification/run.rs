//! What every type has to do.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wxpay_proto::NotificationContent;
use wxpay_proto::sign::Encryptor as _;

use crate::merchant::{key, notified};
use crate::places::{path, places};
use crate::sample::{Extent, Field, Object};

/// What the catalogue says of a type.
#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) events: Vec<String>,
    content: Object,
}

pub(crate) fn facts() -> Vec<Facts> {
    serde_json::from_str(include_str!("facts.json")).unwrap()
}

/// The types still to come.
pub(crate) struct Run(BTreeMap<String, Facts>);

impl Run {
    pub(crate) fn new() -> Self {
        let facts = facts().into_iter();
        Self(facts.map(|facts| (facts.name.clone(), facts)).collect())
    }

    pub(crate) fn all_were_there(self) {
        assert!(self.0.is_empty(), "not in the list: {:?}", self.0.keys());
    }

    pub(crate) fn content<T: NotificationContent + Serialize + Debug>(&mut self, name: &str) {
        let facts = self.0.remove(name).expect(name);
        assert_eq!(T::EVENTS, facts.events, "{name}");
        for extent in [Extent::Full, Extent::Least] {
            is_read::<T>(&facts, extent);
        }
        another_event_is_refused::<T>(&facts);
        what_is_missing_is_named::<T>(&facts);
    }
}

/// Every event of the type, and what is encrypted is in the clear and does not show.
fn is_read<T: NotificationContent + Serialize + Debug>(facts: &Facts, extent: Extent) {
    let name = &facts.name;
    let sample = facts.content.sample(extent);
    let mut secrets = Vec::new();
    let wire = sealed(&facts.content.fields, &sample, &mut secrets);
    for event in &facts.events {
        let content: T = match notified(event, &wire).decode() {
            Ok(content) => content,
            Err(error) => panic!("{name}: {error:?}\n{wire:#}"),
        };
        assert_eq!(serde_json::to_value(&content).unwrap(), sample, "{name}");
        let shown = format!("{content:?}");
        for secret in &secrets {
            assert!(!shown.contains(secret), "{name}: {secret} shows in {shown}");
        }
    }
}

fn another_event_is_refused<T: NotificationContent + Debug>(facts: &Facts) {
    let other = if facts
        .events
        .iter()
        .any(|event| event == "SECURITY_ECHO.SUCCESS")
    {
        "REFUND.SUCCESS"
    } else {
        "SECURITY_ECHO.SUCCESS"
    };
    let wire = sealed(
        &facts.content.fields,
        &facts.content.sample(Extent::Full),
        &mut Vec::new(),
    );
    let notification = notified(other, &wire);
    let error = notification.decode::<T>().unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(other) && text.contains(&facts.events[0]),
        "{text}"
    );
    // On demand it is read all the same.
    notification.decode_as::<T>().unwrap();
}

fn what_is_missing_is_named<T: NotificationContent + Debug>(facts: &Facts) {
    let full = facts.content.sample(Extent::Full);
    for (pointer, field) in places(&facts.content, &full) {
        if !field.required {
            continue;
        }
        let mut sample = full.clone();
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        let parent = sample.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().remove(last).unwrap();
        let wire = sealed(&facts.content.fields, &sample, &mut Vec::new());
        let error = notified(&facts.events[0], &wire).decode::<T>().unwrap_err();
        let cause = error.source().unwrap().to_string();
        let expected = format!("{}: the field is missing", path(&pointer));
        assert_eq!(cause, expected, "{}", facts.name);
        assert!(error.to_string().contains("plaintext()"), "{error}");
        let kept: Value = serde_json::from_slice(error.plaintext()).unwrap();
        assert_eq!(kept, wire, "what was told is not lost");
    }
}

/// The sample as it goes over the wire: what has to be is encrypted for the merchant, and taken down.
fn sealed(fields: &[Field], sample: &Value, secrets: &mut Vec<String>) -> Value {
    let fields = fields.iter();
    let there = fields.filter_map(|field| Some((field, sample.get(&field.name)?)));
    there
        .map(|(field, value)| (field.name.clone(), sealed_value(field, value, secrets)))
        .collect()
}

fn sealed_value(field: &Field, value: &Value, secrets: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) if field.sensitive => {
            // An entry of a list is called nothing, and its sample is part of every other.
            if !field.name.is_empty() {
                secrets.push(text.clone());
            }
            key().public_key().encrypt(text).unwrap().into()
        }
        Value::Object(_) => sealed(&field.fields, value, secrets),
        Value::Array(values) => {
            let mut item = field.items.as_deref().unwrap().clone();
            item.sensitive |= field.sensitive;
            let mut sealed = |value| sealed_value(&item, value, &mut *secrets);
            values.iter().map(&mut sealed).collect()
        }
        other => other.clone(),
    }
}
