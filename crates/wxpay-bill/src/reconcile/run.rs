//! Sorted runs in a temporary file, and their merge.
//!
//! A side has one file, whatever the number of its runs; so one handle is open for each side, and
//! one more while many runs are made fewer.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use super::record::{LONGEST, Record};
use super::sorter::Settings;
use super::{Entries, Entry, ReconcileError};

/// Sorted runs, one after the other.
#[derive(Debug)]
pub(super) struct Runs {
    /// It has no name, or one that goes with its handle: nothing is left of it, come what may.
    file: File,
    runs: Vec<Range<u64>>,
    /// The last record of the last run.
    last: Vec<u8>,
}

impl Runs {
    pub(super) fn create(settings: &Settings) -> Result<Self, ReconcileError> {
        let file = tempfile::tempfile_in(&settings.directory)
            .and_then(for_us_alone)
            .map_err(|source| settings.failed("create", source))?;
        Ok(Self {
            file,
            runs: Vec::new(),
            last: Vec::new(),
        })
    }

    fn end(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.end)
    }

    /// How many bytes were written.
    pub(super) fn bytes(&self) -> u64 {
        self.end()
    }

    /// How many runs there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.runs.len()
    }

    /// Takes the last bytes away.
    #[cfg(test)]
    pub(super) fn cut(&mut self, bytes: u64) {
        let length = self.end() - bytes;
        self.file.set_len(length).expect("a file of our own");
    }

    /// Writes records that are sorted as one run. If they come after all of the last one, they
    /// become part of it.
    pub(super) fn append<'a>(
        &mut self,
        settings: &Settings,
        records: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), ReconcileError> {
        // What a failed attempt left behind is written over.
        let start = self.end();
        let mut end = start;
        let mut follows = false;
        let mut last: &[u8] = &[];
        let write = || -> io::Result<()> {
            self.file.seek(SeekFrom::Start(start))?;
            let mut out = BufWriter::with_capacity(settings.buffer(), &self.file);
            for record in records {
                if last.is_empty() {
                    follows =
                        !self.last.is_empty() && Record::read(&self.last) <= Record::read(record);
                }
                out.write_all(record)?;
                end += record.len() as u64;
                last = record;
            }
            out.flush()
        };
        write().map_err(|source| settings.failed("write", source))?;
        self.last.clear();
        self.last.extend_from_slice(last);
        match self.runs.last_mut() {
            Some(run) if follows => run.end = end,
            _ => self.runs.push(start..end),
        }
        Ok(())
    }

    /// Merges all runs into one stream; if they are too many for it, first into fewer.
    pub(super) fn merge(mut self, settings: &Settings) -> Result<Merge, ReconcileError> {
        while self.runs.len() > settings.fan_in() {
            let mut fewer = Self::create(settings)?;
            let runs = std::mem::take(&mut self.runs);
            let mut file = self.file;
            for some in runs.chunks(settings.fan_in()) {
                let mut merge = Merge::new(file, some, settings)?;
                fewer.write_merged(settings, &mut merge)?;
                file = merge.file;
            }
            self = fewer;
        }
        self.last = Vec::new();
        Merge::new(self.file, &self.runs, settings)
    }

    fn write_merged(
        &mut self,
        settings: &Settings,
        merge: &mut Merge,
    ) -> Result<(), ReconcileError> {
        let start = self.end();
        let mut end = start;
        let mut out = BufWriter::with_capacity(settings.buffer(), &self.file);
        while let Some(record) = merge.next_record()? {
            out.write_all(record)
                .map_err(|source| settings.failed("write", source))?;
            end += record.len() as u64;
        }
        out.flush()
            .map_err(|source| settings.failed("write", source))?;
        self.runs.push(start..end);
        Ok(())
    }
}

/// A file without a name is made with the permissions of any file, and has none of what it will hold.
#[cfg(unix)]
fn for_us_alone(file: File) -> io::Result<File> {
    use std::os::unix::fs::PermissionsExt;

    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(not(unix))]
fn for_us_alone(file: File) -> io::Result<File> {
    Ok(file)
}

/// The merge of several runs.
#[derive(Debug)]
pub(super) struct Merge {
    file: File,
    settings: Settings,
    readers: Vec<Reader>,
    /// The readers that are not at their end, as a heap: the first has the least record.
    heap: Vec<usize>,
    /// Whether the first one was handed out.
    handed: bool,
}

