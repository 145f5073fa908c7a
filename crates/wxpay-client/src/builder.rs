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
        // The endpoint also says which platform certificates are the merchant's.
        let merchant = self.merchant.with_endpoint(wire.hosts.main().clone());
        Ok(Client::from_shared(Shared {
            merchant,
            wire,
            elsewhere,
            clock,
            cache: self.cache.map(CertificateCache::new),
            flights: Flights::default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use wxpay_proto::sign::{ApiV3Key, PrivateKey, SerialNumber};
    use wxpay_proto::{Credential, Endpoint, PlatformKeyring};

    use super::*;
    use crate::Transport;

    const KEY: &str = include_str!("../../wxpay-sign/tests/vectors/keys/TEST-ONLY-private-key.pem");

    fn builder() -> ClientBuilder {
        let serial = SerialNumber::parse("0A1B2C3D4E5F60718293A4B5C6D7E8F901234567").unwrap();
        let key = PrivateKey::from_pem(KEY).unwrap();
        let credential = Credential::new("1900007291", serial, key).unwrap();
        let api_v3_key = ApiV3Key::new("0123456789abcdef0123456789abcdef").unwrap();
        let keyring = PlatformKeyring::certificates();
        let merchant = Merchant::new(credential, api_v3_key, keyring);
        let transport = Transport::builder().proxy_from_env(false).build().unwrap();
        ClientBuilder::new(merchant).transport(transport)
    }

    fn hosts(endpoint: &str) -> Vec<String> {
        let mut builder = builder().fallback(Endpoint::backup());
        let endpoint = Endpoint::parse(endpoint).unwrap();
        builder.merchant = builder.merchant.with_endpoint(endpoint);
        let client = builder.build().unwrap();
        let hosts = client.hosts(Host::HongKong).all().iter();
        hosts.map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn only_the_main_host_has_a_fallback() {
        let found = hosts("https://api.mch.weixin.qq.com");
        assert_eq!(found, ["https://apihk.mch.weixin.qq.com"]);
        // An endpoint of one's own stands for all of them, with the fallback it was given.
        let found = hosts("https://gateway.example");
        assert_eq!(
            found,
            ["https://gateway.example", "https://api2.mch.weixin.qq.com"]
        );
    }

    #[tokio::test]
    async fn the_client_s_endpoint_says_where_certificates_are() {
        let client = builder().endpoint(Endpoint::hong_kong()).build().unwrap();
        let request = client.merchant().encode_certificates_request().unwrap();
        assert_eq!(request.target(), "/v3/global/certificates");
        let found = client.hosts(request.info().host).all().iter();
        let found: Vec<_> = found.map(ToString::to_string).collect();
        assert_eq!(found, ["https://apihk.mch.weixin.qq.com"]);

        let client = builder().build().unwrap();
        let request = client.merchant().encode_certificates_request().unwrap();
        assert_eq!(request.target(), "/v3/certificates");
    }
}
