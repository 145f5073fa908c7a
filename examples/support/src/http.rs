//! A plain HTTP client: what a browser, an app or a script on this machine is to the examples.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Nothing here answers with more than this, in bytes.
const MAX_ANSWER: usize = 1 << 20;
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A client for plain HTTP on this machine. For WeChat Pay there is `wxpay-client`.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Http {
    /// A client with connections of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    ///
    /// Where no answer comes within ten seconds, or too long a one.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let exchange = async {
            let answer = self.client.request(request.map(Full::new)).await?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await;
            let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
            anyhow::Ok(Response::from_parts(parts, body))
        };
        let answer = tokio::time::timeout(ANSWER_WITHIN, exchange).await;
        answer
            .with_context(|| format!("no answer within {} s", ANSWER_WITHIN.as_secs()))
            .flatten()
    }

    /// Asks for a page.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and where `url` is no address.
    pub async fn get(&self, url: &str) -> Result<Response<Bytes>> {
        let request = Request::get(url).body(Bytes::new());
        self.send(request.with_context(|| format!("{url} is not an address"))?)
            .await
    }

    /// Posts a body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and where `url` is no address.
    pub async fn post(
        &self,
        url: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<Response<Bytes>> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(CONTENT_TYPE, content_type)
            .body(body.into());
        self.send(request.with_context(|| format!("{url} is not an address"))?)
            .await
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}
