//! The forms in which v2 writes times and dates: clock time in Beijing, with nothing that says so.

use std::fmt;
use std::ops::Deref;

use crate::date::{Problem as DateProblem, digits};
use crate::datetime::Problem;
use crate::{Date, DateError, DateTime, DateTimeError};

/// A time or a date written out, without an allocation: made by [`DateTime::compact`], [`DateTime::spaced`] and
/// [`Date::compact`]. It derefs to `str`.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct TimeText {
    bytes: [u8; 19],
    len: u8,
}

impl TimeText {
    const EMPTY: Self = Self {
        bytes: [0; 19],
        len: 0,
    };

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
            *place = byte;
            self.len += 1;
        }
    }

    /// Two decimal digits of a number below 100.
    fn two(&mut self, number: u8) {
        self.push(b'0' + number / 10 % 10);
        self.push(b'0' + number % 10);
    }

    fn date(&mut self, date: Date, between: Option<u8>) {
        // Years have four digits at most.
        self.two((date.year() / 100) as u8);
        self.two((date.year() % 100) as u8);
        for part in [date.month(), date.day()] {
            if let Some(between) = between {
                self.push(between);
            }
            self.two(part);
        }
    }

    /// The text: ASCII digits, and `-`, `:` and a space where the form has them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let written = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        // Only ASCII was pushed.
        std::str::from_utf8(written).unwrap_or_default()
    }
}

impl Deref for TimeText {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for TimeText {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeText({self})")
    }
}

impl DateTime {
    /// Reads `20091225091010` (yyyyMMddHHmmss), a time in Beijing, as v2 writes them.
    ///
    /// ```
    /// use wxpay_json::DateTime;
    ///
    /// let end = DateTime::from_compact("20140903131540")?;
    /// assert_eq!(end.to_string(), "2014-09-03T13:15:40+08:00");
    /// assert_eq!(end.compact().as_str(), "20140903131540");
    /// # Ok::<(), wxpay_json::DateTimeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Anything but fourteen digits; a date or a time of day that does not exist.
    pub fn from_compact(text: &str) -> Result<Self, DateTimeError> {
        let &[y1, y2, y3, y4, mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2] = text.as_bytes() else {
            return Err(DateTimeError(Problem::Compact));
        };
        let date = [y1, y2, y3, y4, mo1, mo2, d1, d2];
        in_beijing(&date, &[h1, h2, mi1, mi2, s1, s2], Problem::Compact)
    }

    /// Reads `2018-11-19 16:24:13` (yyyy-MM-dd HH:mm:ss), a time in Beijing, as v2 writes some.
    ///
    /// # Errors
    ///
    /// Text of another form; a date or a time of day that does not exist.
    pub fn from_spaced(text: &str) -> Result<Self, DateTimeError> {
        let &[
            y1,
            y2,
            y3,
            y4,
            b'-',
            mo1,
            mo2,
            b'-',
            d1,
            d2,
            b' ',
            h1,
            h2,
            b':',
            mi1,
            mi2,
            b':',
            s1,
            s2,
        ] = text.as_bytes()
        else {
            return Err(DateTimeError(Problem::Spaced));
        };
        let date = [y1, y2, y3, y4, mo1, mo2, d1, d2];
        in_beijing(&date, &[h1, h2, mi1, mi2, s1, s2], Problem::Spaced)
    }

    /// `20091225091010` (yyyyMMddHHmmss): the time in Beijing, the fraction dropped.
    #[must_use]
    pub fn compact(self) -> TimeText {
        let time = self.to_beijing();
        let mut text = TimeText::EMPTY;
        text.date(time.date(), None);
        for part in [time.hour(), time.minute(), time.second()] {
            text.two(part);
        }
        text
    }

    /// `2009-12-25 09:10:10` (yyyy-MM-dd HH:mm:ss): the time in Beijing, the fraction dropped.
    #[must_use]
    pub fn spaced(self) -> TimeText {
        let time = self.to_beijing();
        let mut text = TimeText::EMPTY;
        text.date(time.date(), Some(b'-'));
        text.push(b' ');
        text.two(time.hour());
        for part in [time.minute(), time.second()] {
            text.push(b':');
            text.two(part);
        }
        text
    }
}

impl Date {
    /// Reads `20091225` (yyyyMMdd), as v2 writes dates.
    ///
    /// # Errors
    ///
    /// Anything but eight digits; a date that does not exist.
    pub fn from_compact(text: &str) -> Result<Self, DateError> {
        let &[y1, y2, y3, y4, m1, m2, d1, d2] = text.as_bytes() else {
            return Err(DateError(DateProblem::Compact));
        };
        let (Some(year), Some(month), Some(day)) = (
            digits(&[y1, y2, y3, y4]),
            digits(&[m1, m2]),
            digits(&[d1, d2]),
        ) else {
            return Err(DateError(DateProblem::Compact));
        };
        Self::new(year as u16, month as u8, day as u8)
    }

    /// `20091225` (yyyyMMdd).
    #[must_use]
    pub fn compact(self) -> TimeText {
        let mut text = TimeText::EMPTY;
        text.date(self, None);
        text
    }
}

/// `yyyyMMdd` and `HHmmss` as one point in time.
fn in_beijing(date: &[u8; 8], time: &[u8; 6], syntax: Problem) -> Result<DateTime, DateTimeError> {
    let [y1, y2, y3, y4, mo1, mo2, d1, d2] = *date;
    let [h1, h2, mi1, mi2, s1, s2] = *time;
    let (Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)) = (
        digits(&[y1, y2, y3, y4]),
        digits(&[mo1, mo2]),
        digits(&[d1, d2]),
        digits(&[h1, h2]),
        digits(&[mi1, mi2]),
        digits(&[s1, s2]),
    ) else {
        return Err(DateTimeError(syntax));
    };
    let date =
        Date::new(year as u16, month as u8, day as u8).map_err(|_| DateTimeError(Problem::Date))?;
    if hour > 23 || minute > 59 || second > 59 {
        return Err(DateTimeError(Problem::TimeOfDay));
    }
    let local =
        date.to_days() * crate::date::SECONDS_A_DAY + i64::from(hour * 3600 + minute * 60 + second);
    Ok(DateTime::beijing(
        local - i64::from(crate::datetime::BEIJING_MINUTES) * 60,
    ))
}
