//! Fees, which bills write with five decimals of a yuan.

use std::error::Error;
use std::fmt;

use wxpay_json::Fen;

use super::fixed::fixed;

/// A fee (手续费) as bills write it: yuan with five decimals, `0.04000`, negative where it came back with a refund.
///
/// The unit is a thousandth of a fen, 0.00001 yuan. What WeChat Pay debits is whole fen; a bill shows the fee before
/// it is rounded.
///
/// ```
/// use wxpay_bill::{Fee, Fen};
///
/// let fee = Fee::from_yuan("0.21900")?;
/// assert_eq!(fee.as_millifen(), 21_900);
/// assert_eq!(fee.rounded(), Fen::new(22));
/// assert_eq!(fee.yuan().to_string(), "0.21900");
/// # Ok::<(), wxpay_bill::FeeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fee(i64);

impl Fee {
    /// No fee.
    pub const ZERO: Self = Self(0);

    /// A fee of so many thousandths of a fen.
    #[must_use]
    pub const fn from_millifen(millifen: i64) -> Self {
        Self(millifen)
    }

    /// The fee in thousandths of a fen.
    #[must_use]
    pub const fn as_millifen(self) -> i64 {
        self.0
    }

    /// Reads yuan with at most five decimals: `0.04000`, `-0.01`, `3`.
    ///
    /// # Errors
    ///
    /// Anything else: more decimals, an exponent, a plus sign, spaces, nothing at all; a fee that does not fit 64
    /// bits of thousandths of a fen.
    pub fn from_yuan(text: &str) -> Result<Self, FeeError> {
        read(text.as_bytes()).ok_or(FeeError(()))
    }

    /// The fee in yuan, with five decimals as bills write it.
    #[must_use]
    pub fn yuan(self) -> impl fmt::Display + fmt::Debug + Clone {
        Yuan(self.0)
    }

    /// In fen, where it is whole fen.
    #[must_use]
    pub const fn to_fen(self) -> Option<Fen> {
        if self.0 % 1000 == 0 {
            Some(Fen::new(self.0 / 1000))
        } else {
            None
        }
    }

    /// In fen, rounded to the nearest, halves away from zero (四舍五入).
    #[must_use]
    pub const fn rounded(self) -> Fen {
        let half = if self.0 % 1000 >= 500 {
            1
        } else if self.0 % 1000 <= -500 {
            -1
        } else {
            0
        };
        Fen::new(self.0 / 1000 + half)
    }
}

/// Reads the fee in `text[start..end]`.
#[inline]
pub(crate) fn read_in(text: &[u8], start: usize, end: usize) -> Option<Fee> {
    let is_negative = text.get(start) == Some(&b'-');
    match fixed::<5>(text, start + usize::from(is_negative), end) {
        Some(fee) if is_negative => Some(Fee(-i64::from(fee))),
        Some(fee) => Some(Fee(i64::from(fee))),
        None => read(text.get(start..end)?),
    }
}

/// Reads a fee, however it is written.
#[cold]
pub(crate) fn read(text: &[u8]) -> Option<Fee> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut parts = digits.splitn(2, |byte| *byte == b'.');
    let (yuan, decimals) = (parts.next()?, parts.next());
    if yuan.is_empty() || decimals.is_some_and(|decimals| decimals.is_empty() || decimals.len() > 5)
    {
        return None;
    }
    let decimals = decimals.unwrap_or_default();
    let padding = &b"00000"[decimals.len()..];
    // Counted downwards, because there is one more negative number than there are positive ones.
    let mut below_zero: i64 = 0;
    for byte in yuan.iter().chain(decimals).chain(padding) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        below_zero = below_zero.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative {
        Some(Fee(below_zero))
    } else {
        below_zero.checked_neg().map(Fee)
    }
}

#[derive(Clone, Debug)]
struct Yuan(i64);

impl fmt::Display for Yuan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fee = self.0.unsigned_abs();
        let text = format!("{}.{:05}", fee / 100_000, fee % 100_000);
        f.pad_integral(self.0 >= 0, "", &text)
    }
}

/// Text that is not a fee in yuan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FeeError(());

impl fmt::Display for FeeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a fee in yuan: digits, and at most five decimals after a point")
    }
}

impl Error for FeeError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn five_decimals_and_fewer() {
        for (text, fee) in [
            ("0.04000", 4_000),
            ("-0.01000", -1_000),
            ("12.3", 1_230_000),
            ("7", 700_000),
            ("0.00001", 1),
        ] {
            assert_eq!(Fee::from_yuan(text), Ok(Fee::from_millifen(fee)), "{text}");
        }
        for text in [
            "",
            "-",
            ".1",
            "1.",
            "1.000000",
            "1e3",
            "+1",
            " 1",
            "1,000.00000",
            "0.0000x",
            "--1",
            "99999999999999999.00000",
        ] {
            assert_eq!(Fee::from_yuan(text), Err(FeeError(())), "{text}");
        }
    }

    #[test]
    fn rounding_is_away_from_zero() {
        for (fee, fen) in [
            (499, 0),
            (500, 1),
            (-499, 0),
            (-500, -1),
            (1500, 2),
            (i64::MAX, 9_223_372_036_854_776),
        ] {
            assert_eq!(Fee::from_millifen(fee).rounded(), Fen::new(fen), "{fee}");
        }
        assert_eq!(Fee::from_millifen(2_000).to_fen(), Some(Fen::new(2)));
        assert_eq!(Fee::from_millifen(2_001).to_fen(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_comes_back(fee in any::<i64>()) {
            let fee = Fee::from_millifen(fee);
            prop_assert_eq!(Fee::from_yuan(&fee.yuan().to_string()), Ok(fee));
        }

        #[test]
        fn both_ways_of_reading_agree(negative in any::<bool>(), text in "[0-9]{1,12}\\.[0-9:/]{5}") {
            let sign = if negative { "-" } else { "" };
            let row = format!("`2024-01-01,`{sign}{text},`");
            let end = row.len() - 2;
            let start = end - text.len() - sign.len();
            prop_assert_eq!(read_in(row.as_bytes(), start, end), read(&row.as_bytes()[start..end]));
        }
    }
}
