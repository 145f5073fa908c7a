//! Streams of entries.

use std::convert::Infallible;

use super::{AsEntry, Entry};

/// A stream of entries, each borrowed until the next is asked for.
///
/// Readers of bills are such streams, so that a row need not be copied to be compared. Iterators
/// become one by [`Records`] (of entries, or of anything that is [`AsEntry`]) and [`TryRecords`] (of
/// `Result`s, such as the rows of a database cursor).
pub trait Entries {
    /// What can go wrong.
    type Error;

    /// The next entry; `None` at the end.
    ///
    /// # Errors
    ///
    /// Whatever keeps the stream from going on. It is not asked again after that.
    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, Self::Error>;
}

impl<T: Entries + ?Sized> Entries for &mut T {
    type Error = T::Error;

    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, T::Error> {
        (**self).next_entry()
    }
}

/// The entries of an iterator.
///
/// ```
/// use wxpay_bill::reconcile::{Entry, Records};
/// use wxpay_json::Fen;
///
/// let orders = [("A1", 100), ("A2", 250)];
/// let books = Records::new(orders.iter().map(|(no, fen)| Entry::payment(no, Fen::new(*fen))));
/// # let _ = books;
/// ```
#[derive(Clone, Debug)]
pub struct Records<I: Iterator> {
    iterator: I,
    current: Option<I::Item>,
}

impl<I: Iterator<Item: AsEntry>> Records<I> {
    /// The entries of `records`.
    pub fn new(records: impl IntoIterator<IntoIter = I, Item = I::Item>) -> Self {
        Self {
            iterator: records.into_iter(),
            current: None,
        }
    }
}

impl<I: Iterator<Item: AsEntry>> Entries for Records<I> {
    type Error = Infallible;

    #[inline]
    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, Infallible> {
        self.current = self.iterator.next();
        Ok(self.current.as_ref().map(AsEntry::as_entry))
    }
}

/// The entries of an iterator of `Result`s.
///
/// ```
/// use wxpay_bill::reconcile::{Entry, OwnedEntry, TryRecords};
/// use wxpay_json::Fen;
///
/// fn row(line: &str) -> Result<OwnedEntry, std::num::ParseIntError> {
///     let (number, fen) = line.split_once(' ').unwrap_or((line, ""));
///     Ok(Entry::payment(number, Fen::new(fen.parse()?)).into())
/// }
///
/// let books = TryRecords::new("A1 100\nA2 250".lines().map(row));
/// # let _ = books;
/// ```
#[derive(Clone, Debug)]
pub struct TryRecords<I, T> {
    iterator: I,
    current: Option<T>,
}

impl<T: AsEntry, E, I: Iterator<Item = Result<T, E>>> TryRecords<I, T> {
    /// The entries of `records`, to the first error.
    pub fn new(records: impl IntoIterator<IntoIter = I, Item = Result<T, E>>) -> Self {
        Self {
            iterator: records.into_iter(),
            current: None,
        }
    }
}

impl<T: AsEntry, E, I: Iterator<Item = Result<T, E>>> Entries for TryRecords<I, T> {
    type Error = E;

    #[inline]
    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, E> {
        self.current = self.iterator.next().transpose()?;
        Ok(self.current.as_ref().map(AsEntry::as_entry))
    }
}
