//! The report as text.

use std::fmt;

use wxpay_json::{DateTime, Fen};

use super::{Category, Cause, Difference, EntryKind, Found, Report, Side};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reconciliation (对账)")?;
        if let Some(day) = self.day {
            write!(f, " of {day}")?;
        }
        match Cause::ALL.iter().map(|cause| self.count(*cause)).sum() {
            0 => f.write_str(": no differences (无差异)\n")?,
            1 => f.write_str(": 1 difference (差异)\n")?,
            count => writeln!(f, ": {count} differences (差异)")?,
        }
        self.write_table(f)?;
        for cause in Cause::ALL {
            self.write_cause(f, cause)?;
        }
        Ok(())
    }
}

impl Report {
    fn write_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = [
            "",
            "bill (账单)",
            "yuan (元)",
            "books (商户账)",
            "yuan (元)",
        ];
        let mut table = vec![heading.map(str::to_owned)];
        for kind in EntryKind::ALL {
            let [bill, books] = [Side::Bill, Side::Books].map(|side| self.total(side, kind));
            if bill.count == 0 && books.count == 0 {
                continue;
            }
            table.push([
                format!("{kind} ({})", kind.chinese_name()),
                bill.count.to_string(),
                bill.sum.to_string(),
                books.count.to_string(),
                books.sum.to_string(),
            ]);
            for category in Category::ALL {
                let [bill, books] =
                    [Side::Bill, Side::Books].map(|side| self.tally(side, kind, category));
                if bill.count == 0 && books.count == 0 {
                    continue;
                }
                let name = match category {
                    Category::Matched => "  matched (一致)",
                    Category::Missing => "  only here (单边)",
                    Category::Differs => "  differing (不符)",
                    Category::Duplicate => "  duplicate (重复)",
                };
                table.push([
                    name.to_owned(),
                    bill.count.to_string(),
                    bill.sum.to_string(),
                    books.count.to_string(),
                    books.sum.to_string(),
                ]);
            }
        }
        if table.len() == 1 {
            return Ok(());
        }
        let mut widths = [0; 5];
        for row in &table {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns(cell));
            }
        }
        f.write_str("\n")?;
        for row in &table {
            for (place, (cell, width)) in row.iter().zip(widths).enumerate() {
                let blank = width - columns(cell);
                if place == 0 {
                    write!(f, "{cell}{:blank$}", "")?;
                } else {
                    write!(f, "  {:blank$}{cell}", "")?;
                }
            }
            f.write_str("\n")?;
        }
        Ok(())
    }

    fn write_cause(&self, f: &mut fmt::Formatter<'_>, cause: Cause) -> fmt::Result {
        let count = self.count(cause);
        if count == 0 {
            return Ok(());
        }
        let name = match cause {
            Cause::MissingInBill => "missing in the bill",
            Cause::MissingInBooks => "missing in the books",
            Cause::Differs => "differing",
            Cause::Duplicate => "duplicate",
        };
        write!(f, "\n{name} ({}): {count}\n", cause.chinese_name())?;
        let limit = if f.alternate() {
            usize::MAX
        } else {
            Self::LISTED
        };
        let mut listed = 0;
        let differences = self.differences().iter();
        for difference in differences
            .filter(|difference| difference.cause == cause)
            .take(limit)
        {
            writeln!(f, "  {difference}")?;
            listed += 1;
        }
        match count - listed {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more that are not listed"),
        }
    }
}

/// One line without its end. Control characters and such as turn the direction of writing are shown
/// by their numbers, and of text that is very long the beginning.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.kind, Shown(&self.number))?;
        match self.cause {
            Cause::MissingInBill => self.write_missing(f, &self.books, "bill"),
            Cause::MissingInBooks => self.write_missing(f, &self.bill, "books"),
            Cause::Differs => self.write_fields(f),
            Cause::Duplicate => {
                write_times(f, &self.bill, "bill")?;
                f.write_str(", ")?;
                write_times(f, &self.books, "books")
            }
        }
    }
}

impl Difference {
    fn write_missing(
        &self,
        f: &mut fmt::Formatter<'_>,
        found: &Found,
        absent: &str,
    ) -> fmt::Result {
        write!(f, "{} yuan", found.tally.sum)?;
        if let Some(time) = found.first.as_ref().and_then(|entry| entry.time) {
            write!(f, " at {}", clock(time))?;
        }
        if let Some(day) = self.likely {
            write!(f, ", likely in the {absent} of {day}")?;
        }
        Ok(())
    }

    fn write_fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(bill), Some(books)) = (&self.bill.first, &self.books.first) else {
            return Ok(());
        };
        let mut between = "";
        if self.fields.amount {
            let (bill, books) = (bill.amount.yuan(), books.amount.yuan());
            write!(f, "{bill} yuan in the bill, {books} yuan in the books")?;
            between = "; ";
        }
        let texts = [
            ("state", self.fields.state, &bill.state, &books.state),
            ("id", self.fields.id, &bill.id, &books.id),
        ];
        for (name, differ, bill, books) in texts {
            if differ {
                let shown =
                    |text: &Option<String>| Shown(text.as_deref().unwrap_or_default()).to_string();
                let (bill, books) = (shown(bill), shown(books));
                write!(
                    f,
                    "{between}{name} {bill} in the bill, {books} in the books"
                )?;
                between = "; ";
            }
        }
        Ok(())
    }
}

fn write_times(f: &mut fmt::Formatter<'_>, found: &Found, side: &str) -> fmt::Result {
    match found.tally.count {
        0 => return write!(f, "not in the {side}"),
        1 => write!(f, "once in the {side} (")?,
        count => write!(f, "{count} times in the {side} (")?,
    }
    for (place, amount) in found.amounts.iter().enumerate() {
        let between = if place == 0 { "" } else { ", " };
        write!(f, "{between}{}", Fen::yuan(*amount))?;
    }
    if (found.amounts.len() as u64) < found.tally.count {
        write!(f, ", ..., together {}", found.tally.sum)?;
    }
    f.write_str(" yuan)")
}

/// `2026-02-28 23:59:59`, in Beijing.
pub(super) fn clock(time: DateTime) -> impl fmt::Display {
    time.spaced()
}

/// Text from outside, on one line.
struct Shown<'a>(&'a str);

impl Shown<'_> {
    const LONGEST: usize = 128;
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, character) in self.0.chars().enumerate() {
            if place == Self::LONGEST {
                return f.write_str("...");
            }
            let hidden = character.is_control()
                || matches!(character,
                    '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
                    | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
                    | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}');
            match character {
                '\\' => f.write_str("\\\\")?,
                _ if hidden => write!(f, "{}", character.escape_unicode())?,
                _ => write!(f, "{character}")?,
            }
        }
        Ok(())
    }
}

/// How many columns a terminal shows of the report's own words: Chinese characters take two.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}
