//! Which proxy to take, and with which credentials.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;

use crate::BuildError;

/// A proxy that every connection goes through.
///
/// Connections are tunnelled with `CONNECT`, so the proxy sees the name of the host and nothing of
/// what is said. The credentials are sent to the proxy alone; they stand in no error and in no
/// `Debug` output.
#[derive(Clone)]
pub struct Proxy(Hop);

impl Proxy {
    /// A proxy by its address: `http://proxy.example:3128`, or with credentials
    /// `http://user:password@proxy.example:3128` (reserved characters in them percent-encoded). The
    /// scheme `https` speaks TLS to the proxy itself.
    ///
    /// # Errors
    ///
    /// When the text is not an absolute `http` or `https` address. The error does not repeat the
    /// text, which may hold a password.
    pub fn new(address: &str) -> Result<Self, BuildError> {
        // `Matcher` is the parser of hyper-util for such addresses; asked for a host that nobody
        // excludes, it tells what it has read.
        let matcher = Matcher::builder().all(address).build();
        let probe = Uri::from_static("https://host.invalid/");
        let intercept = matcher
            .intercept(&probe)
            .ok_or_else(|| BuildError::proxy(BAD_ADDRESS))?;
        Hop::of(&intercept)
            .map(Self)
            .ok_or_else(|| BuildError::proxy(BAD_ADDRESS))
    }
}

const BAD_ADDRESS: &str =
    "the address must read http://host:port or https://host:port, with user:password@ if needed";

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// One proxy, ready to be connected to.
#[derive(Clone)]
pub(crate) struct Hop {
    pub(crate) uri: Uri,
    pub(crate) authorization: Option<HeaderValue>,
}

impl Hop {
    fn of(intercept: &hyper_util::client::proxy::matcher::Intercept) -> Option<Self> {
        let uri = intercept.uri();
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host()?.is_empty() {
            return None;
        }
        Some(Self {
            uri: uri.clone(),
            authorization: intercept.basic_auth().cloned(),
        })
    }
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &format_args!("{}", self.uri))
            .field(
                "credentials",
                &format_args!(
                    "{}",
                    if self.authorization.is_some() {
                        "[redacted]"
                    } else {
                        "none"
                    }
                ),
            )
            .finish()
    }
}

/// The rule by which a proxy is chosen.
#[derive(Clone, Debug, Default)]
pub(crate) enum ProxyRule {
    /// Straight to the host.
    #[default]
    Direct,
    /// One proxy for everything.
    Always(Hop),
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` as they were when the transport was
    /// built.
    Environment(Arc<Matcher>),
}

impl ProxyRule {
    pub(crate) fn always(proxy: Proxy) -> Self {
        Self::Always(proxy.0)
    }

    pub(crate) fn from_env() -> Self {
        Self::Environment(Arc::new(Matcher::from_env()))
    }

    /// The proxy to take for a destination, or an error text when the environment names a kind of
    /// proxy that is not spoken here: going round it silently would surprise whoever set it.
    pub(crate) fn hop(&self, destination: &Uri) -> Result<Option<Hop>, &'static str> {
        match self {
            Self::Direct => Ok(None),
            Self::Always(hop) => Ok(Some(hop.clone())),
            // A server on this machine is not reached through a proxy elsewhere, whatever the
            // environment says; curl needs NO_PROXY for that, Go's net/http does it like this.
            Self::Environment(_) if destination.host().is_some_and(super::is_loopback) => Ok(None),
            Self::Environment(matcher) => match matcher.intercept(destination) {
                None => Ok(None),
                Some(intercept) => Hop::of(&intercept)
                    .map(Some)
                    .ok_or("the proxy named by the environment is neither http nor https"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_in_debug() {
        let proxy = Proxy::new("http://user:hunter2@proxy.example:3128").unwrap();
        assert_eq!(
            format!("{proxy:?}"),
            r#"Proxy { address: http://proxy.example:3128/, credentials: [redacted] }"#
        );
    }

    #[test]
    fn a_bad_address_is_refused_without_repeating_it() {
        for address in [
            "",
            "socks5://user:hunter2@host:1",
            "http://user:hunter2@",
            "ftp://a",
            "http://ho st",
        ] {
            let error = Proxy::new(address).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains("http://host:port"), "{error}");
        }
    }

    #[test]
    fn the_environment_is_not_asked_for_this_machine() {
        let matcher = Matcher::builder()
            .all("http://proxy.example:3128")
            .no("internal.example")
            .build();
        let rule = ProxyRule::Environment(Arc::new(matcher));
        let hop = |uri: &'static str| rule.hop(&Uri::from_static(uri)).unwrap().is_some();
        assert!(hop("https://api.mch.weixin.qq.com/"));
        assert!(!hop("https://internal.example/"));
        assert!(!hop("http://127.0.0.1:9470/"));
        assert!(!hop("http://localhost:9470/"));
    }
}
