//! Reconciliation (对账), as a shop does it every morning: the bill of yesterday (交易账单) against the shop's own books,
//! to the fen.
//!
//! ```text
//! cargo run -p reconcile                                          # a day in a shop, and the morning after it
//! cargo run -p reconcile -- --bill BILL --books BOOKS.csv         # your own files
//! ```
//!
//! `story.rs` tells the day: it is traded on a sandbox in this process (`shop.rs`, `plan.rs`, `notices.rs`, `books.rs`),
//! its bill is downloaded and compared with the books, and then once more with books that have mistakes in them
//! (`mistakes.rs`). `files.rs` compares files of any length. Both leave a report, a table and a page in a folder
//! (`output.rs`, `page.rs`).

mod books;
mod chart;
mod files;
mod html;
mod ledger;
mod mistakes;
mod notices;
mod output;
mod page;
mod picture;
mod plan;
mod progress;
mod shop;
mod story;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use example_support::Story;
use wxpay_bill::Date;

use crate::files::Files;

/// Compares a trade bill of WeChat Pay (微信支付交易账单) with a shop's own books.
///
/// Without files, a day is traded on a sandbox first. With files, it ends with 0 where both sides are the same, with 1
/// where they differ, and with 2 where they cannot be compared.
#[derive(Debug, Parser)]
#[command(name = "reconcile")]
struct Arguments {
    /// A trade bill, as downloaded: plain or gzip.
    #[arg(long, value_name = "FILE", requires = "books")]
    bill: Option<PathBuf>,
    /// The `hash_value` that was announced with the bill: the SHA-1 of its text, 40 hexadecimal digits.
    #[arg(long, value_name = "SHA1", requires = "bill")]
    hash: Option<String>,
    /// The books: a CSV file that begins with `kind,number,amount,id,state,time` (the last three are optional).
    #[arg(long, value_name = "FILE", requires = "bill")]
    books: Option<PathBuf>,
    /// The day of the bill, as 2026-11-21, where its rows shall not tell.
    #[arg(long, value_name = "DAY", requires = "bill")]
    day: Option<Date>,
    /// Where report, table and page are written.
    #[arg(long, value_name = "FOLDER", default_value = "target/reconcile")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match (arguments.bill, arguments.books) {
        (Some(bill), Some(books)) => {
            let files = Files {
                bill,
                sha1: arguments.hash,
                books,
                day: arguments.day,
                folder: arguments.out,
            };
            files::compare(&files, say)
        }
        _ => return tell(arguments.out),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(&error),
    }
}

#[tokio::main]
async fn tell(folder: PathBuf) -> ExitCode {
    Story::new("reconcile")
        .tell(async |story| story::tell(story, &folder).await)
        .await
}

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("the output is closed")
}

fn complain(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "reconcile: {error:#}");
    ExitCode::from(2)
}
