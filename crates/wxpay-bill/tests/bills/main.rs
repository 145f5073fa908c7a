//! The reader of bills: all layouts, however the bytes come, and everything that can be wrong with them.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not take for tests"
)]

mod damage;
mod encoding;
mod files;
mod layouts;
mod overlapped;
mod properties;
mod refusals;
mod sums;
mod support;
mod values;
mod wrong;
