//! What the examples have in common: a merchant's files and its HTTP server, a plain HTTP client, the sandbox's controls,
//! random texts, and the way a program tells what it does.

mod clock;
mod controls;
mod http;
mod listen;
mod merchant;
mod random;
mod story;

pub use self::clock::{ShiftedClock, midnight};
pub use self::controls::{Controls, SandboxClock};
pub use self::http::Http;
pub use self::listen::{Listener, status};
pub use self::merchant::{merchant, read};
pub use self::random::{nonce, number};
pub use self::story::{Story, told_to_stop};
