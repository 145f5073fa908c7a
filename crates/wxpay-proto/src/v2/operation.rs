//! What an operation of v2 is to the protocol.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use wxpay_json::{DecodeError, InvalidField};
use wxpay_sign::SignType;

use super::fields::Fields;
use super::form::Form;
use crate::endpoint::Endpoint;
use crate::operation::{BodyError, Idempotency};

/// The half of an operation that asks. Object safe, so that one piece of code can send them all.
pub trait Request: Send + Sync {
    /// Name, address, and how it is signed, repeated and believed.
    fn info(&self) -> OperationInfo;

    /// Checks the fields before anything is sent.
    ///
    /// # Errors
    ///
    /// The first field that is missing, too long, or outside its alphabet or range.
    fn check(&self) -> Result<(), InvalidField> {
        Ok(())
    }

    /// Writes the fields, best in the byte order of their names, which spares the sorting. Not written are the
    /// merchant's number, `nonce_str`, `sign_type` and `sign`: [`Merchant`](super::Merchant) adds them. `appid` is
    /// written, since a merchant has several.
    ///
    /// # Errors
    ///
    /// Where a field cannot be encrypted or has no form in JSON.
    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError>;
}

/// A request and what its answer means.
///
/// `wxpay-api` has one type for every documented interface. Write your own for what is not there, or use
/// [`Untyped`](super::Untyped).
pub trait Operation: Request {
    /// What a good answer becomes.
    type Response: Send;

    /// Reads an answer that is believed and is no error.
    ///
    /// # Errors
    ///
    /// Where it is not what the operation answers with.
    fn read(&self, reply: &Reply<'_>) -> Result<Self::Response, DecodeError>;
}

/// A value that is read from fields: the answer of an operation, a notification, an entry of a numbered family.
pub trait Decode: Sized {
    /// Reads it. Asking in the byte order of the names is fastest; any order works.
    ///
    /// # Errors
    ///
    /// Where a field is missing or not of its form.
    fn read(fields: &Fields<'_>) -> Result<Self, DecodeError>;
}

/// What the protocol has to know about an operation, apart from its values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// Generation, family and name, `v2.pay.unified_order`: for traces and errors.
    pub name: &'static str,
    /// `/pay/unifiedorder`
    pub path: &'static str,
    /// Which host.
    pub host: Host,
    /// What the merchant's number is called: `mch_id`, `mchid`, `combine_mch_id`.
    pub merchant_field: &'static str,
    /// How it may be signed.
    pub signing: Signing,
    /// Whether `sign_type` is sent. An interface without it takes what WeChat Pay assumes, MD5, unless `signing`
    /// says otherwise.
    pub sign_type_field: bool,
    /// Whether `nonce_str` is sent.
    pub nonce_field: bool,
    /// Whether the client certificate (商户API证书) has to be shown.
    pub certificate: bool,
    /// Whether it is a GET with the fields in the query: a page that the payer's browser opens, mostly.
    pub query: bool,
    /// What the answer is.
    pub reply: ReplyForm,
    /// Whether it may be repeated.
    pub idempotency: Idempotency,
    /// The fields covered by `workwx_sign`, the second signature of WeCom (企业微信); none unless the interface has it.
    pub workwx_sign: &'static [&'static str],
}

impl OperationInfo {
    /// The usual operation: POST to the main host, `mch_id`, either sign type, `sign_type` and `nonce_str` sent, no
    /// client certificate, a signed answer.
    #[must_use]
    pub const fn new(name: &'static str, path: &'static str, idempotency: Idempotency) -> Self {
        Self {
            name,
            path,
            host: Host::Api,
            merchant_field: "mch_id",
            signing: Signing::Any,
            sign_type_field: true,
            nonce_field: true,
            certificate: false,
            query: false,
            reply: ReplyForm::Signed,
            idempotency,
            workwx_sign: &[],
        }
    }

