#![doc = include_str!("../README.md")]

mod chars;
mod document;
mod error;
mod limits;
mod names;
mod read;
mod write;

pub use document::{Document, Iter};
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use write::{Field, Form, WriteError, WriteErrorKind, write};
