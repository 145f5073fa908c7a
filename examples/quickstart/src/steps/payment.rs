//! Steps 2 to 6: an order is placed, paid, heard of and looked up.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use wxpay_api::ExpectedOrder;
use wxpay_api::pay::{Amount, NativePrepay, QueryOrderByOutTradeNo, TradeState, Transaction};
use wxpay_client::proto::Fen;

use crate::listener::{Arrival, Content};
use crate::shop::{Order, Shop};

/// How long a notification may take where a sandbox sends it.
const NOTIFIED_WITHIN: Duration = Duration::from_secs(30);
/// How often an order is looked up while a person gets out a phone.
const LOOK_EVERY: Duration = Duration::from_secs(3);

impl Order {
    /// Places an order to be paid by scanning a code (Native支付), and returns the code.
    pub(super) async fn place(
        shop: &mut Shop,
        letter: char,
        description: &str,
        yuan: &str,
    ) -> Result<(Self, String)> {
        let order = Self {
            number: shop.number(letter),
            total: Fen::from_yuan(yuan)?,
        };
        // In the book before it is in the world: a notification may be faster than the answer.
        shop.listener.expect_order(order.expected(shop));
        let prepay = NativePrepay::new(
            &shop.appid,
            &shop.mchid,
            description,
            &order.number,
            &shop.notify_url,
            Amount::new(order.total),
        );
        let answer = shop.client.execute(&prepay).await?;
        let code_url = answer.into_value().code_url;
        ensure!(!code_url.is_empty(), "the answer has no code_url");
        Ok((order, code_url))
    }

    /// What every answer and notification about the order is compared with.
    pub(super) fn expected(&self, shop: &Shop) -> ExpectedOrder {
        ExpectedOrder::new(&shop.appid, &shop.mchid, &self.number, self.total)
    }

    /// Looks the order up, and compares what is said with what was ordered.
    pub(super) async fn look_up(&self, shop: &Shop) -> Result<Transaction> {
        let query = QueryOrderByOutTradeNo::new(&self.number, &shop.mchid);
        let transaction = shop.client.execute(&query).await?.into_value();
        ensure!(
            transaction.out_trade_no == self.number && transaction.mchid == shop.mchid,
            "the answer is about another order"
        );
        Ok(transaction)
    }
}

pub(super) async fn prepay(shop: &mut Shop, yuan: &str) -> Result<Order> {
    shop.step(2, "Place an order", "Native下单")?;
    let (order, code_url) = Order::place(shop, 'T', "一壶乌龙茶", yuan).await?;
    shop.show.line(format!(
        "A pot of oolong tea (一壶乌龙茶), ¥{}.",
        order.total.yuan()
    ))?;
    shop.show.holds(format!(
        "Order {} (商户订单号) is open; the answer's signature holds.",
        order.number
    ))?;

    shop.step(3, "Show the payer the QR code", "二维码")?;
    shop.show.qr_code(&code_url)?;
    shop.show.line(&code_url)?;
    Ok(order)
}

/// Steps 4 and 5. What the notification said; `None` if a person paid and none has come yet.
pub(super) async fn pay(shop: &mut Shop, order: &Order) -> Result<Option<Transaction>> {
    shop.step(4, "The payer pays", "扫码支付")?;
    match &shop.controls {
        Some(controls) => {
            controls.pay(&order.number).await?;
            shop.show
                .line("A phone scans the code, a thumb confirms. (The sandbox lends both.)")?;
        }
        None => shop
            .show
            .line("Scan the code with WeChat and pay; this program waits.")?,
    }

    shop.step(5, "The notification arrives", "支付成功回调通知")?;
    let heard = if shop.controls.is_some() {
        let heard =
            tokio::time::timeout(NOTIFIED_WITHIN, shop.listener.next(|it| about(it, order)));
        let seconds = NOTIFIED_WITHIN.as_secs();
        heard
            .await
            .with_context(|| format!("none within {seconds} s at {}", shop.notify_url))
            .flatten()?
    } else {
        loop {
            tokio::select! {
                heard = shop.listener.next(|it| about(it, order)) => break heard?,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if order.look_up(shop).await?.trade_state == TradeState::Success {
                shop.show
                    .line("Not yet here; but the order is paid, a query says so.")?;
                return Ok(None);
            }
        }
    };
    let (arrival, transaction) = heard;
    let show = &mut shop.show;
    show.line(format!(
        "POST {}: {}, {} bytes.",
        shop.notify_url, arrival.event_type, arrival.length
    ))?;
    show.holds("The signature holds over the raw bytes; the API v3 key opens what is inside.")?;
    ensure!(
        transaction.trade_state == TradeState::Success,
        "the order is not paid"
    );
    show.holds(format!(
        "Amount (¥{}), mchid, appid and order number are those of the order.",
        order.total.yuan()
    ))?;
    show.line("Written down first, answered second: 204.")?;
    Ok(Some(transaction))
}

fn about(arrival: Arrival, order: &Order) -> Option<(Arrived, Transaction)> {
    match arrival.content {
        Content::Payment(transaction) if transaction.out_trade_no == order.number => Some((
            Arrived {
                event_type: arrival.event_type,
                length: arrival.length,
            },
            *transaction,
        )),
        _ => None,
    }
}

struct Arrived {
    event_type: String,
    length: usize,
}

/// Step 6: asking says the same as being told.
pub(super) async fn query(
    shop: &mut Shop,
    order: &Order,
    heard: Option<&Transaction>,
) -> Result<Transaction> {
    shop.step(6, "Ask, to be sure", "查询订单")?;
    let transaction = order.look_up(shop).await?;
    transaction
        .check(&order.expected(shop))
        .context("the answer does not fit the order")?;
    ensure!(
        transaction.trade_state == TradeState::Success,
        "the order is {}, not SUCCESS",
        transaction.trade_state
    );
    let number = transaction
        .transaction_id
        .as_deref()
        .context("a paid order has a transaction_id")?;
    if let Some(heard) = heard {
        ensure!(
            heard.transaction_id.as_deref() == Some(number),
            "the notification named another transaction_id"
        );
    }
    let time = transaction
        .success_time
        .context("a paid order has a success_time")?;
    shop.show
        .holds(format!("{} (支付成功) at {time}", transaction.trade_state))?;
    shop.show
        .holds(format!("WeChat Pay calls it {number} (微信支付订单号)"))?;
    Ok(transaction)
}
