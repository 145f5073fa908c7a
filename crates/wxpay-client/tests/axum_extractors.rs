//! Handlers of axum that take notifications: from the sandbox as they are, and by hand as they must not be.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "axum_extractors/by_hand.rs"]
mod by_hand;
#[allow(
    dead_code,
    reason = "shared with the loopback tests, which use all of it"
)]
#[allow(unused_imports, reason = "likewise")]
#[path = "loopback"]
mod loopback {
    pub(crate) mod support;
}
#[path = "axum_extractors/shop.rs"]
mod shop;
#[cfg(feature = "v1")]
#[path = "axum_extractors/v1.rs"]
mod v1;
#[cfg(feature = "v2")]
#[path = "axum_extractors/v2.rs"]
mod v2;
#[path = "axum_extractors/v3.rs"]
mod v3;
#[path = "sandbox/world.rs"]
mod world;

use loopback::support;
