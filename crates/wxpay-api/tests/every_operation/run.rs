//! What is done with each operation.

use std::fmt::Debug;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wxpay_proto::sign::{CipherError, Encryptor};
use wxpay_proto::{Body, Idempotency, Operation, ReplySignature, Target};

use crate::facts::Facts;
use crate::places::{broken, path, places};
use crate::sample::{Extent, Object};

/// Shows what was encrypted by putting it between brackets.
#[derive(Debug)]
struct Brackets;

impl Encryptor for Brackets {
    fn encrypt(&self, plain: &str) -> Result<String, CipherError> {
        Ok(format!("<{plain}>"))
    }
}

pub(crate) struct Run<O>(PhantomData<O>);

impl<O> Run<O>
where
    O: Operation + Clone + Debug + PartialEq + Serialize + DeserializeOwned,
    O::Response: Clone + Debug + PartialEq + Serialize + DeserializeOwned,
{
    /// Everything; returns the operation's name.
    pub(crate) fn all(facts: &[Facts]) -> &'static str {
        let sample = |facts: &Facts| serde_json::from_value::<O>(facts.all().sample(Extent::Full));
        // The type says which facts are its own.
        let name = std::any::type_name::<O>();
        let facts = facts
            .iter()
            .find(|facts| sample(facts).is_ok_and(|operation| operation.info().name == facts.name))
            .unwrap_or_else(|| {
                panic!("{name}: the catalogue has no operation it can be read from")
            });
        let info = sample(facts).unwrap().info();
        assert_eq!(info.method.as_str(), facts.method, "{name}");
        let idempotency = match (&*facts.method, &facts.merchant_number) {
            ("GET", _) => Idempotency::Safe,
            (_, Some(_)) => Idempotency::MerchantNumber,
            (_, None) => Idempotency::No,
        };
        assert_eq!(info.idempotency, idempotency, "{name}");
        let signed = info.reply == ReplySignature::Signed;
        assert_eq!(signed, facts.reply == "signed", "{name}");
        for extent in [Extent::Full, Extent::Least] {
            Self::request(facts, extent);
        }
        Self::required(facts);
        Self::limits(facts);
        if let Some(response) = &facts.response {
            Self::response(&facts.name, response);
        }
        info.name
    }

    fn request(facts: &Facts, extent: Extent) {
        let name = &facts.name;
        let sample = facts.all().sample(extent);
        let operation: O = serde_json::from_value(sample.clone()).unwrap();
        assert_eq!(
            serde_json::to_value(&operation).unwrap(),
            sample,
            "{name}: stored and read again"
        );
        operation
            .check()
            .unwrap_or_else(|error| panic!("{name}: {error}"));

        let mut target = Target::new("");
        for (at, piece) in facts.path.split(['{', '}']).enumerate() {
            target = match at % 2 {
                0 => target.literal(piece),
                _ => target.segment(sample[piece].as_str().unwrap()),
            };
        }
        for field in &facts.query {
            target = target.query_opt(
                &field.name,
                sample.get(&field.name).map(|value| value.as_str().unwrap()),
            );
        }
        assert_eq!(operation.target(), target, "{name}");

        let before = operation.clone();
        match (operation.body(&Brackets).unwrap(), &facts.body) {
            (Body::Empty, None) => {}
            (Body::Json(bytes), Some(body)) => {
                let sent: Value = serde_json::from_slice(&bytes).unwrap();
                assert_eq!(
                    sent,
                    body.sealed(&sample),
                    "{name}: exactly the fields of the body"
                );
            }
            (body, _) => panic!("{name}: {body:?}"),
        }
        assert_eq!(
            operation, before,
            "{name}: encrypting leaves the value alone"
        );
        if let Some(number) = &facts.merchant_number {
            assert!(
                sample.get(number).is_some(),
                "{name}: {number} is always there"
            );
        }
    }

    /// Nothing that is required may be missing.
    fn required(facts: &Facts) {
        let object = facts.all();
        let full = object.sample(Extent::Full);
        for (pointer, field) in places(&object, &full) {
            let mut sample = full.clone();
            let (parent, _) = pointer.rsplit_once('/').unwrap();
            sample
                .pointer_mut(parent)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(&field.name);
            let taken = serde_json::from_value::<O>(sample).is_ok();
            assert_eq!(taken, !field.required, "{}: without {pointer}", facts.name);
        }
    }

    /// Every limit is looked at, and the error names the field.
    fn limits(facts: &Facts) {
        let object = facts.all();
        let full = object.sample(Extent::Full);
        for (pointer, field) in places(&object, &full) {
            for broken in broken(&field, full.pointer(&pointer).unwrap()) {
                let mut sample = full.clone();
                *sample.pointer_mut(&pointer).unwrap() = broken.clone();
                let operation: O = match serde_json::from_value(sample) {
                    Ok(operation) => operation,
                    Err(error) => panic!("{}: {pointer} = {broken}: {error}", facts.name),
                };
                let Err(error) = operation.check() else {
                    panic!("{}: {pointer} = {broken} was taken", facts.name);
                };
                assert_eq!(error.field(), path(&pointer), "{}: {error}", facts.name);
            }
        }
        for group in &object.any_of {
            let mut sample = full.clone();
            for name in group {
                sample.as_object_mut().unwrap().remove(name);
            }
            let operation: O = serde_json::from_value(sample).unwrap();
            let error = operation.check().unwrap_err();
            assert_eq!(error.field(), group.join(" or "), "{}", facts.name);
        }
    }

    fn response(name: &str, response: &Object) {
        let read = |sample: &Value| {
            wxpay_proto::json::decode::<O::Response>(&serde_json::to_vec(sample).unwrap())
        };
        let full = response.sample(Extent::Full);
        let value = read(&full).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            serde_json::to_value(&value).unwrap(),
            full,
            "{name}: nothing of the answer is lost"
        );

        let least = read(&response.sample(Extent::Least));
        let least = least.unwrap_or_else(|error| panic!("{name}: {error}"));
        for (pointer, field) in places(response, &full) {
            let mut sample = full.clone();
            *sample.pointer_mut(&pointer).unwrap() = Value::Null;
            let taken = read(&sample).is_ok();
            assert_eq!(taken, !field.required, "{name}: {pointer} = null");

            let mut sample = full.clone();
            if let Some(object) = sample.pointer_mut(&pointer).unwrap().as_object_mut() {
                object.insert("added_later".to_owned(), json!({ "a": [1] }));
                let with_more = read(&sample).unwrap();
                assert_eq!(with_more, value, "{name}: keys nobody knows are ignored");
            }

            if !field.words.is_empty() {
                let mut sample = full.clone();
                *sample.pointer_mut(&pointer).unwrap() = json!("WORD_OF_2031");
                let kept = serde_json::to_value(read(&sample).unwrap()).unwrap();
                assert_eq!(
                    kept, sample,
                    "{name}: {pointer}: words nobody knows are kept"
                );
            }

            if field.kind == "fen" {
                let mut sample = full.clone();
                *sample.pointer_mut(&pointer).unwrap() = json!(1.0);
                let error = read(&sample).unwrap_err();
                assert_eq!(error.path(), path(&pointer), "{name}: money is no float");
            }
        }
        drop(least);
    }
}
