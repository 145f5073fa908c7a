//! Points in time as RFC 3339 writes them.

use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Date;
use crate::date::{SECONDS_A_DAY, digits};

/// A point in time with its offset from UTC: `2018-06-08T10:34:56+08:00`
/// ([RFC 3339](https://www.rfc-editor.org/rfc/rfc3339)), in the years 0001 to 9999.
///
/// A time is written as it was read: offset, `Z`, and as many digits of a second (at most nine)
/// as there were. Comparisons look at the instant alone: `10:00:00+08:00` equals `02:00:00Z`.
///
/// Read are also the lower-case `t` and `z` that RFC 3339 allows. A leap second, `23:59:60` UTC,
/// is taken as `23:59:59`, since Unix time has no place for it; `:60` at any other minute is
/// refused. The offset is whole minutes, less than a day either way.
///
/// This crate reads no clock: take the time where the program does, and come here with seconds
/// since the Unix epoch.
///
/// ```
/// use wxpay_json::DateTime;
///
/// let paid: DateTime = "2018-06-08T10:34:56+08:00".parse()?;
/// assert_eq!(paid.as_unix(), 1_528_425_296);
/// assert_eq!(DateTime::beijing(1_528_425_296).to_string(), "2018-06-08T10:34:56+08:00");
/// # Ok::<(), wxpay_json::DateTimeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct DateTime {
    /// Seconds since the Unix epoch.
    seconds: i64,
    nanos: u32,
    offset_minutes: i16,
    /// Digits of a second that are written, 0 to 9; and [`ZULU`]. As one number, so that sixteen bytes have no gap
    /// and are copied in two steps, within an `Option` as well.
    form: u16,
}

/// Of the form of a time: `Z` rather than `+00:00`.
const ZULU: u16 = 1 << 8;

/// UTC+8, the time zone of everything WeChat Pay writes.
pub(crate) const BEIJING_MINUTES: i16 = 8 * 60;

impl DateTime {
    /// The time `seconds` after the Unix epoch as clocks show it `offset_seconds` east of
    /// Greenwich, without a fraction.
    ///
    /// # Errors
    ///
    /// An offset that is not whole minutes or not less than a day; a local time outside the years
    /// 0001 to 9999.
    pub fn from_unix(seconds: i64, offset_seconds: i32) -> Result<Self, DateTimeError> {
        if offset_seconds % 60 != 0 || offset_seconds.unsigned_abs() >= 86_400 {
            return Err(DateTimeError(Problem::Offset));
        }
        let local = seconds.checked_add(i64::from(offset_seconds));
        let first = Date::MIN.to_days() * SECONDS_A_DAY;
        let last = (Date::MAX.to_days() + 1) * SECONDS_A_DAY - 1;
        match local {
            Some(local) if (first..=last).contains(&local) => Ok(Self {
                seconds,
                nanos: 0,
                offset_minutes: (offset_seconds / 60) as i16,
                form: 0,
            }),
            _ => Err(DateTimeError(Problem::Year)),
        }
    }

    /// The time `seconds` after the Unix epoch in Beijing (`+08:00`), the form WeChat Pay itself
    /// writes. Seconds outside the years 0001 to 9999 give the first or last second there is.
    #[must_use]
    pub fn beijing(seconds: i64) -> Self {
        let offset = i64::from(BEIJING_MINUTES) * 60;
        let first = Date::MIN.to_days() * SECONDS_A_DAY - offset;
        let last = (Date::MAX.to_days() + 1) * SECONDS_A_DAY - 1 - offset;
        Self {
            seconds: seconds.clamp(first, last),
            nanos: 0,
            offset_minutes: BEIJING_MINUTES,
            form: 0,
        }
    }

