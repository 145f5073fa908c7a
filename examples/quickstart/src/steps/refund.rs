//! Steps 7 and 8: part of the money goes back.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use wxpay_api::ExpectedRefund;
use wxpay_api::refund::{
    CreateRefund, QueryRefund, RefundNotification, RefundRequestAmount, RefundStatus,
};
use wxpay_client::proto::Fen;

use crate::listener::{Arrival, Content};
use crate::shop::{Order, Shop};

const NOTIFIED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// A refund as the shop has it in its books.
#[derive(Debug)]
pub(super) struct GivenBack {
    pub(super) number: String,
    pub(super) amount: Fen,
    expected: ExpectedRefund,
}

/// Step 7.
pub(super) async fn request(shop: &mut Shop, order: &Order, yuan: &str) -> Result<GivenBack> {
    shop.step(7, "Give some of it back", "申请退款")?;
    let (number, amount) = (shop.number('R'), Fen::from_yuan(yuan)?);
    let expected = ExpectedRefund::new(&shop.mchid, &order.number, &number, amount, order.total);
    shop.listener.expect_refund(expected.clone());
    let refund = GivenBack {
        number,
        amount,
        expected,
    };

    let amount = RefundRequestAmount::new(refund.amount, order.total, "CNY");
    let request = CreateRefund::new(&refund.number, amount)
        .out_trade_no(&order.number)
        .reason("茶凉了")
        .notify_url(&shop.notify_url);
    let accepted = shop.client.execute(&request).await?.into_value();
    accepted
        .check(&refund.expected)
        .context("the answer does not fit the refund")?;
    shop.show.line(format!(
        "The tea was cold (茶凉了): ¥{} of ¥{} go back.",
        refund.amount.yuan(),
        order.total.yuan(),
    ))?;
    shop.show.line(format!(
        "Refund {} (商户退款单号) is {}: a promise, not money yet.",
        refund.number, accepted.status
    ))?;

    match heard_of(shop, &refund).await? {
        Some((event_type, notified)) => {
            let status = notified.refund_status;
            ensure!(
                status == RefundStatus::Success,
                "the refund is {status}, not SUCCESS"
            );
            shop.show.holds(format!(
                "{event_type} arrives: verified, opened, and it fits."
            ))?;
        }
        None => shop
            .show
            .line("No notification yet; a query says the money is back.")?,
    }
    Ok(refund)
}

/// Waits for the notification; before the real WeChat Pay, or for the query that says the same.
async fn heard_of(
    shop: &mut Shop,
    refund: &GivenBack,
) -> Result<Option<(String, RefundNotification)>> {
    let wanted = |arrival: Arrival| match arrival.content {
        Content::Refund(notified) if notified.out_refund_no == refund.number => {
            Some((arrival.event_type, *notified))
        }
        _ => None,
    };
    if shop.controls.is_some() {
        let heard = tokio::time::timeout(NOTIFIED_WITHIN, shop.listener.next(wanted)).await;
        let seconds = NOTIFIED_WITHIN.as_secs();
        return heard
            .with_context(|| format!("no notification within {seconds} s"))
            .flatten()
            .map(Some);
    }
    loop {
        tokio::select! {
            heard = shop.listener.next(wanted) => return heard.map(Some),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let query = QueryRefund::new(&refund.number);
        match shop.client.execute(&query).await?.into_value().status {
            RefundStatus::Processing => {}
            RefundStatus::Success => return Ok(None),
            other => bail!("the refund is {other}"),
        }
    }
}

/// Step 8.
pub(super) async fn query(shop: &mut Shop, refund: &GivenBack) -> Result<()> {
    shop.step(8, "Ask about the refund", "查询退款")?;
    let answer = shop
        .client
        .execute(&QueryRefund::new(&refund.number))
        .await?
        .into_value();
    answer
        .check(&refund.expected)
        .context("the answer does not fit the refund")?;
    ensure!(
        answer.status == RefundStatus::Success,
        "the refund is {}, not SUCCESS",
        answer.status
    );
    let account = answer
        .user_received_account
        .as_deref()
        .unwrap_or("the payer's account");
    shop.show.holds(format!(
        "{} (退款成功): ¥{} are on {account}",
        answer.status,
        answer.amount.refund.yuan()
    ))
}
