//! How often platform certificates are fetched.

/// How often platform certificates are fetched. Times are in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RefreshPolicy {
    interval: i64,
    unknown_key_interval: i64,
    first_back_off: i64,
    longest_back_off: i64,
}

impl RefreshPolicy {
    /// How old the list may become. 12 hours unless set: a new certificate appears days before it is
    /// used.
    #[must_use]
    pub const fn interval(mut self, seconds: u32) -> Self {
        self.interval = seconds as i64;
        self
    }

    /// The pause between two fetches for the sake of unknown keys, or of none at all. 60 seconds unless
    /// set.
    #[must_use]
    pub const fn unknown_key_interval(mut self, seconds: u32) -> Self {
        self.unknown_key_interval = seconds as i64;
        self
    }

    /// The pause after a failure: the first, doubled with each further one up to the longest. 1 and 60
    /// seconds unless set.
    #[must_use]
    pub const fn back_off(mut self, first_seconds: u32, longest_seconds: u32) -> Self {
        self.first_back_off = first_seconds as i64;
        self.longest_back_off = longest_seconds as i64;
        self
    }

    pub(super) const fn interval_seconds(&self) -> i64 {
        self.interval
    }

    pub(super) const fn unknown_key_interval_seconds(&self) -> i64 {
        self.unknown_key_interval
    }

    pub(super) const fn longest_pause(&self) -> i64 {
        self.longest_back_off
    }

    pub(super) fn back_off_seconds(&self, failures: u32) -> i64 {
        let doubled = self.first_back_off.saturating_mul(1 << failures.min(16));
        doubled.min(self.longest_back_off)
    }
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            interval: 12 * 60 * 60,
            unknown_key_interval: 60,
            first_back_off: 1,
            longest_back_off: 60,
        }
    }
}
