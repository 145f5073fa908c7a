//! The client against a server on the loopback interface that misbehaves on command.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cache;
mod delivery;
mod download;
mod files;
#[cfg(all(feature = "pkcs12", any(feature = "v1", feature = "v2")))]
mod identity;
mod keys;
mod notification;
mod parts;
mod proxy;
mod signing;
mod support;
mod tls;
#[cfg(feature = "v1")]
mod v1;
#[cfg(feature = "v2")]
mod v2;
