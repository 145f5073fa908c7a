//! Answers: bodies, headers, signatures, and what faults do to them.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012365342>

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde_json::Value;
use wxpay_sign::{Signer, Timestamp, response_message};

use super::certificates::Chosen;
use super::random::Ids;

/// What the sandbox answers, and how it is to be sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The whole answer. Not to be sent when [`cut`](Self::cut) says that the connection ends first.
    pub response: Response<Bytes>,
    /// How long to wait before anything is sent.
    pub delay: Duration,
    /// Where the connection is to be cut.
    pub cut: Option<Cut>,
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        Self {
            response,
            delay: Duration::ZERO,
            cut: None,
        }
    }
}

/// Where a connection is cut on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// Before the answer; the request was not carried out.
    DropBefore,
    /// Before the answer; the request was carried out.
    DropAfter,
    /// Within the body, after so many bytes of it; `Content-Length` promises all of them.
    Truncate(usize),
}

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
pub(crate) const SERIAL: HeaderName = HeaderName::from_static("wechatpay-serial");
const TIMESTAMP: HeaderName = HeaderName::from_static("wechatpay-timestamp");
const NONCE: HeaderName = HeaderName::from_static("wechatpay-nonce");
const SIGNATURE: HeaderName = HeaderName::from_static("wechatpay-signature");
const SIGNATURE_TYPE: HeaderName = HeaderName::from_static("wechatpay-signature-type");

/// How a signature is to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tamper {
    WrongSignature,
    StaleTimestamp,
    UnknownSerial,
    Probe,
}

/// Seconds by which a stale signature is too old.
const STALE: i64 = 3_600;
const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// Signs a body with a fresh nonce and adds the five headers.
pub(crate) fn sign(
    headers: &mut HeaderMap,
    body: &[u8],
    chosen: &Chosen<'_>,
    ids: &mut Ids,
    now: Timestamp,
    tamper: Option<Tamper>,
) {
    let at = match tamper {
        Some(Tamper::StaleTimestamp) => now.saturating_sub(STALE),
        _ => now,
    };
    let timestamp = at.to_string();
    let nonce = ids.nonce();
    let mut message = response_message(&timestamp, &nonce, body);
    if matches!(tamper, Some(Tamper::WrongSignature | Tamper::Probe)) {
        message.extend(b"tampered");
    }
    let Ok(signature) = chosen.key.sign(&message) else {
        // Without headers the answer is as good as refused, which is the best that is left.
        tracing::error!(key = chosen.id, "the sandbox's own key does not sign");
        return;
    };
    let signature = match (tamper, signature.to_base64()) {
        (Some(Tamper::Probe), text) => {
            format!(
                "{PROBE_PREFIX}{}",
                text.get(PROBE_PREFIX.len()..).unwrap_or_default()
            )
        }
        (_, text) => text,
    };
    let serial = match tamper {
        Some(Tamper::UnknownSerial) => ids.hex(40).to_uppercase(),
        _ => chosen.id.to_owned(),
    };
    for (name, value) in [
        (TIMESTAMP, timestamp),
        (NONCE, nonce),
        (SIGNATURE, signature),
        (SERIAL, serial),
        (
            SIGNATURE_TYPE,
            chosen.key.algorithm().auth_scheme().to_owned(),
        ),
    ] {
        insert(headers, name, &value);
    }
}

/// Sets a header to a text of our own; what no header can hold is left out.
pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// An answer with the headers that all of WeChat Pay's have, unsigned as yet.
pub(crate) fn bare(
    status: StatusCode,
    content_type: Option<&'static str>,
    body: Bytes,
) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("wxpay-sandbox"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, must-revalidate"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

/// An answer with a JSON body, unsigned as yet.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = bare(
        status,
        Some("application/json; charset=utf-8"),
        body.to_string().into(),
    );
    response
        .headers_mut()
        .insert(header::CONTENT_LANGUAGE, HeaderValue::from_static("zh-CN"));
    response
}

/// A page for people that something in between puts in the place of an answer, with 200.
pub(crate) fn html_page() -> Response<Bytes> {
    let page = "<!DOCTYPE html>\n<html>\n<head><title>网络认证</title></head>\n\
                <body><h1>请先登录网络</h1></body>\n</html>\n";
    bare(
        StatusCode::OK,
        Some("text/html; charset=utf-8"),
        Bytes::from_static(page.as_bytes()),
    )
}

/// What the gateway shows a client it does not let in, before it hangs up.
pub(crate) fn turned_away(status: StatusCode, page: &'static str) -> Response<Bytes> {
    let page = Bytes::from_static(page.as_bytes());
    let mut response = bare(status, Some("text/html"), page);
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What a gateway in between says when it cannot reach WeChat Pay.
pub(crate) fn bad_gateway() -> Response<Bytes> {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    let mut response = bare(
        StatusCode::BAD_GATEWAY,
        Some("text/html"),
        Bytes::from_static(page.as_bytes()),
    );
    response.headers_mut().remove(header::CACHE_CONTROL);
    response
}
