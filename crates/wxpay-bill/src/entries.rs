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
    #[inline]
    #[must_use]
    pub fn entry(&self) -> Entry<'a> {
        if self.is_payment() {
            let amount = self.total().or_else(|| self.settlement_total());
            // At once, because this is done for every row.
            return Entry {
                kind: EntryKind::Payment,
                number: self.out_trade_no(),
                amount: amount.unwrap_or_default(),
                id: Some(self.transaction_id()),
                state: Some(TradeState::Success.as_str()),
                time: Some(self.trade_time()),
            };
        }
        self.refund_entry()
    }

    fn refund_entry(&self) -> Entry<'a> {
        let refund = self.refund();
        let amount = refund.and_then(|refund| refund.requested_amount.or(refund.amount));
        let number = refund.and_then(|refund| refund.out_refund_no);
        let amount = amount.unwrap_or_default();
        let entry = match number {
            Some(number) if self.trade_state() != TradeState::Revoked => {
                Entry::refund(number, amount)
            }
            _ => Entry::new(EntryKind::Reversal, self.out_trade_no(), amount),
        };
        let time = refund.and_then(|refund| refund.success_time);
        entry
            .with_id(
                refund
                    .and_then(|refund| refund.refund_id)
                    .unwrap_or_default(),
            )
            .with_state(refund.map_or("", |refund| refund.status.as_str()))
            .with_time(time.unwrap_or_else(|| self.trade_time()))
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
        // By reference: rows are larger than entries.
        match self.next_row() {
            Ok(row) => Ok(row.as_ref().map(Trade::entry)),
            Err(error) => Err(error),
        }
    }
}

/// The rows as entries, proven right at the end.
impl<S: BlockingSource> Entries for Bill<S, FundFlows> {
    type Error = Error;

    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, Error> {
        // By reference: rows are larger than entries.
        match self.next_row() {
            Ok(row) => Ok(row.as_ref().map(FundFlow::entry)),
            Err(error) => Err(error),
        }
    }
}

/// The rows as entries, proven right at the end.
impl<S: BlockingSource> Entries for Bill<S, ProfitSharings> {
    type Error = Error;

    fn next_entry(&mut self) -> Result<Option<Entry<'_>>, Error> {
        // By reference: rows are larger than entries.
        match self.next_row() {
            Ok(row) => Ok(row.as_ref().map(ProfitSharing::entry)),
            Err(error) => Err(error),
        }
    }
}
