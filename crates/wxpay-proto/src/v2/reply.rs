//! What to answer to a notification of v2, within five seconds.
//!
//! Store it first, answer, then process: after a success WeChat Pay does not send it again. All answers are HTTP 200;
//! the XML says what happened.

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};

/// It is stored.
#[must_use]
pub fn success() -> Response<Bytes> {
    xml(Bytes::from_static(
        b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>",
    ))
}

/// It could not be stored, so that it is sent again. Of `message` the first 64 characters are told to WeChat Pay: put
/// no secret there.
#[must_use]
pub fn failure(message: &str) -> Response<Bytes> {
    written("return_code", "FAIL", "return_msg", message)
}

/// It is stored, for the notifications of old payment-score interfaces (支付分), whose answers have other names.
#[must_use]
pub fn pay_score_success() -> Response<Bytes> {
    written("code", "SUCCESS", "message", "OK")
}

/// It could not be stored, for the notifications of old payment-score interfaces.
#[must_use]
pub fn pay_score_failure(message: &str) -> Response<Bytes> {
    written("code", "FAIL", "message", message)
}

fn written(code: &'static str, word: &str, name: &'static str, message: &str) -> Response<Bytes> {
    // What cannot stand in XML is not worth a failure of its own.
    let message: String = message
        .chars()
        .filter(|char| !char.is_control() && !matches!(char, '\u{fffe}' | '\u{ffff}'))
        .take(64)
        .collect();
    let fields = [(code, word), (name, message.as_str())];
    xml(wxpay_xml::write("xml", fields).unwrap_or_default())
}

pub(crate) fn xml(body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    let xml = HeaderValue::from_static("text/xml; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, xml);
    response
}
