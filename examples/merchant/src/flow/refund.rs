//! Refunds.

use super::{Conflict, Step, texts, wait};
use crate::Fen;

texts! {
    /// Where a refund is.
    RefundState {
        /// In the books, its amount held; WeChat Pay may not know of it yet.
        Reserved = "RESERVED",
        /// WeChat Pay has taken it.
        Processing = "PROCESSING",
        /// The payer's account could not take the money (退款异常): a person has to act, then it goes on.
        Abnormal = "ABNORMAL",
        /// The payer has the money. Final.
        Success = "SUCCESS",
        /// WeChat Pay gave it up, the money is still the shop's (退款关闭). Final.
        Closed = "CLOSED",
        /// WeChat Pay never took it and never will. Final.
        Refused = "REFUSED",
    }
}

/// What WeChat Pay says about a refund it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundStatus {
    /// `PROCESSING`, `ABNORMAL`, `SUCCESS` or `CLOSED`, as our states.
    pub state: RefundState,
    /// WeChat Pay's number (微信支付退款单号).
    pub refund_id: String,
    /// What is refunded (退款金额); `None` where WeChat Pay does not say it.
    pub amount: Option<Fen>,
    /// When WeChat Pay took it, in seconds since 1970, where it is said: bills have it on that day.
    pub accepted_at: Option<i64>,
    /// When it came to its end, in seconds since 1970, where it is said.
    pub finished_at: Option<i64>,
}

/// What was heard about a refund: from the request, a notice or a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundEvent {
    /// WeChat Pay knows it, and this is how it stands.
    Status(RefundStatus),
    /// WeChat Pay does not know it (`RESOURCE_NOT_EXISTS`): the request has to be sent again.
    Unknown,
    /// WeChat Pay answered the request with an error that no repetition mends, and a query sent
    /// *after that* with not knowing the refund. A timeout, a 5xx, a frequency limit or too little
    /// money in the account is no such error: then nothing was heard, and the request is repeated.
    Refused,
}

/// What decisions about a refund are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundFacts {
    /// Where it is.
    pub state: RefundState,
    /// What is given back.
    pub amount: Fen,
    /// WeChat Pay's number, once it has taken the refund.
    pub refund_id: Option<String>,
}

/// What to do about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundAction {
    /// Request it, always with the same number: WeChat Pay refunds a number once.
    Send,
    /// Ask how it stands.
    Query,
}

impl RefundState {
    /// Whether nothing can change it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Closed | Self::Refused)
    }

    /// Later states never go back to earlier ones.
    const fn rank(self) -> u8 {
        match self {
            Self::Reserved => 0,
            Self::Processing => 1,
            Self::Abnormal => 2,
            Self::Success | Self::Closed | Self::Refused => 3,
        }
    }
}

impl RefundFacts {
    /// What `event` does.
    #[must_use]
    pub fn step(&self, event: &RefundEvent) -> Step<RefundState> {
        match event {
            RefundEvent::Status(status) => self.status(status),
            RefundEvent::Refused if self.state == RefundState::Reserved => {
                Step::To(RefundState::Refused)
            }
            RefundEvent::Refused | RefundEvent::Unknown => Step::Stay,
        }
    }

    fn status(&self, status: &RefundStatus) -> Step<RefundState> {
        let stay = |kind, ours: &dyn std::fmt::Display, theirs: &dyn std::fmt::Display| {
            Step::Conflict(self.state, Conflict::new(kind, ours, theirs))
        };
        if let Some(amount) = status.amount.filter(|amount| *amount != self.amount) {
            return stay(
                "REFUND_AMOUNT",
                &format_args!("{} 元", self.amount.yuan()),
                &format_args!("{} 元", amount.yuan()),
            );
        }
        if let Some(ours) = self
            .refund_id
            .as_ref()
            .filter(|id| **id != status.refund_id)
        {
            return stay("REFUNDED_TWICE", ours, &status.refund_id);
        }
        if status.state.rank() > self.state.rank() {
            return Step::To(status.state);
        }
        let denied = self.state == RefundState::Refused
            || (self.state.is_final() && status.state.is_final() && self.state != status.state);
        if denied {
            return stay("REFUND_STATE", &self.state, &status.state);
        }
        Step::Stay
    }

    /// What to do now; nothing once the state is final.
    #[must_use]
    pub const fn action(&self) -> Option<RefundAction> {
        match self.state {
            RefundState::Reserved => Some(RefundAction::Send),
            RefundState::Processing | RefundState::Abnormal => Some(RefundAction::Query),
            RefundState::Success | RefundState::Closed | RefundState::Refused => None,
        }
    }

    /// When to do it, after so many attempts that did not settle it.
    #[must_use]
    pub fn due(&self, attempts: i64, now: i64) -> Option<i64> {
        self.action()?;
        Some(now + wait(attempts))
    }
}
