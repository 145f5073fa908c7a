//! The bill of Tenpay (财付通对账单): the rows of the trade bill.

use super::trades::{self, TradeBill};
use super::{DAY, Flaws, OLDEST, READY, midnight};
use crate::core::book::Book;
use crate::core::v1::BillKind;
use wxpay_sign::Timestamp;

impl Book {
    /// The bill of a day, `2014-07-01`; nothing where there is none, or none yet.
    pub(crate) fn v1_bill(
        &self,
        day: &str,
        kind: BillKind,
        flaws: Flaws,
        now: Timestamp,
    ) -> Option<String> {
        let start = midnight(day.parse().ok()?)?;
        let age = now.as_unix().saturating_sub(start);
        if !(READY..=OLDEST).contains(&age) {
            return None;
        }
        let which = match kind {
            BillKind::All => TradeBill::All,
            BillKind::Paid => TradeBill::Success,
            BillKind::Refunded => TradeBill::Refund,
        };
        let hours = start..start.saturating_add(DAY);
        let text = trades::write(&self.store, which, None, &hours, self.manner(flaws))?;
        // GBK has no byte order mark.
        Some(text.trim_start_matches('\u{feff}').to_owned())
    }
}
