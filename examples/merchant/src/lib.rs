//! A shop that takes WeChat Pay the right way: the parts its programs are made of.
//!
//! [`flow`] decides, [`store`] remembers. Nothing here reads a clock: the time is an argument, in
//! seconds since 1970 (UTC).

#![expect(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "the shop's programs are the only users, and shall see every case"
)]

pub mod flow;
#[cfg(unix)]
pub mod private_postgres;
pub mod store;

pub use wxpay_bill::Fen;
