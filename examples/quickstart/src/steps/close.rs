//! Step 9: an order nobody pays.

use anyhow::{Result, ensure};
use wxpay_api::pay::{CloseOrder, TradeState};

use crate::shop::{Order, Shop};

pub(super) async fn close_unpaid(shop: &mut Shop, yuan: &str) -> Result<Order> {
    shop.step(9, "Close an order nobody pays", "关闭订单")?;
    let (order, _) = Order::place(shop, 'C', "一块桂花糕", yuan).await?;
    let state = order.look_up(shop).await?.trade_state;
    ensure!(
        state == TradeState::NotPay,
        "a new order is {state}, not NOTPAY"
    );
    shop.client
        .execute(&CloseOrder::new(&order.number, &shop.mchid))
        .await?;
    let state = order.look_up(shop).await?.trade_state;
    ensure!(
        state == TradeState::Closed,
        "a closed order is {state}, not CLOSED"
    );
    shop.show.line(format!(
        "Osmanthus cake (一块桂花糕), ¥{}, order {}: the guest has left.",
        order.total.yuan(),
        order.number
    ))?;
    shop.show
        .holds("NOTPAY (未支付) before, CLOSED (已关闭) after; nobody can pay it now.")?;
    Ok(order)
}
