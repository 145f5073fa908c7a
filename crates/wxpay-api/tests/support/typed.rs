//! Operations whose type is forgotten: tests that go through all of them are compiled once, not once a type.

#![allow(dead_code, reason = "not every test of the crate needs all of it")]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wxpay_proto::json::{DecodeError, InvalidField};
use wxpay_proto::sign::Encryptor;
use wxpay_proto::{Body, BodyError, Operation, OperationInfo, Reply, Target};

/// An operation, and how to make one of its fields.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) read: fn(Value) -> Result<Typed, serde_json::Error>,
}

impl Entry {
    pub(crate) const fn json<O>(name: &'static str) -> Self
    where
        O: Operation<Response: Serialize + DeserializeOwned> + Serialize + DeserializeOwned,
        O: 'static,
    {
        Self {
            name,
            read: |value| Ok(Typed(Box::new(serde_json::from_value::<O>(value)?))),
        }
    }
}

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

trait Forgotten: Send + Sync {
    fn operation_info(&self) -> OperationInfo;
    fn checked(&self) -> Result<(), InvalidField>;
    fn aim(&self) -> Target;
    fn content(&self, encryptor: &dyn Encryptor) -> Result<Body, BodyError>;
    fn read(&self, reply: Reply<'_>) -> Result<Value, DecodeError>;
    fn answer(&self, body: &Value) -> Result<Value, DecodeError>;
    fn stored(&self) -> Value;
}

fn shown(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

impl<O> Forgotten for O
where
    O: Operation<Response: Serialize + DeserializeOwned> + Serialize,
{
    fn operation_info(&self) -> OperationInfo {
        self.info()
    }

    fn checked(&self) -> Result<(), InvalidField> {
        self.check()
    }

    fn aim(&self) -> Target {
        self.target()
    }

    fn content(&self, encryptor: &dyn Encryptor) -> Result<Body, BodyError> {
        self.body(encryptor)
    }

    fn read(&self, reply: Reply<'_>) -> Result<Value, DecodeError> {
        self.decode(reply).map(|response| shown(&response))
    }

    fn answer(&self, body: &Value) -> Result<Value, DecodeError> {
        let body = serde_json::to_vec(body).unwrap();
        wxpay_proto::json::decode::<O::Response>(&body).map(|response| shown(&response))
    }

    fn stored(&self) -> Value {
        shown(self)
    }
}

impl Operation for Typed {
    type Response = Value;

    fn info(&self) -> OperationInfo {
        self.0.operation_info()
    }

    fn check(&self) -> Result<(), InvalidField> {
        self.0.checked()
    }

    fn target(&self) -> Target {
        self.0.aim()
    }

    fn body(&self, encryptor: &dyn Encryptor) -> Result<Body, BodyError> {
        self.0.content(encryptor)
    }

    fn decode(&self, reply: Reply<'_>) -> Result<Value, DecodeError> {
        self.0.read(reply)
    }
}
