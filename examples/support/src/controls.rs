//! The sandbox's own controls, under `/_sandbox/`: what a phone and a calendar do elsewhere.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wxpay_json::DateTime;
use wxpay_sandbox::MerchantFile;

use crate::Http;

/// How often to look how far a scan is.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The controls of one sandbox.
#[derive(Debug)]
pub struct Controls {
    base_url: String,
    http: Http,
}

/// The sandbox's clock.
#[derive(Clone, Copy, Debug, Deserialize)]
#[non_exhaustive]
pub struct SandboxClock {
    /// How far it is ahead of this machine's, in seconds.
    pub offset_seconds: i64,
}

impl Controls {
    /// The controls of the sandbox at `base_url`.
    #[must_use]
    pub fn at(base_url: &str) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            http: Http::new(),
        }
    }

    /// The controls at `base_url`, or `None` if whatever answers there is no sandbox.
    ///
    /// # Errors
    ///
    /// Where nothing answers.
    pub async fn find(base_url: &str) -> Result<Option<Self>> {
        let controls = Self::at(base_url);
        let (status, _) = controls.send(Method::GET, "/_sandbox/clock", None).await?;
        Ok((status == StatusCode::OK).then_some(controls))
    }

    /// What the payer's phone would do: pays the order.
    ///
    /// # Errors
    ///
    /// Where there is no such order, or it is not to be paid.
    pub async fn pay(&self, out_trade_no: &str) -> Result<()> {
        // Order numbers of this program need no percent-encoding.
        let target = format!("/_sandbox/orders/{out_trade_no}/pay");
        self.call::<Value>(Method::POST, &target, Some(json!({})))
            .await
            .map(drop)
    }

    /// The controls of the sandbox that calls to `base_url` end at, if it is one. A sandbox shows itself over plain
    /// HTTP; the real WeChat Pay is not even asked.
    ///
    /// # Errors
    ///
    /// Where nothing answers.
    pub async fn behind(base_url: &str, file: &MerchantFile) -> Result<Option<Self>> {
        if base_url.starts_with("http://") {
            Self::find(base_url).await
        } else if file.tls_base_url.as_deref() == Some(base_url) {
            Self::find(&file.base_url).await
        } else {
            Ok(None)
        }
    }

    /// Where the sandbox is.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What the payer's phone would do with a code that holds a product: scans it, and `pay`s. Waits until the merchant
    /// was asked at `callback_url`; the answer's `state` is `ready`, `paid` or `failed`.
    ///
    /// # Errors
    ///
    /// Where the code is none.
    pub async fn scan(&self, url: &str, callback_url: &str, pay: bool) -> Result<Value> {
        let wish = json!({ "url": url, "callback_url": callback_url, "pay": pay });
        let mut scan: Value = self
            .call(Method::POST, "/_sandbox/scans", Some(wish))
            .await?;
        let id = scan["id"].as_str().context("the scan has no id")?;
        let target = format!("/_sandbox/scans/{id}");
        while scan["state"] == "calling" {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            scan = self.call(Method::GET, &target, None).await?;
        }
        Ok(scan)
    }

    /// The clock.
    ///
    /// # Errors
    ///
    /// Where nothing answers.
    pub async fn clock(&self) -> Result<SandboxClock> {
        self.call(Method::GET, "/_sandbox/clock", None).await
    }

    /// Moves the sandbox's clock to `time`.
    ///
    /// # Errors
    ///
    /// Where nothing answers.
    pub async fn move_clock(&self, time: DateTime) -> Result<SandboxClock> {
        self.call(Method::PUT, "/_sandbox/clock", Some(json!({ "now": time })))
            .await
    }

    /// Moves the sandbox's clock to so many seconds after this machine's.
    ///
    /// # Errors
    ///
    /// Where nothing answers.
    pub async fn set_offset(&self, seconds: i64) -> Result<SandboxClock> {
        let body = json!({ "offset_seconds": seconds });
        self.call(Method::PUT, "/_sandbox/clock", Some(body)).await
    }

    /// Any other control.
    ///
    /// # Errors
    ///
    /// Where nothing answers, or the sandbox refuses.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        target: &str,
        body: Option<Value>,
    ) -> Result<T> {
        let (status, answer) = self.send(method.clone(), target, body).await?;
        ensure!(
            status.is_success(),
            "the sandbox answered {method} {target} with {status}: {}",
            String::from_utf8_lossy(&answer)
        );
        serde_json::from_slice(if answer.is_empty() { b"null" } else { &answer })
            .with_context(|| format!("the sandbox's answer to {method} {target}"))
    }

    async fn send(
        &self,
        method: Method,
        target: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Bytes)> {
        let url = format!("{}{target}", self.base_url);
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let request = Request::builder()
            .method(method)
            .uri(&url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .with_context(|| format!("{url} is not an address"))?;
        let answer = self.http.send(request).await.with_context(|| {
            format!(
                "nothing answers at {} (is the sandbox running?)",
                self.base_url
            )
        })?;
        Ok((answer.status(), answer.into_body()))
    }
}
