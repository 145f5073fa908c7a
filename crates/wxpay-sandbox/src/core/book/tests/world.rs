//! A book that is restarted now and then, and what its merchant was told.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Change;
use super::counter::*;
use crate::core::random::Ids;

/// A few numbers, so that steps meet.
pub(super) const NUMBERS: usize = 6;

/// One merchant, one book, and everything it ever kept.
pub(super) struct World {
    pub(super) counter: Counter,
    /// Everything that was kept since the beginning.
    changes: Vec<Change>,
    told: BTreeMap<String, (String, Value)>,
}

impl World {
    pub(super) fn new(counter: Counter) -> Self {
        Self {
            counter,
            changes: Vec::new(),
            told: BTreeMap::new(),
        }
    }

    fn keep(&mut self) {
        self.changes.extend(self.counter.book.take_changes());
    }

    /// The book as it comes back from its file.
    pub(super) fn restart(&mut self) {
        self.keep();
        let again = Counter::replay(self.changes.clone(), self.counter.now);
        assert_eq!(again.book.snapshot(), self.counter.book.snapshot());
        self.counter = again;
        // A sandbox that starts again gives out other names than before.
        let seed = u64::try_from(self.changes.len()).unwrap() + 100;
        self.counter.ids = Ids::new(seed);
        self.counter.book.ids = Ids::new(seed + 1_000_000);
    }

    pub(super) fn deliver(&mut self, taken: bool) {
        for notice in self.counter.due() {
            self.counter.delivered(&notice.id, taken);
            if taken {
                let before = self
                    .told
                    .insert(notice.id, (notice.event_type, notice.event));
                assert!(before.is_none(), "told twice");
            }
        }
    }

    /// Lets everything happen that is still to happen, and hears of it.
    pub(super) fn settle(&mut self) {
        for _ in 0..40 {
            self.counter.wait(2 * HOUR);
            self.deliver(true);
        }
    }

    pub(super) fn told_of<'w>(&'w self, event: &'w str) -> impl Iterator<Item = &'w Value> {
        let told = self.told.values().filter(move |(of, _)| of == event);
        told.map(|(_, content)| content)
    }
}

/// An amount.
pub(super) fn fen(value: &Value) -> i64 {
    value.as_i64().unwrap()
}
