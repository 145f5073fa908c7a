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
    let (mut has_bill, mut has_books) = (true, true);
    loop {
        if has_bill {
            bill.advance().map_err(bill_error)?;
        }
        if has_books {
            books.advance().map_err(books_error)?;
        }
        let order = match (bill.count, books.count) {
            (0, 0) => return Ok(()),
            (_, 0) => Ordering::Less,
            (0, _) => Ordering::Greater,
            _ => bill.held().cmp(books.held()),
        };
        has_bill = order != Ordering::Greater;
        has_books = order != Ordering::Less;
        if bill.count > 1 && has_bill || books.count > 1 && has_books {
            sink(Outcome::Duplicate {
                bill: bill.occurrences(has_bill),
                books: books.occurrences(has_books),
            });
        } else if has_bill && has_books {
            let (bill, books) = (bill.held().entry(), books.held().entry());
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
            sink(Outcome::MissingInBooks(bill.held().entry()));
        } else {
            sink(Outcome::MissingInBill(books.held().entry()));
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
    /// The first entry of the number and kind, and the first after them, by turns: an entry is copied
    /// once, as the stream takes it back.
    buffers: [Held; 2],
    /// Which of the buffers has the number and kind.
    current: usize,
    /// How many entries the number and kind has; none at the end of the stream.
    count: u64,
    /// The sum of those after the first.
    sum: Sum,
    /// Only where there are several.
    amounts: Vec<Fen>,
    state: State,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    /// Nothing was read.
    Fresh,
    /// The other buffer has an entry.
    Ahead,
    /// There is no more.
    Ended,
}

impl<S: Entries> Cursor<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            position: 0,
            buffers: Default::default(),
            current: 0,
            count: 0,
            sum: Sum::ZERO,
            amounts: Vec::new(),
            state: State::Fresh,
        }
    }

    #[inline]
    fn held(&self) -> &Held {
        &self.buffers[self.current & 1]
    }

    /// Goes on to the next number and kind.
    #[inline]
    fn advance(&mut self) -> Result<(), Stop<S::Error>> {
        self.count = match self.state {
            State::Fresh => 0,
            State::Ahead => {
                self.current ^= 1;
                1
            }
            State::Ended => {
                self.count = 0;
                return Ok(());
            }
        };
        // The one place where the stream is read, so that it can become part of this.
        while let Some(entry) = self.stream.next_entry().map_err(Stop::Failed)? {
            self.position += 1;
            let place = self.current & 1;
            if self.count == 0 {
                self.buffers[place].set(&entry);
                self.count = 1;
                continue;
            }
            match self.buffers[place].cmp_entry(&entry) {
                Ordering::Less => {
                    self.buffers[place ^ 1].set(&entry);
                    self.state = State::Ahead;
                    return Ok(());
                }
                Ordering::Equal => {
                    let first = self.buffers[place].amount;
                    if self.count == 1 {
                        self.sum = Sum::ZERO;
                        self.amounts.clear();
                        self.amounts.push(first);
                    }
                    self.count += 1;
                    self.sum += entry.amount;
                    if self.amounts.len() < Occurrences::AMOUNTS {
                        self.amounts.push(entry.amount);
                    }
                }
                Ordering::Greater => return Err(Stop::NotSorted(self.position)),
            }
        }
        self.state = State::Ended;
        Ok(())
    }

    fn occurrences(&self, has: bool) -> Occurrences<'_> {
        if !has {
            return Occurrences::default();
        }
        let held = self.held();
        let mut sum = Sum::from(held.amount);
        let mut amounts = std::slice::from_ref(&held.amount);
        if self.count > 1 {
            sum += self.sum;
            amounts = &self.amounts;
        }
        Occurrences {
            first: Some(held.entry()),
            tally: Tally {
                count: self.count,
                sum,
            },
            amounts,
        }
    }
}

/// A copy of an entry, in buffers that are used again.
struct Held {
    number: String,
    id: String,
    state: String,
    kind: EntryKind,
    amount: Fen,
    time: Option<DateTime>,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            number: String::new(),
            id: String::new(),
            state: String::new(),
            kind: EntryKind::Payment,
            amount: Fen::ZERO,
            time: None,
        }
    }
}

impl Held {
    #[inline]
    fn set(&mut self, entry: &Entry<'_>) {
        let set = |to: &mut String, text: Option<&str>| {
            to.clear();
            if let Some(text) = text {
                to.push_str(text);
            }
        };
        set(&mut self.number, Some(entry.number));
        set(&mut self.id, entry.id);
        set(&mut self.state, entry.state);
        self.kind = entry.kind;
        self.amount = entry.amount;
        self.time = entry.time;
    }

    #[inline]
    fn entry(&self) -> Entry<'_> {
        let mut entry = Entry::new(self.kind, &self.number, self.amount)
            .with_id(&self.id)
            .with_state(&self.state);
        entry.time = self.time;
        entry
    }

    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_bytes(self.number.as_bytes(), other.number.as_bytes()).then(self.kind.cmp(&other.kind))
    }

    #[inline]
    fn cmp_entry(&self, other: &Entry<'_>) -> Ordering {
        cmp_bytes(self.number.as_bytes(), other.number.as_bytes()).then(self.kind.cmp(&other.kind))
    }
}

/// The order of slices of bytes, for short ones that are mostly equal or equal for long: eight bytes
/// at a time, without a call.
#[inline]
fn cmp_bytes(one: &[u8], other: &[u8]) -> Ordering {
    let (words, rest) = one.as_chunks::<8>();
    let (other_words, other_rest) = other.as_chunks::<8>();
    for (word, other_word) in words.iter().zip(other_words) {
        if word != other_word {
            return u64::from_be_bytes(*word).cmp(&u64::from_be_bytes(*other_word));
        }
    }
    if words.len() == other_words.len() {
        rest.cmp(other_rest)
    } else {
        // One has a word where the other has what is less than a word.
        let place = words.len().min(other_words.len()) * 8;
        one[place..].cmp(&other[place..])
    }
}
