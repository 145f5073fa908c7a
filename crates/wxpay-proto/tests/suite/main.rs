//! The protocol from outside, with real keys: what is sent, what is believed, what is refused.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod certificates;
mod content;
mod diagnosis;
#[cfg(feature = "file")]
mod file_key;
mod golden;
mod keyring;
mod notification;
mod promises;
mod properties;
mod request;
mod response;
mod support;
mod unusual;
