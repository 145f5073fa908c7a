//! Step 10: the books.

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use wxpay_api::bill;
use wxpay_api::pay::Transaction;
use wxpay_client::ExpectedHash;
use wxpay_client::proto::{Date, DateTime, Fen};

use super::refund::GivenBack;
use crate::bill::{Row, TradeBill};
use crate::shop::{Order, Shop};

/// The longest bill this program reads, in bytes, and how many of its rows it prints.
const MAX_BILL: usize = 8 << 20;
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
    let Some(bill) = fetch(shop, date).await? else {
        return shop.show.line(format!(
            "There were no trades on {date}, says NO_STATEMENT_EXIST."
        ));
    };
    print(shop, &bill)?;
    add_up(&bill)?;
    shop.show.holds(format!(
        "{} rows add up to the totals WeChat Pay printed under them.",
        bill.rows.len()
    ))?;
    if shop.controls.is_some() {
        compare(&bill, shop, order, transaction, refund)?;
        ensure!(
            !mentions(&bill, closed)?,
            "the bill has the order that was closed"
        );
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

/// Applies for the bill and downloads it; `None` if there were no trades that day.
async fn fetch(shop: &mut Shop, date: Date) -> Result<Option<TradeBill>> {
    let request = bill::TradeBill::new(date).tar_type(bill::TarType::Gzip);
    let link = match shop.client.execute(&request).await {
        Ok(answer) => answer.into_value(),
        Err(error)
            if error
                .api()
                .is_some_and(|api| api.code() == "NO_STATEMENT_EXIST") =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let hash = ExpectedHash::new(link.hash_type.as_str(), &link.hash_value)?;
    let mut download = shop.client.download(&link.download_url, hash).await?;
    let mut text = Vec::new();
    // The last `chunk` is where a file with another hash ends in an error.
    while let Some(chunk) = download.chunk().await? {
        ensure!(
            text.len() + chunk.len() <= MAX_BILL,
            "the bill is longer than {MAX_BILL} bytes"
        );
        text.extend_from_slice(&chunk);
    }
    shop.show.line(format!(
        "The bill of {date} came as gzip, unsigned; {} bytes of text.",
        text.len()
    ))?;
    shop.show.holds(format!(
        "Its SHA-1 is the announced one: {}",
        link.hash_value.to_lowercase()
    ))?;
    TradeBill::read(&text).map(Some)
}

fn print(shop: &mut Shop, bill: &TradeBill) -> Result<()> {
    let columns = [
        "交易时间",
        "商户订单号",
        "交易状态",
        "订单金额",
        "申请退款金额",
    ];
    let mut rows = Vec::new();
    for row in bill.rows.iter().take(MAX_ROWS) {
        let cells: Result<Vec<String>> = columns
            .iter()
            .map(|name| row.text(name).map(printable))
            .collect();
        rows.push(cells?);
    }
    shop.show.table(&columns, &rows, &[3, 4])?;
    if bill.rows.len() > MAX_ROWS {
        shop.show
            .line(format!("… and {} more", bill.rows.len() - MAX_ROWS))?;
    }
    Ok(())
}

/// A bill holds text of others: nothing in it may steer a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).collect()
}

/// Adds the rows up and compares the sums with the totals of the bill itself.
fn add_up(bill: &TradeBill) -> Result<()> {
    let trades = bill.totals.count("总交易单数")?;
    ensure!(
        trades == bill.rows.len(),
        "the bill counts {trades} rows and has {}",
        bill.rows.len()
    );
    for (column, total) in [
        ("订单金额", "订单总金额"),
        ("申请退款金额", "申请退款总金额"),
    ] {
        let mut sum = Fen::ZERO;
        for row in &bill.rows {
            sum = sum
                .checked_add(row.amount(column)?)
                .context("the bill's sum does not fit")?;
        }
        let total = bill.totals.amount(total)?;
        ensure!(
            sum == total,
            "{column}: the rows add up to {}, the bill says {}",
            sum.yuan(),
            total.yuan()
        );
    }
    Ok(())
}

/// Finds the shop's own payment and refund in the bill, and compares them to the fen.
fn compare(
    bill: &TradeBill,
    shop: &Shop,
    order: &Order,
    transaction: &Transaction,
    refund: &GivenBack,
) -> Result<()> {
    ensure!(
        shop.stranger || bill.rows.len() == 2,
        "the bill has trades that are not ours"
    );
    let mut payments = Vec::new();
    let mut refunds = Vec::new();
    for row in &bill.rows {
        if row.text("商户订单号")? == order.number {
            match row.text("交易状态")? {
                "SUCCESS" => payments.push(row),
                "REFUND" => refunds.push(row),
                state => bail!("the bill has our order as {state}"),
            }
        }
    }
    let [payment]: [&Row; 1] = payments
        .try_into()
        .map_err(|_| anyhow!("the bill does not have our payment exactly once"))?;
    let [given_back]: [&Row; 1] = refunds
        .try_into()
        .map_err(|_| anyhow!("the bill does not have our refund exactly once"))?;
    ensure!(
        payment.amount("订单金额")? == order.total,
        "the bill has another amount for our order"
    );
    ensure!(
        Some(payment.text("微信订单号")?) == transaction.transaction_id.as_deref(),
        "the bill has another transaction_id for our order"
    );
    ensure!(
        given_back.amount("申请退款金额")? == refund.amount
            && given_back.text("商户退款单号")? == refund.number,
        "the bill has another refund of our order"
    );
    Ok(())
}

fn mentions(bill: &TradeBill, order: &Order) -> Result<bool> {
    for row in &bill.rows {
        if row.text("商户订单号")? == order.number {
            return Ok(true);
        }
    }
    Ok(false)
}
