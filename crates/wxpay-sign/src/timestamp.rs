//! Points in time, as WeChat Pay signs them: whole seconds.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time: whole seconds since the Unix epoch, 1970-01-01T00:00:00Z.
///
/// This crate reads no clock. The caller says what time it is, from [`SystemTime::now`] or from a clock
/// of its own.
///
/// WeChat Pay refuses a request whose timestamp is more than five minutes away from its own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The point in time `seconds` after the Unix epoch. Seconds, not milliseconds.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn as_unix(self) -> i64 {
        self.0
    }

    /// The point in time `seconds` later (earlier if negative), clamped to what an `i64` holds.
    #[must_use]
    pub const fn saturating_add(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The point in time `seconds` earlier (later if negative), clamped to what an `i64` holds.
    #[must_use]
    pub const fn saturating_sub(self, seconds: i64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }

    /// How many seconds this lies after `earlier`; negative if it lies before.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<SystemTime> for Timestamp {
    /// Drops the fraction of the second, towards the past.
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(i64::try_from(after.as_secs()).unwrap_or(i64::MAX)),
            Err(error) => {
                let before = error.duration();
                let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                Self(-seconds).saturating_sub(i64::from(before.subsec_nanos() != 0))
            }
        }
    }
}

impl fmt::Display for Timestamp {
    /// The decimal number of seconds, as it stands in headers and signed messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn system_time_is_floored_on_both_sides_of_the_epoch() {
        let after = UNIX_EPOCH + Duration::from_millis(1_554_208_460_999);
        assert_eq!(Timestamp::from(after).as_unix(), 1_554_208_460);
        let before = UNIX_EPOCH - Duration::from_millis(1_500);
        assert_eq!(Timestamp::from(before).as_unix(), -2);
        assert_eq!(
            Timestamp::from(UNIX_EPOCH - Duration::from_secs(2)).as_unix(),
            -2
        );
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_unix(i64::MAX);
        let start = Timestamp::from_unix(i64::MIN);
        assert_eq!(end.saturating_add(1), end);
        assert_eq!(start.saturating_sub(1), start);
        assert_eq!(end.seconds_since(start), i64::MAX);
        assert_eq!(
            Timestamp::from_unix(40).seconds_since(Timestamp::from_unix(100)),
            -60
        );
    }

    #[test]
    fn displays_plain_decimal() {
        assert_eq!(
            Timestamp::from_unix(1_554_208_460).to_string(),
            "1554208460"
        );
    }
}
