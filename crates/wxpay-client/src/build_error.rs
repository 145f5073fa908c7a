//! Why a client or a transport could not be built.

use std::error::Error as StdError;
use std::fmt;

/// Why a [`Client`](crate::Client), a [`Transport`](crate::Transport), a [`Proxy`](crate::Proxy) or
/// a client certificate could not be made. Building needs no network, so this is always a matter of
/// the configuration.
#[derive(Debug)]
pub struct BuildError {
    kind: BuildErrorKind,
    problem: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Which part of the configuration cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuildErrorKind {
    /// Plain `http` to another machine, without the permission of the transport.
    Endpoint,
    /// Not visible ASCII text.
    UserAgent,
    /// The address or the credentials of a proxy.
    Proxy,
    /// TLS itself: no roots, or certificates that cannot be used.
    Tls,
    /// There is no certificate where a client certificate should be, or it cannot be read.
    NoCertificate,
    /// There is no private key with the client certificate, or it cannot be read.
    NoPrivateKey,
    /// The private key is not that of the client certificate.
    KeyMismatch,
    /// The password is not that of the `.p12` file.
    WrongPassword,
    /// What should be a `.p12` file is none, or is damaged.
    DamagedArchive,
    /// The client certificate has ended, by the client's clock.
    CertificateExpired,
    /// The client certificate does not hold yet, by the client's clock.
    CertificateNotYetValid,
}

impl BuildErrorKind {
    fn step(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::UserAgent => "user agent",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            _ => "client certificate",
        }
    }
}

impl BuildError {
    /// Which part of the configuration cannot be used.
    #[must_use]
    pub fn kind(&self) -> BuildErrorKind {
        self.kind
    }

    pub(crate) fn new(kind: BuildErrorKind, problem: impl Into<String>) -> Self {
        Self {
            kind,
            problem: problem.into(),
            source: None,
        }
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn proxy(problem: &'static str) -> Self {
        Self::new(BuildErrorKind::Proxy, problem)
    }

    pub(crate) fn tls(
        problem: &'static str,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Self::new(BuildErrorKind::Tls, problem).caused_by(source)
    }

    pub(crate) fn no_certificate() -> Self {
        Self::new(
            BuildErrorKind::NoCertificate,
            "the PEM text holds no certificate (BEGIN CERTIFICATE)",
        )
    }

    pub(crate) fn private_key(problem: &'static str) -> Self {
        Self::new(BuildErrorKind::NoPrivateKey, problem)
    }

    pub(crate) fn key_mismatch(source: rustls::Error) -> Self {
        Self::new(
            BuildErrorKind::KeyMismatch,
            "the private key is not that of the certificate; take both from the same folder",
        )
        .caused_by(source)
    }

    pub(crate) fn no_roots() -> Self {
        Self::new(
            BuildErrorKind::Tls,
            "no root certificate is trusted; add one or keep the default roots",
        )
    }

    pub(crate) fn plain_http(host: &str) -> Self {
        Self::new(
            BuildErrorKind::Endpoint,
            format!(
                "plain http to {host} is not permitted; use https, or permit it on the transport"
            ),
        )
    }

    pub(crate) fn user_agent() -> Self {
        Self::new(
            BuildErrorKind::UserAgent,
            "must be visible ASCII text and not empty",
        )
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.step(), self.problem)
    }
}

impl StdError for BuildError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
