//! Money in whole fen.

use std::error::Error;
use std::fmt;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of money in whole fen (分): 1 yuan (元) is 100 fen.
///
/// Every amount of the API is written as an integer number of fen; bills (账单) write yuan with
/// decimals as text, which [`Fen::from_yuan`] and [`Fen::yuan`] convert exactly. There is no way
/// from or to a floating-point number: 19.9 × 100 is 1989.9999999999998 to a computer.
///
/// In JSON a `Fen` is written as an integer and read from an integer, or from the text of one
/// (`"1999"`); a number with a point or an exponent is refused even if it is whole.
///
/// ```
/// use wxpay_json::Fen;
///
/// let price = Fen::from_yuan("19.90")?;
/// assert_eq!(price, Fen::new(1990));
/// assert_eq!(price.yuan().to_string(), "19.90");
/// assert!(Fen::from_yuan("19.999").is_err());
/// # Ok::<(), wxpay_json::FenError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fen(i64);

impl Fen {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount of `fen` fen.
    #[must_use]
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// An amount of `fen` fen; the same as [`Fen::new`], for code that reads better with the unit.
    #[must_use]
    pub const fn from_fen(fen: i64) -> Self {
        Self(fen)
    }

    /// The amount as a number of fen.
    #[must_use]
    pub const fn as_fen(self) -> i64 {
        self.0
    }

    /// Reads yuan written in decimals: `"19.99"`, `"19.9"`, `"19"`, `"-0.01"`.
    ///
    /// # Errors
    ///
    /// Anything that is not an optional minus sign, digits, and at most two decimals: more
    /// decimals, an exponent, a plus sign, spaces, other digits, nothing at all; and an amount
    /// that does not fit 64 bits of fen.
    pub fn from_yuan(text: &str) -> Result<Self, FenError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = match digits.split_once('.') {
            Some((_, "")) => return Err(FenError(Problem::Syntax)),
            Some((whole, decimals)) => (whole, decimals),
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) {
            return Err(FenError(Problem::Syntax));
        }
        if decimals.len() > 2 {
            return Err(FenError(Problem::Decimals));
        }
        // Counted downwards, because there is one more negative number than there are positive ones.
        let padding = ["00", "0", ""][decimals.len()];
        let mut below_zero: i64 = 0;
        for byte in whole.bytes().chain(decimals.bytes()).chain(padding.bytes()) {
            below_zero = below_zero
                .checked_mul(10)
                .and_then(|sum| sum.checked_sub(i64::from(byte - b'0')))
                .ok_or(FenError(Problem::Overflow))?;
        }
        if negative {
            Ok(Self(below_zero))
        } else {
            below_zero
                .checked_neg()
                .map(Self)
                .ok_or(FenError(Problem::Overflow))
        }
    }

    /// The amount in yuan, always with two decimals: `19.99`, `-0.01`.
    #[must_use]
    pub fn yuan(self) -> impl fmt::Display + fmt::Debug + Clone {
        Yuan(self.0)
    }

    /// The sum, or `None` where it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` where it does not fit.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Yuan(i64);

impl fmt::Display for Yuan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fen = self.0.unsigned_abs();
        let text = format!("{}.{:02}", fen / 100, fen % 100);
        // `pad_integral` honours width, fill and sign flags as it does for numbers.
        f.pad_integral(self.0 >= 0, "", &text)
    }
}

impl Serialize for Fen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Fen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FenVisitor)
    }
}

struct FenVisitor;

impl Visitor<'_> for FenVisitor {
    type Value = Fen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("money in whole fen (an integer, not a floating-point number)")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Fen, E> {
        Ok(Fen(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Fen, E> {
        i64::try_from(value)
            .map(Fen)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &"money in fen below 2^63"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Fen, E> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(E::invalid_value(Unexpected::Str(text), &self));
        }
        text.parse()
            .map(Fen)
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &"money in fen below 2^63"))
    }
}

/// Text that is not an exact amount in yuan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FenError(Problem);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Problem {
    Syntax,
    Decimals,
    Overflow,
}

impl fmt::Display for FenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Problem::Syntax => {
                "not an amount in yuan: digits, and at most two decimals after a point"
            }
            Problem::Decimals => "not an amount in whole fen: more than two decimals of a yuan",
            Problem::Overflow => "the amount does not fit 64 bits of fen",
        })
    }
}

impl Error for FenError {}
