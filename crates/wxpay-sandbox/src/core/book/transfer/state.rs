//! What becomes of a transfer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Settings, Transfer};
use crate::core::book::Book;
use crate::core::book::notice::{Event, Form};
use crate::core::book::text::beijing;
use crate::core::book::transaction::put;

/// The `fail_reason` of a transfer nobody confirmed.
const OVERDUE: &str = "OVERDUE_CLOSE";

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
            let plaintext = self.transfer_told(&transfer);
            self.announce(Event {
                about: Some(transfer.out_bill_no.clone()),
                event_type: "MCHTRANSFER.BILL.FINISHED",
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

    /// What the merchant is told of a transfer that has ended.
    fn transfer_told(&self, transfer: &Transfer) -> Value {
        let mut view = Map::new();
        put(&mut view, "mch_id", Some(&self.parties.mchid));
        put(&mut view, "out_bill_no", Some(&transfer.out_bill_no));
        put(
            &mut view,
            "transfer_bill_no",
            Some(&transfer.transfer_bill_no),
        );
        put(&mut view, "state", Some(transfer.state.as_str()));
        view.insert("transfer_amount".to_owned(), json!(transfer.amount));
        put(&mut view, "openid", Some(&transfer.openid));
        put(&mut view, "fail_reason", transfer.fail_reason.as_deref());
        put(&mut view, "create_time", Some(&beijing(transfer.created)));
        put(&mut view, "update_time", Some(&beijing(transfer.changed)));
        Value::Object(view)
    }
}
