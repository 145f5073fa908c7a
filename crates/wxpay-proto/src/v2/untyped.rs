//! Interfaces that have no type: signed and verified all the same.

use std::fmt;

use wxpay_json::DecodeError;

use super::form::Form;
use super::operation::{Operation, OperationInfo, Reply, Request};
use super::parameters::Parameters;
use crate::operation::{BodyError, Idempotency};

/// An operation as a path and fields. Its response is the fields of the answer.
///
/// The merchant's number, `nonce_str`, `sign_type` and `sign` are added as to any other.
///
/// ```
/// use wxpay_proto::Idempotency;
/// use wxpay_proto::v2::{OperationInfo, ReplyForm, Untyped};
///
/// let query = Untyped::post("/pay/orderquery", Idempotency::Safe)
///     .field("appid", "wx2421b1c4370ec43b")
///     .field("out_trade_no", "1409811653");
///
/// // Where an interface is special, say how.
/// let info = OperationInfo::new("untyped", "/mmpaymkttransfers/gethbinfo", Idempotency::Safe)
///     .with_certificate()
///     .reply(ReplyForm::Unsigned);
/// let red_packet = Untyped::new(info).field("mch_billno", "0010010404201411170000046545");
/// ```
#[derive(Clone)]
#[must_use = "an operation does nothing until it is executed"]
pub struct Untyped {
    info: OperationInfo,
    fields: Vec<(&'static str, String)>,
}

impl Untyped {
    /// The usual operation: POST to the main host, a signed answer.
    pub const fn post(path: &'static str, idempotency: Idempotency) -> Self {
        Self::new(OperationInfo::new("untyped", path, idempotency))
    }

    /// Any operation.
    pub const fn new(info: OperationInfo) -> Self {
        Self {
            info,
            fields: Vec::new(),
        }
    }

    /// Adds a field; an empty one is left out. A value for JSON is given as the text that it is.
    pub fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }
}

impl Request for Untyped {
    fn info(&self) -> OperationInfo {
        self.info
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        for (name, value) in &self.fields {
            form.text(name, value.as_str());
        }
        Ok(())
    }
}

impl Operation for Untyped {
    type Response = Parameters;

    fn read(&self, reply: &Reply<'_>) -> Result<Parameters, DecodeError> {
        Ok(reply.to_parameters())
    }
}

impl fmt::Debug for Untyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.fields.iter().map(|(name, _)| name);
        f.debug_struct("Untyped")
            .field("info", &self.info)
            .field("fields", &names.collect::<Vec<_>>())
            .finish()
    }
}