impl Merge {
    fn new(
        mut file: File,
        runs: &[Range<u64>],
        settings: &Settings,
    ) -> Result<Self, ReconcileError> {
        let mut readers = Vec::with_capacity(runs.len());
        let mut heap = Vec::with_capacity(runs.len());
        for run in runs {
            let mut reader = Reader::new(run.clone(), settings.buffer());
            if reader.advance(&mut file, settings)? {
                heap.push(readers.len());
            }
            readers.push(reader);
        }
        let mut merge = Self {
            file,
            settings: settings.clone(),
            readers,
            heap,
            handed: false,
        };
        for place in (0..merge.heap.len() / 2).rev() {
            merge.sift_down(place);
        }
        Ok(merge)
    }

    fn reader(&self, place: usize) -> Option<&Reader> {
        self.readers.get(*self.heap.get(place)?)
    }

    fn less(&self, one: usize, other: usize) -> bool {
        match (self.reader(one), self.reader(other)) {
            (Some(one), Some(other)) => one.record() < other.record(),
            _ => false,
        }
    }

    fn sift_down(&mut self, mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let child = if self.less(right, left) { right } else { left };
            if !self.less(child, place) {
                return;
            }
            self.heap.swap(child, place);
            place = child;
        }
    }

    /// The bytes of the next record.
    fn next_record(&mut self) -> Result<Option<&[u8]>, ReconcileError> {
        if self.handed
            && let Some(&first) = self.heap.first()
            && let Some(reader) = self.readers.get_mut(first)
        {
            if !reader.advance(&mut self.file, &self.settings)? {
                self.heap.swap_remove(0);
            }
            self.sift_down(0);
        }
        self.handed = true;
        Ok(self.reader(0).map(Reader::bytes))
    }
}

impl Entries for Merge {
    type Error = ReconcileError;

    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, ReconcileError> {
        self.next_record()?;
        let Some(reader) = self.reader(0) else {
            return Ok(None);
        };
        match reader.record().and_then(|record| record.entry()) {
            Some(entry) => Ok(Some(entry)),
            None => Err(self.settings.damaged()),
        }
    }
}

/// Where a run is read.
#[derive(Debug)]
struct Reader {
    /// What is still in the file.
    rest: Range<u64>,
    buffer: Vec<u8>,
    /// The record, in the buffer.
    current: Range<usize>,
}

impl Reader {
    fn new(run: Range<u64>, buffer: usize) -> Self {
        Self {
            rest: run,
            buffer: Vec::with_capacity(buffer),
            current: 0..0,
        }
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.current.clone()).unwrap_or_default()
    }

    fn record(&self) -> Option<Record<'_>> {
        Record::read(self.bytes())
    }

    /// Goes on to the next record; whether there is one.
    fn advance(&mut self, file: &mut File, settings: &Settings) -> Result<bool, ReconcileError> {
        let start = self.current.end;
        self.current = start..start;
        loop {
            let ahead = self.buffer.get(self.current.start..).unwrap_or_default();
            if let Some(record) = Record::read(ahead) {
                self.current.end = self.current.start + record.length();
                return Ok(true);
            }
            if self.rest.is_empty() {
                return if ahead.is_empty() {
                    Ok(false)
                } else {
                    Err(settings.damaged())
                };
            }
            if ahead.len() >= LONGEST {
                return Err(settings.damaged());
            }
            self.fill(file)
                .map_err(|source| settings.failed("read", source))?;
        }
    }

    /// Reads as much as the buffer takes, after what of it was not used.
    fn fill(&mut self, file: &mut File) -> io::Result<()> {
        self.buffer.drain(..self.current.start);
        self.current = 0..0;
        if self.buffer.len() == self.buffer.capacity() {
            // A record that is longer than the buffer.
            self.buffer.reserve(self.buffer.len());
        }
        let room = (self.buffer.capacity() - self.buffer.len()) as u64;
        let wanted = room.min(self.rest.end - self.rest.start);
        file.seek(SeekFrom::Start(self.rest.start))?;
        let read = file.take(wanted).read_to_end(&mut self.buffer)? as u64;
        if read < wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.rest.start += read;
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn nobody_else_may_open_a_file() {
        let settings = Settings {
            directory: std::env::temp_dir(),
            memory: 4096,
        };
        let runs = Runs::create(&settings).unwrap();
        let mode = runs.file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    }
}
