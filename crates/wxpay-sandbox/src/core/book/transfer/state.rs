//! What becomes of a transfer.

use super::bill::picked;
use super::family::Family;
use super::{Settings, Transfer};
use crate::core::book::Book;
use crate::core::book::notice::{Event, Form};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The `fail_reason` of a transfer nobody confirmed.
const OVERDUE: &str = "OVERDUE_CLOSE";

/// What the merchant is told of a transfer that has ended.
const TOLD: [&str; 12] = [
    "mch_id",
    "mchid",
    "sub_mchid",
    "out_bill_no",
    "transfer_bill_no",
    "state",
    "transfer_amount",
    "openid",
    "user_qq",
    "fail_reason",
    "create_time",
    "update_time",
];

/// 单据状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum State {
    Accepted,
    Processing,
    WaitUserConfirm,
    /// `TRANSFERING`, as WeChat Pay spells it.
    Transferring,
    Success,
    Fail,
    Canceling,
    Cancelled,
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Processing => "PROCESSING",
            Self::WaitUserConfirm => "WAIT_USER_CONFIRM",
            Self::Transferring => "TRANSFERING",
            Self::Success => "SUCCESS",
            Self::Fail => "FAIL",
            Self::Canceling => "CANCELING",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// What happens to a transfer next without a call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Coming {
    /// It is processed, for so many seconds.
    Processing(i64),
    /// The user is asked.
    Asked,
    /// The user has let the time pass.
    Overdue,
    Arrived,
    /// It fails, with the `fail_reason`.
    Failed(String),
    Cancelled,
}

impl Transfer {
    /// Sends the money on its way, where it arrives or, for a reason, does not.
    pub(super) fn send(&mut self, settings: &Settings, reason: Option<String>, now: i64) {
        let reason = reason.or_else(|| settings.failing.get(&self.openid).cloned());
        let end = reason.map_or(Coming::Arrived, Coming::Failed);
        self.state = State::Transferring;
        self.changed = now;
        self.coming = Some((now.saturating_add(settings.delay_seconds.into()), end));
    }
}

impl Book {
    /// The time of a transfer has come.
    pub(in crate::core::book) fn transfer_wakes(&mut self, number: &str, at: i64) {
        let Some(mut transfer) = self.store.piece::<Transfer>(number).cloned() else {
            return;
        };
        let Some((_, coming)) = transfer.coming.take() else {
            return;
        };
        transfer.changed = at;
        match coming {
            Coming::Processing(seconds) => {
                transfer.state = State::Processing;
                transfer.coming = Some((at.saturating_add(seconds), Coming::Asked));
            }
            Coming::Asked => transfer.ask(at),
            Coming::Overdue => {
                transfer.state = State::Fail;
                transfer.fail_reason = Some(OVERDUE.to_owned());
                if let Some(number) = &transfer.confirms {
                    self.overdue_authorization(&number.clone(), at);
                }
            }
            Coming::Arrived => transfer.state = State::Success,
            Coming::Failed(reason) => {
                transfer.state = State::Fail;
                transfer.fail_reason = Some(reason);
            }
            Coming::Cancelled => transfer.state = State::Cancelled,
        }
        if matches!(transfer.state, State::Fail | State::Cancelled) {
            self.put_back(transfer.amount);
        }
        let ended = matches!(
            transfer.state,
            State::Success | State::Fail | State::Cancelled
        );
        if let (true, Some(url)) = (ended, transfer.notify_url.clone()) {
            let plaintext = Value::Object(picked(self.whole_view(&transfer), &TOLD));
            self.announce(Event {
                about: Some(transfer.out_bill_no.clone()),
                event_type: match transfer.family {
                    Family::QqWallet => "MCHTRANSFER.QQWALLETBILL.FINISHED",
                    _ => "MCHTRANSFER.BILL.FINISHED",
                },
                original_type: "mch_payment",
                summary: "商家转账单据终态通知",
                plaintext,
                form: Form::V3,
                url,
                at,
            });
        }
        self.store.put_piece(transfer);
    }
}
