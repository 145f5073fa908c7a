//! Operations with a form of their own: files behind links.

#[cfg(feature = "bill")]
pub(crate) mod bill;
#[cfg(feature = "_v2")]
pub(crate) mod v2;
