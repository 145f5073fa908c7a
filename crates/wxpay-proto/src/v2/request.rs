//! From an operation to a signed request.

use std::error::Error;
use std::fmt;
use std::iter;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use percent_encoding::utf8_percent_encode;
use wxpay_json::InvalidField;
use wxpay_sign::{Nonce, SignType};
use wxpay_xml::{Field, WriteError};

use super::form::{FilePart, Form};
use super::merchant::Keys;
use super::operation::{OperationInfo, Request};
use crate::endpoint::Endpoint;
use crate::multipart;
use crate::operation::BodyError;
use crate::request::DEFAULT_USER_AGENT;
use crate::target::RESERVED;

const XML: HeaderValue = HeaderValue::from_static("text/xml; charset=utf-8");
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// A request that is final, signature included. v2 signs no time, so another attempt sends the very same bytes, to
/// whichever host.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct EncodedRequest {
    info: OperationInfo,
    sign_type: SignType,
    target: PathAndQuery,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

impl EncodedRequest {
    pub(crate) fn new(
        keys: &Keys,
        request: &dyn Request,
        nonce: &Nonce,
    ) -> Result<Self, PrepareError> {
        Self::of(keys, request, request.info(), nonce)
    }

    /// With what is known of the operation changed by the caller.
    pub(crate) fn of(
        keys: &Keys,
        request: &dyn Request,
        info: OperationInfo,
        nonce: &Nonce,
    ) -> Result<Self, PrepareError> {
        request.check().map_err(PrepareError::Invalid)?;
        let mut form = Form::new(keys.encryption_key());
        request.write(&mut form).map_err(PrepareError::Body)?;
        form.sort();
        form.insert(info.merchant_field, keys.mch_id());
        if info.nonce_field {
            form.insert("nonce_str", nonce.as_str());
        }
        let sign_type = info.sign_type(keys.sign_type());
        if info.sign_type_field {
            form.insert("sign_type", sign_type.as_str());
        }
        if !info.workwx_sign.is_empty() {
            let secret = keys.workwx_secret().ok_or(PrepareError::NoWorkwxSecret)?;
            let covered = form
                .pairs()
                .filter(|(name, _)| info.workwx_sign.contains(name));
            let sign = secret.workwx_sign(covered);
            form.insert_copied("workwx_sign", &sign);
        }
        let sign = keys.api_key().sign_sorted(sign_type, form.pairs());
        let fields = form
            .sent()
            .chain(iter::once(("sign", sign.as_str(), false)));
        // Written in any case: what cannot stand in XML, or stands twice, is no request in another form either.
        let xml = fields.clone().map(|(name, text, cdata)| {
            let field = Field::new(name, text);
            if cdata { field.cdata() } else { field }
        });
        let xml = wxpay_xml::write("xml", xml).map_err(PrepareError::Xml)?;
        let (target, content_type, body) = match (info.query, form.file_part()) {
            (true, _) => (query(info.path, fields)?, None, Bytes::new()),
            (false, Some(file)) => {
                let (content_type, body) = upload(fields, file)?;
                (path(info.path)?, Some(content_type), body)
            }
            (false, None) => (path(info.path)?, Some(XML), Bytes::from(xml)),
        };
        Ok(Self {
            info,
            sign_type,
            target,
            content_type,
            body,
        })
    }

    /// What the operation says of itself.
    #[must_use]
    pub const fn info(&self) -> &OperationInfo {
        &self.info
    }

    /// How it is signed.
    #[must_use]
    pub const fn sign_type(&self) -> SignType {
        self.sign_type
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        self.target.as_str()
    }

    /// The bytes to send.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The request, for a merchant that sends to `endpoint`: to this or to the operation's [own host](super::Host).
    #[must_use]
    pub fn to_http(&self, endpoint: &Endpoint) -> http::Request<Bytes> {
        let endpoint = self.info.host.endpoint(endpoint);
        let mut request = self.request();
        *request.uri_mut() = endpoint.uri(self.target.clone());
        request
    }

