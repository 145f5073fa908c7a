//! What is told, and the exit code.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use merchant::Fen;

use crate::arguments::{Arguments, Kind};
use crate::world::Struck;

/// So many differences are printed; the rest is counted.
const MOST: usize = 30;

/// What is found on the way: differences, and what customers were answered.
#[derive(Clone, Default)]
pub(crate) struct Findings(Arc<Mutex<Found>>);

#[derive(Default)]
struct Found {
    differences: Vec<String>,
    answers: BTreeMap<String, u64>,
}

impl Findings {
    /// Something is not as it must be.
    pub(crate) fn differs(&self, what: impl Into<String>) {
        let what = what.into();
        eprintln!("chaos: DIFFERENCE: {what}");
        self.with(|found| found.differences.push(what));
    }

    /// A customer was answered so.
    pub(crate) fn answered(&self, answer: impl Into<String>) {
        self.with(|found| *found.answers.entry(answer.into()).or_default() += 1);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.with(|found| found.differences.clone())
    }

    pub(crate) fn answers(&self) -> BTreeMap<String, u64> {
        self.with(|found| found.answers.clone())
    }

    fn with<R>(&self, change: impl FnOnce(&mut Found) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A number of things, and what they sum up to in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    fen: i64,
}

impl Sum {
    pub(crate) fn add(&mut self, amount: Fen) {
        self.count += 1;
        self.fen += amount.as_fen();
    }
}

/// What something came to, in the eyes of each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) orders: usize,
    pub(crate) closed: usize,
    pub(crate) refunds_closed: usize,
    /// Of shop, sandbox and bill.
    pub(crate) paid: [Sum; 3],
    /// Of shop, sandbox and bill.
    pub(crate) refunded: [Sum; 3],
    /// How often the sandbox tried to deliver a notice, and how many notices there were.
    pub(crate) notices: (u64, u64),
}

pub(crate) struct Report {
    pub(crate) arguments: Arguments,
    pub(crate) took: Duration,
    pub(crate) totals: Totals,
    pub(crate) faults: Struck,
    /// SIGKILL, SIGTERM, and crashes of the database.
    pub(crate) kills: (u64, u64, u64),
    pub(crate) answers: BTreeMap<String, u64>,
    pub(crate) differences: Vec<String>,
}

impl Report {
    pub(crate) fn is_clean(&self) -> bool {
        self.differences.is_empty()
    }

    /// Prints it.
    pub(crate) fn tell(&self) -> ExitCode {
        let text = self.text().unwrap_or_default();
        // Who does not read it still sees how it ended.
        let _ = std::io::stdout().write_all(text.as_bytes());
        ExitCode::from(u8::from(!self.is_clean()))
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let (mut out, totals) = (String::new(), &self.totals);
        let arguments = &self.arguments;
        let database = match arguments.database {
            Kind::Sqlite => "SQLite",
            Kind::Postgres => "PostgreSQL",
        };
        writeln!(
            out,
            "payments     {} by {}: {} paid, {} closed unpaid",
            totals.orders,
            arguments.api.name(),
            totals.paid[0].count,
            totals.closed
        )?;
        writeln!(
            out,
            "shop         {} process(es) on {database}",
            arguments.shops()
        )?;
        for (name, sums) in [("paid", &totals.paid), ("refunded", &totals.refunded)] {
            for (place, sum) in ["shop", "sandbox", "bill"].iter().zip(sums) {
                let yuan = format!("{}.{:02}", sum.fen / 100, sum.fen % 100);
                writeln!(
                    out,
                    "{name:<12} {place:<8}{:>6}  {yuan:>14} yuan",
                    sum.count
                )?;
            }
        }
        writeln!(
            out,
            "refunds      {} more closed by WeChat Pay",
            totals.refunds_closed
        )?;
        writeln!(
            out,
            "notices      {}, tried {} times",
            totals.notices.1, totals.notices.0
        )?;
        let met: u64 = self.faults.values().sum();
        writeln!(out, "faults met   {met}")?;
        for (fault, count) in &self.faults {
            writeln!(out, "             {count:>6}  {fault}")?;
        }
        writeln!(out, "customers")?;
        for (answer, count) in &self.answers {
            writeln!(out, "             {count:>6}  {answer}")?;
        }
        writeln!(
            out,
            "kills        {} (SIGKILL), stops {} (SIGTERM), crashes of the database {}",
            self.kills.0, self.kills.1, self.kills.2
        )?;
        writeln!(out, "differences  {}", self.differences.len())?;
        for difference in self.differences.iter().take(MOST) {
            writeln!(out, "             {difference}")?;
        }
        if self.differences.len() > MOST {
            writeln!(
                out,
                "             and {} more",
                self.differences.len() - MOST
            )?;
        }
        writeln!(out, "took         {} s", self.took.as_secs())?;
        writeln!(out, "again        {}", arguments.command())?;
        Ok(out)
    }
}

/// Says on the standard error why there is no report.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("chaos: {error:#}");
    ExitCode::FAILURE
}
