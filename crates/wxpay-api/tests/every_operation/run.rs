//! What is done with each operation.

use serde_json::{Value, json};
use wxpay_proto::json::Sensitive;
use wxpay_proto::sign::{CipherError, Encryptor};
use wxpay_proto::{Body, Host, Idempotency, Operation, ReplySignature, Target};

use crate::facts::Facts;
use crate::places::{broken, path, places};
use crate::sample::{Extent, Field, Object};
use crate::typed::{Entry, Typed};

/// Shows what was encrypted by putting it between brackets.
#[derive(Debug)]
struct Brackets;

impl Encryptor for Brackets {
    fn encrypt(&self, plain: &str) -> Result<String, CipherError> {
        Ok(format!("<{plain}>"))
    }
}

pub(crate) struct Run<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) facts: &'a Facts,
}

impl Run<'_> {
    /// Everything.
    pub(crate) fn all(&self) {
        let (name, facts) = (self.entry.name, self.facts);
        let operation = self.read(facts.all().sample(Extent::Full));
        let info = operation.info();
        assert_eq!(info.name, name);
        assert_eq!(info.method.as_str(), facts.method, "{name}");
        let idempotency = match (&*facts.method, &facts.merchant_number) {
            ("GET", _) => Idempotency::Safe,
            (_, Some(_)) => Idempotency::MerchantNumber,
            (_, None) => Idempotency::No,
        };
        assert_eq!(info.idempotency, idempotency, "{name}");
        let reply = match &*facts.reply {
            "signed" => ReplySignature::Signed,
            "unsigned" => ReplySignature::Unsigned,
            "digest" => ReplySignature::Digest,
            other => panic!("{name}: {other}"),
        };
        assert_eq!(info.reply, reply, "{name}");
        let host = match facts.host.as_deref() {
            None => Host::Main,
            Some("hk") => Host::HongKong,
            Some(other) => panic!("{name}: {other}"),
        };
        assert_eq!(info.host, host, "{name}");
        assert!([200, 202, 204].contains(&facts.status), "{name}");
        for extent in [Extent::Full, Extent::Least] {
            self.request(extent);
        }
        self.required();
        self.limits();
        if let Some(response) = &facts.response {
            self.response(&operation, response);
        }
    }

    fn read(&self, sample: Value) -> Typed {
        let name = self.entry.name;
        (self.entry.read)(sample.clone())
            .unwrap_or_else(|error| panic!("{name}: {error}: {sample}"))
    }

    fn request(&self, extent: Extent) {
        let (name, facts) = (self.entry.name, self.facts);
        let sample = facts.all().sample(extent);
        let operation = self.read(sample.clone());
        assert_eq!(operation.stored(), sample, "{name}: stored and read again");
        operation
            .check()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(operation.target(), self.target(&sample), "{name}");
        for (header, value) in operation.headers() {
            assert_eq!(sample[header], json!(value), "{name}");
        }
        let headers = facts.headers.iter();
        let expected = headers.filter(|field| sample.get(&field.name).is_some());
        assert_eq!(operation.headers().len(), expected.count(), "{name}");

        match (
            operation.body(&Brackets).unwrap(),
            &facts.body,
            &facts.upload,
        ) {
            (Body::Empty, None, None) => {}
            (Body::Multipart(_), None, Some(_)) => {}
            (Body::Json(bytes), Some(body), None) => {
                let sent: Value = serde_json::from_slice(&bytes).unwrap();
                assert_eq!(
                    sent,
                    body.sealed(&sample),
                    "{name}: exactly the fields of the body"
                );
            }
            (body, _, _) => panic!("{name}: {body:?}"),
        }
        assert_eq!(
            operation.stored(),
            sample,
            "{name}: encrypting leaves the value alone"
        );
        if let Some(number) = &facts.merchant_number {
            assert!(
                sample.get(number).is_some(),
                "{name}: {number} is always there"
            );
        }
    }

    /// Where the sample goes.
    fn target(&self, sample: &Value) -> Target {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut target = Target::new("");
        for (at, piece) in self.facts.path.split(['{', '}']).enumerate() {
            target = match at % 2 {
                0 => target.literal(piece),
                _ => target.segment(&text(&sample[piece])),
            };
        }
        for field in &self.facts.query {
            target = match sample.get(&field.name) {
                None => target,
                Some(value) if field.sensitive => {
                    let name = String::leak(field.name.clone());
                    target.query_encrypted(name, &Sensitive::new(text(value)))
                }
                Some(Value::Array(values)) => {
                    target.query_all(&field.name, values.iter().map(text))
                }
                Some(value) => target.query(&field.name, &text(value)),
            };
        }
        target
    }

    /// Nothing that is required may be missing, and the error names what is.
    fn required(&self) {
        let name = self.entry.name;
        let object = self.facts.all();
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
            match (self.entry.read)(sample) {
                Ok(_) => assert!(!field.required, "{name}: taken without {pointer}"),
                Err(error) => {
                    assert!(field.required, "{name}: {pointer}: {error}");
                    let place = format!("at `{}`", path(&pointer));
                    assert!(error.to_string().contains(&place), "{name}: {error}");
                }
            }
        }
    }

    /// Every limit is looked at, and the error names the field.
    fn limits(&self) {
        let name = self.entry.name;
        let object = self.facts.all();
        let full = object.sample(Extent::Full);
        for (pointer, field) in places(&object, &full) {
            for broken in broken(&field, full.pointer(&pointer).unwrap()) {
                let mut sample = full.clone();
                *sample.pointer_mut(&pointer).unwrap() = broken.clone();
                let operation = self.read(sample);
                // An empty word is one that is not there.
                if !field.required && operation.stored().pointer(&pointer).is_none() {
                    continue;
                }
                let Err(error) = operation.check() else {
                    panic!("{name}: {pointer} = {broken} was taken");
                };
                assert_eq!(error.field(), path(&pointer), "{name}: {error}");
            }
        }
        for group in &object.any_of {
            let mut sample = full.clone();
            for name in group {
                sample.as_object_mut().unwrap().remove(name);
            }
            let error = self.read(sample).check().unwrap_err();
            assert_eq!(error.field(), group.join(" or "), "{name}");
        }
    }

    fn response(&self, operation: &Typed, response: &Object) {
        let name = self.entry.name;
        let read = |sample: &Value| operation.answer(sample);
        let full = response.sample(Extent::Full);
        let value = read(&full).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(value, full, "{name}: nothing of the answer is lost");

        let least = response.sample(Extent::Least);
        read(&least).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (pointer, field) in places(response, &full) {
            self.absent(operation, &full, &pointer, &field);

            let mut sample = full.clone();
            if let Some(object) = sample.pointer_mut(&pointer).unwrap().as_object_mut()
                && field.kind == "object"
            {
                object.insert("added_later".to_owned(), json!({ "a": [1] }));
                let with_more = read(&sample).unwrap();
                assert_eq!(with_more, value, "{name}: keys nobody knows are ignored");
            }

            if !field.words.is_empty() {
                let mut sample = full.clone();
                *sample.pointer_mut(&pointer).unwrap() = json!("WORD_OF_2031");
                assert_eq!(
                    read(&sample).unwrap(),
                    sample,
                    "{name}: {pointer}: words nobody knows are kept"
                );
            }

            if ["fen", "integer"].contains(&&*field.kind) {
                let mut sample = full.clone();
                let number = sample.pointer_mut(&pointer).unwrap();
                *number = json!(number.to_string());
                assert_eq!(read(&sample).unwrap(), value, "{name}: {pointer} as text");
                *sample.pointer_mut(&pointer).unwrap() = json!(1.0);
                let error = read(&sample).unwrap_err();
                assert_eq!(error.path(), path(&pointer), "{name}: no float is whole");
            }
        }
    }

    /// `null` is a field that is missing, which only those may be that are not required.
    fn absent(&self, operation: &Typed, full: &Value, pointer: &str, field: &Field) {
        let name = self.entry.name;
        let mut sample = full.clone();
        *sample.pointer_mut(pointer).unwrap() = Value::Null;
        match operation.answer(&sample) {
            Ok(_) => assert!(!field.required, "{name}: {pointer} = null was taken"),
            Err(error) => {
                assert!(field.required, "{name}: {pointer} = null: {error}");
                assert_eq!(error.path(), path(pointer), "{name}");
            }
        }
    }
}
