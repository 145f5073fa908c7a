//! What both sides are compared by.

use std::cmp::Ordering;
use std::fmt;

use wxpay_json::{DateTime, Fen};

/// One of the two sides that are compared.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "two sides are compared")]
pub enum Side {
    /// WeChat Pay's bill (对账单).
    Bill,
    /// The merchant's own records (商户账).
    Books,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Bill => Self::Books,
            Self::Books => Self::Bill,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bill => "bill",
            Self::Books => "books",
        })
    }
}

/// What kind of movement an [`Entry`] is.
///
/// Kinds have an order, that of [`EntryKind::rank`]: entries of the same number are sorted by it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
// As wide as what stands beside it in an entry: a gap of seven bytes is copied slowly.
#[repr(u64)]
pub enum EntryKind {
    /// A payment (支付), by the merchant's order number (`out_trade_no`).
    Payment,
    /// A refund (退款), by the merchant's refund number (`out_refund_no`).
    Refund,
    /// A payment that was reversed (撤销), by the merchant's order number.
    Reversal,
    /// A share of an order that was passed on (分账), by the number of the share.
    Share,
    /// A share that was returned (分账回退).
    ShareReturn,
    /// Money that came in (收入), of a fund-flow bill (资金账单).
    Income,
    /// Money that went out (支出), of a fund-flow bill.
    Expense,
}

impl EntryKind {
    /// Every kind, in their order.
    pub const ALL: [Self; 7] = [
        Self::Payment,
        Self::Refund,
        Self::Reversal,
        Self::Share,
        Self::ShareReturn,
        Self::Income,
        Self::Expense,
    ];

    /// The place of the kind in the order, from 0 (payments) to 6 (expenses): what a query that
    /// sorts entries of several kinds has to sort them by, after the number.
    #[must_use]
    pub const fn rank(self) -> u8 {
        self as u8
    }

    /// The kind at a place in the order.
    pub(super) fn from_rank(rank: u8) -> Option<Self> {
        Self::ALL.get(usize::from(rank)).copied()
    }

    /// What the kind is called, in English.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Reversal => "reversal",
            Self::Share => "share",
            Self::ShareReturn => "share return",
            Self::Income => "income",
            Self::Expense => "expense",
        }
    }

    /// What the kind is called in WeChat Pay's own documents.
    #[must_use]
    pub const fn chinese_name(self) -> &'static str {
        match self {
            Self::Payment => "支付",
            Self::Refund => "退款",
            Self::Reversal => "撤销",
            Self::Share => "分账",
            Self::ShareReturn => "分账回退",
            Self::Income => "收入",
            Self::Expense => "支出",
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A payment, a refund or another movement of money, as one side has it.
///
/// Kind and number say which movement it is; the amount is always compared, the id and the state
/// where both sides have one. The time is not compared, since each side has its own clock: it is
/// shown, and tells which differences lie at the edge of a day.
///
/// ```
/// use wxpay_bill::reconcile::Entry;
/// use wxpay_json::{DateTime, Fen};
///
/// let entry = Entry::payment("1217752501201407033233368018", Fen::new(100))
///     .with_id("4200000202401010000000001")
///     .with_state("SUCCESS")
///     .with_time(DateTime::beijing(1_704_076_496));
/// assert_eq!(entry.id, Some("4200000202401010000000001"));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// What kind of movement it is.
    pub kind: EntryKind,
    /// The number by which both sides know it: the merchant's order or refund number, mostly.
    pub number: &'a str,
    /// The amount, in fen.
    pub amount: Fen,
    /// WeChat Pay's number (`transaction_id`, `refund_id`). Empty text is none.
    pub id: Option<&'a str>,
    /// The state, in the words of the bill: `SUCCESS`, `REFUND`. Empty text is none.
    pub state: Option<&'a str>,
    /// When it happened.
    pub time: Option<DateTime>,
}

impl<'a> Entry<'a> {
    /// An entry without id, state and time.
    #[must_use]
    pub const fn new(kind: EntryKind, number: &'a str, amount: Fen) -> Self {
        Self {
            kind,
            number,
            amount,
            id: None,
            state: None,
            time: None,
        }
    }

    /// A payment, by its order number (`out_trade_no`).
    #[must_use]
    pub const fn payment(number: &'a str, amount: Fen) -> Self {
        Self::new(EntryKind::Payment, number, amount)
    }

    /// A refund, by its refund number (`out_refund_no`).
    #[must_use]
    pub const fn refund(number: &'a str, amount: Fen) -> Self {
        Self::new(EntryKind::Refund, number, amount)
    }

    /// The same with WeChat Pay's number; empty text is none.
    #[must_use]
    pub const fn with_id(mut self, id: &'a str) -> Self {
        self.id = if id.is_empty() { None } else { Some(id) };
        self
    }

    /// The same with a state; empty text is none.
    #[must_use]
    pub const fn with_state(mut self, state: &'a str) -> Self {
        self.state = if state.is_empty() { None } else { Some(state) };
        self
    }

    /// The same with a time.
    #[must_use]
    pub const fn with_time(mut self, time: DateTime) -> Self {
        self.time = Some(time);
        self
    }

    /// The order in which [`sorted`](super::sorted) expects entries: by the bytes of the number,
    /// then by kind. Two entries that are equal by it are the same movement.
    #[must_use]
    pub fn cmp_identity(&self, other: &Entry<'_>) -> Ordering {
        self.number
            .as_bytes()
            .cmp(other.number.as_bytes())
            .then(self.kind.cmp(&other.kind))
    }
}

/// An [`Entry`] that owns its text.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OwnedEntry {
    /// What kind of movement it is.
    pub kind: EntryKind,
    /// The number by which both sides know it.
    pub number: String,
    /// The amount, in fen.
    pub amount: Fen,
    /// WeChat Pay's number.
    pub id: Option<String>,
    /// The state.
    pub state: Option<String>,
    /// When it happened.
    pub time: Option<DateTime>,
}

impl From<Entry<'_>> for OwnedEntry {
    fn from(entry: Entry<'_>) -> Self {
        Self {
            kind: entry.kind,
            number: entry.number.to_owned(),
            amount: entry.amount,
            id: entry.id.map(str::to_owned),
            state: entry.state.map(str::to_owned),
            time: entry.time,
        }
    }
}

/// What can be looked at as an [`Entry`]: the merchant's own type for an order, above all.
///
/// ```
/// use wxpay_bill::reconcile::{AsEntry, Entry};
/// use wxpay_json::Fen;
///
/// struct Order {
///     out_trade_no: String,
///     total: i64,
/// }
///
/// impl AsEntry for Order {
///     fn as_entry(&self) -> Entry<'_> {
///         Entry::payment(&self.out_trade_no, Fen::new(self.total))
///     }
/// }
/// ```
pub trait AsEntry {
    /// The entry.
    fn as_entry(&self) -> Entry<'_>;
}

impl AsEntry for Entry<'_> {
    fn as_entry(&self) -> Entry<'_> {
        *self
    }
}

impl AsEntry for OwnedEntry {
    fn as_entry(&self) -> Entry<'_> {
        Entry {
            kind: self.kind,
            number: &self.number,
            amount: self.amount,
            id: self.id.as_deref(),
            state: self.state.as_deref(),
            time: self.time,
        }
    }
}

impl<T: AsEntry + ?Sized> AsEntry for &T {
    fn as_entry(&self) -> Entry<'_> {
        (**self).as_entry()
    }
}
