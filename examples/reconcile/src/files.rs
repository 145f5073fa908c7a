//! A bill and books that are files, of any length: read on two threads, sorted in temporary files where they do not fit
//! the memory, and never in memory as a whole.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wxpay_bill::reconcile::{Entries as _, Reconciler, Report};
use wxpay_bill::{Date, TradeBill};

use crate::ledger::Ledger;
use crate::output;
use crate::page::Facts;
use crate::picture::Picture;
use crate::progress::Progress;

#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) bill: PathBuf,
    /// `hash_value`, as the answer with the `download_url` had it.
    pub(crate) sha1: Option<String>,
    pub(crate) books: PathBuf,
    /// Which day it is of, where the bill shall not say.
    pub(crate) day: Option<Date>,
    pub(crate) folder: PathBuf,
}

/// Compares them; says whether they are the same.
pub(crate) fn compare(files: &Files, mut say: impl FnMut(&str) -> Result<()>) -> Result<bool> {
    let mut reconciler = Reconciler::new();
    let (mut picture, mut read) = (Picture::default(), Vec::new());
    read.push(read_bill(files, &mut picture, &mut reconciler)?);
    read.push(read_books(&files.books, &mut reconciler)?);
    for line in read {
        say(&line)?;
    }

    let mut report = Report::new();
    // A bill is of one day; several bills in one file are of several.
    let day = match picture.days {
        Some((first, last)) if first == last => Some(first),
        _ => None,
    };
    if let Some(day) = files.day.or(day) {
        report = report.day(day);
    }
    reconciler.finish(|outcome| report.add(&outcome))?;
    let facts = Facts {
        shop: None,
        bill: &files.bill.display().to_string(),
        sha1: files.sha1.as_deref(),
        books: &files.books.display().to_string(),
        day: files.day,
        notes: &[],
    };
    let written = output::write(&files.folder, &facts, &picture, &report)?;
    say(&format!("\n{report}"))?;
    for path in written {
        say(&format!("wrote {}", path.display()))?;
    }
    Ok(report.is_clean())
}

fn read_bill(files: &Files, picture: &mut Picture, reconciler: &mut Reconciler) -> Result<String> {
    let (file, length) = open(&files.bill)?;
    let mut bill = TradeBill::from_reader(file);
    if let Some(sha1) = &files.sha1 {
        bill = bill.hash("SHA1", sha1).context("--hash")?;
    }
    let progress = Progress::new("bill", Some(length));
    let bar = progress.clone();
    let mut bill = bill
        .on_progress(move |progress| bar.reached(progress.file_bytes, progress.rows))
        .overlapped();
    let mut take = || -> Result<()> {
        while let Some(row) = bill.next_row()? {
            picture.add(&row);
            reconciler.push_bill(row.entry())?;
        }
        Ok(())
    };
    let result = take().with_context(|| files.bill.display().to_string());
    let line = progress.end(bill.rows());
    result.map(|()| line)
}

fn read_books(path: &Path, reconciler: &mut Reconciler) -> Result<String> {
    let (file, length) = open(path)?;
    let progress = Progress::new("books", Some(length));
    let mut rows = 0;
    let take = || -> Result<()> {
        let mut ledger = Ledger::new(file)?;
        while let Some(entry) = ledger.next_entry()? {
            reconciler.push_books(entry)?;
            rows += 1;
            if rows % 4_096 == 0 {
                progress.reached(ledger.position(), rows);
            }
        }
        progress.reached(ledger.position(), rows);
        Ok(())
    };
    let result = take().with_context(|| path.display().to_string());
    let line = progress.end(rows);
    result.map(|()| line)
}

fn open(path: &Path) -> Result<(File, u64)> {
    let open = || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        std::io::Result::Ok((file, length))
    };
    open().with_context(|| format!("cannot open {}", path.display()))
}
