//! Sides in any order.

use std::convert::Infallible;
use std::path::PathBuf;

use super::sorter::{Settings, Sorter};
use super::{Entries, Entry, Outcome, ReconcileError, Side, sorted};

/// Compares two sides whose entries come in any order: one side after the other or by turns.
///
/// What does not fit the [memory](Self::memory) allowed is sorted in a temporary file for each side,
/// so that either may be larger than memory. The files have no name or, where the system knows no
/// such files, one that goes when they are closed; on Unix nobody else may open them. The result does
/// not depend on the order in which the entries came. A side that came sorted is not sorted again.
///
/// ```
/// use wxpay_bill::reconcile::{Entry, Outcome, Reconciler};
/// use wxpay_json::Fen;
///
/// let mut reconciler = Reconciler::new();
/// reconciler.push_books(Entry::payment("A1", Fen::new(100)))?;
/// reconciler.push_bill(Entry::payment("A2", Fen::new(250)))?;
/// reconciler.push_bill(Entry::payment("A1", Fen::new(100)))?;
/// let mut seen = Vec::new();
/// reconciler.finish(|outcome| match outcome {
///     Outcome::Matched { bill, .. } => seen.push(format!("{} matches", bill.number)),
///     Outcome::MissingInBooks(entry) => seen.push(format!("{} is unknown", entry.number)),
///     _ => {}
/// })?;
/// assert_eq!(seen, ["A1 matches", "A2 is unknown"]);
/// # Ok::<(), wxpay_bill::reconcile::ReconcileError>(())
/// ```
///
/// Times are kept to the second.
#[derive(Debug)]
pub struct Reconciler {
    settings: Settings,
    bill: Sorter,
    books: Sorter,
}

impl Default for Reconciler {
    fn default() -> Self {
        Self::new()
    }
}

impl Reconciler {
    /// The memory that is used unless [`Reconciler::memory`] says otherwise: 64 MiB.
    pub const MEMORY: usize = 64 * 1024 * 1024;

    /// Nothing to compare yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            settings: Settings {
                directory: std::env::temp_dir(),
                memory: Self::MEMORY / 2,
            },
            bill: Sorter::new(Side::Bill),
            books: Sorter::new(Side::Books),
        }
    }

    /// How many bytes of memory are used for entries, half of it for either side; an entry takes some
    /// hundred bytes. Where this says less than 64 KiB, a little more than that may be used.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.settings.memory = bytes / 2;
        self
    }

    /// Where temporary files are made: [`std::env::temp_dir`] unless this says otherwise. It must
    /// have room for both sides, twice where memory is very small.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.settings.directory = directory.into();
        self
    }

    /// Adds an entry of the bill.
    ///
    /// # Errors
    ///
    /// A text of more than 65,535 bytes; a temporary file that cannot be made or written. The entry
    /// was not added then, and those before it still are.
    pub fn push_bill(&mut self, entry: Entry<'_>) -> Result<(), ReconcileError> {
        self.bill.push(&entry, &self.settings)
    }

    /// Adds an entry of the books.
    ///
    /// # Errors
    ///
    /// As [`Reconciler::push_bill`].
    pub fn push_books(&mut self, entry: Entry<'_>) -> Result<(), ReconcileError> {
        self.books.push(&entry, &self.settings)
    }

    /// Adds all that is left of a stream to the bill.
    ///
    /// # Errors
    ///
    /// What keeps the stream from going on, and as [`Reconciler::push_bill`].
    pub fn extend_bill<B: Entries>(&mut self, entries: B) -> Result<(), ReconcileError<B::Error>> {
        self.take_bill(entries)
    }

    /// Adds all that is left of a stream to the books.
    ///
    /// # Errors
    ///
    /// What keeps the stream from going on, and as [`Reconciler::push_bill`].
    pub fn extend_books<K: Entries>(
        &mut self,
        entries: K,
    ) -> Result<(), ReconcileError<Infallible, K::Error>> {
        self.take_books(entries)
    }

    fn take_bill<B: Entries, K>(
        &mut self,
        mut entries: B,
    ) -> Result<(), ReconcileError<B::Error, K>> {
        while let Some(entry) = entries.next_entry().map_err(ReconcileError::Bill)? {
            self.push_bill(entry).map_err(ReconcileError::widen)?;
        }
        Ok(())
    }

    fn take_books<B, K: Entries>(
        &mut self,
        mut entries: K,
    ) -> Result<(), ReconcileError<B, K::Error>> {
        while let Some(entry) = entries.next_entry().map_err(ReconcileError::Books)? {
            self.push_books(entry).map_err(ReconcileError::widen)?;
        }
        Ok(())
    }

    /// Bytes that were written to temporary files so far.
    #[must_use]
    pub fn spilled(&self) -> u64 {
        self.bill.spilled() + self.books.spilled()
    }

    /// Compares what was added: `sink` is called as [`sorted`] calls it.
    ///
    /// # Errors
    ///
    /// A temporary file that cannot be made, written or read.
    pub fn finish(self, sink: impl FnMut(Outcome<'_>)) -> Result<(), ReconcileError> {
        let bill = self.bill.finish(&self.settings)?;
        let books = self.books.finish(&self.settings)?;
        sorted(bill, books, sink).map_err(|error| match error {
            ReconcileError::Bill(error) | ReconcileError::Books(error) => error,
            // What was sorted no longer is.
            _ => self.settings.damaged(),
        })
    }

    /// Adds two streams, and compares what was added.
    ///
    /// # Errors
    ///
    /// A stream that cannot go on, and as [`Reconciler::push_bill`] and [`Reconciler::finish`].
    pub fn run<B: Entries, K: Entries>(
        mut self,
        bill: B,
        books: K,
        sink: impl FnMut(Outcome<'_>),
    ) -> Result<(), ReconcileError<B::Error, K::Error>> {
        self.take_bill(bill)?;
        self.take_books(books)?;
        self.finish(sink).map_err(ReconcileError::widen)
    }
}
