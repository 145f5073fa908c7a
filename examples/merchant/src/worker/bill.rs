//! Every morning yesterday's bill (交易账单) is held against the books (对账).

use anyhow::{Context as _, Result};
use example_support::midnight;
use tracing::{info, warn};
use wxpay_bill::reconcile::{Cause, Difference, Entry, EntryKind, Reconciler, Report};
use wxpay_bill::{Date, DateTime, Trade};

use super::{Done, chain};
use crate::shop::Shop;
use crate::store::{self, BillTotals, Books, Job};

/// WeChat Pay makes the bill from nine o'clock on, and says to ask from ten.
const READY_AT: i64 = 10 * 3_600;
/// How long to wait where it is not there yet, in seconds.
const WAIT: i64 = 10 * 60;
/// Bills can be had for three months; no more days than that are made up for after a standstill.
const MOST_DAYS: usize = 89;

/// Sees to it that the bill of every day up to yesterday is wanted. `wanted` is the last day that
/// is known to be.
pub(super) async fn want(shop: &Shop, wanted: &mut String) {
    let today = Date::of(DateTime::beijing(shop.now()));
    let Some(yesterday) = today.previous() else {
        return;
    };
    if *wanted == yesterday.to_string() {
        return;
    }
    match want_until(shop, yesterday).await {
        Ok(()) => *wanted = yesterday.to_string(),
        Err(error) => warn!(error = %chain(&error), "yesterday's bill could not be put down"),
    }
}

async fn want_until(shop: &Shop, yesterday: Date) -> Result<()> {
    let last = shop.store.bills(1).await?.pop();
    let last: Option<Date> = last.and_then(|bill| bill.day.parse().ok());
    // A new shop begins with yesterday: there was nothing before.
    let missing = |day: &Date| last.map_or(*day == yesterday, |last| *day > last);
    let days = std::iter::successors(Some(yesterday), |day| day.previous());
    let days: Vec<Date> = days.take_while(missing).take(MOST_DAYS).collect();
    // The oldest first: should this break off, the rest is still found missing.
    for day in days.into_iter().rev() {
        let due = end(day)? + READY_AT;
        shop.store.want_bill(&day.to_string(), due).await?;
    }
    Ok(())
}

/// Reads the bill of a day, and writes down what does not agree.
pub(super) async fn reconcile(shop: &Shop, job: &Job) -> Result<Done> {
    let day: Date = job.number.parse().context("the day of the bill")?;
    let mut reconciler = Reconciler::new();
    let mut totals = BillTotals::default();
    let mut each = |trade: &Trade<'_>| {
        let entry = trade.entry();
        count(&mut totals, &entry)?;
        Ok(reconciler.push_bill(entry)?)
    };
    if let Err(error) = shop.gateway.bill(day, &mut each).await {
        warn!(error = %chain(&error), "the bill could not be read");
        return Ok(Done::Again(shop.now() + WAIT));
    }
    let books = shop.store.books(midnight(day)?, end(day)?).await?;
    push(&mut reconciler, &books)?;
    let mut report = Report::new().day(day);
    reconciler.finish(|outcome| report.add(&outcome))?;
    let differences: Vec<_> = report.differences().iter().map(difference).collect();
    info!(%day, payments = totals.payments, refunds = totals.refunds, differences = differences.len(), "bill");
    let finished = shop
        .store
        .finish_bill(&job.number, &totals, &differences, shop.now());
    finished.await?;
    Ok(Done::Moved)
}

fn count(totals: &mut BillTotals, entry: &Entry<'_>) -> Result<()> {
    let (number, sum) = match entry.kind {
        EntryKind::Payment => (&mut totals.payments, &mut totals.paid),
        _ => (&mut totals.refunds, &mut totals.refunded),
    };
    *number += 1;
    *sum = sum
        .checked_add(entry.amount)
        .context("the bill's sum is too large")?;
    Ok(())
}

fn push(reconciler: &mut Reconciler, books: &Books) -> Result<()> {
    for order in &books.payments {
        let mut entry = Entry::payment(&order.placed.out_trade_no, order.paid);
        entry.id = order.transaction_id.as_deref();
        entry.time = order.paid_at.map(DateTime::beijing);
        reconciler.push_books(entry)?;
    }
    for refund in &books.refunds {
        let mut entry = Entry::refund(&refund.asked.out_refund_no, refund.asked.amount);
        entry.id = refund.refund_id.as_deref();
        entry.time = refund.accepted_at.map(DateTime::beijing);
        reconciler.push_books(entry)?;
    }
    Ok(())
}

/// When a day ends in Beijing, in seconds since 1970.
fn end(day: Date) -> Result<i64> {
    midnight(day.next().context("the calendar has ended")?)
}

/// A difference in words for the operator.
fn difference(found: &Difference) -> store::Difference {
    let (bill, books) = (found.bill.tally.sum, found.books.tally.sum);
    let mut detail = match found.cause {
        Cause::MissingInBill => format!("账上有 {books} 元，账单上没有"),
        Cause::MissingInBooks => format!("账单上有 {bill} 元，账上没有"),
        Cause::Differs if found.fields.amount => format!("账单为 {bill} 元，账上为 {books} 元"),
        Cause::Differs => "金额一致，微信支付的单号不一致".to_owned(),
        _ => format!("重复：账单共 {bill} 元，账上共 {books} 元"),
    };
    if let Some(day) = found.likely {
        detail.push_str(&format!("；可能在 {day} 的账里"));
    }
    store::Difference {
        kind: found.cause.name().to_uppercase(),
        number: found.number.clone(),
        detail,
    }
}