    /// Reads RFC 3339 text; the same as [`str::parse`].
    ///
    /// # Errors
    ///
    /// Text of another form, a date or time of day that does not exist, more than nine digits of
    /// a second.
    pub fn parse(text: &str) -> Result<Self, DateTimeError> {
        let syntax = DateTimeError(Problem::Syntax);
        let Some((date, rest)) = text.split_at_checked(10) else {
            return Err(syntax);
        };
        let date: Date = date.parse().map_err(|_| DateTimeError(Problem::Date))?;
        let Some((&[b'T' | b't', h1, h2, b':', m1, m2, b':', s1, s2], rest)) =
            rest.as_bytes().split_first_chunk::<9>()
        else {
            return Err(syntax);
        };
        let (Some(hour), Some(minute), Some(second)) =
            (digits(&[h1, h2]), digits(&[m1, m2]), digits(&[s1, s2]))
        else {
            return Err(syntax);
        };
        let (fraction, rest) = match rest.split_first() {
            Some((b'.', rest)) => {
                let end = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if end == 0 {
                    return Err(syntax);
                }
                rest.split_at(end)
            }
            _ => (&rest[..0], rest),
        };
        if fraction.len() > 9 {
            return Err(DateTimeError(Problem::Fraction));
        }
        let (offset_minutes, zulu) = match *rest {
            [b'Z' | b'z'] => (0, true),
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let (Some(hours), Some(minutes)) = (digits(&[h1, h2]), digits(&[m1, m2])) else {
                    return Err(syntax);
                };
                if hours > 23 || minutes > 59 {
                    return Err(DateTimeError(Problem::Offset));
                }
                let offset = (hours * 60 + minutes) as i16;
                (if sign == b'-' { -offset } else { offset }, false)
            }
            _ => return Err(syntax),
        };
        if hour > 23 || minute > 59 || second > 60 {
            return Err(DateTimeError(Problem::TimeOfDay));
        }
        let seconds_of_day = i64::from(hour * 3600 + minute * 60 + second.min(59));
        let seconds =
            date.to_days() * SECONDS_A_DAY + seconds_of_day - i64::from(offset_minutes) * 60;
        if second == 60 && seconds.rem_euclid(SECONDS_A_DAY) != SECONDS_A_DAY - 1 {
            return Err(DateTimeError(Problem::TimeOfDay));
        }
        let scale = 10u32.pow(9 - fraction.len() as u32);
        let nanos = digits(fraction).ok_or(syntax)? * scale;
        Ok(Self {
            seconds,
            nanos,
            offset_minutes,
            form: fraction.len() as u16 | if zulu { ZULU } else { 0 },
        })
    }

    /// Whole seconds since the Unix epoch, the fraction dropped.
    #[must_use]
    pub const fn as_unix(self) -> i64 {
        self.seconds
    }

    /// The fraction of the second, in nanoseconds.
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// Seconds east of Greenwich: 28800 for `+08:00`.
    #[must_use]
    pub const fn offset_seconds(self) -> i32 {
        self.offset_minutes as i32 * 60
    }

    /// The same instant as clocks in Beijing (`+08:00`) show it; at either end of the calendar, the
    /// nearest one they can show.
    #[must_use]
    pub fn to_beijing(self) -> Self {
        Self {
            nanos: self.nanos,
            form: self.form & !ZULU,
            ..Self::beijing(self.seconds)
        }
    }

    /// The date shown, in the time's own offset.
    #[must_use]
    pub fn date(self) -> Date {
        Date::of(self)
    }

    /// The hour shown, 0 to 23, in the time's own offset.
    #[must_use]
    pub const fn hour(self) -> u8 {
        (self.local_seconds().rem_euclid(SECONDS_A_DAY) / 3600) as u8
    }

    /// The minute shown, 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        (self.local_seconds().rem_euclid(3600) / 60) as u8
    }

    /// The second shown, 0 to 59.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.local_seconds().rem_euclid(60) as u8
    }

    pub(crate) const fn local_seconds(self) -> i64 {
        self.seconds + self.offset_seconds() as i64
    }
}

impl FromStr for DateTime {
    type Err = DateTimeError;

    fn from_str(text: &str) -> Result<Self, DateTimeError> {
        Self::parse(text)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.hour(), self.minute(), self.second());
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}", self.date())?;
        let digits = self.form & !ZULU;
        if digits > 0 {
            let width = usize::from(digits);
            write!(
                f,
                ".{:0width$}",
                self.nanos / 10u32.pow(9 - u32::from(digits))
            )?;
        }
        if self.form & ZULU != 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", offset / 60, offset % 60)
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DateTime({self})")
    }
}

impl DateTime {
    const fn instant(&self) -> (i64, u32) {
        (self.seconds, self.nanos)
    }
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        self.instant() == other.instant()
    }
}

impl Eq for DateTime {}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant().cmp(&other.instant())
    }
}

impl Hash for DateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.instant().hash(state);
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateTimeVisitor;
        impl Visitor<'_> for DateTimeVisitor {
            type Value = DateTime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time like 2018-06-08T10:34:56+08:00")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DateTime, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(DateTimeVisitor)
    }
}

/// Text or numbers that are not a point in time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DateTimeError(pub(crate) Problem);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Problem {
    Syntax,
    Compact,
    Spaced,
    Date,
    Year,
    TimeOfDay,
    Fraction,
    Offset,
}

impl fmt::Display for DateTimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Problem::Syntax => "not an RFC 3339 time like 2018-06-08T10:34:56+08:00",
            Problem::Compact => "not a time like 20180608103456",
            Problem::Spaced => "not a time like 2018-06-08 10:34:56",
            Problem::Date => "the date does not exist",
            Problem::Year => "the time is outside the years 0001 to 9999",
            Problem::TimeOfDay => "the time of day does not exist",
            Problem::Fraction => "more than nine digits of a second",
            Problem::Offset => "the offset from UTC is not whole minutes below 24 hours",
        })
    }
}

impl Error for DateTimeError {}
