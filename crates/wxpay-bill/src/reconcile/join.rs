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
/// `sink` is called once for every kind and number that either side has, in that order. Outcomes are to
/// be believed once this has returned without an error, and not before: what proves a bill stands at its
/// end. A `Reconciler` has read both sides to their ends before it calls anybody.
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
            bill.advance(None).map_err(bill_error)?;
        }
        if has_books {
            books.advance(Some(&bill.ring)).map_err(books_error)?;
        }
        let (bill, books) = (&bill.ring, &books.ring);
        let order = match (bill.count, books.count) {
            (0, 0) => return Ok(()),
            (_, 0) => Ordering::Less,
            (0, _) => Ordering::Greater,
            _ => bill.order(books),
        };
        has_bill = order != Ordering::Greater;
        has_books = order != Ordering::Less;
        if bill.count > 1 && has_bill || books.count > 1 && has_books {
            sink(Outcome::Duplicate {
                bill: bill.occurrences(None, has_bill),
                books: books.occurrences(Some(bill), has_books),
            });
        } else if has_bill && has_books {
            let (bill, books) = (bill.entry(None), books.entry(Some(bill)));
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
            sink(Outcome::MissingInBooks(bill.entry(None)));
        } else {
            sink(Outcome::MissingInBill(books.entry(Some(bill))));
        }
    }
}

enum Stop<E> {
    Failed(E),
    NotSorted(u64),
}

/// One side.
struct Cursor<S> {
    stream: S,
    /// How many entries the stream has given.
    position: u64,
    ring: Ring,
}

/// Where a side is: at the entries of a number and kind, and the first one after them.
struct Ring {
    /// Both, by turns: an entry is copied once, as the stream takes it back.
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
            ring: Ring {
                buffers: Default::default(),
                current: 0,
                count: 0,
                sum: Sum::ZERO,
                amounts: Vec::new(),
                state: State::Fresh,
            },
        }
    }

    /// Goes on to the next number and kind. `beside` is the other side, which went on before.
    #[inline]
    fn advance(&mut self, beside: Option<&Ring>) -> Result<(), Stop<S::Error>> {
        let ring = &mut self.ring;
        ring.count = match ring.state {
            State::Fresh => 0,
            State::Ahead => {
                ring.current ^= 1;
                1
            }
            State::Ended => {
                ring.count = 0;
                return Ok(());
            }
        };
        let next = ring.next_of(beside);
        // The one place where the stream is read, so that it can become part of this.
        while let Some(entry) = self.stream.next_entry().map_err(Stop::Failed)? {
            self.position += 1;
            let place = ring.current & 1;
            if ring.count == 0 {
                ring.buffers[place].set(&entry);
                ring.count = 1;
                continue;
            }
            if let Some((twin, held)) = next
                && held.has_text_of(&entry)
            {
                ring.buffers[place ^ 1].set_beside(&entry, twin);
                ring.state = State::Ahead;
                return Ok(());
            }
            match ring.buffers[place].text(beside).cmp_entry(&entry) {
                Ordering::Less => {
                    ring.buffers[place ^ 1].set(&entry);
                    ring.state = State::Ahead;
                    return Ok(());
                }
                Ordering::Equal => ring.add(entry.amount),
                Ordering::Greater => return Err(Stop::NotSorted(self.position)),
            }
        }
        ring.state = State::Ended;
        Ok(())
    }
}

impl Ring {
    #[inline]
    fn held(&self) -> &Held {
        &self.buffers[self.current & 1]
    }

    /// How the number and kind that one side has come to stands to that of the books.
    #[inline]
    fn order(&self, books: &Self) -> Ordering {
        let held = books.held();
        if held.twin == Some(self.current & 1) {
            return Ordering::Equal;
        }
        self.held().cmp_text(held.text(Some(self)))
    }