    /// The request with its target alone (origin form): give it a host with [`Endpoint::apply`].
    #[must_use]
    pub fn request(&self) -> http::Request<Bytes> {
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = if self.info.query {
            Method::GET
        } else {
            Method::POST
        };
        *request.uri_mut() = Uri::from(self.target.clone());
        let headers = request.headers_mut();
        headers.reserve(3);
        headers.insert(ACCEPT, ANYTHING);
        headers.insert(USER_AGENT, DEFAULT_USER_AGENT);
        if let Some(content_type) = &self.content_type {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        request
    }

    /// The address, as a browser opens it.
    pub(crate) fn url(&self, endpoint: &Endpoint) -> String {
        let endpoint = self.info.host.endpoint(endpoint);
        format!("{endpoint}{}", self.target())
    }
}

impl fmt::Debug for EncodedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Orders and names, and in a query they stand as well: not for logs.
        f.debug_struct("EncodedRequest")
            .field("info", &self.info)
            .field("sign_type", &self.sign_type)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Nothing may be left in a path that somebody would rewrite.
fn is_sound(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

fn path(path: &'static str) -> Result<PathAndQuery, PrepareError> {
    let parsed = is_sound(path)
        .then(|| PathAndQuery::from_maybe_shared(Bytes::from_static(path.as_bytes())).ok());
    parsed.flatten().ok_or(PrepareError::Path)
}

fn query<'f>(
    path: &str,
    fields: impl Iterator<Item = (&'f str, &'f str, bool)>,
) -> Result<PathAndQuery, PrepareError> {
    let mut target = path.to_owned();
    let mut joint = '?';
    for (name, text, _) in fields {
        target.push(joint);
        target.push_str(name);
        target.push('=');
        target.extend(utf8_percent_encode(text, RESERVED));
        joint = '&';
    }
    let parsed = is_sound(path).then(|| PathAndQuery::try_from(target).ok());
    parsed.flatten().ok_or(PrepareError::Path)
}

fn upload<'f>(
    fields: impl Iterator<Item = (&'f str, &'f str, bool)> + Clone,
    file: &FilePart<'_>,
) -> Result<(HeaderValue, Bytes), PrepareError> {
    let fields = fields.map(|(name, text, _)| (name, text));
    let (content_type, body) =
        multipart::form(fields, file.part, file.file_name, file.mime, file.content);
    let content_type = HeaderValue::from_str(&content_type).map_err(|_| PrepareError::Path)?;
    Ok((content_type, body))
}

/// Why a request could not be made. Nothing was sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum PrepareError {
    /// A field is missing or breaks its limit.
    Invalid(InvalidField),
    /// A field cannot be encrypted, or has no form in JSON.
    Body(BodyError),
    /// A text cannot stand in XML, or a field is written twice.
    Xml(WriteError),
    /// The path of the operation is none.
    Path,
    /// The operation needs `workwx_sign`, and the merchant has no secret for it:
    /// [`Merchant::with_workwx_secret`](super::Merchant::with_workwx_secret).
    NoWorkwxSecret,
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid(_) => "a field of the request breaks its limit; nothing was sent",
            Self::Body(_) => "the body of the request cannot be made; nothing was sent",
            Self::Xml(_) => "the request cannot be written as XML; nothing was sent",
            Self::Path => "the path of the operation cannot be sent; nothing was sent",
            Self::NoWorkwxSecret => {
                "workwx_sign: give the secret of the enterprise payment application to \
                 `Merchant::with_workwx_secret`; nothing was sent"
            }
        })
    }
}

impl Error for PrepareError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(source) => Some(source),
            Self::Body(source) => Some(source),
            Self::Xml(source) => Some(source),
            Self::Path | Self::NoWorkwxSecret => None,
        }
    }
}
