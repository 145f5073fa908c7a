//! Sends the notifications that are due, and says how it went.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::chain;
use super::shared::Shared;

/// How long a merchant may take to answer: WeChat Pay's own limit.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The largest answer that is read, in bytes.
const MOST_ANSWER: usize = 64 << 10;
/// How many notifications may be under way at once.
const AT_ONCE: usize = 32;

type NotifyClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Notifications go out over HTTP or HTTPS, as their URL says; redirects are not followed.
pub(super) fn client(tls: ClientConfig) -> NotifyClient {
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .build();
    // No connection is kept: a merchant that restarts between two notifications is not troubled by
    // a dead one.
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build(connector)
}

/// Runs until told to stop. What is under way then is given up: the next start sends it again.
pub(super) async fn run(
    shared: Arc<Shared>,
    client: NotifyClient,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    loop {
        let (due, next) = shared.with_core(|core, now| (core.due(now), core.next_due()));
        for delivery in due {
            let (shared, client, places) =
                (Arc::clone(&shared), client.clone(), Arc::clone(&places));
            under_way.spawn(async move {
                tokio::time::sleep(delivery.delay).await;
                let Ok(_place) = places.acquire().await else {
                    return;
                };
                let result = send(&client, delivery.request).await;
                shared.with_core(|core, now| {
                    core.delivered(delivery.id, result.as_ref().or(Err(())), now)
                });
                shared.wake();
            });
        }
        let wait = next.map_or(Duration::MAX, |next| shared.until(next));
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = shared.woken() => {}
            () = tokio::time::sleep(wait) => {}
            Some(_) = under_way.join_next() => {}
        }
    }
    under_way.shutdown().await;
}

async fn send(client: &NotifyClient, request: Request<Bytes>) -> Result<Response<Bytes>, ()> {
    let url = request.uri().clone();
    let exchange = async {
        let response = client.request(request.map(Full::new)).await?;
        let (parts, body) = response.into_parts();
        // Where all depends on the status, a body that is too long or cut off spoils nothing.
        let body = Limited::new(body, MOST_ANSWER).collect().await;
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        Ok::<_, hyper_util::client::legacy::Error>(Response::from_parts(parts, body))
    };
    match tokio::time::timeout(ANSWER_WITHIN, exchange).await {
        Ok(Ok(response)) => {
            tracing::info!(%url, status = response.status().as_u16(), "sent a notification");
            Ok(response)
        }
        Ok(Err(error)) => {
            tracing::warn!(%url, error = %chain(&error), "a notification did not arrive");
            Err(())
        }
        Err(_) => {
            tracing::warn!(%url, seconds = ANSWER_WITHIN.as_secs(), "a notification was not answered in time");
            Err(())
        }
    }
}
