//! A clock that follows the sandbox's.

use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::Result;
use wxpay_client::{Clock, SystemClock};
use wxpay_json::{Date, DateTime};
use wxpay_sign::Timestamp;

/// This machine's clock, moved by as many seconds as the sandbox's is.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    offset: AtomicI64,
}

impl ShiftedClock {
    /// From now on it is so many seconds ahead of this machine's.
    pub fn set_offset(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::Relaxed);
    }

    /// The time now as clocks in Beijing show it.
    #[must_use]
    pub fn beijing(&self) -> DateTime {
        DateTime::beijing(self.now().as_unix())
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        SystemClock::new()
            .now()
            .saturating_add(self.offset.load(Ordering::Relaxed))
    }
}

/// When a day begins in Beijing, in Unix seconds.
///
/// # Errors
///
/// Where a time has no such day.
pub fn midnight(day: Date) -> Result<i64> {
    let midnight: DateTime = format!("{day}T00:00:00+08:00").parse()?;
    Ok(midnight.as_unix())
}
