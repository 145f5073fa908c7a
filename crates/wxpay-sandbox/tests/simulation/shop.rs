//! The merchant's book. It learns from proven answers and notifications alone.

use std::collections::BTreeMap;

use wxpay_api::pay::{TradeState, Transaction};
use wxpay_api::refund::{RefundNotification, RefundStatus};
use wxpay_proto::{DateTime, Fen, Notification};
use wxpay_sandbox::Identity;

#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) appid: String,
    pub(crate) mchid: String,
    pub(crate) openid: String,
    pub(crate) orders: BTreeMap<String, Order>,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) number: String,
    pub(crate) total: Fen,
    pub(crate) jsapi: bool,
    pub(crate) state: State,
    pub(crate) refunds: BTreeMap<String, Refund>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    /// Sent, perhaps; the payer has nothing to pay with yet.
    Asked,
    Placed,
    Paid {
        transaction_id: String,
        at: DateTime,
    },
    Closed,
}

#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) amount: Fen,
    /// Nothing while it is not known whether it arrived.
    pub(crate) status: Option<RefundStatus>,
    pub(crate) at: Option<DateTime>,
    /// Notifications do not tell.
    pub(crate) accepted: Option<DateTime>,
}

impl Shop {
    pub(crate) fn new(identity: &Identity) -> Self {
        Self {
            appid: identity.appid().to_owned(),
            mchid: identity.mchid().to_owned(),
            openid: identity.openid().to_owned(),
            orders: BTreeMap::new(),
        }
    }

    /// Takes a notification in; false if it tells nothing new.
    pub(crate) fn notified(&mut self, notification: &Notification) -> bool {
        if notification.event_type().starts_with("REFUND.") {
            let told: RefundNotification = notification.decode().unwrap();
            assert_eq!(told.mchid.as_ref(), Some(&self.mchid));
            self.refunded(
                &told.out_trade_no,
                &told.out_refund_no,
                told.amount.refund,
                told.refund_status,
                told.success_time,
            )
        } else {
            self.learned(&notification.decode().unwrap())
        }
    }

    /// What is known about an order now; false if it was known before.
    pub(crate) fn learned(&mut self, told: &Transaction) -> bool {
        let order = self.orders.get_mut(&told.out_trade_no).unwrap();
        assert_eq!(
            (&told.mchid, told.appid.as_ref()),
            (&self.mchid, Some(&self.appid))
        );
        let before = order.state.clone();
        match told.trade_state {
            TradeState::Success | TradeState::Refund => {
                let amount = told.amount.clone().unwrap();
                assert_eq!(amount.total, Some(order.total));
                let paid = State::Paid {
                    transaction_id: told.transaction_id.clone().unwrap(),
                    at: told.success_time.unwrap(),
                };
                assert_ne!(before, State::Closed, "paid after it was closed: {told:?}");
                if matches!(before, State::Paid { .. }) {
                    assert_eq!(before, paid, "paid twice");
                }
                order.state = paid;
            }
            TradeState::Closed => {
                assert!(
                    !matches!(before, State::Paid { .. }),
                    "closed after it was paid"
                );
                order.state = State::Closed;
            }
            // An older answer can come after a newer notification.
            TradeState::NotPay => {}
            ref other => panic!("an order of this shop cannot be {other}"),
        }
        order.state != before
    }

    /// What is known about a refund now; false if it was known before.
    pub(crate) fn refunded(
        &mut self,
        order: &str,
        number: &str,
        amount: Fen,
        status: RefundStatus,
        at: Option<DateTime>,
    ) -> bool {
        let order = self.orders.get_mut(order).unwrap();
        let refund = order.refunds.get_mut(number).unwrap();
        assert_eq!(refund.amount, amount, "{number}");
        if refund.is_final() {
            if status != RefundStatus::Processing {
                assert_eq!(
                    (refund.status.as_ref(), refund.at),
                    (Some(&status), at),
                    "{number}"
                );
            }
            return false;
        }
        let new = refund.status.as_ref() != Some(&status);
        refund.status = Some(status);
        refund.at = at;
        new
    }
}

impl Order {
    /// What can still be given back.
    pub(crate) fn left(&self) -> i64 {
        let taken = self
            .refunds
            .values()
            .filter(|refund| refund.status != Some(RefundStatus::Closed))
            .map(|refund| refund.amount.as_fen());
        self.total.as_fen() - taken.sum::<i64>()
    }

    pub(crate) fn is_paid(&self) -> bool {
        matches!(self.state, State::Paid { .. })
    }
}

impl Refund {
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self.status, None | Some(RefundStatus::Processing))
    }
}
