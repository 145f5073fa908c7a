//! Sums.

use std::fmt;
use std::ops::AddAssign;

use wxpay_json::Fen;

/// A sum of amounts, exact: no number of entries is too many for it.
///
/// It is shown in yuan with two decimals.
///
/// ```
/// use wxpay_bill::reconcile::Sum;
/// use wxpay_json::Fen;
///
/// let mut sum = Sum::ZERO;
/// sum += Fen::new(i64::MAX);
/// sum += Fen::new(i64::MAX);
/// assert_eq!(sum.to_string(), "184467440737095516.14");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Sum(i128);

impl Sum {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The sum in fen.
    #[must_use]
    pub const fn as_fen(self) -> i128 {
        self.0
    }
}

impl From<Fen> for Sum {
    fn from(amount: Fen) -> Self {
        Self(i128::from(amount.as_fen()))
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        // It would take 2^64 entries of the largest amount there is.
        self.0 = self.0.saturating_add(other.0);
    }
}

impl AddAssign<Fen> for Sum {
    fn add_assign(&mut self, amount: Fen) {
        *self += Self::from(amount);
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fen = self.0.unsigned_abs();
        let text = format!("{}.{:02}", fen / 100, fen % 100);
        f.pad_integral(self.0 >= 0, "", &text)
    }
}

/// How many entries, and what they come to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The sum of their amounts.
    pub sum: Sum,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum += other.sum;
    }
}

impl AddAssign<Fen> for Tally {
    fn add_assign(&mut self, amount: Fen) {
        self.count = self.count.saturating_add(1);
        self.sum += amount;
    }
}
