//! The shop's own books: its orders and refunds, as it knows them from notices and answers. A real shop keeps them in a
//! database.

use std::collections::BTreeMap;

use wxpay_bill::reconcile::{Entry, EntryKind, OwnedEntry};
use wxpay_bill::{Date, DateTime, Fen};

#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// By their numbers (商户订单号).
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) refunds: Vec<Refund>,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) total: Fen,
    pub(crate) placed: DateTime,
    pub(crate) paid: Option<Done>,
    /// A sale at the counter that the cashier took back.
    pub(crate) reversed: Option<DateTime>,
}

#[derive(Clone, Debug)]
pub(crate) struct Refund {
    /// 商户退款单号.
    pub(crate) number: String,
    /// What was asked for.
    pub(crate) amount: Fen,
    /// Once WeChat Pay has taken it on, which is what decides the day of the bill: the money may arrive on another.
    pub(crate) accepted: Option<Done>,
    /// The notice has come that the money arrived.
    pub(crate) arrived: bool,
}

/// That something was done, by WeChat Pay's clock.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// WeChat Pay's number of it, where the shop has heard of one.
    pub(crate) id: Option<String>,
    /// `success_time` of a payment, `create_time` of a refund: what decides the day of the bill.
    pub(crate) at: DateTime,
}

impl Books {
    /// All that the bill of a day should have, as a reconciliation takes it.
    pub(crate) fn entries(&self, day: Date) -> Vec<OwnedEntry> {
        let mut entries = Vec::new();
        let mut add = |entry: Entry<'_>, done: &Done| {
            if done.at.to_beijing().date() == day {
                let id = done.id.as_deref().unwrap_or_default();
                entries.push(entry.with_id(id).with_time(done.at).into());
            }
        };
        for (number, order) in &self.orders {
            if let Some(paid) = &order.paid {
                let entry = Entry::payment(number, order.total);
                add(entry.with_state("SUCCESS"), paid);
            }
            if let Some(at) = order.reversed {
                let entry = Entry::new(EntryKind::Reversal, number, order.total);
                // WeChat Pay numbers reversals, and tells nobody but the bill.
                add(entry, &Done { id: None, at });
            }
        }
        for refund in &self.refunds {
            // Without its state: the bill has that of nine o'clock, and the books are newer.
            if let Some(accepted) = &refund.accepted {
                add(Entry::refund(&refund.number, refund.amount), accepted);
            }
        }
        entries
    }
}
