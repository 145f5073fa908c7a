//! Books as a CSV file, whatever its length: one line for each payment, refund or reversal.
//!
//! ```csv
//! kind,number,amount,id,state,time
//! payment,T202611220001,36.50,4200977349202611219347042703,SUCCESS,2026-11-22 09:15:02
//! refund,T202611220001R1,6.50,,,
//! ```
//!
//! The first line names the columns, in English or Chinese and in any order; the last three may be missing or empty, and
//! are compared where they are not. Columns with other names are passed over.

use std::fmt;
use std::io::{Read, Write};

use wxpay_bill::reconcile::{Entries, Entry, EntryKind, OwnedEntry};
use wxpay_bill::{DateTime, Fen};

/// The columns, the names they may have, and whether a file may lack them.
const COLUMNS: [(&str, &str, bool); 6] = [
    ("kind", "类型", false),
    ("number", "商户单号", false),
    ("amount", "金额", false),
    ("id", "微信单号", true),
    ("state", "状态", true),
    ("time", "时间", true),
];

/// What is wrong with such a file: line and column are those a person finds in it.
#[derive(Debug)]
pub(crate) struct LedgerError {
    line: u64,
    /// Its place, from 1, and its name.
    column: Option<(usize, &'static str)>,
    problem: String,
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some((place, name)) = self.column {
            write!(f, ", column {place} ({name})")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for LedgerError {}

/// The lines of such a file, as a reconciliation takes them: one at a time.
#[derive(Debug)]
pub(crate) struct Ledger<R> {
    csv: csv::Reader<R>,
    /// Where each of the [`COLUMNS`] is.
    places: [Option<usize>; COLUMNS.len()],
    line: csv::StringRecord,
}

impl<R: Read> Ledger<R> {
    /// Reads the first line.
    pub(crate) fn new(reader: R) -> Result<Self, LedgerError> {
        let mut csv = csv::ReaderBuilder::new()
            .buffer_capacity(256 * 1024)
            .from_reader(reader);
        let header = csv.headers().map_err(|error| damaged(&error))?;
        let mut places = [None; COLUMNS.len()];
        for ((english, chinese, optional), place) in COLUMNS.into_iter().zip(&mut places) {
            *place = header.iter().position(|name| {
                let name = name.trim_start_matches('\u{feff}').trim();
                name.eq_ignore_ascii_case(english) || name == chinese
            });
            if place.is_none() && !optional {
                return Err(LedgerError {
                    line: 1,
                    column: None,
                    problem: format!(
                        "no column {english} ({chinese}); the first line names the columns: kind,number,amount,id,state,time"
                    ),
                });
            }
        }
        Ok(Self {
            csv,
            places,
            line: csv::StringRecord::new(),
        })
    }

    /// How many bytes have been read.
    pub(crate) fn position(&self) -> u64 {
        self.csv.position().byte()
    }

    /// The text in one of the [`COLUMNS`]. A back-tick before it, which keeps spreadsheets from taking it for a number,
    /// does not belong to it.
    fn text(&self, column: usize) -> &str {
        let place = self.places.get(column).copied().flatten();
        let text = place.and_then(|place| self.line.get(place));
        let text = text.unwrap_or_default().trim();
        text.strip_prefix('`').unwrap_or(text)
    }

    fn wrong(&self, column: usize, problem: impl Into<String>) -> LedgerError {
        let line = self.line.position().map_or(0, csv::Position::line);
        let place = self.places.get(column).copied().flatten().unwrap_or(0);
        LedgerError {
            line,
            column: Some((place + 1, COLUMNS[column].0)),
            problem: problem.into(),
        }
    }
}

impl<R: Read> Entries for Ledger<R> {
    type Error = LedgerError;

    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, LedgerError> {
        let more = self.csv.read_record(&mut self.line);
        if !more.map_err(|error| damaged(&error))? {
            return Ok(None);
        }
        let kind = self.text(0);
        let kind = EntryKind::ALL
            .into_iter()
            .find(|known| kind.eq_ignore_ascii_case(known.name()) || kind == known.chinese_name());
        let kind = kind.ok_or_else(|| {
            self.wrong(0, "none of payment (支付), refund (退款), reversal (撤销)")
        })?;
        let number = self.text(1);
        if number.is_empty() {
            return Err(self.wrong(1, "empty; the order or refund number is missing"));
        }
        let amount = Fen::from_yuan(self.text(2));
        let amount =
            amount.map_err(|_| self.wrong(2, "not an amount in yuan with at most two decimals"))?;
        let mut entry = Entry::new(kind, number, amount)
            .with_id(self.text(3))
            .with_state(self.text(4));
        let time = self.text(5);
        if !time.is_empty() {
            let time = DateTime::from_spaced(time).or_else(|_| time.parse());
            let time = time.map_err(|_| self.wrong(5, "not a time like 2026-11-22 09:15:02"))?;
            entry = entry.with_time(time);
        }
        Ok(Some(entry))
    }
}

/// A line that cannot be taken apart.
fn damaged(error: &csv::Error) -> LedgerError {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "not UTF-8; save the file as \"CSV UTF-8\"".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!(
            "{len} fields under {expected_len} columns; is there a comma that wants quotes around its field?"
        ),
        csv::ErrorKind::Io(error) => format!("the file could not be read on: {error}"),
        _ => error.to_string(),
    };
    LedgerError {
        line,
        column: None,
        problem,
    }
}

/// Writes books in this form.
pub(crate) fn write(out: impl Write, entries: &[OwnedEntry]) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS.map(|(name, ..)| name))?;
    for entry in entries {
        let text = |text: &Option<String>| {
            text.as_deref()
                .map_or_else(String::new, |text| format!("`{text}"))
        };
        csv.write_record([
            entry.kind.name().to_owned(),
            format!("`{}", entry.number),
            entry.amount.yuan().to_string(),
            text(&entry.id),
            text(&entry.state),
            entry
                .time
                .map_or_else(String::new, |time| time.spaced().to_string()),
        ])?;
    }
    csv.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<OwnedEntry>, LedgerError> {
        let mut ledger = Ledger::new(text)?;
        let mut entries = Vec::new();
        while let Some(entry) = ledger.next_entry()? {
            entries.push(entry.into());
        }
        Ok(entries)
    }

