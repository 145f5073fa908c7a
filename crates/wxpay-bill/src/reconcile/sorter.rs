//! Sorting one side within a bound of memory.

use std::io;
use std::path::PathBuf;

use super::record::Record;
use super::run::{Merge, Runs};
use super::{Entries, Entry, ReconcileError, Side};

/// What both sides are sorted with.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) directory: PathBuf,
    /// Bytes that one side may take.
    pub(super) memory: usize,
}

impl Settings {
    /// Of what is read or written at once.
    pub(super) fn buffer(&self) -> usize {
        (self.memory / 16).clamp(512, 256 * 1024)
    }

    /// How many runs are merged at once.
    pub(super) fn fan_in(&self) -> usize {
        (self.memory / self.buffer())
            .saturating_sub(1)
            .clamp(2, 128)
    }

    /// Of what is asked for at once to hold entries.
    fn chunk(&self) -> usize {
        (self.memory / 16).clamp(256, 1024 * 1024)
    }

    /// Bytes for entries that are not in the file.
    fn arena(&self) -> usize {
        self.memory.saturating_sub(self.buffer())
    }

    pub(super) fn failed(&self, step: &'static str, source: io::Error) -> ReconcileError {
        ReconcileError::File {
            step,
            directory: self.directory.clone(),
            source,
        }
    }

    pub(super) fn damaged(&self) -> ReconcileError {
        ReconcileError::Damaged {
            directory: self.directory.clone(),
        }
    }
}

/// Where a record is, and what it is mostly sorted by.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Eight bytes of the number, from where the numbers begin to differ.
    prefix: u64,
    chunk: u32,
    start: u32,
}

/// Takes entries in any order, and gives them back in theirs.
#[derive(Debug)]
pub(super) struct Sorter {
    side: Side,
    /// Entries taken.
    count: u64,
    memory: Memory,
    runs: Option<Runs>,
}

/// Entries in memory.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Records, each in one piece. They are in chunks so that to hold more of them no memory is
    /// needed for a moment that the bound does not know of.
    chunks: Vec<Vec<u8>>,
    /// The chunk that is being filled.
    current: usize,
    slots: Vec<Slot>,
    /// Bytes asked for: chunks and slots.
    bytes: usize,
    /// Whether the records came in an order that is not theirs.
    unordered: bool,
}

