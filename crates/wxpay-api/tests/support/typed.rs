//! Operations whose type is forgotten: tests that go through all of them are compiled once, not once a type.

#![allow(dead_code, reason = "not every test of the crate needs all of it")]

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wxpay_proto::json::{DecodeError, InvalidField};
use wxpay_proto::sign::Encryptor;
use wxpay_proto::{Body, BodyError, Operation, OperationInfo, Reply, Target};

/// An operation, and how to make one of its fields.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// What `std::any::type_name` calls its type.
    pub(crate) type_name: &'static str,
    pub(crate) read: fn(Value) -> Result<Typed, serde_json::Error>,
}

impl Entry {
    /// An operation whose answer is JSON, or nothing.
    pub(crate) fn json<O>(name: &'static str) -> Self
    where
        O: Operation<Response: Serialize + DeserializeOwned> + Serialize + DeserializeOwned,
        O: 'static,
    {
        Self {
            name,
            type_name: std::any::type_name::<O>(),
            read: |value| Ok(Typed(Box::new(Json(serde_json::from_value::<O>(value)?)))),
        }
    }

    /// An operation whose answer is a file.
    pub(crate) fn file<O>(name: &'static str) -> Self
    where
        O: Operation<Response = Bytes> + Serialize + DeserializeOwned + 'static,
    {
        Self {
            name,
            type_name: std::any::type_name::<O>(),
            read: |value| Ok(Typed(Box::new(File(serde_json::from_value::<O>(value)?)))),
        }
    }
}

struct Json<O>(O);

struct File<O>(O);

/// A value of the operation's own type. Its answers are read as their type, and then shown as JSON.
pub(crate) struct Typed(Box<dyn Forgotten>);

impl Typed {
    /// The operation as it is stored.
    pub(crate) fn stored(&self) -> Value {
        self.0.stored()
    }

    /// What its answer's type makes of `body`.
    pub(crate) fn answer(&self, body: &Value) -> Result<Value, DecodeError> {
        self.0.answer(body)
    }
}

/// What all of them have, as an object can have it.
trait Forgotten: Send + Sync {
    fn operation(&self) -> &dyn Unanswered;
    fn read(&self, reply: Reply<'_>) -> Result<Value, DecodeError>;
    fn answer(&self, body: &Value) -> Result<Value, DecodeError>;
    fn stored(&self) -> Value;
}

impl<O> Forgotten for Json<O>
where
    O: Operation<Response: Serialize + DeserializeOwned> + Serialize,
{
    fn operation(&self) -> &dyn Unanswered {
        &self.0
    }

    fn read(&self, reply: Reply<'_>) -> Result<Value, DecodeError> {
        self.0.decode(reply).map(|response| shown(&response))
    }

    fn answer(&self, body: &Value) -> Result<Value, DecodeError> {
        let body = serde_json::to_vec(body).unwrap();
        wxpay_proto::json::decode::<O::Response>(&body).map(|response| shown(&response))
    }

    fn stored(&self) -> Value {
        shown(&self.0)
    }
}

impl<O> Forgotten for File<O>
where
    O: Operation<Response = Bytes> + Serialize,
{
    fn operation(&self) -> &dyn Unanswered {
        &self.0
    }

    fn read(&self, reply: Reply<'_>) -> Result<Value, DecodeError> {
        let file = self.0.decode(reply)?;
        Ok(json!({ "bytes": file.len() }))
    }

    fn answer(&self, body: &Value) -> Result<Value, DecodeError> {
        panic!("a file is not read as JSON: {body}")
    }

    fn stored(&self) -> Value {
        shown(&self.0)
    }
}

fn shown(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// An operation without its answer.
trait Unanswered: Send + Sync {
    fn info(&self) -> OperationInfo;
    fn check(&self) -> Result<(), InvalidField>;
    fn target(&self) -> Target;
    fn headers(&self) -> Vec<(&'static str, String)>;
    fn body(&self, encryptor: &dyn Encryptor) -> Result<Body, BodyError>;
}

impl<O: Operation> Unanswered for O {
    fn info(&self) -> OperationInfo {
        Operation::info(self)
    }

    fn check(&self) -> Result<(), InvalidField> {
        Operation::check(self)
    }

    fn target(&self) -> Target {
        Operation::target(self)
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        Operation::headers(self)
    }

    fn body(&self, encryptor: &dyn Encryptor) -> Result<Body, BodyError> {
        Operation::body(self, encryptor)
    }
}

impl Operation for Typed {
    type Response = Value;

    fn info(&self) -> OperationInfo {
        self.0.operation().info()
    }

    fn check(&self) -> Result<(), InvalidField> {
        self.0.operation().check()
    }

    fn target(&self) -> Target {
        self.0.operation().target()
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        self.0.operation().headers()
    }

    fn body(&self, encryptor: &dyn Encryptor) -> Result<Body, BodyError> {
        self.0.operation().body(encryptor)
    }

    fn decode(&self, reply: Reply<'_>) -> Result<Value, DecodeError> {
        self.0.read(reply)
    }
}
