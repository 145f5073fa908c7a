//! v2 through the core's public interface alone: requests signed by hand, answers and notices
//! verified by hand.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

#[path = "core_v2/merchant.rs"]
mod merchant;
#[path = "core_v2/orders.rs"]
mod orders;
