//! Interfaces that have no type: signed and verified all the same.

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use wxpay_json::{DecodeError, EncodeError};
use wxpay_sign::Encryptor;

use crate::operation::{
    Body, BodyError, Host, Idempotency, Operation, OperationInfo, Reply, ReplySignature,
};
use crate::target::Target;

/// An operation as method, target and JSON. Its response is the verified body.
///
/// ```
/// use wxpay_proto::{Idempotency, Target, Untyped};
///
/// let balance = Untyped::get(Target::new("/v3/merchant/fund/balance/").segment("BASIC"));
///
/// let order = serde_json::json!({ "out_order_no": "P1", "transaction_id": "4200" });
/// let unfreeze = Untyped::post(Target::new("/v3/profitsharing/orders/unfreeze"), &order)?
///     .idempotency(Idempotency::MerchantNumber);
/// # Ok::<(), wxpay_proto::json::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is executed"]
pub struct Untyped {
    info: OperationInfo,
    target: Target,
    headers: Vec<(&'static str, String)>,
    body: Option<Body>,
}

impl Untyped {
    /// GET: a query.
    pub const fn get(target: Target) -> Self {
        Self::new(Method::GET, target, None, Idempotency::Safe)
    }

    /// DELETE, without a body.
    pub const fn delete(target: Target) -> Self {
        Self::new(Method::DELETE, target, None, Idempotency::No)
    }

    /// DELETE with a body of JSON, which a few interfaces want.
    ///
    /// # Errors
    ///
    /// Where the value has no form in JSON.
    pub fn delete_with<T: Serialize>(target: Target, json: &T) -> Result<Self, EncodeError> {
        Self::with_json(Method::DELETE, target, json)
    }

    /// POST with a body of JSON.
    ///
    /// # Errors
    ///
    /// Where the value has no form in JSON.
    pub fn post<T: Serialize>(target: Target, json: &T) -> Result<Self, EncodeError> {
        Self::with_json(Method::POST, target, json)
    }

    /// PUT with a body of JSON.
    ///
    /// # Errors
    ///
    /// Where the value has no form in JSON.
    pub fn put<T: Serialize>(target: Target, json: &T) -> Result<Self, EncodeError> {
        Self::with_json(Method::PUT, target, json)
    }

    /// PATCH with a body of JSON.
    ///
    /// # Errors
    ///
    /// Where the value has no form in JSON.
    pub fn patch<T: Serialize>(target: Target, json: &T) -> Result<Self, EncodeError> {
        Self::with_json(Method::PATCH, target, json)
    }

    /// POST with any body, or with none.
    pub const fn post_body(target: Target, body: Body) -> Self {
        Self::new(Method::POST, target, Some(body), Idempotency::No)
    }

    /// Whether it may be repeated by itself: [`Idempotency::No`] for all but GET, unless set.
    pub const fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.info.idempotency = idempotency;
        self
    }

    /// The answer is a file that is not signed. Only for interfaces documented so.
    pub const fn unsigned_reply(mut self) -> Self {
        self.info.reply = ReplySignature::Unsigned;
        self
    }

    /// The answer is a file that is signed by its SHA-1: a cross-border statement.
    pub const fn digest_reply(mut self) -> Self {
        self.info.reply = ReplySignature::Digest;
        self
    }

    /// It is found on another host than the main one.
    pub const fn at(mut self, host: Host) -> Self {
        self.info.host = host;
        self
    }

    /// Adds a header, such as `Idempotency-Key`.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn with_json<T: Serialize>(
        method: Method,
        target: Target,
        json: &T,
    ) -> Result<Self, EncodeError> {
        let body = Body::Json(wxpay_json::encode(json)?);
        Ok(Self::new(method, target, Some(body), Idempotency::No))
    }

    const fn new(
        method: Method,
        target: Target,
        body: Option<Body>,
        idempotency: Idempotency,
    ) -> Self {
        Self {
            info: OperationInfo::new("untyped", method, idempotency, ReplySignature::Signed),
            target,
            headers: Vec::new(),
            body,
        }
    }
}

impl Operation for Untyped {
    type Response = Bytes;

    fn info(&self) -> OperationInfo {
        self.info.clone()
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        self.headers.clone()
    }

    fn body(&self, _: &dyn Encryptor) -> Result<Body, BodyError> {
        Ok(self.body.clone().unwrap_or(Body::Empty))
    }

    fn decode(&self, reply: Reply<'_>) -> Result<Bytes, DecodeError> {
        Ok(reply.body().clone())
    }
}
