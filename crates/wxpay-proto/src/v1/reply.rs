//! What to answer to a payment, rights or alarm notice: one word, no markup.
//!
//! Store it first, answer, then process: after a success WeChat does not send it again. Everything that is not
//! `success` makes it try again, about eight times within half an hour.

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};

/// It is stored.
#[must_use]
pub fn success() -> Response<Bytes> {
    word("success")
}

/// It was not stored: send it again.
#[must_use]
pub fn fail() -> Response<Bytes> {
    word("fail")
}

fn word(text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
