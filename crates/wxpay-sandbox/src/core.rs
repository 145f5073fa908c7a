//! The sandbox without I/O: requests in, answers out, on a clock that is an argument.

pub(crate) mod book;
pub(crate) mod call;
pub(crate) mod random;
