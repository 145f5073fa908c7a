//! How a client of API v2 is put together.

use tokio::time::Instant;
use wxpay_proto::v2::{Host, Merchant};

use super::client::{Client, Shared};
use crate::hosts::Hosts;
use crate::identity::Shown;
use crate::options::{Options, setters};
use crate::{BuildError, Identity};

/// Options of a [`Client`]; made by [`Client::builder`].
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    merchant: Merchant,
    options: Options,
    identity: Option<Identity>,
}

impl ClientBuilder {
    pub(super) fn new(merchant: Merchant) -> Self {
        Self {
            merchant,
            options: Options::default(),
            identity: None,
        }
    }

    setters!(fallback);

    /// Shows this client certificate (双向证书) to the interfaces that need one (refunds, reversals,
    /// red packets, transfers, …), on connections of their own, and to no others.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Makes the client. Needs no network.
    ///
    /// # Errors
    ///
    /// When the client certificate does not hold now; when an endpoint is plain `http` on another
    /// machine and the transport does not permit that; when the user agent is not visible ASCII, or
    /// when TLS cannot be set up.
    pub fn build(self) -> Result<Client, BuildError> {
        let clock = self.options.clock.clone();
        let wire = self.options.wire(self.merchant.endpoint().clone())?;
        let shown = Shown::new(self.identity, &wire.transport, clock.now())?;
        let main = wire.hosts.main();
        let elsewhere = [Host::Fraud, Host::PayApp, Host::PayAppMch]
            .map(|host| (host, host.endpoint(main)))
            .into_iter()
            // An endpoint that is not WeChat Pay's own stands for every host.
            .filter(|(_, endpoint)| endpoint != main)
            .map(|(host, endpoint)| (host, Hosts::new(endpoint, Vec::new())))
            .collect();
        Ok(Client::from_shared(Shared {
            merchant: self.merchant,
            wire,
            elsewhere,
            shown,
            clock,
            epoch: Instant::now(),
        }))
    }
}
