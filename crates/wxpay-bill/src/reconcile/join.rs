//! The merge of two sorted streams.

use std::cmp::Ordering;

use wxpay_json::{DateTime, Fen};

use super::{
    Entries, Entry, EntryKind, Fields, Occurrences, Outcome, ReconcileError, Side, Sum, Tally,
};

/// Compares two streams that are sorted, in one pass and constant memory.
///
/// Both are sorted by the bytes of the number and then by [`EntryKind::rank`], ascending, which is
/// [`Entry::cmp_identity`]. A database sorts so by `ORDER BY out_trade_no` in a binary collation:
/// `COLLATE "C"` in PostgreSQL, `COLLATE utf8mb4_0900_bin` in MySQL 8, SQLite's own; where payments
/// and refunds come from one query, by a column with the rank after that. Bills are not sorted; a
/// [`Reconciler`](super::Reconciler) sorts what is not.
///
/// `sink` is called once for every kind and number that either side has, in that order.
///
/// ```
/// use wxpay_bill::reconcile::{Entry, Outcome, Records, sorted};
/// use wxpay_json::Fen;
///
/// let bill = Records::new([
///     Entry::payment("A1", Fen::new(100)),
///     Entry::payment("A2", Fen::new(250)),
/// ]);
/// let books = Records::new([Entry::payment("A2", Fen::new(250))]);
/// let mut unknown = Vec::new();
/// sorted(bill, books, |outcome| {
///     if let Outcome::MissingInBooks(entry) = outcome {
///         unknown.push(entry.number.to_owned());
///     }
/// })?;
/// assert_eq!(unknown, ["A1"]);
/// # Ok::<(), wxpay_bill::reconcile::ReconcileError>(())
/// ```
///
/// # Errors
///
/// A side that cannot be read, and a side that is not sorted.
pub fn sorted<B: Entries, K: Entries>(
    bill: B,
    books: K,
    mut sink: impl FnMut(Outcome<'_>),
) -> Result<(), ReconcileError<B::Error, K::Error>> {
    let mut bill = Cursor::new(bill);
    let mut books = Cursor::new(books);
    let bill_error = |stop| match stop {
        Stop::Failed(error) => ReconcileError::Bill(error),
        Stop::NotSorted(position) => ReconcileError::NotSorted {
            side: Side::Bill,
            position,
        },
    };
    let books_error = |stop| match stop {
        Stop::Failed(error) => ReconcileError::Books(error),
        Stop::NotSorted(position) => ReconcileError::NotSorted {
            side: Side::Books,
            position,
        },
    };
    bill.advance().map_err(bill_error)?;
    books.advance().map_err(books_error)?;
    loop {
        let order = match (bill.group.count, books.group.count) {
            (0, 0) => return Ok(()),
            (_, 0) => Ordering::Less,
            (0, _) => Ordering::Greater,
            _ => bill.group.held.cmp(&books.group.held),
        };
        let has_bill = order != Ordering::Greater;
        let has_books = order != Ordering::Less;
        if bill.group.count > 1 && has_bill || books.group.count > 1 && has_books {
            sink(Outcome::Duplicate {
                bill: bill.group.occurrences(has_bill),
                books: books.group.occurrences(has_books),
            });
        } else if has_bill && has_books {
            let (bill, books) = (bill.group.held.entry(), books.group.held.entry());
            let fields = Fields::between(&bill, &books);
            sink(if fields.any() {
                Outcome::Differs {
                    bill,
                    books,
                    fields,
                }
            } else {
                Outcome::Matched { bill, books }
            });
        } else if has_bill {
            sink(Outcome::MissingInBooks(bill.group.held.entry()));
        } else {
            sink(Outcome::MissingInBill(books.group.held.entry()));
        }
        if has_bill {
            bill.advance().map_err(bill_error)?;
        }
        if has_books {
            books.advance().map_err(books_error)?;
        }
    }
}

enum Stop<E> {
    Failed(E),
    NotSorted(u64),
}

/// One side: the entries of the number and kind that it has come to, and the first one after them.
struct Cursor<S> {
    stream: S,
    /// How many entries the stream has given.
    position: u64,
    group: Group,
    ahead: Held,
    state: State,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    /// Nothing was read.
    Fresh,
    /// There is an entry ahead.
    Ahead,
    /// There is no more.
    Ended,
}

/// The entries of one number and kind.
#[derive(Default)]
struct Group {
    /// The first of them.
    held: Held,
    /// How many; none at the end of the stream.
    count: u64,
    /// Of those after the first.
    sum: Sum,
    /// Only where there are several.
    amounts: Vec<Fen>,
}

impl Group {
    fn occurrences(&self, has: bool) -> Occurrences<'_> {
        if !has {
            return Occurrences::default();
        }
        let mut sum = self.sum;
        sum += self.held.amount;
        Occurrences {
            first: Some(self.held.entry()),
            tally: Tally {
                count: self.count,
                sum,
            },
            amounts: if self.count > 1 {
                &self.amounts
            } else {
                std::slice::from_ref(&self.held.amount)
            },
        }
    }
}

