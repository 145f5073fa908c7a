//! The form all bills have: a header, rows whose fields begin with a back-tick, a header of the
//! sums, the sums. UTF-8 with a byte order mark, lines ending in CR LF.

use wxpay_json::Fen;

/// A bill being written.
#[derive(Debug)]
pub(super) struct File {
    text: String,
    columns: usize,
}

impl File {
    pub(super) fn new(header: &str) -> Self {
        let mut text = String::from('\u{feff}');
        text.push_str(header);
        text.push_str("\r\n");
        Self {
            text,
            columns: header.split(',').count(),
        }
    }

    pub(super) fn row(&mut self, fields: &[&str]) {
        debug_assert_eq!(fields.len(), self.columns, "as many fields as columns");
        for (index, field) in fields.iter().enumerate() {
            self.text.push_str(if index == 0 { "`" } else { ",`" });
            self.text.extend(field.chars().map(plain));
        }
        self.text.push_str("\r\n");
    }

    pub(super) fn end(mut self, header: &str, sums: &[&str]) -> String {
        self.text.push_str(header);
        self.text.push_str("\r\n");
        self.columns = header.split(',').count();
        self.row(sums);
        self.text
    }
}

/// What would be taken for the form becomes a space.
fn plain(c: char) -> char {
    if c == '`' || c.is_control() { ' ' } else { c }
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
        let mut file = File::new("a,b");
        file.row(&["1,`2", "x\r\ny"]);
        assert_eq!(
            file.end("n", &["1"]),
            "\u{feff}a,b\r\n`1, 2,`x  y\r\nn\r\n`1\r\n"
        );
    }

    #[test]
    fn times_are_those_of_beijing() {
        assert_eq!(spaced(1_704_076_496), "2024-01-01 10:34:56");
    }
}
