//! The report as CSV.

use std::io::{self, Write};

use wxpay_json::DateTime;

use super::{Cause, Difference, Found, Report};

const HEADING: [&str; 15] = [
    "cause (原因)",
    "kind (类型)",
    "number (商户单号)",
    "bill count (账单笔数)",
    "bill yuan (账单金额)",
    "books count (商户笔数)",
    "books yuan (商户金额)",
    "bill id (账单微信单号)",
    "books id (商户微信单号)",
    "bill state (账单状态)",
    "books state (商户状态)",
    "bill time (账单时间)",
    "books time (商户时间)",
    "likely day (可能所在日)",
    "note (备注)",
];

impl Report {
    /// Writes the differences that were kept as CSV ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)):
    /// UTF-8 with a byte order mark, which spreadsheets need to take it as such, lines that end in
    /// CRLF, a heading, and one line for each difference.
    ///
    /// Every number, id and state begins with a back-tick, as every field of WeChat Pay's own bills
    /// does: a spreadsheet would cut a number of 28 digits down to fifteen, and take text that begins
    /// with `=`, `+`, `-` or `@` for a formula, which must not be run as these texts come from outside.
    /// Take the first character away, and the text is as it was. Sums are in yuan with two decimals,
    /// times are in Beijing (`2026-02-28 23:59:59`).
    ///
    /// The cause is a [`Cause::name`], or `left_out` in lines at the end that say how many differences
    /// of a cause were not kept.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_csv(&self, mut out: impl Write) -> io::Result<()> {
        out.write_all("\u{FEFF}".as_bytes())?;
        write_line(&mut out, &HEADING.map(str::to_owned))?;
        for difference in self.differences() {
            write_line(&mut out, &line(difference))?;
        }
        for cause in Cause::ALL {
            let count = self.left_out(cause);
            if count > 0 {
                let mut line = [const { String::new() }; HEADING.len()];
                line[0] = "left_out".to_owned();
                line[HEADING.len() - 1] = format!("{count} more of {}", cause.name());
                write_line(&mut out, &line)?;
            }
        }
        out.flush()
    }
}

fn line(difference: &Difference) -> [String; HEADING.len()] {
    let (bill, books) = (&difference.bill, &difference.books);
    let count = |found: &Found| found.tally.count.to_string();
    let yuan = |found: &Found| match found.tally.count {
        0 => String::new(),
        _ => found.tally.sum.to_string(),
    };
    let id = |found: &Found| ticked(found.first.as_ref().and_then(|entry| entry.id.as_deref()));
    let state = |found: &Found| {
        ticked(
            found
                .first
                .as_ref()
                .and_then(|entry| entry.state.as_deref()),
        )
    };
    let time = |found: &Found| {
        let time = found.first.as_ref().and_then(|entry| entry.time);
        time.map_or_else(String::new, |time| DateTime::spaced(time).to_string())
    };
    [
        difference.cause.name().to_owned(),
        difference.kind.to_string(),
        ticked(Some(&difference.number)),
        count(bill),
        yuan(bill),
        count(books),
        yuan(books),
        id(bill),
        id(books),
        state(bill),
        state(books),
        time(bill),
        time(books),
        difference
            .likely
            .map_or_else(String::new, |day| day.to_string()),
        note(difference),
    ]
}

fn note(difference: &Difference) -> String {
    let fields = difference.fields;
    let differing = [
        ("amount", fields.amount),
        ("id", fields.id),
        ("state", fields.state),
    ];
    let names: Vec<_> = differing
        .iter()
        .filter_map(|(name, differs)| differs.then_some(*name))
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("differs in {}", names.join(" and "))
    }
}

/// Text from outside.
fn ticked(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!("`{text}"))
}

fn write_line(out: &mut impl Write, fields: &[String]) -> io::Result<()> {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        if field.contains(['"', ',', '\r', '\n']) {
            write!(out, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            out.write_all(field.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}
