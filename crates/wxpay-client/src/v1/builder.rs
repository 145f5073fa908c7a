//! How a client of API v1 is put together.

use std::fmt;
use std::sync::Arc;

use wxpay_proto::v1::{AppSecret, Host, Merchant, TokenCache, TokenPolicy, TokenProvider};

use super::client::{Client, Shared};
use super::tokens::{Origin, Tokens};
use crate::hosts::Hosts;
use crate::identity::Shown;
use crate::options::{Options, setters};
use crate::{BuildError, Identity};

/// Options of a [`Client`]; made by [`Client::builder`].
#[must_use]
pub struct ClientBuilder {
    merchant: Merchant,
    options: Options,
    identity: Option<Identity>,
    origin: Option<Origin>,
    cache: Option<TokenCache>,
}

impl ClientBuilder {
    pub(super) fn new(merchant: Merchant) -> Self {
        Self {
            merchant,
            options: Options::default(),
            identity: None,
            origin: None,
            cache: None,
        }
    }

    setters!();

    /// Shows this client certificate (商户证书) to the interfaces of Tenpay that need one, and to no
    /// others.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Fetches access tokens (access_token) with this app secret. Right where this client and its
    /// clones are all that fetch tokens for the app: each new token ends the one before. Where several
    /// servers need tokens, give them a [`token_provider`](Self::token_provider).
    pub fn app_secret(mut self, secret: AppSecret) -> Self {
        self.origin = Some(Origin::Secret(secret));
        self
    }

    /// Takes access tokens from the merchant's own central server, in place of fetching them. Without
    /// a [`token_cache`](Self::token_cache) it is asked by the rules of [`TokenPolicy::shared`].
    pub fn token_provider(mut self, provider: impl TokenProvider + 'static) -> Self {
        self.origin = Some(Origin::Provider(Arc::new(provider)));
        self
    }

    /// Keeps tokens here, in place of a cache of the client's own: with a policy of one's own, with a
    /// token from before a restart, or together with other clients of the same app.
    pub fn token_cache(mut self, cache: TokenCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Makes the client. Needs no network: a token is fetched when the first call needs one.
    ///
    /// # Errors
    ///
    /// When the client certificate does not hold now; when an endpoint is plain `http` on another
    /// machine and the transport does not permit that; when the user agent is not visible ASCII, or
    /// when TLS cannot be set up.
    pub fn build(mut self) -> Result<Client, BuildError> {
        let merchant = match self.options.endpoint.take() {
            Some(endpoint) => self.merchant.with_endpoint(endpoint),
            None => self.merchant,
        };
        let hosts = |host| Hosts::new(merchant.endpoint(host), Vec::new());
        let tenpay_merchant = hosts(Host::TenpayMerchant);
        let tenpay_gateway = hosts(Host::TenpayGateway);
        let clock = self.options.clock.clone();
        let wire = self.options.wire(merchant.endpoint(Host::Platform))?;
        let shown = Shown::new(self.identity, &wire.transport, clock.now())?;
        let policy = match &self.origin {
            Some(Origin::Provider(_)) => TokenPolicy::shared(),
            _ => TokenPolicy::default(),
        };
        let cache = self.cache.unwrap_or_else(|| TokenCache::new(policy));
        Ok(Client::from_shared(Shared {
            merchant,
            wire,
            tenpay_merchant,
            tenpay_gateway,
            shown,
            clock,
            tokens: Tokens::new(cache, self.origin),
        }))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("merchant", &self.merchant)
            .field("options", &self.options)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
