//! A shop that takes WeChat Pay the right way: the parts its programs are made of.
//!
//! | | |
//! |---|---|
//! | [`flow`] | decides: what each event does to an order or a refund. Pure functions |
//! | [`store`] | remembers: one transaction for each operation, on SQLite or PostgreSQL |
//! | [`gateway`] | speaks to WeChat Pay, by v3, v2 or v1 |
//! | [`shop`] | puts the three together: ordering, refunding |
//! | [`worker`] | does what is due: prepay, query, close, refund, apply notices, reconcile |
//! | [`web`] | pages and handlers |
//! | [`run`] | all of it as one program |
//!
//! Nothing below [`shop::Shop`] reads a clock: the time is an argument, in seconds since 1970 (UTC).

#![expect(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "the shop's programs are the only users, and shall see every case"
)]
#![expect(
    clippy::missing_errors_doc,
    reason = "where nothing else is said, the database or WeChat Pay could not be asked"
)]

pub mod flow;
pub mod gateway;
pub mod goods;
#[cfg(unix)]
pub mod private_postgres;
mod run;
pub mod settings;
pub mod shop;
pub mod store;
pub mod web;
pub mod worker;

pub use run::run;
pub use wxpay_bill::Fen;
