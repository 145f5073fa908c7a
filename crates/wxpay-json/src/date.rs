//! Calendar dates, and the civil arithmetic under them.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::DateTime;

/// A calendar date, `2026-02-28`, in the years 0001 to 9999.
///
/// Bills (账单) are asked for by date; the day is a day in Beijing (UTC+8). [`Date::of`] takes the
/// date a [`DateTime`] shows, so turn the time to Beijing first:
///
/// ```
/// use wxpay_json::{Date, DateTime};
///
/// let late: DateTime = "2026-02-28T17:00:00Z".parse()?;
/// assert_eq!(Date::of(late.to_beijing()).to_string(), "2026-03-01");
/// # Ok::<(), wxpay_json::DateTimeError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The first date there is, `0001-01-01`.
    pub const MIN: Self = Self {
        year: 1,
        month: 1,
        day: 1,
    };
    /// The last date there is, `9999-12-31`.
    pub const MAX: Self = Self {
        year: 9999,
        month: 12,
        day: 31,
    };

    /// A date of the proleptic Gregorian calendar.
    ///
    /// # Errors
    ///
    /// A year outside 1 to 9999, a month outside 1 to 12, or a day the month does not have.
    pub const fn new(year: u16, month: u8, day: u8) -> Result<Self, DateError> {
        if year < 1 || year > 9999 {
            return Err(DateError(Problem::Year));
        }
        if month < 1 || month > 12 {
            return Err(DateError(Problem::Month));
        }
        if day < 1 || day > days_in_month(year, month) {
            return Err(DateError(Problem::Day));
        }
        Ok(Self { year, month, day })
    }

    /// The date `time` shows in its own offset.
    #[must_use]
    pub fn of(time: DateTime) -> Self {
        Self::from_days(time.local_seconds().div_euclid(SECONDS_A_DAY))
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The day after; `None` after the last day of 9999.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        (self != Self::MAX).then(|| Self::from_days(self.to_days() + 1))
    }

    /// The day before; `None` before the first day of year 1.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        (self != Self::MIN).then(|| Self::from_days(self.to_days() - 1))
    }

    /// Days since 1970-01-01.
    ///
    /// Years are counted from March, so that the leap day is the last of its year and the lengths
    /// of the months before it follow one linear formula: month `m` from March starts on day
    /// `(153 * m + 2) / 5`.
    pub(crate) const fn to_days(self) -> i64 {
        let before_march = self.month <= 2;
        let year = self.year as i64 - before_march as i64;
        let month = (self.month as i64 + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + self.day as i64 - 1;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        year * 365 + leap_days + day_of_year - DAYS_TO_EPOCH
    }

    /// The date `days` after 1970-01-01; the first or last date where there is none.
    pub(crate) fn from_days(days: i64) -> Self {
        let days = days.clamp(Self::MIN.to_days(), Self::MAX.to_days()) + DAYS_TO_EPOCH;
        let (cycle, day) = (
            days.div_euclid(DAYS_IN_400_YEARS),
            days.rem_euclid(DAYS_IN_400_YEARS),
        );
        // Take out the leap days that lie before `day` in its 400 years, and every year has 365.
        let year = (day - day / 1460 + day / 36_524 - day / (DAYS_IN_400_YEARS - 1)) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, carry) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        Self {
            year: (cycle * 400 + year + carry) as u16,
            month: month as u8,
            day: day as u8,
        }
    }
}

pub(crate) const SECONDS_A_DAY: i64 = 86_400;
/// From the first of March of the year 0 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;
const DAYS_IN_400_YEARS: i64 = 146_097;

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Reads `N` ASCII digits, nothing else.
pub(crate) fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0u32, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
            return Err(DateError(Problem::Syntax));
        };
        let (Some(year), Some(month), Some(day)) = (
            digits(&[y1, y2, y3, y4]),
            digits(&[m1, m2]),
            digits(&[d1, d2]),
        ) else {
            return Err(DateError(Problem::Syntax));
        };
        Self::new(year as u16, month as u8, day as u8)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateVisitor;
        impl Visitor<'_> for DateVisitor {
            type Value = Date;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date like 2026-02-28")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Date, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(DateVisitor)
    }
}

/// Text or numbers that are not a date.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DateError(pub(crate) Problem);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Problem {
    Syntax,
    Compact,
    Year,
    Month,
    Day,
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Problem::Syntax => "not a date like 2026-02-28",
            Problem::Compact => "not a date like 20260228",
            Problem::Year => "the year is not 0001 to 9999",
            Problem::Month => "the month is not 01 to 12",
            Problem::Day => "the month does not have this day",
        })
    }
}

impl Error for DateError {}
