//! What to answer to a notification, within five seconds.
//!
//! Store it first, answer, then process: after a success WeChat Pay does not send it again. See
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012791861>.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

/// It is stored: 204 without a body.
#[must_use]
pub fn success() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// It could not be stored: 500, so that it is sent again. Of `message` the first 64 characters are told
/// to WeChat Pay: put no secret there.
#[must_use]
pub fn failure(message: &str) -> Response<Bytes> {
    with(StatusCode::INTERNAL_SERVER_ERROR, message)
}

pub(crate) fn with(status: StatusCode, message: &str) -> Response<Bytes> {
    let message: String = message.chars().take(64).collect();
    let body = serde_json::json!({ "code": "FAIL", "message": message });
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
