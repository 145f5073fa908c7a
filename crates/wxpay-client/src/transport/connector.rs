//! How a connection comes about: straight or through a proxy, then TLS.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::proxy::ProxyRule;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long a connection attempt may go on by itself. Calls have a limit of their own; this one ends
/// attempts that no call waits for any more.
const ABANDONED_AFTER: Duration = Duration::from_secs(60);

/// The innermost connector: TCP to the host, or a tunnel through a proxy.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    tcp: HttpConnector,
    /// To the proxy itself: plain or TLS by the scheme of its address, and never HTTP/2.
    to_proxy: HttpsConnector<HttpConnector>,
    rule: ProxyRule,
}

impl Route {
    pub(crate) fn new(
        tcp: HttpConnector,
        to_proxy: HttpsConnector<HttpConnector>,
        rule: ProxyRule,
    ) -> Self {
        Self {
            tcp,
            to_proxy,
            rule,
        }
    }
}

/// What a route leads to. The outer arm is TLS to a proxy, not to the host.
pub(crate) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

impl Service<Uri> for Route {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Neither of the inner connectors ever waits here.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let mut route = self.clone();
        Box::pin(async move {
            let Some(hop) = route.rule.hop(&destination)? else {
                return Ok(MaybeHttpsStream::Http(route.tcp.call(destination).await?));
            };
            // Without a port the tunnel would go to 443, whatever the scheme.
            let destination = with_port(destination)?;
            let mut tunnel = Tunnel::new(hop.uri, route.to_proxy);
            if let Some(authorization) = hop.authorization {
                tunnel = tunnel.with_auth(authorization);
            }
            Ok(tunnel.call(destination).await?)
        })
    }
}

fn with_port(uri: Uri) -> Result<Uri, BoxError> {
    if uri.port().is_some() || uri.scheme_str() != Some("http") {
        return Ok(uri);
    }
    let host = uri.host().unwrap_or_default();
    Ok(Uri::builder()
        .scheme("http")
        .authority(format!("{host}:80"))
        .path_and_query("/")
        .build()?)
}

/// The outermost connector: a route, TLS where the scheme asks for it, and an end to attempts that
/// nobody waits for.
#[derive(Clone, Debug)]
pub(crate) struct Connector(HttpsConnector<Route>);

impl Connector {
    pub(crate) fn new(inner: HttpsConnector<Route>) -> Self {
        Self(inner)
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Stream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<MaybeHttpsStream<Stream>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let connecting = self.0.call(destination);
        Box::pin(async move { tokio::time::timeout(ABANDONED_AFTER, connecting).await? })
    }
}
