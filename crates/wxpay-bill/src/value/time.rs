//! Times, which bills write without a zone: they are those of Beijing.

use wxpay_json::{Date, DateTime};

/// Reads `2024-01-01 10:34:56` as a time in Beijing (UTC+8), and remembers the day of the last one: the rows of a
/// bill are of one day, or few.
#[derive(Debug, Default)]
pub struct Clock {
    day: [u8; 10],
    /// When that day began in Beijing, in seconds since the Unix epoch.
    midnight: i64,
}

impl Clock {
    /// Reads a time; nothing where it is not one.
    #[inline]
    pub(crate) fn read(&mut self, text: &[u8]) -> Option<DateTime> {
        let (day, rest) = text.split_first_chunk::<10>()?;
        let &[b' ', h1, h2, b':', m1, m2, b':', s1, s2] = rest else {
            return None;
        };
        if *day != self.day {
            self.turn_to(*day)?;
        }
        let digit = |byte: u8| i64::from(byte.wrapping_sub(b'0'));
        let two = |tens, units| digit(tens) * 10 + digit(units);
        let (hour, minute, second) = (two(h1, h2), two(m1, m2), two(s1, s2));
        let digits = [h1, h2, m1, m2, s1, s2]
            .iter()
            .fold(true, |all, byte| all & byte.is_ascii_digit());
        // A leap second is the last of its minute here.
        if !digits || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let seconds = hour * 3_600 + minute * 60 + second.min(59);
        Some(DateTime::beijing(self.midnight + seconds))
    }

    #[cold]
    fn turn_to(&mut self, day: [u8; 10]) -> Option<()> {
        let date: Date = std::str::from_utf8(&day).ok()?.parse().ok()?;
        let midnight = DateTime::parse(&format!("{date}T00:00:00+08:00")).ok()?;
        self.midnight = midnight.as_unix();
        self.day = day;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_that_of_beijing() {
        let mut clock = Clock::default();
        for (text, expected) in [
            ("2024-01-01 10:34:56", "2024-01-01T10:34:56+08:00"),
            ("2024-01-01 23:59:59", "2024-01-01T23:59:59+08:00"),
            ("2024-02-29 00:00:00", "2024-02-29T00:00:00+08:00"),
            ("2016-12-31 23:59:60", "2016-12-31T23:59:59+08:00"),
            ("2024-01-01 00:00:01", "2024-01-01T00:00:01+08:00"),
        ] {
            let time = clock.read(text.as_bytes()).unwrap();
            assert_eq!(time.to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_time_changes_nothing() {
        let mut clock = Clock::default();
        let good = clock.read(b"2024-01-01 10:34:56");
        for text in [
            "",
            "2024-01-01",
            "2024-01-01 10:34",
            "2024-01-01 24:00:00",
            "2024-01-01 10:60:00",
            "2024-01-01 10:00:61",
            "2024-01-01T10:34:56",
            "2024-01-01 10:34:5x",
            "2024-01-01 :0:34:56",
            "2024-02-30 10:34:56",
            "0000-01-01 10:34:56",
            "2024/01/01 10:34:56",
            "2024-01-01 10:34:56 ",
        ] {
            assert_eq!(clock.read(text.as_bytes()), None, "{text}");
            assert_eq!(clock.read(b"2024-01-01 10:34:56"), good);
        }
    }
}
