//! How a client of API v3 is put together.

use std::path::PathBuf;

use wxpay_proto::{Host, Merchant};

use crate::BuildError;
use crate::cache::CertificateCache;
use crate::client::{Client, Shared};
use crate::hosts::Hosts;
use crate::keys::Flights;
use crate::options::{Options, setters};

/// Options of a [`Client`]; made by [`Client::builder`].
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    merchant: Merchant,
    options: Options,
    cache: Option<PathBuf>,
}

impl ClientBuilder {
    pub(crate) fn new(merchant: Merchant) -> Self {
        Self {
            merchant,
            options: Options::default(),
            cache: None,
        }
    }

    setters!(fallback);

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

    /// Makes the client. Needs no network: platform certificates are fetched when the first call
    /// needs them.
    ///
    /// # Errors
    ///
    /// When an endpoint is plain `http` on another machine and the transport does not permit that,
    /// when the user agent is not visible ASCII, or when TLS cannot be set up.
    pub fn build(self) -> Result<Client, BuildError> {
        let clock = self.options.clock.clone();
        let wire = self.options.wire(self.merchant.endpoint().clone())?;
        // An endpoint that is not WeChat Pay's own stands for every host.
        let elsewhere = [Host::HongKong]
            .map(|host| (host, host.endpoint(wire.hosts.main())))
            .into_iter()
            .filter(|(_, endpoint)| endpoint != wire.hosts.main())
            .map(|(host, endpoint)| (host, Hosts::new(endpoint, Vec::new())))
            .collect();
        Ok(Client::from_shared(Shared {
            merchant: self.merchant,
            wire,
            elsewhere,
            clock,
            cache: self.cache.map(CertificateCache::new),
            flights: Flights::default(),
        }))
    }
}
