//! A WeChat Pay (微信支付) on this machine, for tests and for people.

// `self::core` below, because this module has the name of a crate that is always there.
mod cashier;
mod core;
mod home;
mod identity;
mod server;
