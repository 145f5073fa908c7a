//! Hosts.

use std::error::Error;
use std::fmt;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Uri};

use crate::operation::Host;

const HONG_KONG: &str = "apihk.mch.weixin.qq.com";

/// Where requests go: a scheme and a host, nothing else. The host is not signed, so a request may go to
/// another one without a new signature.
///
/// Plain `http` exists for the sandbox and for gateways inside one's own network.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: Authority,
}

impl Endpoint {
    /// WeChat Pay's main host, <https://api.mch.weixin.qq.com>.
    #[must_use]
    pub fn main() -> Self {
        Self::of("api.mch.weixin.qq.com")
    }

    /// The second access point (备用域名), <https://api2.mch.weixin.qq.com>: for fail-over.
    #[must_use]
    pub fn backup() -> Self {
        Self::of("api2.mch.weixin.qq.com")
    }

    /// Where cross-border operations (境外) are found, <https://apihk.mch.weixin.qq.com>. As the endpoint of
    /// a merchant it says that everything is there, the platform certificates included.
    #[must_use]
    pub fn hong_kong() -> Self {
        Self::of(HONG_KONG)
    }

    /// Whether it is WeChat Pay's main host under one of its names.
    pub(crate) fn is_main(&self) -> bool {
        const NAMES: [&str; 4] = [
            "api.mch.weixin.qq.com",
            "api2.mch.weixin.qq.com",
            "api.wechatpay.cn",
            "api2.wechatpay.cn",
        ];
        let own = NAMES
            .iter()
            .any(|name| self.host().eq_ignore_ascii_case(name));
        own && self.scheme == Scheme::HTTPS
    }

    /// Which host's list of platform certificates is that of a merchant who sends here.
    pub(crate) fn certificates_from(&self) -> Host {
        let hong_kong = self.host().eq_ignore_ascii_case(HONG_KONG);
        if hong_kong && self.scheme == Scheme::HTTPS {
            Host::HongKong
        } else {
            Host::Main
        }
    }

    /// Reads `https://host` or `http://host:port`; a slash at the end is taken.
    ///
    /// # Errors
    ///
    /// Where it is something else: without a scheme, with a path, a query or credentials.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let uri: Uri = text.parse().map_err(|_| EndpointError("not an address"))?;
        if text.contains('#') {
            return Err(EndpointError("no fragment is allowed"));
        }
        let parts = uri.into_parts();
        let scheme = parts.scheme.ok_or(EndpointError("the scheme is missing"))?;
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(EndpointError("the scheme must be https or http"));
        }
        let authority = parts
            .authority
            .ok_or(EndpointError("the host is missing"))?;
        if authority.host().is_empty() {
            return Err(EndpointError("the host is missing"));
        }
        let after_host = authority.as_str().rsplit(']').next().unwrap_or_default();
        if after_host.contains(':') && authority.port_u16().is_none() {
            return Err(EndpointError("the port must be a number up to 65535"));
        }
        if !authority.as_str().is_ascii() {
            return Err(EndpointError("the host must be written in ASCII"));
        }
        if authority.as_str().contains('@') {
            return Err(EndpointError("no credentials are allowed"));
        }
        if parts.path_and_query.is_some_and(|path| path != "/") {
            return Err(EndpointError("no path and no query are allowed"));
        }
        Ok(Self { scheme, authority })
    }

    /// `https` or `http`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.scheme.as_str()
    }

    /// The host without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Host and port.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The address of a target on this host.
    #[must_use]
    pub fn uri(&self, path_and_query: PathAndQuery) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path_and_query);
        // Scheme, authority and path are all there: nothing is left that could be refused.
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// Points a request at this host, whatever host it had.
    #[must_use]
    pub fn apply<B>(&self, mut request: Request<B>) -> Request<B> {
        let target = request
            .uri()
            .path_and_query()
            .cloned()
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        *request.uri_mut() = self.uri(target);
        request
    }

    pub(crate) fn of(host: &'static str) -> Self {
        Self {
            scheme: Scheme::HTTPS,
            authority: Authority::from_static(host),
        }
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self::main()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// A text that is no endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EndpointError(&'static str);

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an endpoint (https://host): {}", self.0)
    }
}

impl Error for EndpointError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_hosts_and_nothing_else() {
        for good in [
            "https://api.mch.weixin.qq.com",
            "http://127.0.0.1:9470/",
            "http://[::1]:80",
            "http://[::1]",
        ] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "api.mch.weixin.qq.com",
            "ftp://x",
            "https://u:p@x",
            "https://x/v3",
            "https://x/?a",
            "https://x#a",
            "https://:80",
            "https://x:65536",
            "https://x:",
            "https://微信.example",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn moves_a_request_to_itself() {
        let request = Request::get("/v3/certificates?a=1")
            .body(())
            .expect("a request");
        let moved = Endpoint::main().apply(request);
        assert_eq!(
            moved.uri(),
            "https://api.mch.weixin.qq.com/v3/certificates?a=1"
        );
        let again = Endpoint::backup().apply(moved);
        assert_eq!(
            again.uri(),
            "https://api2.mch.weixin.qq.com/v3/certificates?a=1"
        );
    }
}
