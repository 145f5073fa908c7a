//! The pages over HTTP, as browsers and others who should not use them do.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod guards;
mod log;
mod orders;
mod refunds;
mod trouble;
mod world;