impl Memory {
    fn record(&self, slot: Slot) -> Option<Record<'_>> {
        let chunk = self.chunks.get(slot.chunk as usize)?;
        Record::read(chunk.get(slot.start as usize..)?)
    }

    fn bytes(&self, slot: Slot) -> &[u8] {
        let bytes = || {
            let chunk = self.chunks.get(slot.chunk as usize)?;
            let start = slot.start as usize;
            let length = Record::read(chunk.get(start..)?)?.length();
            chunk.get(start..start + length)
        };
        bytes().unwrap_or_default()
    }

    /// Makes room for a record of `length`; whether that was possible within `limit`, which does not
    /// hold for the first one.
    fn make_room(&mut self, length: usize, chunk: usize, limit: usize) -> bool {
        const SLOT: usize = size_of::<Slot>();
        let more_slots = if self.slots.len() == self.slots.capacity() {
            (self.slots.capacity() * 2).max(16)
        } else {
            0
        };
        let fits = |chunk: &Vec<u8>| chunk.capacity() - chunk.len() >= length;
        let next = match self.chunks.get(self.current) {
            Some(current) if fits(current) => self.current,
            Some(_) => self.current + 1,
            None => self.current,
        };
        let more_bytes = if self.chunks.get(next).is_some_and(fits) {
            0
        } else {
            chunk.max(length)
        };
        // Old and new slots are there at once for a moment.
        let wanted = self.bytes + more_bytes + more_slots * SLOT;
        let grows = more_bytes > 0 || more_slots > 0;
        if grows && wanted > limit && !self.slots.is_empty() {
            return false;
        }
        if more_slots > 0 {
            let before = self.slots.capacity();
            self.slots.reserve_exact(more_slots - self.slots.len());
            self.bytes += (self.slots.capacity() - before) * SLOT;
        }
        if more_bytes > 0 {
            self.chunks.insert(next, Vec::with_capacity(more_bytes));
            self.bytes += more_bytes;
        }
        self.current = next;
        true
    }

    fn push(&mut self, record: &Record<'_>) {
        if let (false, Some(&last)) = (self.unordered, self.slots.last()) {
            self.unordered = self.record(last).as_ref() > Some(record);
        }
        let Some(chunk) = self.chunks.get_mut(self.current) else {
            return;
        };
        self.slots.push(Slot {
            prefix: 0,
            // A chunk has a mebibyte or one record, and no memory has 2^32 of them.
            chunk: self.current as u32,
            start: chunk.len() as u32,
        });
        record.write(chunk);
    }

    fn sort(&mut self) {
        if !self.unordered {
            return;
        }
        self.unordered = false;
        let mut slots = std::mem::take(&mut self.slots);
        let number = |slot: &Slot| self.record(*slot).unwrap_or_default().number;
        // Numbers of one day mostly begin with the same digits.
        let first = slots.first().map(number).unwrap_or_default();
        let mut common = first.len();
        for slot in &slots {
            let same = |(one, other): &(&u8, &u8)| one == other;
            common = number(slot)
                .iter()
                .zip(&first[..common])
                .take_while(same)
                .count();
        }
        for slot in &mut slots {
            let mut prefix = [0; 8];
            let rest = number(slot).get(common..).unwrap_or_default();
            for (to, from) in prefix.iter_mut().zip(rest) {
                *to = *from;
            }
            slot.prefix = u64::from_be_bytes(prefix);
        }
        slots.sort_unstable_by(|one, other| {
            one.prefix
                .cmp(&other.prefix)
                .then_with(|| self.record(*one).cmp(&self.record(*other)))
        });
        self.slots = slots;
    }

    /// Forgets the records, and keeps the memory unless a record was too long for a chunk.
    fn clear(&mut self, chunk: usize) {
        self.chunks.retain(|some| some.capacity() == chunk);
        for some in &mut self.chunks {
            some.clear();
        }
        self.current = 0;
        self.slots.clear();
        self.bytes = self.chunks.len() * chunk + self.slots.capacity() * size_of::<Slot>();
        self.unordered = false;
    }
}

impl Sorter {
    pub(super) fn new(side: Side) -> Self {
        Self {
            side,
            count: 0,
            memory: Memory::default(),
            runs: None,
        }
    }

    /// Bytes in the temporary file.
    pub(super) fn spilled(&self) -> u64 {
        self.runs.as_ref().map_or(0, Runs::bytes)
    }

    /// Sorted runs in the temporary file.
    #[cfg(test)]
    fn runs(&self) -> usize {
        self.runs.as_ref().map_or(0, Runs::count)
    }

    pub(super) fn push(
        &mut self,
        entry: &Entry<'_>,
        settings: &Settings,
    ) -> Result<(), ReconcileError> {
        let record = Record::of(entry).map_err(|field| ReconcileError::TooLong {
            side: self.side,
            position: self.count + 1,
            field,
        })?;
        let (length, chunk) = (record.length(), settings.chunk());
        if !self.memory.make_room(length, chunk, settings.arena()) {
            self.spill(settings)?;
            self.memory.make_room(length, chunk, settings.arena());
        }
        self.memory.push(&record);
        self.count += 1;
        Ok(())
    }

    fn spill(&mut self, settings: &Settings) -> Result<(), ReconcileError> {
        self.memory.sort();
        let memory = &self.memory;
        let records = memory.slots.iter().map(|slot| memory.bytes(*slot));
        let runs = match &mut self.runs {
            Some(runs) => runs,
            none => none.insert(Runs::create(settings)?),
        };
        runs.append(settings, records)?;
        self.memory.clear(settings.chunk());
        Ok(())
    }

