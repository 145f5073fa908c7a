//! What can be chosen about every client, whichever generation of the interface it speaks.

use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue, USER_AGENT};
use wxpay_proto::{Endpoint, RetryPolicy};

use crate::clock::{Clock, SystemClock};
use crate::exchange::Wire;
use crate::hosts::Hosts;
use crate::{BuildError, Timeouts, Transport};

/// How much of an answer is read unless told otherwise, in bytes. Answers of WeChat Pay are a few
/// kilobytes; files are downloaded as streams and not bounded by this.
pub const DEFAULT_MAX_RESPONSE_BYTES: usize = 8 << 20;

const DEFAULT_USER_AGENT: &str = concat!("wxpay-client/", env!("CARGO_PKG_VERSION"));

/// The options that all builders have.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) fallbacks: Vec<Endpoint>,
    pub(crate) transport: Option<Transport>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    pub(crate) user_agent: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) max_response_bytes: usize,
    /// Sent with every request.
    pub(crate) headers: HeaderMap,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            endpoint: None,
            fallbacks: Vec::new(),
            transport: None,
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            user_agent: None,
            clock: Arc::new(SystemClock::new()),
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
            headers: HeaderMap::new(),
        }
    }
}

impl Options {
    /// Makes the wire; `endpoint` is where requests go that no option sends elsewhere.
    pub(crate) fn wire(self, endpoint: Endpoint) -> Result<Wire, BuildError> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => Transport::new()?,
        };
        let hosts = Hosts::new(self.endpoint.unwrap_or(endpoint), self.fallbacks);
        for host in hosts.all() {
            if !transport.permits(host.scheme(), host.host()) {
                return Err(BuildError::plain_http(host.host()));
            }
        }
        let user_agent = self.user_agent.as_deref().unwrap_or(DEFAULT_USER_AGENT);
        let user_agent = HeaderValue::from_str(user_agent)
            .ok()
            .filter(|value| value.to_str().is_ok_and(|text| !text.trim().is_empty()))
            .ok_or_else(BuildError::user_agent)?;
        let mut headers = self.headers;
        headers.insert(USER_AGENT, user_agent);
        Ok(Wire {
            hosts,
            transport,
            timeouts: self.timeouts,
            retry: self.retry,
            headers,
            max_response_bytes: self.max_response_bytes,
        })
    }
}

/// The setters of [`Options`], for a builder with a field `options`.
macro_rules! setters {
    () => {
        /// Where requests go; the merchant's own endpoint unless told otherwise.
        pub fn endpoint(mut self, endpoint: $crate::Endpoint) -> Self {
            self.options.endpoint = Some(endpoint);
            self
        }

        /// Uses this transport, and with it the connections of every other client that does. Without
        /// one the client makes its own, with the defaults.
        pub fn transport(mut self, transport: $crate::Transport) -> Self {
            self.options.transport = Some(transport);
            self
        }

        /// How long to wait for what.
        pub fn timeouts(mut self, timeouts: $crate::Timeouts) -> Self {
            self.options.timeouts = timeouts;
            self
        }

        /// When to try again.
        pub fn retry(mut self, policy: $crate::RetryPolicy) -> Self {
            self.options.retry = policy;
            self
        }

        /// The `User-Agent` of every request, in place of `wxpay-client/` and the version.
        pub fn user_agent(mut self, text: impl Into<String>) -> Self {
            self.options.user_agent = Some(text.into());
            self
        }

        /// The clock, in place of this machine's.
        pub fn clock(mut self, clock: std::sync::Arc<dyn $crate::Clock>) -> Self {
            self.options.clock = clock;
            self
        }

        /// How much of an answer is read, in bytes
        /// ([`DEFAULT_MAX_RESPONSE_BYTES`](crate::DEFAULT_MAX_RESPONSE_BYTES) unless told
        /// otherwise). A longer one is an error of the kind
        /// [`TooLarge`](crate::ErrorKind::TooLarge).
        pub fn max_response_bytes(mut self, limit: usize) -> Self {
            self.options.max_response_bytes = limit;
            self
        }
    };
    (fallback) => {
        $crate::options::setters!();

        /// One more host to turn to when the one before does not answer: before anything was sent
        /// for every operation, later only where repeating is safe. May be given several times.
        /// WeChat Pay's second host is [`Endpoint::backup`](crate::Endpoint::backup).
        pub fn fallback(mut self, endpoint: $crate::Endpoint) -> Self {
            self.options.fallbacks.push(endpoint);
            self
        }
    };
}

pub(crate) use setters;
