//! How often tokens are fetched.

/// How often tokens are fetched. Times are in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenPolicy {
    pub(super) margin: i64,
    pub(super) interval: i64,
    pub(super) daily: usize,
    first_back_off: i64,
    pub(super) longest_back_off: i64,
}

impl TokenPolicy {
    /// For tokens from a central server, [`TokenProvider`](crate::v1::TokenProvider): asked as often as once a second, and without a daily
    /// limit.
    #[must_use]
    pub fn shared() -> Self {
        Self::default().min_interval(1).daily_limit(u32::MAX)
    }

    /// How long before its end a token is replaced. 300 seconds unless set; never more than half of how long it
    /// lasts.
    #[must_use]
    pub const fn margin(mut self, seconds: u32) -> Self {
        self.margin = seconds as i64;
        self
    }

    /// The least pause between two fetches, however often the token is refused. 60 seconds unless set.
    #[must_use]
    pub const fn min_interval(mut self, seconds: u32) -> Self {
        self.interval = seconds as i64;
        self
    }

    /// The most fetches in 24 hours, failed ones included. 200 unless set: what accounts were given in 2014; later
    /// ones have 2000.
    #[must_use]
    pub const fn daily_limit(mut self, fetches: u32) -> Self {
        self.daily = fetches as usize;
        self
    }

    /// The pause after a failure: the first, doubled with each further one up to the longest. 1 and 60 seconds
    /// unless set.
    #[must_use]
    pub const fn back_off(mut self, first_seconds: u32, longest_seconds: u32) -> Self {
        self.first_back_off = first_seconds as i64;
        self.longest_back_off = longest_seconds as i64;
        self
    }

    pub(super) fn back_off_seconds(&self, failures: u32) -> i64 {
        let doubled = self.first_back_off.saturating_mul(1 << failures.min(16));
        doubled.min(self.longest_back_off)
    }
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self {
            margin: 300,
            interval: 60,
            daily: 200,
            first_back_off: 1,
            longest_back_off: 60,
        }
    }
}
