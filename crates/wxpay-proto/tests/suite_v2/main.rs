//! v2 from outside, with real keys: what is sent, what is believed, what is refused.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod answer;
mod bad_input;
mod fields;
mod flow;
mod golden;
mod invariants;
mod notification;
mod promises;
mod request;
mod support;
