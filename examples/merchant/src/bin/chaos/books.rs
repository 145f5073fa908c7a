//! The shop's books as a whole: against the bill, and against what the shop made of it itself.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use merchant::flow::{OrderState, RefundState};
use merchant::store::{Order, Refund, Store};
use wxpay_bill::Date;

use crate::bill::Bill;
use crate::report::{Findings, Totals};

/// What the shop has.
pub(crate) struct Books {
    pub(crate) orders: BTreeMap<String, Order>,
    /// By the number of their order.
    pub(crate) refunds: BTreeMap<String, Vec<Refund>>,
}

impl Books {
    pub(crate) async fn read(store: &Store) -> Result<Self> {
        let orders = store.orders(i64::MAX).await?;
        let orders = orders
            .into_iter()
            .map(|order| (order.placed.out_trade_no.clone(), order))
            .collect();
        let mut refunds = BTreeMap::<_, Vec<_>>::new();
        for refund in store.refunds(i64::MAX).await? {
            let of = refund.asked.out_trade_no.clone();
            refunds.entry(of).or_default().push(refund);
        }
        Ok(Self { orders, refunds })
    }

    /// The shop's books against the bill, in both directions.
    pub(crate) fn against(&self, bill: &Bill, totals: &mut Totals, findings: &Findings) {
        for (number, payment) in &bill.payments {
            totals.paid[2].add(payment.total);
            let order = self.orders.get(number);
            let same = order.is_some_and(|order| {
                order.paid == payment.total
                    && order.transaction_id.as_ref() == Some(&payment.transaction_id)
            });
            if !same {
                findings.differs(format!(
                    "{number}: billed {payment:?}, in the shop {order:?}"
                ));
            }
        }
        for (number, refund) in &bill.refunds {
            if !refund.failed {
                totals.refunded[2].add(refund.asked);
            }
            let ours = self.refunds.get(&refund.out_trade_no).into_iter().flatten();
            let ours = ours
                .into_iter()
                .find(|it| it.asked.out_refund_no == *number);
            let state = if refund.failed {
                RefundState::Closed
            } else {
                RefundState::Success
            };
            let same = ours.is_some_and(|ours| {
                ours.asked.amount == refund.asked
                    && ours.refund_id.as_ref() == Some(&refund.refund_id)
                    && ours.state == state
            });
            if !same {
                findings.differs(format!("{number}: billed {refund:?}, in the shop {ours:?}"));
            }
        }
        for (number, order) in &self.orders {
            if order.state == OrderState::Paid && !bill.payments.contains_key(number) {
                findings.differs(format!("{number}: is paid, and not on the bill"));
            }
        }
        for refund in self.refunds.values().flatten() {
            let number = &refund.asked.out_refund_no;
            if refund.state != RefundState::Refused && !bill.refunds.contains_key(number) {
                findings.differs(format!("{number}: is refunded, and not on the bill"));
            }
        }
        for number in &bill.odd {
            findings.differs(format!("{number}: is twice on the bill"));
        }
        for (what, sums) in [("paid", totals.paid), ("refunded", totals.refunded)] {
            if sums[0] != sums[1] || sums[0] != sums[2] {
                findings.differs(format!("{what} by shop, sandbox and bill: {sums:?}"));
            }
        }
    }
}

/// What the shop found by itself: nothing, and the same sums.
pub(crate) async fn own_reconciliation(
    store: &Store,
    day: Date,
    bill: &Bill,
    findings: &Findings,
) -> Result<()> {
    for found in store.differences(i64::MAX).await? {
        findings.differs(format!("the shop found {found:?}"));
    }
    let day = day.to_string();
    let bills = store.bills(i64::MAX).await?;
    let own = bills.iter().find(|bill| bill.day == day);
    let own = own.context("the shop has no bill of the day")?;
    let paid: i64 = bill.payments.values().map(|it| it.total.as_fen()).sum();
    let refunded: i64 = bill.refunds.values().map(|it| it.asked.as_fen()).sum();
    let own = &own.totals;
    let same = own.payments == i64::try_from(bill.payments.len())?
        && own.refunds == i64::try_from(bill.refunds.len())?
        && own.paid.as_fen() == paid
        && own.refunded.as_fen() == refunded;
    if !same {
        findings.differs(format!(
            "the shop read of its bill {own:?}; it has {} payments over {paid} fen and {} refunds \
             over {refunded} fen",
            bill.payments.len(),
            bill.refunds.len()
        ));
    }
    Ok(())
}
