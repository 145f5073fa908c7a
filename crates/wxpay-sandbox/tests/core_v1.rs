//! v1 through the core's public interface alone: packages, requests and answers signed by hand, in GBK
//! and in UTF-8, notices verified by hand.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

#[path = "core_v1/app.rs"]
mod app;
#[path = "core_v1/faults.rs"]
mod faults;
#[path = "core_v1/generations.rs"]
mod generations;
#[path = "core_v1/merchant.rs"]
mod merchant;
#[path = "core_v1/native.rs"]
mod native;
#[path = "core_v1/notices.rs"]
mod notices;
#[path = "core_v1/page.rs"]
mod page;
#[path = "core_v1/rights.rs"]
mod rights;
#[path = "core_v1/tenpay.rs"]
mod tenpay;
#[path = "core_v1/token.rs"]
mod token;