impl<S: Entries> Cursor<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            position: 0,
            group: Group::default(),
            ahead: Held::default(),
            state: State::Fresh,
        }
    }

    /// Goes on to the next number and kind.
    fn advance(&mut self) -> Result<(), Stop<S::Error>> {
        let group = &mut self.group;
        match self.state {
            State::Ended => {
                group.count = 0;
                return Ok(());
            }
            State::Ahead => std::mem::swap(&mut group.held, &mut self.ahead),
            State::Fresh => match self.stream.next_entry().map_err(Stop::Failed)? {
                Some(entry) => {
                    self.position = 1;
                    group.held.set(&entry);
                }
                None => {
                    self.state = State::Ended;
                    return Ok(());
                }
            },
        }
        group.count = 1;
        loop {
            let Some(entry) = self.stream.next_entry().map_err(Stop::Failed)? else {
                self.state = State::Ended;
                return Ok(());
            };
            self.position += 1;
            match group.held.cmp_entry(&entry) {
                Ordering::Less => {
                    self.ahead.set(&entry);
                    self.state = State::Ahead;
                    return Ok(());
                }
                Ordering::Equal => group.more(&entry),
                Ordering::Greater => return Err(Stop::NotSorted(self.position)),
            }
        }
    }
}

impl Group {
    #[cold]
    fn more(&mut self, entry: &Entry<'_>) {
        if self.count == 1 {
            self.sum = Sum::ZERO;
            self.amounts.clear();
            self.amounts.push(self.held.amount);
        }
        self.count += 1;
        self.sum += entry.amount;
        if self.amounts.len() < Occurrences::AMOUNTS {
            self.amounts.push(entry.amount);
        }
    }
}

/// A copy of an entry, in a buffer that is used again.
struct Held {
    /// Number, id and state.
    text: String,
    number_end: usize,
    id_end: usize,
    kind: EntryKind,
    amount: Fen,
    time: Option<DateTime>,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            text: String::new(),
            number_end: 0,
            id_end: 0,
            kind: EntryKind::Payment,
            amount: Fen::ZERO,
            time: None,
        }
    }
}

impl Held {
    #[inline]
    fn set(&mut self, entry: &Entry<'_>) {
        self.text.clear();
        self.text.push_str(entry.number);
        self.number_end = self.text.len();
        self.text.push_str(entry.id.unwrap_or_default());
        self.id_end = self.text.len();
        self.text.push_str(entry.state.unwrap_or_default());
        self.kind = entry.kind;
        self.amount = entry.amount;
        self.time = entry.time;
    }

    #[inline]
    fn number(&self) -> &[u8] {
        &self.text.as_bytes()[..self.number_end]
    }

    #[inline]
    fn entry(&self) -> Entry<'_> {
        let text = self.text.as_str();
        let filled = |text: &str| !text.is_empty();
        Entry {
            kind: self.kind,
            number: &text[..self.number_end],
            amount: self.amount,
            id: Some(&text[self.number_end..self.id_end]).filter(|text| filled(text)),
            state: Some(&text[self.id_end..]).filter(|text| filled(text)),
            time: self.time,
        }
    }

    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.number()
            .cmp(other.number())
            .then(self.kind.cmp(&other.kind))
    }

    #[inline]
    fn cmp_entry(&self, other: &Entry<'_>) -> Ordering {
        self.number()
            .cmp(other.number.as_bytes())
            .then(self.kind.cmp(&other.kind))
    }
}
