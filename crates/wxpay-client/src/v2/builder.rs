//! How a client of API v2 is put together.

use http::header::{HeaderName, HeaderValue};
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

    /// Sends this header with every request, in place of one of the same name. v2 signs no header; the
    /// test system of WeChat Pay under `/xdc` chooses its answer by one (`Wechatpay-Negative-Test`).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.options.headers.insert(name, value);
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

#[cfg(test)]
mod tests {
    use wxpay_proto::Endpoint;
    use wxpay_proto::v2::ApiV2Key;

    use super::*;
    use crate::Transport;

    fn hosts(endpoint: &str) -> Vec<String> {
        let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap();
        let transport = Transport::builder().proxy_from_env(false).build().unwrap();
        let client = ClientBuilder::new(Merchant::new("1900000109", key).unwrap())
            .endpoint(Endpoint::parse(endpoint).unwrap())
            .fallback(Endpoint::backup())
            .transport(transport)
            .build()
            .unwrap();
        [Host::Api, Host::Fraud, Host::PayApp, Host::PayAppMch]
            .map(|host| client.hosts(host).main().to_string())
            .into()
    }

    #[tokio::test]
    async fn operations_go_to_their_hosts_unless_the_endpoint_is_ones_own() {
        let official = [
            "https://fraud.mch.weixin.qq.com",
            "https://payapp.weixin.qq.com",
            "https://payapp.mch.weixin.qq.com",
        ];
        for main in [
            "https://api.mch.weixin.qq.com",
            "https://api2.mch.weixin.qq.com",
        ] {
            let found = hosts(main);
            assert_eq!(found[0], main);
            assert_eq!(found[1..], official);
        }
        for own in [
            "https://pay.example",
            "http://127.0.0.1:9470",
            "https://mch.weixin.qq.com.example",
        ] {
            assert_eq!(hosts(own), [own; 4]);
        }
    }
}
