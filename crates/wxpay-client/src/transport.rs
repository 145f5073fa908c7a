//! One pool of connections, shared by as many clients as there are merchants.

mod body;
mod connector;
mod proxy;
pub(crate) mod tls;

use std::fmt;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::sign::CertifiedKey;
use tokio::time::{Instant, sleep_until};

use self::body::{Handover, RequestBody};
use self::connector::{BoxError, Connector, Route};
pub use self::proxy::Proxy;
use self::proxy::ProxyRule;
use self::tls::{Tls, Trust};
use crate::BuildError;

/// WeChat Pay closes a connection after about eight idle seconds (`Keep-Alive: timeout=8`). Ours go
/// first, or now and then a POST would meet a connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(6);

/// How much of one answer comes over HTTP/2 before anybody reads it.
const STREAM_WINDOW: u32 = 2 << 20;

/// The same for all answers of a connection together: as much as HTTP/2 can say (RFC 9113, 6.9.1). With
/// less, a few files that wait for their reader would hold up every other answer.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// Connections to WeChat Pay: a pool, TLS, a proxy. Cheap to clone; clones share the pool, and one
/// transport serves any number of merchants.
///
/// HTTP/2 is used where the server offers it, HTTP/1.1 otherwise. Redirects are not followed: a
/// signature is valid for one address. Connections idle for six seconds are closed, because WeChat
/// Pay closes them after about eight.
#[derive(Clone)]
pub struct Transport {
    pool: Pool<Connector, RequestBody>,
    way: Way,
}

/// How connections come about; another pool can be made in the same way.
#[derive(Clone)]
struct Way {
    trust: Trust,
    rule: ProxyRule,
    plain_http: bool,
    shows_certificate: bool,
}

impl Transport {
    /// A transport with the defaults of [`TransportBuilder`].
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// Starts a transport that differs from the defaults.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::default()
    }

    /// Whether requests may go to this scheme and host: `https` always, `http` to this machine, and
    /// elsewhere only where that was switched on.
    pub(crate) fn permits(&self, scheme: &str, host: &str) -> bool {
        match scheme {
            "https" => true,
            "http" => self.way.plain_http || is_loopback(host),
            _ => false,
        }
    }

    /// The same with connections of their own, on which this client certificate is shown to servers
    /// that ask for one.
    #[cfg(any(feature = "v1", feature = "v2"))]
    pub(crate) fn showing(&self, identity: &crate::Identity) -> Result<Self, BuildError> {
        Self::of(self.way.clone(), Some(identity.certified_key()))
    }

    /// Whether a client certificate is shown to servers that ask for one.
    #[cfg(any(feature = "v1", feature = "v2"))]
    pub(crate) fn shows_certificate(&self) -> bool {
        self.way.shows_certificate
    }

    fn of(mut way: Way, identity: Option<Arc<CertifiedKey>>) -> Result<Self, BuildError> {
        way.shows_certificate = identity.is_some();
        let to_host = way.trust.config(identity)?;
        // Proxies have no business with the client certificate.
        let to_proxy = way.trust.config(None)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let to_proxy = HttpsConnectorBuilder::new()
            .with_tls_config(to_proxy)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp.clone());
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(to_host)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Route::new(tcp, to_proxy, way.rule.clone()));
        let pool = Pool::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .build(Connector::new(https));
        Ok(Self { pool, way })
    }

    /// Sends one request and waits for the head of its answer.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Response<Incoming>, SendError> {
        let handover = Handover::default();
        let (parts, body) = request.into_parts();
        let bodiless = body.is_empty();
        let mut request = Request::from_parts(parts, RequestBody::new(body, handover.clone()));
        let captured = capture_connection(&mut request);
        let mut answer = pin!(self.pool.request(request));
        let mut alarm = pin!(sleep_until(limits.connected_by.min(limits.answered_by)));
        let mut connected = false;
        loop {
            tokio::select! {
                biased;
                answered = &mut answer => {
                    return answered.map_err(|error| {
                        SendError::from_pool(error, bodiless, &handover)
                    });
                }
                () = &mut alarm => {
                    let metadata = captured.connection_metadata();
                    if !connected && metadata.is_some() && limits.connected_by < limits.answered_by {
                        connected = true;
                        alarm.as_mut().reset(limits.answered_by);
                        continue;
                    }
                    if let Some(connection) = metadata.as_ref() {
                        // Whatever is wrong with it, the next request should not wait for it too.
                        connection.poison();
                    }
                    return Err(SendError {
                        stage: if metadata.is_some() { Stage::Answer } else { Stage::Connect },
                        possibly_sent: metadata.is_some() && (bodiless || handover.happened()),
                        source: None,
                    });
                }
            }
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("plain_http", &self.way.plain_http)
            .field("shows_certificate", &self.way.shows_certificate)
            .finish_non_exhaustive()
    }
}

/// The two moments one attempt is measured by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connected_by: Instant,
    pub(crate) answered_by: Instant,
}

/// Where an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Name resolution, TCP, proxy, TLS.
    Connect,
    /// A connection was there; no head of an answer came.
    Answer,
}

/// An attempt without an answer.
#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) stage: Stage,
    /// Whether the peer may hold the whole request.
    pub(crate) possibly_sent: bool,
    /// `None`: time ran out.
    pub(crate) source: Option<BoxError>,
}

