//! Steps 7 and 8: part of the money goes back.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use wxpay_api::refund::{
    CreateRefund, QueryRefund, RefundNotification, RefundRequestAmount, RefundStatus,
};
use wxpay_client::proto::Fen;

use crate::listener::Content;
use crate::shop::{Order, Shop};

const NOTIFIED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// A refund as the shop has it in its books.
#[derive(Debug)]
pub(super) struct GivenBack {
    pub(super) number: String,
    pub(super) amount: Fen,
    total: Fen,
}

pub(super) async fn request(shop: &mut Shop, order: &Order, yuan: &str) -> Result<GivenBack> {
    shop.step(7, "Give some of it back", "申请退款")?;
    let refund = GivenBack {
        number: shop.number('R'),
        amount: Fen::from_yuan(yuan)?,
        total: order.total,
    };
    let amount = RefundRequestAmount::new(refund.amount, order.total, "CNY");
    let request = CreateRefund::new(&refund.number, amount)
        .out_trade_no(&order.number)
        .reason("茶凉了")
        .notify_url(&shop.notify_url);
    let accepted = shop.client.execute(&request).await?.into_value();
    ensure!(
        accepted.out_refund_no == refund.number,
        "the answer is about another refund"
    );
    ensure!(
        accepted.amount.refund == refund.amount,
        "another amount is refunded"
    );
    shop.show.line(format!(
        "The tea was cold (茶凉了): ¥{} of ¥{} as refund {} (商户退款单号).",
        refund.amount.yuan(),
        order.total.yuan(),
        refund.number
    ))?;
    shop.show.line(format!(
        "Accepted, {}: that is a promise, not money yet.",
        accepted.status
    ))?;

    let heard = heard_of(shop, &refund).await?;
    if let Some((event_type, notification)) = heard {
        ensure!(
            notification.refund_status == RefundStatus::Success,
            "the refund did not succeed"
        );
        ensure!(
            notification.mchid.as_deref() == Some(&shop.mchid)
                && notification.out_trade_no == order.number
                && notification.amount.refund == refund.amount
                && notification.amount.total == refund.total,
            "the notification does not fit the refund"
        );
        shop.show.holds(format!(
            "{event_type} arrived, verified, opened, compared: the money is back."
        ))?;
    }
    Ok(refund)
}

/// Waits for the notification; before the real WeChat Pay, or for the query that says the same.
async fn heard_of(
    shop: &mut Shop,
    refund: &GivenBack,
) -> Result<Option<(String, RefundNotification)>> {
    let wanted = |arrival: crate::listener::Arrival| match arrival.content {
        Content::Refund(notification) if notification.out_refund_no == refund.number => {
            Some((arrival.event_type, *notification))
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

pub(super) async fn query(shop: &mut Shop, refund: &GivenBack) -> Result<()> {
    shop.step(8, "Ask about the refund", "查询退款")?;
    let answer = shop
        .client
        .execute(&QueryRefund::new(&refund.number))
        .await?
        .into_value();
    ensure!(
        answer.out_refund_no == refund.number,
        "the answer is about another refund"
    );
    ensure!(
        answer.status == RefundStatus::Success,
        "the refund is {}, not SUCCESS",
        answer.status
    );
    ensure!(
        answer.amount.refund == refund.amount && answer.amount.total == refund.total,
        "the amounts are not those of the refund"
    );
    let account = answer
        .user_received_account
        .as_deref()
        .unwrap_or("the payer's account");
    shop.show.holds(format!(
        "{} (退款成功): ¥{} back to {account}",
        answer.status,
        answer.amount.refund.yuan()
    ))
}
