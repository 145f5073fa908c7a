//! What every type has to do.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt::Debug;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wxpay_proto::sign::Encryptor as _;
use wxpay_proto::{ContentError, Notification, NotificationContent};

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
    let mut all: Vec<Facts> = serde_json::from_str(include_str!("facts.json")).unwrap();
    let contents = all.iter_mut().map(|facts| &mut facts.content.fields);
    contents.flatten().for_each(Field::name_form);
    all
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
        let content = Content {
            facts,
            decode: |notification| notification.decode::<T>().map(Shown::of),
            decode_as: |notification| notification.decode_as::<T>().map(Shown::of),
        };
        content.is_read(Extent::Full);
        content.is_read(Extent::Least);
        content.another_event_is_refused();
        content.what_is_missing_is_named();
    }
}

/// A type, forgotten: what follows is compiled once and not once a type.
struct Content {
    facts: Facts,
    decode: fn(&Notification) -> Result<Shown, ContentError>,
    decode_as: fn(&Notification) -> Result<Shown, ContentError>,
}

/// A value as JSON and as `Debug` prints it.
#[derive(Debug)]
struct Shown {
    json: Value,
    debug: String,
}

impl Shown {
    fn of<T: Serialize + Debug>(value: T) -> Self {
        Self {
            json: serde_json::to_value(&value).unwrap(),
            debug: format!("{value:?}"),
        }
    }
}

impl Content {
    fn sample(&self, extent: Extent) -> Value {
        self.facts.content.sample(extent)
    }

    fn sealed(&self, sample: &Value) -> Value {
        sealed(&self.facts.content.fields, sample, &mut Vec::new())
    }

    /// Every event of the type, and what is encrypted is in the clear and does not show.
    fn is_read(&self, extent: Extent) {
        let name = &self.facts.name;
        let sample = self.sample(extent);
        let mut secrets = Vec::new();
        let wire = sealed(&self.facts.content.fields, &sample, &mut secrets);
        for event in &self.facts.events {
            let content = match (self.decode)(&notified(event, &wire)) {
                Ok(content) => content,
                Err(error) => panic!("{name}: {error:?}\n{wire:#}"),
            };
            assert_eq!(content.json, sample, "{name}");
            for secret in &secrets {
                let shown = &content.debug;
                assert!(!shown.contains(secret), "{name}: {secret} shows in {shown}");
            }
        }
    }

    fn another_event_is_refused(&self) {
        let echo = "SECURITY_ECHO.SUCCESS";
        let other = if self.facts.events.iter().any(|event| event == echo) {
            "REFUND.SUCCESS"
        } else {
            echo
        };
        let notification = notified(other, &self.sealed(&self.sample(Extent::Full)));
        let text = (self.decode)(&notification).unwrap_err().to_string();
        assert!(
            text.contains(other) && text.contains(&self.facts.events[0]),
            "{text}"
        );
        // On demand it is read all the same.
        (self.decode_as)(&notification).unwrap();
    }

    fn what_is_missing_is_named(&self) {
        let full = self.sample(Extent::Full);
        for (pointer, field) in places(&self.facts.content, &full) {
            if !field.required {
                continue;
            }
            let mut sample = full.clone();
            let (parent, last) = pointer.rsplit_once('/').unwrap();
            let parent = sample.pointer_mut(parent).unwrap();
            parent.as_object_mut().unwrap().remove(last).unwrap();
            let wire = self.sealed(&sample);
            let error = (self.decode)(&notified(&self.facts.events[0], &wire)).unwrap_err();
            let cause = error.source().unwrap().to_string();
            let expected = format!("{}: the field is missing", path(&pointer));
            assert_eq!(cause, expected, "{}", self.facts.name);
            assert!(error.to_string().contains("plaintext()"), "{error}");
            let kept: Value = serde_json::from_slice(error.plaintext()).unwrap();
            assert_eq!(kept, wire, "what was told is not lost");
        }
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