impl SendError {
    fn from_pool(
        error: hyper_util::client::legacy::Error,
        bodiless: bool,
        handover: &Handover,
    ) -> Self {
        let stage = if error.is_connect() {
            Stage::Connect
        } else {
            Stage::Answer
        };
        // hyper says "canceled" only where it gives the request back untouched.
        let returned = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<hyper::Error>())
            .is_some_and(hyper::Error::is_canceled);
        Self {
            stage,
            possibly_sent: stage == Stage::Answer && !returned && (bodiless || handover.happened()),
            source: Some(error.into()),
        }
    }
}

/// Options of a [`Transport`].
///
/// Without any: Mozilla's root certificates, no client certificate, a proxy where the environment
/// names one.
#[derive(Debug)]
#[must_use]
pub struct TransportBuilder {
    tls: Tls,
    proxy: Option<Proxy>,
    proxy_from_env: bool,
    plain_http: bool,
}

impl Default for TransportBuilder {
    fn default() -> Self {
        Self {
            tls: Tls::default(),
            proxy: None,
            proxy_from_env: true,
            plain_http: false,
        }
    }
}

impl TransportBuilder {
    /// Takes this proxy for every host, whatever the environment says.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Whether `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` (or their lower-case forms)
    /// are followed: yes unless told otherwise. They are read once, by [`build`](Self::build).
    /// Hosts on this machine are never reached through a proxy of the environment.
    pub fn proxy_from_env(mut self, follow: bool) -> Self {
        self.proxy_from_env = follow;
        self
    }

    /// Trusts the certificates of this PEM text as roots, in addition to the default ones.
    ///
    /// # Errors
    ///
    /// When the text holds no certificate.
    pub fn add_root_certificate_pem(mut self, pem: &str) -> Result<Self, BuildError> {
        self.tls.roots.extend(tls::certificates(pem)?);
        Ok(self)
    }

    /// Whether Mozilla's root certificates are trusted: yes unless told otherwise. Without them only
    /// [added roots](Self::add_root_certificate_pem) count. Pinning WeChat Pay's own certificate
    /// authority this way ends in an outage when they change it, as they did in 2024.
    pub fn default_roots(mut self, trust: bool) -> Self {
        self.tls.default_roots = trust;
        self
    }

    /// Shows this client certificate to servers that ask for one (双向证书, the merchant API
    /// certificate of the older interfaces): the chain and its private key, both PEM.
    ///
    /// # Errors
    ///
    /// When the texts hold no certificate or no unencrypted private key, or when the key is not that
    /// of the first certificate.
    pub fn client_identity(
        mut self,
        certificate_pem: &str,
        private_key_pem: &str,
    ) -> Result<Self, BuildError> {
        let chain = tls::certificates(certificate_pem)?;
        self.tls.identity = Some(Arc::new(tls::identity(chain, private_key_pem)?));
        Ok(self)
    }

    /// Permits `http://` endpoints on other machines: everything but what WeChat Pay encrypts by
    /// itself can then be read on the way. To this machine (`127.0.0.0/8`, `::1`, `localhost`) plain
    /// HTTP is always possible; the sandbox needs it.
    pub fn permit_plain_http(mut self, permit: bool) -> Self {
        self.plain_http = permit;
        self
    }

    /// Makes the transport. Needs neither network nor runtime.
    ///
    /// # Errors
    ///
    /// When a root certificate cannot be used, or no roots are left.
    pub fn build(self) -> Result<Transport, BuildError> {
        let rule = match self.proxy {
            Some(proxy) => ProxyRule::always(proxy),
            None if self.proxy_from_env => ProxyRule::from_env(),
            None => ProxyRule::Direct,
        };
        let identity = self.tls.identity.clone();
        let way = Way {
            trust: self.tls.trust()?,
            rule,
            plain_http: self.plain_http,
            shows_certificate: false,
        };
        Transport::of(way, identity)
    }
}

/// Whether a host, as it stands in an address, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        for host in [
            "127.0.0.1",
            "127.8.9.1",
            "[::1]",
            "::1",
            "localhost",
            "LOCALHOST",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "10.0.0.1",
            "localhost.example",
            "127.0.0.1.example",
            "0.0.0.0",
            "[::2]",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn plain_http_needs_permission() {
        let strict = Transport::builder().proxy_from_env(false).build().unwrap();
        assert!(strict.permits("https", "example.com"));
        assert!(strict.permits("http", "127.0.0.1"));
        assert!(!strict.permits("http", "example.com"));
        assert!(!strict.permits("ftp", "127.0.0.1"));
        let permitted = Transport::builder()
            .permit_plain_http(true)
            .build()
            .unwrap();
        assert!(permitted.permits("http", "example.com"));
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        for (pem, problem) in [
            ("hello", "no certificate"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "cannot be read"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "cannot be used",
            ),
        ] {
            let added = Transport::builder().add_root_certificate_pem(pem);
            let error = added.and_then(TransportBuilder::build).unwrap_err();
            assert!(error.to_string().contains(problem), "{error}");
        }
        let error = Transport::builder()
            .default_roots(false)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains("root"), "{error}");
    }
}
