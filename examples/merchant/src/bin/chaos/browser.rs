//! What a customer's browser does: sends, sends again, and looks at what it gets.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, Request, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;

use crate::Run;

/// After no answer, or one that says to come again.
const AGAIN: Duration = Duration::from_millis(150);
/// The shop is never gone for as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What no customer is to read: the insides of the shop.
const INSIDES: [&str; 9] = [
    "panicked",
    "sqlx",
    "SQLSTATE",
    "SELECT ",
    "UPDATE ",
    "wxpay_",
    "src/",
    "stack backtrace",
    "Error {",
];

/// `GET /orders/{token}/state`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) state: String,
    pub(crate) out_trade_no: String,
    pub(crate) total: i64,
    pub(crate) paid: i64,
    pub(crate) refunded: i64,
    pub(crate) code_url: Option<String>,
    pub(crate) refunds: Vec<RefundLine>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct RefundLine {
    pub(crate) out_refund_no: String,
    pub(crate) amount: i64,
    pub(crate) state: String,
}

impl Run {
    /// Posts a form, again and again until the shop has decided: `Some(true)` when it sends the
    /// browser on to `page`, `Some(false)` for a conflict, `None` when it never did.
    pub(crate) async fn post(&self, path: &str, form: &str, page: &str) -> Option<bool> {
        let begun = Instant::now();
        // The same name for all orders.
        let what = if path.ends_with("/refund") {
            "POST refund"
        } else {
            "POST order"
        };
        while begun.elapsed() < PATIENCE {
            let body = Bytes::copy_from_slice(form.as_bytes());
            let answer = self.ask(Method::POST, path, body, what).await;
            match answer.as_ref().map(http::Response::status) {
                Some(StatusCode::SEE_OTHER) => {
                    let location = answer.as_ref().and_then(|it| it.headers().get(LOCATION));
                    if location.is_none_or(|location| location != page) {
                        self.findings
                            .differs(format!("{what} {path} leads to {location:?}"));
                    }
                    return Some(true);
                }
                Some(StatusCode::CONFLICT) => return Some(false),
                _ => tokio::time::sleep(AGAIN).await,
            }
        }
        self.findings
            .differs(format!("{what} {path} was not answered in a minute"));
        None
    }

    /// How the order stands, as its page shows it; `None` when nobody says so now.
    pub(crate) async fn state(&self, token: &str) -> Option<State> {
        let path = format!("/orders/{token}/state");
        let answer = self
            .ask(Method::GET, &path, Bytes::new(), "GET state")
            .await;
        let answer = answer.filter(|it| it.status() == StatusCode::OK)?;
        match serde_json::from_slice(answer.body()) {
            Ok(state) => Some(state),
            Err(error) => {
                self.findings.differs(format!("GET state: {error}"));
                None
            }
        }
    }

    /// Looks at a page.
    pub(crate) async fn page(&self, path: &str, what: &str) {
        let answer = self.ask(Method::GET, path, Bytes::new(), what).await;
        if let Some(answer) = answer
            && answer.status() == StatusCode::OK
            && !answer.body().starts_with(b"<!DOCTYPE html>")
        {
            self.findings.differs(format!("{what} is no page"));
        }
    }

    /// One exchange; `None` where the connection broke, which happens when a shop is killed.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        what: &str,
    ) -> Option<http::Response<Bytes>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.shops.url))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let Ok(answer) = self.http.send(request.ok()?).await else {
            self.findings.answered(format!("{what}: no answer"));
            return None;
        };
        let status = answer.status().as_u16();
        self.findings.answered(format!("{what}: {status}"));
        let text = String::from_utf8_lossy(answer.body());
        if !matches!(status, 200 | 303 | 409 | 503) {
            let text: String = text.chars().take(200).collect();
            self.findings
                .differs(format!("{what} was answered {status}: {text:?}"));
        }
        if let Some(inside) = INSIDES.iter().find(|inside| text.contains(**inside)) {
            self.findings
                .differs(format!("{what} shows a customer {inside:?}"));
        }
        Some(answer)
    }
}
