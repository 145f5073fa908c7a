//! Step 10: the books.

use anyhow::{Context as _, Result, bail, ensure};
use wxpay_api::bill;
use wxpay_api::pay::Transaction;
use wxpay_bill::reconcile::{Cause, Entry, Reconciler, Report};
use wxpay_bill::{Trade, TradeBill};
use wxpay_client::ExpectedHash;
use wxpay_client::proto::{Date, DateTime};

use super::refund::GivenBack;
use crate::shop::{Order, Shop};

/// How many rows of the bill are printed.
const MAX_ROWS: usize = 12;

pub(super) async fn reconcile(
    shop: &mut Shop,
    order: &Order,
    transaction: &Transaction,
    refund: &GivenBack,
    closed: &Order,
) -> Result<()> {
    shop.step(10, "Balance the books", "交易账单")?;
    let paid = transaction
        .success_time
        .context("a paid order has a success_time")?;
    let today = Date::of(paid.to_beijing());
    let date = match &shop.controls {
        Some(controls) => {
            // The bill of a day is there from ten o'clock of the next one.
            let next = today.next().context("the calendar has ended")?;
            let morning: DateTime = format!("{next}T10:05:00+08:00").parse()?;
            shop.clock
                .set_offset(controls.move_clock(morning).await?.offset_seconds);
            shop.show.line(format!(
                "The sandbox's clock is moved to {morning}: the bill is ready."
            ))?;
            today
        }
        None => {
            shop.show
                .line("Today's bill is there tomorrow from ten o'clock; here is yesterday's.")?;
            today.previous().context("the calendar has not begun")?
        }
    };
    let Some(link) = apply(shop, date).await? else {
        return shop.show.line(format!(
            "There were no trades on {date}, says NO_STATEMENT_EXIST."
        ));
    };
    let hash = ExpectedHash::new(link.hash_type.as_str(), &link.hash_value)?;
    let download = shop.client.download(&link.download_url, hash).await?;

    // Row by row, as it comes: a bill may be longer than memory. The row after the last is where a file with another
    // hash, or with sums that its rows do not add up to, ends in an error.
    let mut bill = TradeBill::from_async_reader(download);
    let mut reconciler = Reconciler::new();
    let mut table = Vec::new();
    while let Some(trade) = bill.next_row().await? {
        ensure!(
            trade.out_trade_no() != closed.number,
            "the bill has the order that was closed"
        );
        if table.len() < MAX_ROWS {
            table.push(line(&trade));
        }
        reconciler.push_bill(trade.entry())?;
    }
    let rows = bill.rows();
    shop.show.line(format!(
        "The bill of {date} came as gzip, unsigned, and was read as it came."
    ))?;
    shop.show.holds(format!(
        "Its SHA-1 is the announced one: {}",
        link.hash_value.to_lowercase()
    ))?;
    let columns = [
        "交易时间",
        "商户订单号",
        "交易状态",
        "订单金额",
        "申请退款金额",
    ];
    shop.show.table(&columns, &table, &[3, 4])?;
    if rows > MAX_ROWS as u64 {
        shop.show
            .line(format!("… and {} more", rows - MAX_ROWS as u64))?;
    }
    shop.show.holds(format!(
        "{rows} rows add up to the totals WeChat Pay printed under them."
    ))?;
    if shop.controls.is_some() {
        compare(reconciler, shop.stranger, order, transaction, refund)?;
        let kept = order
            .total
            .checked_sub(refund.amount)
            .context("more was refunded than paid")?;
        shop.show.holds(format!(
            "¥{} paid, ¥{} refunded, ¥{} kept: to the fen what our own books say.",
            order.total.yuan(),
            refund.amount.yuan(),
            kept.yuan()
        ))?;
    }
    Ok(())
}

/// Applies for the bill; `None` if there were no trades that day.
async fn apply(shop: &Shop, date: Date) -> Result<Option<bill::BillLink>> {
    let request = bill::TradeBill::new(date).tar_type(bill::TarType::Gzip);
    match shop.client.execute(&request).await {
        Ok(answer) => Ok(Some(answer.into_value())),
        Err(error)
            if error
                .api()
                .is_some_and(|api| api.code() == "NO_STATEMENT_EXIST") =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// A line of the table. A bill holds text of others: nothing in it may steer a terminal.
fn line(trade: &Trade<'_>) -> Vec<String> {
    let printable = |text: &str| text.chars().filter(|char| !char.is_control()).collect();
    let refunded = trade.refund().and_then(|refund| refund.requested_amount);
    vec![
        trade.trade_time().spaced().to_string(),
        printable(trade.out_trade_no()),
        printable(trade.trade_state().as_str()),
        trade.total().unwrap_or_default().yuan().to_string(),
        refunded.unwrap_or_default().yuan().to_string(),
    ]
}

/// Compares the bill with the shop's own payment and refund: numbers, amounts, and what WeChat Pay calls the payment.
fn compare(
    mut reconciler: Reconciler,
    stranger: bool,
    order: &Order,
    transaction: &Transaction,
    refund: &GivenBack,
) -> Result<()> {
    let id = transaction.transaction_id.as_deref().unwrap_or_default();
    reconciler.push_books(Entry::payment(&order.number, order.total).with_id(id))?;
    reconciler.push_books(Entry::refund(&refund.number, refund.amount))?;
    let mut report = Report::new();
    reconciler.finish(|outcome| report.add(&outcome))?;
    // The bill of somebody who was here before has other trades as well.
    let mut differences = report.differences().iter();
    match differences.find(|it| !(stranger && it.cause == Cause::MissingInBooks)) {
        Some(difference) => bail!("the books do not agree with the bill: {difference}"),
        None => Ok(()),
    }
}
