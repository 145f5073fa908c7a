//! The core's gate, signatures, controls and faults, through its public interface alone: what a
//! client on the other side of a socket would see.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

#[path = "core_v3/answers.rs"]
mod answers;
#[path = "core_v3/bills.rs"]
mod bills;
#[path = "core_v3/bodies.rs"]
mod bodies;
#[path = "core_v3/catalogue.rs"]
mod catalogue;
#[path = "core_v3/controls.rs"]
mod controls;
#[path = "facts/sample.rs"]
mod facts;
#[path = "core_v3/faults.rs"]
mod faults;
#[path = "core_v3/merchant.rs"]
mod merchant;
#[path = "core_v3/notifications.rs"]
mod notifications;
#[path = "core_v3/random.rs"]
mod random;
#[path = "core_v3/signatures.rs"]
mod signatures;
#[path = "core_v3/uploads.rs"]
mod uploads;
