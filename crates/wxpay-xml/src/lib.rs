#![doc = include_str!("../README.md")]

mod chars;
mod document;
mod error;
mod fast;
mod limits;
mod names;
mod read;
mod record;
mod write;

pub use document::{Document, Iter};
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use record::Record;
pub use write::{Field, Form, WriteError, WriteErrorKind, write};
