//! A clock that follows the sandbox's.

use std::sync::atomic::{AtomicI64, Ordering};

use wxpay_client::proto::Timestamp;
use wxpay_client::{Clock, SystemClock};

/// This machine's clock, moved by as many seconds as the sandbox's is.
#[derive(Debug, Default)]
pub(crate) struct ShiftedClock {
    offset: AtomicI64,
}

impl ShiftedClock {
    pub(crate) fn set_offset(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        SystemClock::new()
            .now()
            .saturating_add(self.offset.load(Ordering::Relaxed))
    }
}
