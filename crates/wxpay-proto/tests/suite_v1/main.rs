//! v1 from outside: what is written, what is believed, what is refused.

#![cfg(feature = "v1")]
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod accept;
mod golden;
mod notice;
mod package;
mod promises;
mod properties;
mod support;
mod token;
