//! What a reconciliation comes to.

use wxpay_json::{Date, Fen};

use super::{Entry, EntryKind, Fields, Occurrences, Outcome, OwnedEntry, Side, Tally};

/// What became of entries, for counting.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Category {
    /// The other side has the same.
    Matched,
    /// The other side has none.
    Missing,
    /// The other side has it, and says something else of it.
    Differs,
    /// This side or the other has it more than once.
    Duplicate,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 4] = [Self::Matched, Self::Missing, Self::Differs, Self::Duplicate];
}

/// What is wrong with a kind and number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Cause {
    /// The books have it and the bill does not (短款).
    MissingInBill,
    /// The bill has it and the books do not (长款).
    MissingInBooks,
    /// Both have it, and they differ (不符).
    Differs,
    /// A side has it more than once (重复).
    Duplicate,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 4] = [
        Self::MissingInBill,
        Self::MissingInBooks,
        Self::Differs,
        Self::Duplicate,
    ];

    /// A word for programs, as in the CSV: `missing_in_bill`, `missing_in_books`, `differs`,
    /// `duplicate`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingInBill => "missing_in_bill",
            Self::MissingInBooks => "missing_in_books",
            Self::Differs => "differs",
            Self::Duplicate => "duplicate",
        }
    }

    /// What finance departments call it: 短款, 长款, 不符, 重复.
    #[must_use]
    pub const fn chinese_name(self) -> &'static str {
        match self {
            Self::MissingInBill => "短款",
            Self::MissingInBooks => "长款",
            Self::Differs => "不符",
            Self::Duplicate => "重复",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// What is wrong.
    pub cause: Cause,
    /// What kind of movement it is.
    pub kind: EntryKind,
    /// Its number.
    pub number: String,
    /// What the bill has.
    pub bill: Found,
    /// What the books have.
    pub books: Found,
    /// In what the entries differ, where the cause is [`Cause::Differs`].
    pub fields: Fields,
    /// For an entry that is missing on the other side: the day on which the other side likely has
    /// it, if that is another day than this one. See [`Report::day`] and [`Report::window`].
    pub likely: Option<Date>,
}

/// What one side has of a kind and number.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// The first entry.
    pub first: Option<OwnedEntry>,
    /// How many entries there are, and what they come to.
    pub tally: Tally,
    /// The amounts of the first [`Occurrences::AMOUNTS`] entries.
    pub amounts: Vec<Fen>,
}

impl From<Entry<'_>> for Found {
    fn from(entry: Entry<'_>) -> Self {
        let mut tally = Tally::default();
        tally += entry.amount;
        Self {
            first: Some(entry.into()),
            tally,
            amounts: vec![entry.amount],
        }
    }
}

impl From<Occurrences<'_>> for Found {
    fn from(occurrences: Occurrences<'_>) -> Self {
        Self {
            first: occurrences.first.map(OwnedEntry::from),
            tally: occurrences.tally,
            amounts: occurrences.amounts.to_vec(),
        }
    }
}

/// Counts and sums of a reconciliation, and what is wrong.
///
/// [`Report::add`] takes the outcomes. The report is shown as text by `Display` (with `{:#}` all the
/// differences that were kept are listed, without `#` the first [`Report::LISTED`] of each cause), and
/// written as CSV by [`Report::write_csv`].
///
/// ```
/// use wxpay_bill::reconcile::{Cause, Entry, Records, Report, Side, sorted};
/// use wxpay_json::Fen;
///
/// let bill = [Entry::payment("A1", Fen::new(100)), Entry::payment("A2", Fen::new(250))];
/// let books = [Entry::payment("A1", Fen::new(100)), Entry::payment("A2", Fen::new(260))];
/// let mut report = Report::new();
/// sorted(Records::new(bill), Records::new(books), |outcome| report.add(&outcome))?;
/// assert!(!report.is_clean());
/// assert_eq!(report.count(Cause::Differs), 1);
/// assert_eq!(report.differences()[0].number, "A2");
/// assert_eq!(
///     report.to_string(),
///     "\
/// Reconciliation (对账): 1 difference (差异)
///
///                     bill (账单)  yuan (元)  books (商户账)  yuan (元)
/// payment (支付)                2       3.50               2       3.60
///   matched (一致)              1       1.00               1       1.00
///   differing (不符)            1       2.50               1       2.60
///
/// differing (不符): 1
///   payment A2: 2.50 yuan in the bill, 2.60 yuan in the books
/// "
/// );
/// # Ok::<(), wxpay_bill::reconcile::ReconcileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) day: Option<Date>,
    window: u32,
    keep: usize,
    tallies: [[[Tally; 4]; 7]; 2],
    /// By cause and kind.
    counts: [[u64; EntryKind::ALL.len()]; Cause::ALL.len()],
    kept: [usize; 4],
    at_edge: u64,
    differences: Vec<Difference>,
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

