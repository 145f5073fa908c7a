//! The end of the day and the next morning, with nothing going wrong any more.

use std::time::Duration;

use anyhow::{Context as _, Result};
use merchant::flow::OrderState;
use merchant::store::Store;
use serde_json::json;
use tokio::time::Instant;
use wxpay_bill::{Date, DateTime};

use crate::Run;
use crate::world::Struck;

/// How long it may take until everything is final, and until the bill is read.
const PATIENCE: Duration = Duration::from_secs(120);
/// The clock's steps, in seconds: fallback queries wait up to half an hour.
const STEP: i64 = 30;
/// So many open things are named.
const MOST: usize = 10;

/// Lets time pass until every order and every refund is final and nothing is due before tomorrow.
/// What is not final after two minutes is a difference.
pub(crate) async fn settle(run: &Run, store: &Store) -> Result<()> {
    let begun = Instant::now();
    loop {
        let open = open(store).await?;
        if open.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            for what in open.iter().take(MOST) {
                run.findings.differs(format!("not final: {what}"));
            }
            return Ok(());
        }
        for _ in 0..5 {
            run.world.pass(STEP).await?;
        }
    }
}

/// What is not final.
async fn open(store: &Store) -> Result<Vec<String>> {
    let orders = store.orders(i64::MAX).await?;
    let orders = orders
        .iter()
        .filter(|order| matches!(order.state, OrderState::Placed | OrderState::Paying))
        .map(|order| format!("order {} is {}", order.placed.out_trade_no, order.state));
    let refunds = store.refunds(i64::MAX).await?;
    let refunds = refunds
        .iter()
        .filter(|refund| !refund.state.is_final())
        .map(|refund| format!("refund {} is {}", refund.asked.out_refund_no, refund.state));
    let mut open: Vec<_> = orders.chain(refunds).collect();
    // Notices are jobs as well: one that is stored and not applied is due at once.
    let bill_pending = store.bills(1).await?.pop();
    let bill_pending = bill_pending.is_some_and(|bill| bill.finished_at.is_none());
    if let Some(due) = store.next_due().await?
        && open.is_empty()
    {
        let due = DateTime::beijing(due);
        let bill = if bill_pending {
            " (yesterday's bill)"
        } else {
            ""
        };
        open.push(format!("something is due at {due}{bill}"));
    }
    Ok(open)
}

/// Goes to the next morning, and waits until the shop has read the day's bill, which is damaged in
/// three ways when it is asked for first.
pub(crate) async fn next_morning(run: &Run, store: &Store, day: Date) -> Result<Struck> {
    let once = json!({ "rate": 1, "times": 1 });
    let faults = json!({ "answers": {
        "bill_cut_off": once, "bill_byte_changed": once, "bill_sums_wrong": once,
    } });
    run.world.put("/_sandbox/faults", faults).await?;
    run.world.move_to_next_day("10:05:00").await?;
    let (begun, day) = (Instant::now(), day.to_string());
    loop {
        let bills = store.bills(i64::MAX).await?;
        let bill = bills.iter().find(|bill| bill.day == day);
        if bill.is_some_and(|bill| bill.finished_at.is_some()) {
            break;
        }
        if begun.elapsed() > PATIENCE {
            run.findings
                .differs(format!("the bill of {day} was not read: {bill:?}"));
            break;
        }
        run.world.pass(STEP).await?;
    }
    run.world.end_faults().await.context("faults off")
}