    /// What the other side has next, and in which of its buffers, if both have come to the same: an
    /// entry that is the same as that comes after this side's, and need not be copied.
    ///
    /// Its text stays where it is as long as this side wants it, since the other side does not go on
    /// from a number and kind before this one has come to it.
    #[inline]
    fn next_of<'a>(&self, beside: Option<&'a Self>) -> Option<(usize, &'a Held)> {
        let beside = beside?;
        let both = self.count > 0 && beside.count > 0 && beside.state == State::Ahead;
        if both && beside.order(self) == Ordering::Equal {
            let twin = beside.current & 1 ^ 1;
            Some((twin, &beside.buffers[twin]))
        } else {
            None
        }
    }

    #[inline]
    fn entry<'a>(&'a self, beside: Option<&'a Self>) -> Entry<'a> {
        let held = self.held();
        let text = held.text(beside);
        let mut entry = Entry::new(text.kind, &text.number, held.amount)
            .with_id(&text.id)
            .with_state(&text.state);
        entry.time = held.time;
        entry
    }

    #[cold]
    fn add(&mut self, amount: Fen) {
        if self.count == 1 {
            self.sum = Sum::ZERO;
            self.amounts.clear();
            self.amounts.push(self.held().amount);
        }
        self.count += 1;
        self.sum += amount;
        if self.amounts.len() < Occurrences::AMOUNTS {
            self.amounts.push(amount);
        }
    }

    #[cold]
    fn occurrences<'a>(&'a self, beside: Option<&'a Self>, has: bool) -> Occurrences<'a> {
        if !has {
            return Occurrences::default();
        }
        let first = &self.held().amount;
        let mut sum = Sum::from(*first);
        let mut amounts = std::slice::from_ref(first);
        if self.count > 1 {
            sum += self.sum;
            amounts = &self.amounts;
        }
        Occurrences {
            first: Some(self.entry(beside)),
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
    /// The buffer of the other side that has the same kind and text, if this one has none of its own.
    twin: Option<usize>,
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
            twin: None,
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
        let set = |to: &mut String, text: &str| {
            to.clear();
            to.push_str(text);
        };
        set(&mut self.number, entry.number);
        set(&mut self.id, entry.id.unwrap_or_default());
        set(&mut self.state, entry.state.unwrap_or_default());
        self.kind = entry.kind;
        self.amount = entry.amount;
        self.time = entry.time;
        self.twin = None;
    }

    #[inline]
    fn set_beside(&mut self, entry: &Entry<'_>, twin: usize) {
        self.amount = entry.amount;
        self.time = entry.time;
        self.twin = Some(twin);
    }

    /// The one that has the text.
    #[inline]
    fn text<'a>(&'a self, beside: Option<&'a Ring>) -> &'a Self {
        match (self.twin, beside) {
            (Some(twin), Some(beside)) => &beside.buffers[twin & 1],
            _ => self,
        }
    }

    #[inline]
    fn has_text_of(&self, entry: &Entry<'_>) -> bool {
        self.kind == entry.kind
            && self.number == entry.number
            && self.id == entry.id.unwrap_or_default()
            && self.state == entry.state.unwrap_or_default()
    }

    #[inline]
    fn cmp_text(&self, other: &Self) -> Ordering {
        cmp_bytes(self.number.as_bytes(), other.number.as_bytes()).then(self.kind.cmp(&other.kind))
    }

    #[inline]
    fn cmp_entry(&self, other: &Entry<'_>) -> Ordering {
        cmp_bytes(self.number.as_bytes(), other.number.as_bytes()).then(self.kind.cmp(&other.kind))
    }
}

/// The order of slices of bytes, for short ones that mostly are equal or begin alike: eight bytes at a
/// time, without a call.
#[inline(always)]
fn cmp_bytes(one: &[u8], other: &[u8]) -> Ordering {
    let (words, rest) = one.as_chunks::<8>();
    let (other_words, other_rest) = other.as_chunks::<8>();
    for (word, other_word) in words.iter().zip(other_words) {
        if word != other_word {
            return u64::from_be_bytes(*word).cmp(&u64::from_be_bytes(*other_word));
        }
    }
    if words.len() == other_words.len() {
        if let (Some((_, last)), Some((_, other_last))) =
            (one.split_last_chunk::<8>(), other.split_last_chunk::<8>())
            && rest.len() == other_rest.len()
        {
            // What comes before the rest is equal.
            return u64::from_be_bytes(*last).cmp(&u64::from_be_bytes(*other_last));
        }
        rest.cmp(other_rest)
    } else {
        // One has a word where the other has what is less than a word.
        let place = words.len().min(other_words.len()) * 8;
        one[place..].cmp(&other[place..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_ordered_as_slices_are() {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for length in 0..20 {
            let text = vec![b'5'; length];
            for place in 0..length {
                for byte in [0, b'4', b'6', 0xFF] {
                    let mut text = text.clone();
                    text[place] = byte;
                    texts.push(text);
                }
            }
            texts.push(text);
        }
        for one in &texts {
            for other in &texts {
                assert_eq!(cmp_bytes(one, other), one.cmp(other), "{one:?} {other:?}");
            }
        }
    }
}
