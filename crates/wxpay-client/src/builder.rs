//! How a client is put together.

use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderValue;
use wxpay_proto::{Endpoint, Merchant, RetryPolicy};

use crate::cache::CertificateCache;
use crate::client::{Client, Shared};
use crate::clock::{Clock, SystemClock};
use crate::exchange::Wire;
use crate::hosts::Hosts;
use crate::keys::Flights;
use crate::{BuildError, Timeouts, Transport};

/// How much of an answer is read unless told otherwise, in bytes. Answers of WeChat Pay are a few
/// kilobytes; files are downloaded as streams and not bounded by this.
pub const DEFAULT_MAX_RESPONSE_BYTES: usize = 8 << 20;

const USER_AGENT: &str = concat!("wxpay-client/", env!("CARGO_PKG_VERSION"));

/// Options of a [`Client`]; made by [`Client::builder`].
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    merchant: Merchant,
    endpoint: Option<Endpoint>,
    fallbacks: Vec<Endpoint>,
    transport: Option<Transport>,
    timeouts: Timeouts,
    retry: RetryPolicy,
    user_agent: Option<String>,
    clock: Arc<dyn Clock>,
    cache: Option<PathBuf>,
    max_response_bytes: usize,
}

impl ClientBuilder {
    pub(crate) fn new(merchant: Merchant) -> Self {
        Self {
            merchant,
            endpoint: None,
            fallbacks: Vec::new(),
            transport: None,
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            user_agent: None,
            clock: Arc::new(SystemClock::new()),
            cache: None,
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
        }
    }

    /// Where requests go; the merchant's own endpoint unless told otherwise.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// One more host to turn to when the one before does not answer: before anything was sent for
    /// every operation, later only where repeating is safe. May be given several times. WeChat Pay's
    /// second host is [`Endpoint::backup`].
    pub fn fallback(mut self, endpoint: Endpoint) -> Self {
        self.fallbacks.push(endpoint);
        self
    }

    /// Uses this transport, and with it the connections of every other client that does. Without
    /// one the client makes its own, with the defaults.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// How long to wait for what.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// When to try again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The `User-Agent` of every request, in place of `wxpay-client/` and the version.
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = Some(text.into());
        self
    }

    /// The clock, in place of this machine's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Keeps platform certificates (平台证书) in this file, so that a new process needs no request
    /// before its first call. Several processes of the same merchant can share the file; the
    /// certificates in it stay encrypted with the API v3 key, so it need not be guarded like a
    /// secret and cannot be used to plant a key. It is read at the first call, is private to its
    /// owner, and has a lock file beside it (`.lock`). A file that cannot be used is reported with a
    /// `tracing` warning and written anew.
    pub fn certificate_cache(mut self, path: impl Into<PathBuf>) -> Self {
        self.cache = Some(path.into());
        self
    }

    /// How much of an answer is read, in bytes ([`DEFAULT_MAX_RESPONSE_BYTES`] unless told
    /// otherwise). A longer one is an error of the kind
    /// [`TooLarge`](crate::ErrorKind::TooLarge).
    pub fn max_response_bytes(mut self, limit: usize) -> Self {
        self.max_response_bytes = limit;
        self
    }

    /// Makes the client. Needs no network: platform certificates are fetched when the first call
    /// needs them.
    ///
    /// # Errors
    ///
    /// When an endpoint is plain `http` on another machine and the transport does not permit that,
    /// when the user agent is not visible ASCII, or when TLS cannot be set up.
    pub fn build(self) -> Result<Client, BuildError> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => Transport::new()?,
        };
        let endpoint = self
            .endpoint
            .unwrap_or_else(|| self.merchant.endpoint().clone());
        let hosts = Hosts::new(endpoint, self.fallbacks);
        for host in hosts.all() {
            if !transport.permits(host.scheme(), host.host()) {
                return Err(BuildError::plain_http(host.host()));
            }
        }
        let user_agent = self.user_agent.as_deref().unwrap_or(USER_AGENT);
        let user_agent = HeaderValue::from_str(user_agent)
            .ok()
            .filter(|value| value.to_str().is_ok_and(|text| !text.trim().is_empty()))
            .ok_or_else(BuildError::user_agent)?;
        Ok(Client::from_shared(Shared {
            merchant: self.merchant,
            wire: Wire {
                hosts,
                transport,
                timeouts: self.timeouts,
                retry: self.retry,
                user_agent,
                max_response_bytes: self.max_response_bytes,
            },
            clock: self.clock,
            cache: self.cache.map(CertificateCache::new),
            flights: Flights::default(),
        }))
    }
}
