//! Rows as what a reconciliation compares, and bills as streams of it.

use crate::bill::Bill;
use crate::error::Error;
use crate::fund_flow::{Direction, FundFlow, FundFlows};
use crate::profit_sharing::{ProfitSharing, ProfitSharings};
use crate::reconcile::{Entries, Entry, EntryKind};
use crate::source::BlockingSource;
use crate::trade::{Trade, TradeState, Trades};

impl<'a> Trade<'a> {
    /// The row as an entry of a reconciliation (对账): a payment by its `out_trade_no` with what was ordered, a refund
    /// by its `out_refund_no` with what was asked for, a reversal by the `out_trade_no`. Layouts that lack these
    /// amounts give the nearest they have.
    #[must_use]
    pub fn entry(&self) -> Entry<'a> {
        let Some(refund) = self.refund() else {
            let amount = self.total().or(self.settlement_total());
            return Entry::payment(self.out_trade_no(), amount.unwrap_or_default())
                .with_id(self.transaction_id())
                .with_state(self.trade_state().as_str())
                .with_time(self.trade_time());
        };
        let amount = refund
            .requested_amount
            .or(refund.amount)
            .unwrap_or_default();
        let entry = match (self.trade_state(), refund.out_refund_no) {
            (TradeState::Revoked, _) | (_, None) => {
                Entry::new(EntryKind::Reversal, self.out_trade_no(), amount)
            }
            (_, Some(number)) => Entry::refund(number, amount),
        };
        let entry = match refund.refund_id {
            Some(id) => entry.with_id(id),
            None => entry,
        };
        entry
            .with_state(refund.status.as_str())
            .with_time(refund.success_time.unwrap_or(self.trade_time()))
    }
}

impl<'a> FundFlow<'a> {
    /// The row as an entry of a reconciliation (对账): money that came in or went out, by the number of what it was
    /// booked for. The fee of a payment has the payment's number and goes the other way.
    #[must_use]
    pub fn entry(&self) -> Entry<'a> {
        let kind = match self.direction() {
            Direction::Expense => EntryKind::Expense,
            _ => EntryKind::Income,
        };
        Entry::new(kind, self.business_id(), self.amount())
            .with_id(self.voucher_id())
            .with_time(self.booked_at())
    }
}

impl<'a> ProfitSharing<'a> {
    /// The row as an entry of a reconciliation (对账), by the `detail_id` of the share: an order that is shared among
    /// several has several rows. Returns are told by 回退 in their 业务类型.
    #[must_use]
    pub fn entry(&self) -> Entry<'a> {
        let kind = if self.business_type().contains("回退") {
            EntryKind::ShareReturn
        } else {
            EntryKind::Share
        };
        Entry::new(kind, self.detail_id(), self.amount())
            .with_id(self.order_id())
            .with_time(self.time())
    }
}

/// The rows as entries, proven right at the end.
impl<S: BlockingSource> Entries for Bill<S, Trades> {
    type Error = Error;

    #[inline]
    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, Error> {
        Ok(self.next_row()?.map(|row| row.entry()))
    }
}

/// The rows as entries, proven right at the end.
impl<S: BlockingSource> Entries for Bill<S, FundFlows> {
    type Error = Error;

    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, Error> {
        Ok(self.next_row()?.map(|row| row.entry()))
    }
}

/// The rows as entries, proven right at the end.
impl<S: BlockingSource> Entries for Bill<S, ProfitSharings> {
    type Error = Error;

    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, Error> {
        Ok(self.next_row()?.map(|row| row.entry()))
    }
}
