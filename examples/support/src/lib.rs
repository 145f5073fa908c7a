//! What the examples have in common: a merchant's HTTP server, and the sandbox's controls.

mod controls;
mod listen;

pub use controls::{Controls, SandboxClock};
pub use listen::{Listener, status};
