//! What the sandbox writes, this crate reads: bills of a day that was traded there, against what was traded.
//!
//! The sandbox's core is asked directly, without sockets, in the ways of all three generations.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

mod books;
mod day;
mod faults;
mod flows;
mod none;
mod older;
mod sealed;
mod shop;
mod trades;
