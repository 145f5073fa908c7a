//! v2 through the core's public interface alone: requests signed by hand, answers and notices
//! verified by hand.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

#[path = "core_v2/bills.rs"]
mod bills;
#[path = "core_v2/catalogue.rs"]
mod catalogue;
#[path = "core_v2/combined.rs"]
mod combined;
#[path = "core_v2/faults.rs"]
mod faults;
#[path = "core_v2/gate.rs"]
mod gate;
#[path = "core_v2/generations.rs"]
mod generations;
#[path = "core_v2/merchant.rs"]
mod merchant;
#[path = "core_v2/notices.rs"]
mod notices;
#[path = "core_v2/orders.rs"]
mod orders;
#[path = "core_v2/payment_codes.rs"]
mod payment_codes;
#[path = "core_v2/payouts.rs"]
mod payouts;
#[path = "core_v2/refunds.rs"]
mod refunds;
#[path = "core_v2/sandbox_key.rs"]
mod sandbox_key;
#[path = "core_v2/scans.rs"]
mod scans;
