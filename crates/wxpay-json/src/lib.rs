#![doc = include_str!("../README.md")]

mod beijing;
mod certificates;
pub mod check;
mod codec;
mod date;
mod datetime;
mod error_body;
mod fen;
pub mod node;
mod notification;
mod open_enum;
mod sensitive;

pub use beijing::TimeText;
pub use certificates::{CertificateItem, CertificateList};
pub use check::InvalidField;
pub use codec::{DecodeError, EncodeError, decode, encode};
pub use date::{Date, DateError};
pub use datetime::{DateTime, DateTimeError};
pub use error_body::{ErrorBody, SignInformation};
pub use fen::{Fen, FenError};
pub use notification::{EncryptedResource, NotificationEnvelope};
pub use sensitive::Sensitive;
/// Decimal numbers, and JSON of any form, where the interface names no fields.
pub use serde_json::{Number, Value};

/// What [`open_enum!`] expands to; not part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::node::word;
    pub use crate::open_enum::deserialize;
    pub use serde;
}
