//! The two things the layers below refuse to have: the time and randomness.

use std::fmt;

use wxpay_proto::{Nonce, Timestamp};

use crate::error::{Delivery, Error, ErrorKind};

/// Where a client takes the time from: for signatures, for the window in which answers are
/// believed, and for the age of platform certificates.
///
/// Timeouts and waiting times do not hang on it; they are tokio's.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now, in seconds since the Unix epoch.
    fn now(&self) -> Timestamp;
}

/// The clock of this machine. WeChat Pay refuses requests that are five minutes or more off, so let
/// it be kept by NTP.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl SystemClock {
    /// The clock of this machine.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the time is read"
    )]
    fn now(&self) -> Timestamp {
        std::time::SystemTime::now().into()
    }
}

/// A fresh nonce of 128 random bits.
pub(crate) fn nonce() -> Result<Nonce, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(Nonce::from_bytes(bytes))
}

/// A fresh nonce for a request.
pub(crate) fn request_nonce() -> Result<Nonce, Error> {
    nonce().map_err(|error| {
        Error::new(
            ErrorKind::Request,
            Delivery::NotSent,
            "no random numbers to be had",
        )
        .caused_by(error)
    })
}

/// A number in `0.0..1.0` to spread retries with. Without a source of randomness retries are not
/// spread, which is no reason to fail a call.
pub(crate) fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |random| {
        f64::from(random) / (f64::from(u32::MAX) + 1.0)
    })
}