impl Report {
    /// How many differences of each cause are kept unless [`Report::keep`] says otherwise.
    pub const KEPT: usize = 10_000;

    /// How many differences of each cause are listed in the short text.
    pub const LISTED: usize = 20;

    /// Minutes from midnight within which an entry is at the edge of a day, unless
    /// [`Report::window`] says otherwise.
    pub const WINDOW: u32 = 10;

    /// A report of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            day: None,
            window: Self::WINDOW,
            keep: Self::KEPT,
            tallies: Default::default(),
            counts: Default::default(),
            kept: [0; 4],
            at_edge: 0,
            differences: Vec::new(),
        }
    }

    /// Says of which day the bill is. An entry with a time on another day (in Beijing) that is missing
    /// on the other side is then marked as likely to be there on that day.
    #[must_use]
    pub fn day(mut self, day: Date) -> Self {
        self.day = Some(day);
        self
    }

    /// Sets how many minutes before and after midnight in Beijing an entry that is missing on the
    /// other side is marked as likely to be there on the neighbouring day; 0 is never, and half a day
    /// is the most. The clocks of both sides differ a little, and one may say when a payment began and
    /// the other when it succeeded.
    #[must_use]
    pub fn window(mut self, minutes: u32) -> Self {
        self.window = minutes.min(12 * 60);
        self
    }

    /// Sets how many differences of each cause are kept. The others are counted.
    #[must_use]
    pub fn keep(mut self, differences: usize) -> Self {
        self.keep = differences;
        self
    }

    /// Takes an outcome.
    #[inline]
    pub fn add(&mut self, outcome: &Outcome<'_>) {
        // Most outcomes are this one.
        if let Outcome::Matched { bill, books } = outcome {
            self.count_entry(Side::Bill, Category::Matched, bill);
            self.count_entry(Side::Books, Category::Matched, books);
        } else {
            self.add_difference(outcome);
        }
    }

    fn add_difference(&mut self, outcome: &Outcome<'_>) {
        match *outcome {
            Outcome::Matched { .. } => {}
            Outcome::Differs {
                bill,
                books,
                fields,
            } => {
                self.count_entry(Side::Bill, Category::Differs, &bill);
                self.count_entry(Side::Books, Category::Differs, &books);
                self.differ((Cause::Differs, bill.kind), None, || Difference {
                    bill: bill.into(),
                    books: books.into(),
                    fields,
                    ..Difference::of(Cause::Differs, &bill)
                });
            }
            Outcome::MissingInBill(entry) => {
                self.count_entry(Side::Books, Category::Missing, &entry);
                let likely = self.likely(&entry);
                self.differ((Cause::MissingInBill, entry.kind), likely, || Difference {
                    books: entry.into(),
                    ..Difference::of(Cause::MissingInBill, &entry)
                });
            }
            Outcome::MissingInBooks(entry) => {
                self.count_entry(Side::Bill, Category::Missing, &entry);
                let likely = self.likely(&entry);
                self.differ((Cause::MissingInBooks, entry.kind), likely, || Difference {
                    bill: entry.into(),
                    ..Difference::of(Cause::MissingInBooks, &entry)
                });
            }
            Outcome::Duplicate { bill, books } => {
                for (side, found) in [(Side::Bill, bill), (Side::Books, books)] {
                    if let Some(entry) = found.first {
                        *self.tally_mut(side, entry.kind, Category::Duplicate) += found.tally;
                    }
                }
                if let Some(entry) = bill.first.or(books.first) {
                    self.differ((Cause::Duplicate, entry.kind), None, || Difference {
                        bill: bill.into(),
                        books: books.into(),
                        ..Difference::of(Cause::Duplicate, &entry)
                    });
                }
            }
        }
    }

    fn tally_mut(&mut self, side: Side, kind: EntryKind, category: Category) -> &mut Tally {
        &mut self.tallies[side as usize][kind as usize][category as usize]
    }

    #[inline]
    fn count_entry(&mut self, side: Side, category: Category, entry: &Entry<'_>) {
        *self.tally_mut(side, entry.kind, category) += entry.amount;
    }

    fn differ(
        &mut self,
        (cause, kind): (Cause, EntryKind),
        likely: Option<Date>,
        difference: impl FnOnce() -> Difference,
    ) {
        self.counts[cause as usize][kind as usize] += 1;
        self.at_edge += u64::from(likely.is_some());
        let kept = &mut self.kept[cause as usize];
        if *kept < self.keep {
            *kept += 1;
            self.differences.push(Difference {
                likely,
                ..difference()
            });
        }
    }

    /// On which day the other side likely has an entry, if that is another day.
    fn likely(&self, entry: &Entry<'_>) -> Option<Date> {
        let time = entry.time?.to_beijing();
        let date = time.date();
        if self.day.is_some_and(|day| day != date) {
            return Some(date);
        }
        let minute = u32::from(time.hour()) * 60 + u32::from(time.minute());
        if minute < self.window {
            date.previous()
        } else if minute >= 24 * 60 - self.window {
            date.next()
        } else {
            None
        }
    }

    /// Whether both sides have the same.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        Cause::ALL.iter().all(|cause| self.count(*cause) == 0)
    }

    /// How many differences of a cause there are, kept or not.
    #[must_use]
    pub fn count(&self, cause: Cause) -> u64 {
        self.counts[cause as usize].iter().sum()
    }

    /// How many differences of a cause and kind there are, kept or not.
    #[must_use]
    pub fn count_of(&self, cause: Cause, kind: EntryKind) -> u64 {
        self.counts[cause as usize][kind as usize]
    }

    /// How many differences of a cause were not kept: see [`Report::keep`].
    #[must_use]
    pub fn left_out(&self, cause: Cause) -> u64 {
        self.count(cause) - self.kept[cause as usize] as u64
    }

    /// How many entries that are missing on one side are likely there on another day.
    #[must_use]
    pub fn at_edge(&self) -> u64 {
        self.at_edge
    }

    /// The differences, sorted by number and kind; of each cause those that come first, as many as
    /// are kept.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// What one side has of a kind that became of a category.
    #[must_use]
    pub fn tally(&self, side: Side, kind: EntryKind, category: Category) -> Tally {
        self.tallies[side as usize][kind as usize][category as usize]
    }

    /// All that one side has of a kind. Kinds are not added up, as payments and refunds are no sum.
    #[must_use]
    pub fn total(&self, side: Side, kind: EntryKind) -> Tally {
        let mut total = Tally::default();
        for tally in &self.tallies[side as usize][kind as usize] {
            total += *tally;
        }
        total
    }

    /// How many entries of all kinds one side has.
    #[must_use]
    pub fn entries(&self, side: Side) -> u64 {
        EntryKind::ALL
            .iter()
            .map(|kind| self.total(side, *kind).count)
            .sum()
    }
}

impl Difference {
    fn of(cause: Cause, entry: &Entry<'_>) -> Self {
        Self {
            cause,
            kind: entry.kind,
            number: entry.number.to_owned(),
            bill: Found::default(),
            books: Found::default(),
            fields: Fields::default(),
            likely: None,
        }
    }
}
