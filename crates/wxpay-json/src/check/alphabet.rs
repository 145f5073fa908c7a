use std::fmt;

use super::{Check, InvalidField, InvalidKind};

/// The characters a field takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Alphabet {
    /// Digits.
    Digits,
    /// Digits and letters.
    Alphanumeric,
    /// Digits, letters, `_` and `-`.
    Identifier,
    /// Merchant order numbers (商户订单号): digits, letters, `_ - | *`.
    TradeNo,
    /// Merchant refund numbers (商户退款单号): digits, letters, `_ - | * @`.
    RefundNo,
    /// Digits and the letters A to F in either case.
    Hex,
    /// Visible ASCII and the space.
    PrintableAscii,
}

impl Alphabet {
    /// Whether `character` is one of them.
    #[must_use]
    pub const fn contains(self, character: char) -> bool {
        match self {
            Self::Digits => character.is_ascii_digit(),
            Self::Alphanumeric => character.is_ascii_alphanumeric(),
            Self::Identifier => character.is_ascii_alphanumeric() || matches!(character, '_' | '-'),
            Self::TradeNo => {
                character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '|' | '*')
            }
            Self::RefundNo => {
                character.is_ascii_alphanumeric()
                    || matches!(character, '_' | '-' | '|' | '*' | '@')
            }
            Self::Hex => character.is_ascii_hexdigit(),
            Self::PrintableAscii => matches!(character, ' '..='~'),
        }
    }
}

impl fmt::Display for Alphabet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digits => "0-9",
            Self::Alphanumeric => "0-9 A-Z a-z",
            Self::Identifier => "0-9 A-Z a-z _ -",
            Self::TradeNo => "0-9 A-Z a-z _ - | *",
            Self::RefundNo => "0-9 A-Z a-z _ - | * @",
            Self::Hex => "0-9 A-F a-f",
            Self::PrintableAscii => "printable ASCII",
        })
    }
}

pub(super) fn alphabet(field: &'static str, value: &str, allowed: Alphabet) -> Check {
    match value
        .chars()
        .enumerate()
        .find(|&(_, found)| !allowed.contains(found))
    {
        None => Ok(()),
        Some((index, found)) => Err(InvalidField::new(
            field,
            InvalidKind::Alphabet {
                found: Some(found),
                position: index + 1,
                allowed,
            },
        )),
    }
}