    /// Goes to another host.
    #[must_use]
    pub const fn host(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// Calls the merchant's number something else than `mch_id`.
    #[must_use]
    pub const fn merchant_field(mut self, name: &'static str) -> Self {
        self.merchant_field = name;
        self
    }

    /// Takes one sign type only.
    #[must_use]
    pub const fn signing(mut self, signing: Signing) -> Self {
        self.signing = signing;
        self
    }

    /// Has no `sign_type` field.
    #[must_use]
    pub const fn without_sign_type(mut self) -> Self {
        self.sign_type_field = false;
        self
    }

    /// Has no `nonce_str` field.
    #[must_use]
    pub const fn without_nonce(mut self) -> Self {
        self.nonce_field = false;
        self
    }

    /// Needs the client certificate.
    #[must_use]
    pub const fn with_certificate(mut self) -> Self {
        self.certificate = true;
        self
    }

    /// Is a GET with the fields in the query.
    #[must_use]
    pub const fn with_query(mut self) -> Self {
        self.query = true;
        self
    }

    /// Answers in another form.
    #[must_use]
    pub const fn reply(mut self, reply: ReplyForm) -> Self {
        self.reply = reply;
        self
    }

    /// Has a `workwx_sign` over these fields.
    #[must_use]
    pub const fn workwx_sign(mut self, fields: &'static [&'static str]) -> Self {
        self.workwx_sign = fields;
        self
    }

    /// How the request is signed by a merchant that prefers `preferred`.
    #[must_use]
    pub const fn sign_type(&self, preferred: SignType) -> SignType {
        match self.signing {
            Signing::Md5 => SignType::Md5,
            Signing::HmacSha256 => SignType::HmacSha256,
            Signing::Any if self.sign_type_field => preferred,
            // What is assumed where nothing is said.
            Signing::Any => SignType::Md5,
        }
    }
}

/// The hosts of v2.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Host {
    /// The main one, <https://api.mch.weixin.qq.com>, and those that stand in for it.
    Api,
    /// Keys and identities, <https://fraud.mch.weixin.qq.com>.
    Fraud,
    /// Payment by face, <https://payapp.weixin.qq.com>.
    PayApp,
    /// Authorisations of real names, <https://payapp.mch.weixin.qq.com>.
    PayAppMch,
}

impl Host {
    /// Where to send to, for a merchant that sends to `endpoint`: an endpoint that is not WeChat Pay's own (the
    /// sandbox, a proxy) stands for every host.
    #[must_use]
    pub fn endpoint(self, endpoint: &Endpoint) -> Endpoint {
        let own = match self {
            Self::Api => return endpoint.clone(),
            Self::Fraud => "fraud.mch.weixin.qq.com",
            Self::PayApp => "payapp.weixin.qq.com",
            Self::PayAppMch => "payapp.mch.weixin.qq.com",
        };
        if endpoint.host().ends_with(".mch.weixin.qq.com") {
            Endpoint::of(own)
        } else {
            endpoint.clone()
        }
    }
}

/// Which sign types an interface takes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Signing {
    /// Both: the merchant's choice.
    Any,
    /// MD5 only.
    Md5,
    /// HMAC-SHA256 only.
    HmacSha256,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ReplyForm {
    /// XML with a signature; without, it is not believed.
    Signed,
    /// XML that the interface does not sign: TLS is all that proves it.
    Unsigned,
    /// A file, text or gzip, not signed; in its place, XML that says why there is none.
    File,
    /// JSON, not signed, the errors of which the operation reads itself.
    Json,
}

/// An answer that is believed, about to be read. Its fields are reached directly: it derefs to [`Fields`].
#[derive(Clone)]
pub struct Reply<'a> {
    fields: Fields<'a>,
    body: &'a Bytes,
}

impl<'a> Reply<'a> {
    pub(crate) const fn new(fields: Fields<'a>, body: &'a Bytes) -> Self {
        Self { fields, body }
    }

    /// The fields; none in a file or in JSON.
    #[must_use]
    pub const fn fields(&self) -> &Fields<'a> {
        &self.fields
    }

    /// The whole body: the file, where it is one.
    #[must_use]
    pub const fn body(&self) -> &'a Bytes {
        self.body
    }
}

impl<'a> Deref for Reply<'a> {
    type Target = Fields<'a>;

    fn deref(&self) -> &Fields<'a> {
        &self.fields
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("fields", &self.fields)
            .field("body_len", &self.body.len())
            .finish()
    }
}
