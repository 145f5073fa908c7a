//! What an operation of v1 is to the protocol.

use http::Method;
use wxpay_json::{DateTime, DecodeError, Fen, InvalidField};

use super::accept::Reply;
use super::form::Form;
use crate::endpoint::Endpoint;
use crate::operation::Idempotency;

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

    /// Writes the parameters. What [`Signing`] adds is not written.
    fn write<'a>(&'a self, form: &mut Form<'a>);
}

/// A request and what its answer means.
///
/// `wxpay-api` has a type for each interface of v1.
pub trait Operation: Request {
    /// What a good answer becomes.
    type Response: Send;

    /// Reads an answer that is believed: verified where it is signed, and no error.
    ///
    /// # Errors
    ///
    /// Where it is not what the operation answers with.
    fn read(&self, reply: &Reply) -> Result<Self::Response, DecodeError>;
}

/// What the protocol has to know about an operation, apart from its values.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// `v1.gen_prepay`: for traces and errors.
    pub name: &'static str,
    /// Which host.
    pub host: Host,
    /// The HTTP method.
    pub method: Method,
    /// The path.
    pub path: &'static str,
    /// How it is signed, which decides where the parameters stand.
    pub signing: Signing,
    /// Whether it needs an access token.
    pub access_token: bool,
    /// Whether it needs the client certificate (商户证书).
    pub certificate: bool,
    /// What the answer is.
    pub reply: ReplyForm,
    /// Whether it may be repeated.
    pub idempotency: Idempotency,
}

impl OperationInfo {
    /// A JSON interface of the WeChat platform: POST, `app_signature`, with an access token.
    #[must_use]
    pub const fn platform(
        name: &'static str,
        path: &'static str,
        idempotency: Idempotency,
    ) -> Self {
        Self {
            name,
            host: Host::Platform,
            method: Method::POST,
            path,
            signing: Signing::AppSignature,
            access_token: true,
            certificate: false,
            reply: ReplyForm::Json,
            idempotency,
        }
    }

    /// An interface of Tenpay's: GET, MD5 with the partner key both ways, no certificate.
    #[must_use]
    pub const fn tenpay(
        name: &'static str,
        host: Host,
        path: &'static str,
        idempotency: Idempotency,
    ) -> Self {
        Self {
            name,
            host,
            method: Method::GET,
            path,
            signing: Signing::PartnerKey,
            access_token: false,
            certificate: false,
            reply: ReplyForm::SignedXml,
            idempotency,
        }
    }

    /// Takes another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Is signed in another way.
    #[must_use]
    pub const fn signing(mut self, signing: Signing) -> Self {
        self.signing = signing;
        self
    }

    /// Needs no access token.
    #[must_use]
    pub const fn without_access_token(mut self) -> Self {
        self.access_token = false;
        self
    }

    /// Needs the client certificate.
    #[must_use]
    pub const fn with_certificate(mut self) -> Self {
        self.certificate = true;
        self
    }

    /// Answers in another form.
    #[must_use]
    pub const fn reply(mut self, reply: ReplyForm) -> Self {
        self.reply = reply;
        self
    }
}

/// The hosts of v1. A merchant with an endpoint of its own (the sandbox, a proxy) sends everything there.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Host {
    /// The WeChat platform, <https://api.weixin.qq.com>.
    Platform,
    /// Tenpay's merchant interfaces, <https://mch.tenpay.com>.
    TenpayMerchant,
    /// Tenpay's gateway, <https://gw.tenpay.com>.
    TenpayGateway,
}

impl Host {
    /// Where it is.
    #[must_use]
    pub fn endpoint(self) -> Endpoint {
        Endpoint::of(match self {
            Self::Platform => "api.weixin.qq.com",
            Self::TenpayMerchant => "mch.tenpay.com",
            Self::TenpayGateway => "gw.tenpay.com",
        })
    }
}

/// How a request is signed, and so where its parameters stand.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Signing {
    /// Not at all: parameters in the query, in the order written.
    None,
    /// A JSON body; SHA-1 over all fields with the `paySignKey`, added as `app_signature` with `sign_method`.
    AppSignature,
    /// MD5 over the sorted parameters with the partner key; `partner`, `input_charset`, `sign_type`,
    /// `sign_key_index` and `sign` are added. In the query of a GET, in the body of a POST.
    PartnerKey,
    /// MD5 over the parameters in the order written, lower case: the bill download and nothing else. In the
    /// query.
    PartnerKeyInOrder,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ReplyForm {
    /// JSON with `errcode` where something is wrong. Unsigned: the TLS connection is all there is to believe.
    Json,
    /// XML with `<root>`, mostly in GBK, signed with the partner key.
    SignedXml,
    /// Text in GBK, unsigned.
    Text,
}

/// Reads one field of an answer; shared by what reads numbers out of texts.
pub(crate) fn fen(field: &str, text: &str) -> Result<Fen, DecodeError> {
    super::package::fen(text)
        .ok_or_else(|| DecodeError::at(field, "expected an amount in fen, digits only"))
}

/// The same for a time, `yyyyMMddHHmmss` in Beijing.
pub(crate) fn time(field: &str, text: &str) -> Result<DateTime, DecodeError> {
    DateTime::from_compact(text)
        .map_err(|_| DecodeError::at(field, "expected a time like 20140701120000"))
}
