//! The form all bills have: a header, rows whose fields begin with a back-tick, a header of the
//! sums, the sums. UTF-8 with a byte order mark, lines ending in CR LF.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use wxpay_json::Fen;

/// What of a bill is not as its rows would have it. A link remembers it, so that the file behind it
/// stays the same.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Manner {
    /// The rows are not in the order of their times.
    pub(super) unsorted: bool,
    /// The last of the sums is not that of the rows.
    pub(super) wrong_sums: bool,
}

/// A bill being written.
#[derive(Debug)]
pub(super) struct File {
    text: String,
    columns: usize,
    manner: Manner,
    /// Where each row is.
    rows: Vec<Range<usize>>,
}

impl File {
    pub(super) fn new(header: &str, manner: Manner) -> Self {
        let mut text = String::from('\u{feff}');
        text.push_str(header);
        text.push_str("\r\n");
        Self {
            text,
            columns: header.split(',').count(),
            manner,
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, fields: &[&str]) {
        let start = self.text.len();
        self.line(fields);
        self.rows.push(start..self.text.len());
    }

    fn line(&mut self, fields: &[&str]) {
        debug_assert_eq!(fields.len(), self.columns, "as many fields as columns");
        for (index, field) in fields.iter().enumerate() {
            self.text.push_str(if index == 0 { "`" } else { ",`" });
            for c in field.chars() {
                plain(c, &mut self.text);
            }
        }
        self.text.push_str("\r\n");
    }

    pub(super) fn end(mut self, header: &str, sums: &[&str]) -> String {
        if self.manner.unsorted {
            self.mix();
        }
        self.text.push_str(header);
        self.text.push_str("\r\n");
        self.columns = header.split(',').count();
        self.line(sums);
        if self.manner.wrong_sums {
            spoil_last_digit(&mut self.text);
        }
        self.text
    }

    /// Another order of the rows, the same for the same rows.
    fn mix(&mut self) {
        let Some(first) = self.rows.first().map(|row| row.start) else {
            return;
        };
        let rows = self.text.split_off(first);
        let mut mixed: Vec<_> = self
            .rows
            .iter()
            .filter_map(|row| rows.get(row.start - first..row.end - first))
            .map(|row| (Sha1::digest(row), row))
            .collect();
        mixed.sort_unstable();
        self.text.extend(mixed.into_iter().map(|(_, row)| row));
    }
}

/// Fields are what was sent, commas and quotes included. What would be taken for the form is written
/// in another way, as WeChat Pay does: an end of a line as the two characters `\r` or `\n`, other
/// control characters as a space; and, which is the sandbox's own choice, a back-tick as a space.
fn plain(c: char, text: &mut String) {
    match c {
        '\r' => text.push_str("\\r"),
        '\n' => text.push_str("\\n"),
        '`' => text.push(' '),
        c if c.is_control() => text.push(' '),
        c => text.push(c),
    }
}

/// Another digit in the place of the last one.
fn spoil_last_digit(text: &mut String) {
    if let Some(at) = text.rfind(|c: char| c.is_ascii_digit())
        && let Some(byte) = text.as_bytes().get(at).copied()
    {
        let other = if byte == b'9' {
            '0'
        } else {
            char::from(byte + 1)
        };
        text.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
    }
}

/// A number of 28 digits that begins so, always the same for the same thing.
pub(super) fn number_of(prefix: &str, thing: &str) -> String {
    let digest = Sha256::digest(thing);
    let digits = digest.iter().map(|byte| char::from(b'0' + byte % 10));
    prefix.chars().chain(digits).take(28).collect()
}

/// Money, wide enough for the sum of any number of amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum(i128);

impl Sum {
    pub(super) fn add(&mut self, amount: Fen) {
        self.0 = self.0.saturating_add(amount.as_fen().into());
    }

    pub(super) fn subtract(&mut self, amount: Fen) {
        self.0 = self.0.saturating_sub(amount.as_fen().into());
    }

    /// Yuan with two decimals.
    pub(super) fn yuan(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        format!("{sign}{}.{:02}", fen / 100, fen % 100)
    }

    /// Yuan with five decimals, as fees are written.
    pub(super) fn fee(self) -> String {
        format!("{}000", self.yuan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::v2::wire::spaced;

    const SORTED: Manner = Manner {
        unsorted: false,
        wrong_sums: false,
    };

    #[test]
    fn money_is_exact_at_any_size() {
        let mut sum = Sum::default();
        assert_eq!(sum.yuan(), "0.00");
        sum.subtract(Fen::new(1));
        assert_eq!(
            (sum.yuan().as_str(), sum.fee().as_str()),
            ("-0.01", "-0.01000")
        );
        sum.add(Fen::new(i64::MAX));
        sum.add(Fen::new(i64::MAX));
        assert_eq!(sum.yuan(), "184467440737095516.13");
    }

    #[test]
    fn the_form_survives_its_content() {
        let mut file = File::new("a,b", SORTED);
        file.row(&["1,`2\"'", "x\r\ny\u{1}z\t"]);
        assert_eq!(
            file.end("n", &["1"]),
            "\u{feff}a,b\r\n`1, 2\"',`x\\r\\ny z \r\nn\r\n`1\r\n"
        );
    }

    #[test]
    fn rows_can_be_mixed_and_are_all_there() {
        let text = |unsorted| {
            let mut file = File::new("a", Manner { unsorted, ..SORTED });
            (0..20).for_each(|row| file.row(&[&format!("深{row}")]));
            file.end("n", &["20"])
        };
        let (sorted, mixed) = (text(false), text(true));
        assert_ne!(sorted, mixed);
        assert_eq!(mixed, text(true));
        let lines = |text: &str| {
            let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
            lines[1..21].sort();
            lines
        };
        assert_eq!(lines(&sorted), lines(&mixed));
        // A bill without rows has nothing to mix.
        let manner = Manner {
            unsorted: true,
            ..SORTED
        };
        assert_eq!(
            File::new("a", manner).end("n", &["0"]),
            "\u{feff}a\r\nn\r\n`0\r\n"
        );
    }

    #[test]
    fn sums_can_be_wrong() {
        for (right, wrong) in [("1.00", "1.01"), ("-2.99", "-2.90"), ("0.01000", "0.01001")] {
            let manner = Manner {
                wrong_sums: true,
                ..SORTED
            };
            let mut file = File::new("a", manner);
            file.row(&["7"]);
            assert_eq!(
                file.end("n,m", &["1", right]),
                format!("\u{feff}a\r\n`7\r\nn,m\r\n`1,`{wrong}\r\n")
            );
        }
    }

    #[test]
    fn numbers_are_as_long_as_they_should_be() {
        for prefix in ["", "3601"] {
            let number = number_of(prefix, "a");
            assert_eq!(number.len(), 28);
            assert!(number.starts_with(prefix) && number.bytes().all(|byte| byte.is_ascii_digit()));
            assert_ne!(number, number_of(prefix, "b"));
        }
    }

    #[test]
    fn times_are_those_of_beijing() {
        assert_eq!(spaced(1_704_076_496), "2024-01-01 10:34:56");
    }
}
