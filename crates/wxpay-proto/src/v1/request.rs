//! From an operation to a request.

use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;

use super::error::PrepareError;
use super::form::Written;
use super::operation::{OperationInfo, ReplyForm};
use super::secret::AccessToken;
use crate::endpoint::Endpoint;
use crate::target::{Target, TargetError};

const DEFAULT_USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("wxpay-rust/", env!("CARGO_PKG_VERSION")));

/// Stands in the [`Extensions`](http::Extensions) of a request whose target holds a secret: an app secret, an
/// access token, a password's digest. Whoever logs requests must leave out its query.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SensitiveTarget;

impl SensitiveTarget {
    /// Whether the target of a request must not be shown.
    #[must_use]
    pub fn is_in<B>(request: &http::Request<B>) -> bool {
        request.extensions().get::<Self>().is_some()
    }
}

/// A request that is written and signed. Another attempt sends the very same bytes; only the access token,
/// which no signature covers, may be another one.
///
/// `Debug` shows no parameter.
#[derive(Clone)]
pub struct EncodedRequest {
    info: OperationInfo,
    written: Written,
    endpoint: Endpoint,
}

impl EncodedRequest {
    pub(crate) const fn new(info: OperationInfo, written: Written, endpoint: Endpoint) -> Self {
        Self {
            info,
            written,
            endpoint,
        }
    }

    /// What the operation says of itself.
    #[must_use]
    pub const fn info(&self) -> &OperationInfo {
        &self.info
    }

    /// The bytes to send.
    #[must_use]
    pub fn body(&self) -> Bytes {
        let body = self.written.body.as_ref();
        body.map(|(_, body)| body.clone()).unwrap_or_default()
    }

    /// Where it goes.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The request, with its absolute address. `token` is needed where
    /// [`OperationInfo::access_token`] says so and left out elsewhere.
    ///
    /// # Errors
    ///
    /// Where the token is missing, or the target does not fit into HTTP.
    pub fn to_http(
        &self,
        token: Option<&AccessToken>,
    ) -> Result<http::Request<Bytes>, PrepareError> {
        let mut secret = self.written.secret;
        let mut target = Target::parse(&self.written.target).map_err(PrepareError::Target)?;
        if self.info.access_token {
            let token = token.ok_or(PrepareError::TokenMissing {
                operation: self.info.name,
            })?;
            target = target.query("access_token", token.expose());
            secret = true;
        }
        let target: PathAndQuery = target
            .as_str()
            .parse()
            .map_err(|_| PrepareError::Target(TargetError::syntax()))?;
        let mut request = http::Request::new(self.body());
        *request.method_mut() = self.info.method.clone();
        *request.uri_mut() = self.endpoint.uri(target);
        let accept = match self.info.reply {
            ReplyForm::Json => "application/json",
            ReplyForm::SignedXml | ReplyForm::Text => "*/*",
        };
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.insert(USER_AGENT, DEFAULT_USER_AGENT);
        if let Some((content_type, _)) = &self.written.body {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        if secret {
            request.extensions_mut().insert(SensitiveTarget);
        }
        Ok(request)
    }
}

impl fmt::Debug for EncodedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedRequest")
            .field("name", &self.info.name)
            .field("endpoint", &self.endpoint)
            .field("path", &self.info.path)
            .field("body_len", &self.body().len())
            .finish_non_exhaustive()
    }
}