    #[test]
    fn what_is_written_is_read() {
        let time = DateTime::beijing(1_795_224_902);
        let entries: Vec<OwnedEntry> = vec![
            Entry::payment("T1", Fen::new(3_650))
                .with_id("4200000001")
                .with_state("SUCCESS")
                .with_time(time)
                .into(),
            Entry::refund("T1R1", Fen::new(1)).into(),
            Entry::new(EntryKind::Reversal, "=T2", Fen::ZERO).into(),
        ];
        let mut file = Vec::new();
        write(&mut file, &entries).unwrap();
        assert_eq!(read(&file).unwrap(), entries);
    }

    #[test]
    fn columns_in_chinese_and_in_any_order() {
        let text = "\u{feff}备注,金额,类型,商户单号\r\n\"a, b\",36.5,支付,`T1\r\n,6,退款,T1R1\r\n";
        let entries = read(text.as_bytes()).unwrap();
        let expected: [OwnedEntry; 2] = [
            Entry::payment("T1", Fen::new(3_650)).into(),
            Entry::refund("T1R1", Fen::new(600)).into(),
        ];
        assert_eq!(entries, expected);
    }

    #[test]
    fn errors_say_where() {
        let head = "kind,number,amount,time\npayment,T1,1.00,\n";
        for (text, expected) in [
            ("", "line 1: no column kind"),
            ("kind,amount\n", "line 1: no column number"),
            (
                &format!("{head}payment,T2,1.005,\n"),
                "line 3, column 3 (amount): not an amount",
            ),
            (
                &format!("{head}payment,T2,\"1,000.00\",\n"),
                "line 3, column 3 (amount): not an amount",
            ),
            (
                &format!("{head}gift,T2,1.00,\n"),
                "line 3, column 1 (kind): none of payment",
            ),
            (
                &format!("{head}refund,,1.00,\n"),
                "line 3, column 2 (number): empty",
            ),
            (
                &format!("{head}refund,R1,1.00,yesterday\n"),
                "line 3, column 4 (time): not a time",
            ),
            (
                &format!("{head}refund,R1,1,000.00,\n"),
                "line 3: 5 fields under 4 columns",
            ),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let gbk = [head.as_bytes(), b"\xcd\xcb\xbf\xee,R1,1.00,\n"].concat();
        let error = read(&gbk).unwrap_err().to_string();
        assert!(error.starts_with("line 3: not UTF-8"), "{error}");
    }
}
