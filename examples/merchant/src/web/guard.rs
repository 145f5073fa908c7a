//! What stands before the handlers: who may ask, how long an answer may take, and what the log says.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tracing::Instrument as _;

use super::Web;
use super::trouble::Trouble;

/// Longer than waiting for the books and for a code to pay by.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

const OPERATOR: &str = "operator";

/// Refuses what another site's page makes a browser send.
pub(super) async fn same_site(request: Request, next: Next) -> Response {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe || is_same_site(request.headers()) {
        next.run(request).await
    } else {
        Trouble::cross_site().into_response()
    }
}

/// Browsers say where a request comes from: all of today in `Sec-Fetch-Site` (over HTTPS and to
/// this machine), those before 2023 in `Origin` alone. What says neither is no browser, and acts for
/// nobody but itself.
fn is_same_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        // `none` is the person, who typed the address.
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let authority = origin.to_str().ok().and_then(|text| text.split_once("://"));
    match (authority, headers.get(HOST)) {
        (Some((_, authority)), Some(host)) => authority.as_bytes() == host.as_bytes(),
        // `null`, or no host.
        _ => false,
    }
}

/// Asks for the operator's password.
pub(super) async fn operator_only(
    State(web): State<Web>,
    request: Request,
    next: Next,
) -> Response {
    let expected = format!("{OPERATOR}:{}", web.password.expose());
    let given = request.headers().get(AUTHORIZATION).and_then(credentials);
    // Of the hashes the comparison takes equally long, whatever and however long the texts are.
    let matches = given.is_some_and(|given| {
        let (given, expected) = (Sha256::digest(given), Sha256::digest(expected));
        given.as_slice().ct_eq(expected.as_slice()).into()
    });
    if matches {
        return next.run(request).await;
    }
    let mut response = Trouble::operator_only().into_response();
    let challenge = HeaderValue::from_static(r#"Basic realm="operator", charset="UTF-8""#);
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn credentials(header: &HeaderValue) -> Option<Vec<u8>> {
    let (scheme, rest) = header.to_str().ok()?.split_once(' ')?;
    let basic = scheme.eq_ignore_ascii_case("basic");
    basic.then(|| STANDARD.decode(rest.trim()).ok()).flatten()
}

/// Ends what takes too long. What was committed stays, and sending it again does it once.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await;
    answer.unwrap_or_else(|_| Trouble::too_late().into_response())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long an answer took is for the log alone"
)]
/// A span for each request. It has the route, not the path: who knows an order's path sees the order.
pub(super) async fn logged(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let span = tracing::info_span!("request", method = %request.method(), route);
    async {
        let begun = Instant::now();
        let response = next.run(request).await;
        let (status, ms) = (response.status().as_u16(), begun.elapsed().as_millis());
        if response.status().is_server_error() {
            tracing::warn!(status, ms, "answered");
        } else if changes {
            tracing::info!(status, ms, "answered");
        } else {
            tracing::debug!(status, ms, "answered");
        }
        response
    }
    .instrument(span)
    .await
}

/// What pages may do: nothing but show and send what is the shop's own.
pub(super) fn policy(web: &Web) -> String {
    // Chromium holds redirects after a form against `form-action`, and scanning in the sandbox
    // leads to its cashier.
    let sandbox = web.sandbox.as_deref().unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self' {sandbox}; frame-ancestors 'none'; base-uri 'none'"
    )
}

pub(super) async fn headers(
    State(policy): State<String>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_another_site() {
        let same = |site: &str, origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "shop.example:8080".parse().unwrap());
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            is_same_site(&headers)
        };
        for (site, origin, expected) in [
            ("", "", true),
            ("same-origin", "", true),
            ("none", "null", true),
            ("same-origin", "https://other.example", true),
            ("same-site", "", false),
            ("cross-site", "http://shop.example:8080", false),
            ("anything", "", false),
            ("", "http://shop.example:8080", true),
            ("", "https://shop.example:8080", true),
            ("", "http://shop.example", false),
            ("", "http://shop.example:8080.other.example", false),
            ("", "http://other.example", false),
            ("", "shop.example:8080", false),
            ("", "null", false),
        ] {
            assert_eq!(same(site, origin), expected, "{site:?} {origin:?}");
        }
    }

    #[test]
    fn what_is_no_password() {
        for text in ["", "Basic", "Basic !", "Bearer b3A=", "basic b3A"] {
            assert_eq!(credentials(&text.parse().unwrap()), None, "{text}");
        }
        let header = "basic b3BlcmF0b3I6eA==".parse().unwrap();
        assert_eq!(credentials(&header).unwrap(), b"operator:x");
    }
}
