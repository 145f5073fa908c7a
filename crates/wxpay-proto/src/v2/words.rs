//! Forms of values that v2 has and v3 has not.

use wxpay_json::open_enum;

/// How a time is written. All are times in Beijing (UTC+8), to the second.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TimeForm {
    /// `20091225091010` (yyyyMMddHHmmss)
    Compact,
    /// `2009-12-25 09:10:10` (yyyy-MM-dd HH:mm:ss)
    Spaced,
}

/// How a date is written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DateForm {
    /// `20091225` (yyyyMMdd)
    Compact,
    /// `2009-12-25` (yyyy-MM-dd)
    Dashed,
}

open_enum! {
    /// Yes or no, as one letter.
    pub enum YesNo {
        /// Yes (是).
        Yes = "Y",
        /// No (否).
        No = "N",
    }
}

impl YesNo {
    /// Whether it is [`Yes`](Self::Yes).
    #[must_use]
    pub fn is_yes(&self) -> bool {
        *self == Self::Yes
    }
}

impl From<bool> for YesNo {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}
