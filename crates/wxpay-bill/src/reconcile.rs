//! Reconciliation (对账).

mod csv;
mod entries;
mod entry;
mod error;
mod join;
mod money;
mod outcome;
mod reconciler;
mod record;
mod report;
mod run;
mod sorter;
mod text;

pub use self::entries::{Entries, Records, TryRecords};
pub use self::entry::{AsEntry, Entry, EntryKind, OwnedEntry, Side};
pub use self::error::ReconcileError;
pub use self::join::sorted;
pub use self::money::{Sum, Tally};
pub use self::outcome::{Fields, Occurrences, Outcome};
pub use self::reconciler::Reconciler;
pub use self::report::{Category, Cause, Difference, Found, Report};
