//! Operations as a user would write them: one with a checked field, one with a sensitive one.

use serde::{Deserialize, Serialize};
use wxpay_proto::http::Method;
use wxpay_proto::json::check;
use wxpay_proto::sign::Encryptor;
use wxpay_proto::{
    Body, BodyError, DecodeError, Idempotency, InvalidField, Operation, OperationInfo, Reply,
    ReplySignature, Target,
};

/// Orders something; the answer is a `prepay_id`.
#[derive(Debug, Serialize)]
pub(crate) struct Prepay {
    pub(crate) description: String,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Prepaid {
    pub(crate) prepay_id: String,
}

impl Prepay {
    pub(crate) fn new(description: &str) -> Self {
        Self {
            description: description.to_owned(),
        }
    }
}

impl Operation for Prepay {
    type Response = Prepaid;

    fn info(&self) -> OperationInfo {
        OperationInfo::new(
            "test.prepay",
            Method::POST,
            Idempotency::MerchantNumber,
            ReplySignature::Signed,
        )
    }

    fn check(&self) -> Result<(), InvalidField> {
        check::text("description", &self.description, 1, 127)
    }

    fn target(&self) -> Target {
        Target::new("/v3/pay/transactions/jsapi")
    }

    fn body(&self, _: &dyn Encryptor) -> Result<Body, BodyError> {
        Body::json(self)
    }

    fn decode(&self, reply: Reply<'_>) -> Result<Prepaid, DecodeError> {
        reply.json()
    }
}

/// Sends a name that is encrypted on the way; the answer has one as well.
pub(crate) struct Apply(pub(crate) String);

#[derive(Deserialize)]
struct Name {
    name: String,
}

impl Operation for Apply {
    type Response = String;

    fn info(&self) -> OperationInfo {
        OperationInfo::new(
            "test.apply",
            Method::POST,
            Idempotency::No,
            ReplySignature::Signed,
        )
    }

    fn target(&self) -> Target {
        Target::new("/v3/applyment4sub/applyment/")
    }

    fn body(&self, encryptor: &dyn Encryptor) -> Result<Body, BodyError> {
        let name = encryptor
            .encrypt(&self.0)
            .map_err(|source| BodyError::Encrypt {
                field: "name",
                source,
            })?;
        Body::json(&serde_json::json!({ "name": name }))
    }

    fn decode(&self, reply: Reply<'_>) -> Result<String, DecodeError> {
        let sealed: Name = reply.json()?;
        let opened = reply.decryptor().decrypt(&sealed.name);
        opened.map_err(|error| DecodeError::at("name", error.to_string()))
    }
}
