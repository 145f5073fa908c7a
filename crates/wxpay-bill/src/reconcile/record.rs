//! Entries as bytes, in memory and in temporary files.
//!
//! | bytes | content                                                                 |
//! |-------|-------------------------------------------------------------------------|
//! | 2     | length of the number                                                    |
//! | 2     | length of the id, 0 for none                                            |
//! | 2     | length of the state, 0 for none                                         |
//! | 1     | rank of the kind                                                        |
//! | 1     | 1 if there is a time, else 0                                            |
//! | 8     | amount in fen                                                           |
//! | 8, 2  | where there is a time: seconds since the Unix epoch, minutes of its offset |
//! | ...   | number, id, state                                                       |
//!
//! Integers are little-endian. A file lives no longer than the process that wrote it, so there is no version.

use wxpay_json::{DateTime, Fen};

use super::{Entry, EntryKind};

/// What every record begins with.
pub(super) const HEADER: usize = 16;
const TIME: usize = 10;

/// The longest record there is.
pub(super) const LONGEST: usize = HEADER + TIME + 3 * (u16::MAX as usize);

/// An entry in the form in which it is sorted: by number and kind, and where those are equal by all
/// the rest, so that the result does not depend on the order in which the entries came.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Record<'a> {
    pub(super) number: &'a [u8],
    kind: u8,
    amount: i64,
    id: &'a [u8],
    state: &'a [u8],
    time: Option<(i64, i16)>,
}

impl<'a> Record<'a> {
    /// The record of an entry.
    ///
    /// # Errors
    ///
    /// The name of the field that is too long.
    pub(super) fn of(entry: &Entry<'a>) -> Result<Self, &'static str> {
        let checked = |text: &'a str, field| match u16::try_from(text.len()) {
            Ok(_) => Ok(text.as_bytes()),
            Err(_) => Err(field),
        };
        Ok(Self {
            number: checked(entry.number, "number")?,
            kind: entry.kind.rank(),
            amount: entry.amount.as_fen(),
            id: checked(entry.id.unwrap_or_default(), "id")?,
            state: checked(entry.state.unwrap_or_default(), "state")?,
            // An offset is less than a day.
            time: entry
                .time
                .map(|time| (time.as_unix(), (time.offset_seconds() / 60) as i16)),
        })
    }

    /// How many bytes it takes.
    pub(super) fn length(&self) -> usize {
        let time = if self.time.is_some() { TIME } else { 0 };
        HEADER + time + self.number.len() + self.id.len() + self.state.len()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut header = [0; HEADER];
        // None of them is longer: see `of`.
        header[..2].copy_from_slice(&(self.number.len() as u16).to_le_bytes());
        header[2..4].copy_from_slice(&(self.id.len() as u16).to_le_bytes());
        header[4..6].copy_from_slice(&(self.state.len() as u16).to_le_bytes());
        header[6] = self.kind;
        header[7] = u8::from(self.time.is_some());
        header[8..].copy_from_slice(&self.amount.to_le_bytes());
        out.extend_from_slice(&header);
        if let Some((seconds, minutes)) = self.time {
            let mut time = [0; TIME];
            time[..8].copy_from_slice(&seconds.to_le_bytes());
            time[8..].copy_from_slice(&minutes.to_le_bytes());
            out.extend_from_slice(&time);
        }
        out.extend_from_slice(self.number);
        out.extend_from_slice(self.id);
        out.extend_from_slice(self.state);
    }

    /// Reads the record at the beginning of `bytes`; `None` where it is not complete or not one.
    #[inline]
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let [n1, n2, i1, i2, s1, s2, kind, timed, amount @ ..] = *header;
        let length = |low, high| usize::from(u16::from_le_bytes([low, high]));
        let (time, rest) = match timed {
            0 => (None, rest),
            1 => {
                let (seconds, rest) = rest.split_first_chunk::<8>()?;
                let (minutes, rest) = rest.split_first_chunk::<2>()?;
                let time = (i64::from_le_bytes(*seconds), i16::from_le_bytes(*minutes));
                (Some(time), rest)
            }
            _ => return None,
        };
        let (number, rest) = rest.split_at_checked(length(n1, n2))?;
        let (id, rest) = rest.split_at_checked(length(i1, i2))?;
        let state = rest.get(..length(s1, s2))?;
        Some(Self {
            number,
            kind,
            amount: i64::from_le_bytes(amount),
            id,
            state,
            time,
        })
    }

    /// The entry; `None` where it is none.
    #[inline]
    pub(super) fn entry(&self) -> Option<Entry<'a>> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let kind = EntryKind::from_rank(self.kind)?;
        let mut entry = Entry::new(kind, text(self.number)?, Fen::new(self.amount))
            .with_id(text(self.id)?)
            .with_state(text(self.state)?);
        if let Some((seconds, minutes)) = self.time {
            entry.time = Some(DateTime::from_unix(seconds, i32::from(minutes) * 60).ok()?);
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were() {
        let time = "2026-02-28T23:59:58-09:30".parse().unwrap();
        let bare = Entry::refund("R1", Fen::new(-1));
        let full = Entry::payment("号", Fen::new(i64::MIN))
            .with_id("42")
            .with_state("SUCCESS")
            .with_time(time);
        let empty = Entry::new(EntryKind::Expense, "", Fen::ZERO).with_state("X");
        for entry in [bare, full, empty] {
            let record = Record::of(&entry).unwrap();
            let mut bytes = Vec::new();
            record.write(&mut bytes);
            assert_eq!(bytes.len(), record.length());
            assert_eq!(Record::read(&bytes), Some(record));
            assert_eq!(record.entry(), Some(entry));
            for end in 0..bytes.len() {
                assert_eq!(Record::read(&bytes[..end]), None, "{end}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_entry_are_none() {
        let mut bytes = Vec::new();
        Record::of(&Entry::payment("ab", Fen::ZERO))
            .unwrap()
            .write(&mut bytes);
        let with = |place: usize, byte| {
            let mut bytes = bytes.clone();
            bytes[place] = byte;
            Record::read(&bytes).and_then(|record| record.entry().map(|_| ()))
        };
        assert_eq!(with(0, 2), Some(()));
        assert_eq!(with(0, 3), None, "longer than what is there");
        assert_eq!(with(6, 7), None, "no such kind");
        assert_eq!(with(7, 2), None, "neither with a time nor without");
        assert_eq!(with(16, 0xFF), None, "not UTF-8");
    }

    #[test]
    fn text_of_more_than_64_kib_is_refused() {
        let long = "1".repeat(0x1_0000);
        let entry = Entry::payment("A1", Fen::ZERO);
        assert_eq!(Record::of(&Entry::payment(&long, Fen::ZERO)), Err("number"));
        assert_eq!(Record::of(&entry.with_id(&long)), Err("id"));
        assert_eq!(Record::of(&entry.with_state(&long)), Err("state"));
        let all = &long[1..];
        let longest = Entry::payment(all, Fen::ZERO)
            .with_id(all)
            .with_state(all)
            .with_time(DateTime::beijing(0));
        assert_eq!(Record::of(&longest).unwrap().length(), LONGEST);
    }
}
