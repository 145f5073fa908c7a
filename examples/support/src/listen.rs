//! A merchant's own HTTP server, as small as it can be: raw requests in, answers out.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How long a peer may take over its request.
const WITHIN: Duration = Duration::from_secs(5);

/// The largest body that is read: WeChat Pay's notices stay far below.
const MAX_BODY: usize = 1 << 20;

/// A server that answers every request with `answer`; it stops when it is dropped.
///
/// What is handed over is the body as it came: signatures are over bytes, and a parsed and rewritten
/// body does not verify.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    _server: JoinSet<()>,
}

impl Listener {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// Where the address is taken.
    pub async fn start<A, F>(address: SocketAddr, answer: A) -> Result<Self>
    where
        A: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::new(answer)));
        Ok(Self {
            address,
            _server: server,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve<A, F>(listener: TcpListener, answer: Arc<A>)
where
    A: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Bytes>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Too many open files, mostly: another connection may fare better.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        let answer = Arc::clone(&answer);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let answer = Arc::clone(&answer);
                async move { Ok::<_, Infallible>(receive(request, &*answer).await.map(Full::new)) }
            });
            let mut server = auto::Builder::new(TokioExecutor::new());
            server
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(WITHIN);
            // A peer that goes away in the middle has nobody to be told.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn receive<A, F>(request: Request<Incoming>, answer: &A) -> Response<Bytes>
where
    A: Fn(Request<Bytes>) -> F,
    F: Future<Output = Response<Bytes>>,
{
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect();
    let Ok(Ok(body)) = tokio::time::timeout(WITHIN, body).await else {
        return status(StatusCode::BAD_REQUEST);
    };
    answer(Request::from_parts(parts, body.to_bytes())).await
}

/// An answer without a body.
#[must_use]
pub fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
