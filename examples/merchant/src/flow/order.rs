//! Orders.

use super::{Conflict, Step, texts, wait};
use crate::Fen;

texts! {
    /// Where an order is.
    OrderState {
        /// In the books; WeChat Pay may not know of it yet.
        Placed = "PLACED",
        /// WeChat Pay gave a code to pay by.
        Paying = "PAYING",
        /// Paid in full. Final.
        Paid = "PAID",
        /// Cannot be paid any more. Final, unless WeChat Pay says it was paid all the same.
        Closed = "CLOSED",
        /// WeChat Pay says something was paid, but not what the order says: a person has to look.
        Held = "HELD",
    }
}

/// What WeChat Pay says about a payment that succeeded (支付成功).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// WeChat Pay's number (微信支付订单号).
    pub transaction_id: String,
    /// The total of the order (订单金额), not what is left after the payer's coupons.
    pub total: Fen,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// What was heard about an order: from prepay, a notice, a query or closing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderEvent {
    /// Prepay (下单) was answered.
    Prepaid,
    /// `SUCCESS`, or `REFUND`, which comes after it.
    Paid(Payment),
    /// `NOTPAY`, `USERPAYING`, `PAYERROR`: it can still be paid.
    Unpaid,
    /// WeChat Pay does not know the order (`ORDER_NOT_EXIST`), or did not when it was asked.
    Unknown {
        /// When the question was sent, in seconds since 1970; the answer may be much younger.
        asked_at: i64,
    },
    /// `CLOSED` or `REVOKED`, or closing was answered without an error.
    Closed,
}

/// What decisions about an order are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFacts {
    /// Where it is.
    pub state: OrderState,
    /// What it costs.
    pub total: Fen,
    /// WeChat Pay's number, once paid.
    pub transaction_id: Option<String>,
    /// The end of the time for payment (`time_expire`), in seconds since 1970.
    pub expires_at: i64,
}

/// What to do about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderAction {
    /// Place it at WeChat Pay (下单), again perhaps: the same number is the same order.
    Prepay,
    /// Ask how it stands (查询订单).
    Query,
    /// Close it (关闭订单); when WeChat Pay answers that it is paid, query.
    Close,
}

impl OrderFacts {
    /// A prepay sent in time has arrived, or never will, so long after the end.
    pub const GRACE: i64 = 60;

    /// What `event` does, whenever it is heard.
    #[must_use]
    pub fn step(&self, event: &OrderEvent) -> Step<OrderState> {
        use OrderState::{Closed, Held, Paid, Paying, Placed};
        match (event, self.state) {
            (OrderEvent::Paid(payment), state) => self.paid(payment, state),
            // A person decides about those, and nothing undoes a payment.
            (_, Paid | Held) => Step::Stay,
            (OrderEvent::Prepaid, Placed) => Step::To(Paying),
            (OrderEvent::Closed, Placed | Paying) => Step::To(Closed),
            // Prepay gives the same end, so WeChat Pay would not take the order any more.
            (OrderEvent::Unknown { asked_at }, Placed | Paying)
                if *asked_at >= self.expires_at + Self::GRACE =>
            {
                Step::To(Closed)
            }
            (OrderEvent::Prepaid | OrderEvent::Unpaid | OrderEvent::Unknown { .. }, _)
            | (OrderEvent::Closed, Closed) => Step::Stay,
        }
    }

    fn paid(&self, payment: &Payment, state: OrderState) -> Step<OrderState> {
        if payment.total != self.total {
            // What is paid stays so: this is about another payment.
            let next = match state {
                OrderState::Paid => OrderState::Paid,
                _ => OrderState::Held,
            };
            let theirs = payment.total.yuan();
            return Step::Conflict(
                next,
                Conflict::new(
                    "AMOUNT",
                    format_args!("{} 元", self.total.yuan()),
                    format_args!("{theirs} 元"),
                ),
            );
        }
        match (state, &self.transaction_id) {
            (OrderState::Paid, Some(ours)) if *ours != payment.transaction_id => Step::Conflict(
                OrderState::Paid,
                Conflict::new("PAID_TWICE", ours, &payment.transaction_id),
            ),
            (OrderState::Paid | OrderState::Held, _) => Step::Stay,
            // Closed as well: the money is there, and counts for more than what we believed.
            _ => Step::To(OrderState::Paid),
        }
    }

    /// What to do now; nothing once the state is final.
    #[must_use]
    pub fn action(&self, now: i64) -> Option<OrderAction> {
        match self.state {
            OrderState::Placed if now < self.expires_at => Some(OrderAction::Prepay),
            OrderState::Paying if now < self.expires_at => Some(OrderAction::Query),
            OrderState::Placed | OrderState::Paying => Some(OrderAction::Close),
            OrderState::Paid | OrderState::Closed | OrderState::Held => None,
        }
    }

    /// When to do it, after so many attempts that did not settle it. The end is not slept through.
    #[must_use]
    pub fn due(&self, attempts: i64, now: i64) -> Option<i64> {
        let due = now + wait(attempts);
        match self.action(now)? {
            OrderAction::Prepay | OrderAction::Query => Some(due.min(self.expires_at)),
            OrderAction::Close => Some(due.min(now + Self::GRACE)),
        }
    }
}
