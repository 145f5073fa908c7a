//! A WeChat Pay (微信支付) on this machine, for tests and for people.
//!
//! It verifies what it gets as strictly as WeChat Pay does, signs what it answers, keeps orders and
//! refunds, sends notifications, makes bills, and misbehaves on request.
//!
//! - [`Server`] is the whole of it, on a socket: for tests of a client, and what the program
//!   `wxpay-sandbox` runs.
//! - [`Core`] is the same without sockets, files or a clock: requests in, answers out, the time an
//!   argument. A test drives client code against it in one thread and lets days pass in no time.
//! - [`Identity`] is the merchant and the WeChat Pay they both play with: numbers, keys and
//!   certificates of both sides. [`Home`] keeps it in a folder.

// Paths below begin with `self::` because `core` is the name of a crate that is always there, too.
mod cashier;
mod core;
mod home;
mod identity;
mod server;

pub use self::core::{Answer, Change, ClientCertificate, Core, Cut, Delivery};
pub use self::home::{Home, HomeError, MerchantFile};
pub use self::identity::{Identity, IdentityError, PlatformCertificate, Secret};
pub use self::server::{Server, ServerConfig, StartError};