    pub(super) fn finish(mut self, settings: &Settings) -> Result<Sorted, ReconcileError> {
        if self.runs.is_some() && !self.memory.slots.is_empty() {
            self.spill(settings)?;
        }
        let Some(runs) = self.runs else {
            self.memory.sort();
            return Ok(Sorted::Memory {
                memory: self.memory,
                next: 0,
                settings: settings.clone(),
            });
        };
        drop(self.memory);
        runs.merge(settings).map(Sorted::Merge)
    }
}

/// The entries of one side in their order.
#[derive(Debug)]
pub(super) enum Sorted {
    Memory {
        memory: Memory,
        next: usize,
        settings: Settings,
    },
    Merge(Merge),
}

impl Entries for Sorted {
    type Error = ReconcileError;

    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, ReconcileError> {
        match self {
            Self::Merge(merge) => merge.next_entry(),
            Self::Memory {
                memory,
                next,
                settings,
            } => {
                let Some(&slot) = memory.slots.get(*next) else {
                    return Ok(None);
                };
                *next += 1;
                match memory.record(slot).and_then(|record| record.entry()) {
                    Some(entry) => Ok(Some(entry)),
                    None => Err(settings.damaged()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wxpay_json::Fen;

    use super::*;

    fn settings(memory: usize) -> Settings {
        Settings {
            directory: std::env::temp_dir(),
            memory,
        }
    }

    fn sorter(numbers: impl Iterator<Item = u32>, settings: &Settings) -> Sorter {
        let mut sorter = Sorter::new(Side::Bill);
        for number in numbers {
            let number = format!("{number:08}");
            let entry = Entry::payment(&number, Fen::ZERO);
            sorter.push(&entry, settings).unwrap();
        }
        sorter
    }

    fn numbers(mut sorted: Sorted) -> Vec<u32> {
        let mut all = Vec::new();
        while let Some(entry) = sorted.next_entry().unwrap() {
            all.push(entry.number.parse().unwrap());
        }
        all
    }

    #[test]
    fn entries_that_come_sorted_are_one_run() {
        let settings = settings(4096);
        let sorter = sorter(0..10_000, &settings);
        assert!(sorter.spilled() > 200_000);
        assert_eq!(sorter.runs(), 1);
        let sorted = sorter.finish(&settings).unwrap();
        assert!(numbers(sorted).into_iter().eq(0..10_000));
    }

    #[test]
    fn many_runs_are_merged_in_several_passes() {
        let settings = settings(4096);
        let sorter = sorter((0..10_000).rev(), &settings);
        let fan_in = settings.fan_in();
        assert!(sorter.runs() > fan_in * fan_in, "{}", sorter.runs());
        let sorted = sorter.finish(&settings).unwrap();
        assert!(numbers(sorted).into_iter().eq(0..10_000));
    }

    #[test]
    fn memory_is_shared_out_within_its_bound() {
        for memory in [64 * 1024, 1 << 20, 32 << 20, usize::MAX / 2] {
            let settings = settings(memory);
            let most = settings.buffer() * (settings.fan_in() + 1);
            assert!(most <= memory, "{memory}");
            assert!(settings.arena() + settings.buffer() <= memory, "{memory}");
            assert!(settings.chunk() * 8 <= settings.arena(), "{memory}");
        }
    }

    #[test]
    fn a_file_that_was_cut_off_is_damaged_or_cannot_be_read() {
        let settings = settings(4096);
        let sorter = sorter(0..1000, &settings);
        let mut runs = sorter.runs.unwrap();
        runs.cut(10);
        let mut merge = match runs.merge(&settings) {
            Ok(merge) => merge,
            Err(ReconcileError::File { step, .. }) => return assert_eq!(step, "read"),
            Err(error) => panic!("{error}"),
        };
        let error = loop {
            match merge.next_entry() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("nothing is missed"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ReconcileError::File { step: "read", .. }));
    }
}
