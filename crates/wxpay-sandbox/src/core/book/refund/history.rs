//! What a refund was at some time: bills show it as it was when they were made.

use wxpay_json::Fen;

use crate::core::book::fee;
use crate::core::book::model::{Order, Refund, RefundStatus};

/// A refund at some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::core::book) struct Standing<'r> {
    pub(in crate::core::book) status: RefundStatus,
    pub(in crate::core::book) channel: &'r str,
    pub(in crate::core::book) succeeded: Option<i64>,
}

impl Refund {
    /// Becomes something else.
    pub(super) fn turn(&mut self, status: RefundStatus, at: i64) {
        if self.past.is_empty() {
            self.past.push((self.created, self.status));
        }
        self.past.push((at, status));
        self.status = status;
    }

    /// What it was right before `time`, and will always have been: what happens in that second is
    /// not in it.
    pub(in crate::core::book) fn before(&self, time: i64) -> Standing<'_> {
        let then = self.past.iter().rev().find(|(since, _)| *since < time);
        let status = match (then, self.succeeded) {
            (Some((_, status)), _) => *status,
            // Of a refund of an earlier sandbox no other time is known.
            (None, Some(at)) if at >= time => RefundStatus::Processing,
            (None, _) => self.status,
        };
        let redirected_later = self
            .past
            .iter()
            .any(|(since, status)| *status == RefundStatus::Processing && *since >= time);
        Standing {
            status,
            channel: if redirected_later {
                "ORIGINAL"
            } else {
                &self.channel
            },
            succeeded: self.succeeded.filter(|_| status == RefundStatus::Success),
        }
    }
}

/// The part of the merchant's fee that comes back with one more refund of an order that has these.
/// It is known when the refund is accepted; those that are closed do not count.
pub(super) fn fee_back(order: &Order, refunds: &[&Refund], amount: Fen) -> Fen {
    let given = refunds
        .iter()
        .filter(|refund| refund.status != RefundStatus::Closed)
        .fold(Fen::ZERO, |sum, refund| {
            sum.checked_add(refund.fee).unwrap_or(sum)
        });
    let left = order
        .left_after(refunds.iter().copied())
        .checked_sub(amount);
    fee::returned(order.total, given, left.unwrap_or(Fen::ZERO))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refund() -> Refund {
        serde_json::from_value(json!({
            "out_refund_no": "r", "refund_id": "1", "out_trade_no": "o", "amount": 100, "from": [],
            "funds_account": null, "reason": null, "notify_url": null, "created": 100,
            "status": "PROCESSING", "received_by": "", "channel": "ORIGINAL", "coming": null,
            "succeeded": null, "fee": 1, "redirected": false,
        }))
        .unwrap()
    }

    #[test]
    fn every_state_has_its_time() {
        let mut refund = refund();
        assert_eq!(refund.before(i64::MAX).status, RefundStatus::Processing);
        refund.turn(RefundStatus::Abnormal, 200);
        refund.turn(RefundStatus::Processing, 300);
        refund.channel = "OTHER_BANKCARD".to_owned();
        refund.turn(RefundStatus::Success, 400);
        refund.succeeded = Some(400);
        for (time, status, channel, succeeded) in [
            (200, RefundStatus::Processing, "ORIGINAL", None),
            (201, RefundStatus::Abnormal, "ORIGINAL", None),
            (300, RefundStatus::Abnormal, "ORIGINAL", None),
            (301, RefundStatus::Processing, "OTHER_BANKCARD", None),
            (400, RefundStatus::Processing, "OTHER_BANKCARD", None),
            (401, RefundStatus::Success, "OTHER_BANKCARD", Some(400)),
        ] {
            let wanted = Standing {
                status,
                channel,
                succeeded,
            };
            assert_eq!(refund.before(time), wanted, "{time}");
        }
    }

    #[test]
    fn a_refund_of_an_earlier_sandbox_has_the_times_it_kept() {
        let mut refund = refund();
        refund.status = RefundStatus::Success;
        refund.succeeded = Some(400);
        assert_eq!(refund.before(400).status, RefundStatus::Processing);
        assert_eq!(refund.before(400).succeeded, None);
        assert_eq!(refund.before(401).succeeded, Some(400));
        refund.succeeded = None;
        refund.status = RefundStatus::Closed;
        assert_eq!(refund.before(101).status, RefundStatus::Closed);
    }
}
