//! A WeChat Pay that does on the loopback interface what a test tells it to.

pub(crate) mod certificate;
pub(crate) mod platform;
pub(crate) mod server;
pub(crate) mod tls;

use std::time::Duration;

use wxpay_client::proto::{Endpoint, Target, Untyped};
use wxpay_client::{Client, ClientBuilder, Merchant, RetryPolicy, Transport};

pub(crate) use platform::{Platform, merchant};
pub(crate) use server::{Act, Seen, Server};

/// The path that tests ask for when it does not matter which.
pub(crate) const PATH: &str = "/v3/pay/transactions/id/1";

/// A transport that takes no proxy from the environment of whoever runs the tests.
pub(crate) fn transport() -> Transport {
    Transport::builder().proxy_from_env(false).build().unwrap()
}

/// The default policy with pauses that a test can wait for.
pub(crate) fn hasty() -> RetryPolicy {
    RetryPolicy::default()
        .first_delay(Duration::from_millis(2))
        .reconnect_delay(Duration::from_millis(1))
}

/// A client of the server.
pub(crate) fn builder(merchant: Merchant, server: &Server) -> ClientBuilder {
    Client::builder(merchant)
        .endpoint(Endpoint::parse(&server.base_url()).unwrap())
        .transport(transport())
        .retry(hasty())
}

/// Any query.
pub(crate) fn query() -> Untyped {
    Untyped::get(Target::parse(PATH).unwrap())
}
