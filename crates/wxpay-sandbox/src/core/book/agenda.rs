//! What is due when.

use std::collections::{BTreeMap, BTreeSet};

use super::store::Key;

/// Every thing with at most one time.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    by_time: BTreeSet<(i64, Key)>,
    by_key: BTreeMap<Key, i64>,
}

impl Agenda {
    pub(super) fn set(&mut self, key: Key, at: Option<i64>) {
        if let Some(before) = self.by_key.remove(&key) {
            self.by_time.remove(&(before, key.clone()));
        }
        if let Some(at) = at {
            self.by_time.insert((at, key.clone()));
            self.by_key.insert(key, at);
        }
    }

    pub(super) fn first(&self) -> Option<i64> {
        self.by_time.first().map(|(at, _)| *at)
    }

    pub(super) fn take_due(&mut self, now: i64) -> Option<(i64, Key)> {
        if self.first()? > now {
            return None;
        }
        let (at, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some((at, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agenda_has_one_time_for_each_thing() {
        let mut agenda = Agenda::default();
        agenda.set(Key::Script, Some(10));
        agenda.set(Key::Script, Some(5));
        agenda.set(Key::Bill("a".to_owned()), Some(7));
        assert_eq!(agenda.first(), Some(5));
        assert_eq!(agenda.take_due(4), None);
        assert_eq!(agenda.take_due(6), Some((5, Key::Script)));
        agenda.set(Key::Bill("a".to_owned()), None);
        assert_eq!(agenda.take_due(i64::MAX), None);
    }
}
