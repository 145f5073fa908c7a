//! A clock that follows the sandbox's.

use std::sync::atomic::{AtomicI64, Ordering};

use wxpay_client::{Clock, SystemClock};
use wxpay_json::DateTime;
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
