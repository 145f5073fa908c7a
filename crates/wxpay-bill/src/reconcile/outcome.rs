//! What becomes of an entry.

use wxpay_json::Fen;

use super::{Entry, Tally};

/// What came of comparing the two sides: one value for every kind and number that either side has.
///
/// Every entry of either side is in exactly one outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// Both sides have it, and what both say of it is the same.
    Matched {
        /// As the bill has it.
        bill: Entry<'a>,
        /// As the books have it.
        books: Entry<'a>,
    },
    /// The books have it and the bill does not (短款): money that was counted on and has not come.
    MissingInBill(Entry<'a>),
    /// The bill has it and the books do not (长款): money that came and nobody knows of.
    MissingInBooks(Entry<'a>),
    /// Both sides have it, and they differ (不符).
    Differs {
        /// As the bill has it.
        bill: Entry<'a>,
        /// As the books have it.
        books: Entry<'a>,
        /// In what they differ.
        fields: Fields,
    },
    /// A side has it more than once (重复). Nothing is compared then, as nobody can tell which entry
    /// of one side belongs to which of the other.
    Duplicate {
        /// What the bill has.
        bill: Occurrences<'a>,
        /// What the books have.
        books: Occurrences<'a>,
    },
}

/// In what two entries differ.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Fields {
    /// Their amounts.
    pub amount: bool,
    /// WeChat Pay's numbers.
    pub id: bool,
    /// Their states.
    pub state: bool,
}

impl Fields {
    pub(super) fn between(bill: &Entry<'_>, books: &Entry<'_>) -> Self {
        let differ = |one: Option<&str>, other: Option<&str>| match (one, other) {
            // Of sides that are sorted, both mostly are the very same text.
            (Some(one), Some(other)) => !std::ptr::eq(one, other) && one != other,
            _ => false,
        };
        Self {
            amount: bill.amount != books.amount,
            id: differ(bill.id, books.id),
            state: differ(bill.state, books.state),
        }
    }

    /// Whether they differ in anything.
    #[must_use]
    pub const fn any(self) -> bool {
        self.amount || self.id || self.state
    }
}

/// The entries that one side has of a kind and number of which there should be one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Occurrences<'a> {
    /// The first of them, if there is any.
    pub first: Option<Entry<'a>>,
    /// How many there are, and what they come to.
    pub tally: Tally,
    /// Their amounts: those of the first [`AMOUNTS`](Self::AMOUNTS) entries, in the order in which
    /// they were compared.
    pub amounts: &'a [Fen],
}

impl Occurrences<'_> {
    /// How many amounts are kept.
    pub const AMOUNTS: usize = 8;
}
