//! Why a client or a transport could not be built.

use std::error::Error as StdError;
use std::fmt;

/// Why a [`Client`](crate::Client), a [`Transport`](crate::Transport) or a
/// [`Proxy`](crate::Proxy) could not be made. Building needs no network, so this is always a matter
/// of the configuration.
#[derive(Debug)]
pub struct BuildError {
    step: &'static str,
    problem: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl BuildError {
    fn plain(step: &'static str, problem: impl Into<String>) -> Self {
        Self {
            step,
            problem: problem.into(),
            source: None,
        }
    }

    pub(crate) fn proxy(problem: &'static str) -> Self {
        Self::plain("proxy", problem)
    }

    pub(crate) fn tls(
        problem: &'static str,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Self {
            source: Some(Box::new(source)),
            ..Self::plain("tls", problem)
        }
    }

    pub(crate) fn no_certificate() -> Self {
        Self::plain(
            "tls",
            "the PEM text holds no certificate (BEGIN CERTIFICATE)",
        )
    }

    pub(crate) fn no_roots() -> Self {
        Self::plain(
            "tls",
            "no root certificate is trusted; add one or keep the default roots",
        )
    }

    pub(crate) fn plain_http(host: &str) -> Self {
        Self::plain(
            "endpoint",
            format!(
                "plain http to {host} is not permitted; use https, or permit it on the transport"
            ),
        )
    }

    pub(crate) fn user_agent() -> Self {
        Self::plain("user agent", "must be visible ASCII text and not empty")
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.problem)
    }
}

impl StdError for BuildError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
