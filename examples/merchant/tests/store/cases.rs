//! What has to hold on either database.

mod orders;
mod refunds;
mod work;

use merchant::Fen;
use merchant::flow::{OrderEvent, OrderState, Payment, RefundEvent, RefundState, RefundStatus};
use merchant::store::{Applied, NewOrder, NewRefund, Subject};

use super::Shop;

pub(crate) use orders::*;
pub(crate) use refunds::*;
pub(crate) use work::*;

const NOW: i64 = 1_795_224_902;

fn order(number: &str) -> NewOrder {
    NewOrder {
        out_trade_no: number.to_owned(),
        token: format!("token-{number}"),
        goods: "tea".to_owned(),
        quantity: 2,
        total: Fen::new(100),
        expires_at: NOW + 900,
    }
}

fn paid(total: i64) -> OrderEvent {
    OrderEvent::Paid(Payment {
        transaction_id: "4200000001".to_owned(),
        total: Fen::new(total),
        at: NOW + 20,
    })
}

fn refund(number: &str, amount: i64) -> NewRefund {
    NewRefund {
        out_refund_no: number.to_owned(),
        out_trade_no: "T1".to_owned(),
        amount: Fen::new(amount),
        reason: "不想要了".to_owned(),
    }
}

fn status(state: RefundState, number: &str, amount: i64) -> RefundEvent {
    RefundEvent::Status(RefundStatus {
        state,
        refund_id: format!("50{number}"),
        amount: Some(Fen::new(amount)),
        accepted_at: None,
        finished_at: None,
    })
}

/// An order of 100 fen, paid.
async fn paid_order(shop: &Shop) {
    shop.store.place_order(&order("T1"), NOW).await.unwrap();
    let applied = shop
        .store
        .apply_to_order("T1", &paid(100), None, NOW + 20)
        .await;
    assert_eq!(applied.unwrap(), Applied::Changed(OrderState::Paid));
}

/// What is due long after everything.
async fn jobs(shop: &Shop) -> Vec<(Subject, String)> {
    let jobs = shop.store.claim(NOW + 1_000_000, 0, 100).await.unwrap();
    jobs.into_iter()
        .map(|job| (job.subject, job.number))
        .collect()
}
