//! Money that goes out to users, employees and bank cards (红包, 企业付款), and what becomes of it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wxpay_json::Fen;

use super::Book;
use super::text::beijing;
use crate::core::check::clip;

/// How long a red packet nobody opens waits before its money comes back, in seconds.
const UNCLAIMED: i64 = 24 * 3_600;

/// What kind of payment it is; each has numbers of its own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    RedPacket,
    Transfer,
    Employee,
    Bank,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::RedPacket => "red_packet",
            Self::Transfer => "transfer",
            Self::Employee => "employee",
            Self::Bank => "bank",
        }
    }

    /// The name a payment of this kind is kept under.
    pub(super) fn key(self, number: &str) -> String {
        format!("{}/{number}", self.as_str())
    }
}

/// Where the money is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum State {
    /// On its way.
    Processing,
    /// Before the payee, who has not taken it: red packets only.
    Sent,
    Success,
    Failed,
    /// Back with the merchant.
    Returned,
}

/// A payment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Payout {
    /// Kind and number.
    pub(super) key: String,
    pub(super) kind: Kind,
    /// `mch_billno` or `partner_trade_no`.
    pub(super) number: String,
    /// WeChat Pay's own number.
    pub(super) id: String,
    /// What it was asked for with; the same number with something else is refused.
    pub(super) fingerprint: String,
    /// What queries repeat of the request.
    pub(super) fields: Value,
    pub(super) amount: Fen,
    pub(super) created: i64,
    pub(super) state: State,
    /// Whether the merchant was told that it is on its way.
    pub(super) accepted: bool,
    /// What happens to it next, and when.
    pub(super) coming: Option<(i64, State)>,
    /// When the state became what it is.
    pub(super) changed: i64,
    /// What bank cards cost.
    pub(super) fee: Fen,
}

/// What becomes of payments: a control for tests, the same for all payments from then on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PayoutScript {
    /// What the merchant is told: `SUCCESS`, or an `err_code`. Behind `SYSTEMERROR` and `PROCESSING`
    /// the payment goes the way `outcome` says; any other error leaves nothing.
    pub(super) answer: String,
    pub(super) outcome: PayoutOutcome,
    /// After how many seconds of the sandbox's clock.
    pub(super) delay_seconds: u32,
    /// For so many calls; after that everything succeeds. Left out: for all.
    pub(super) times: Option<u32>,
}

impl Default for PayoutScript {
    fn default() -> Self {
        Self {
            answer: "SUCCESS".to_owned(),
            outcome: PayoutOutcome::Success,
            delay_seconds: 0,
            times: None,
        }
    }
}

/// How a payment ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PayoutOutcome {
    Success,
    Failed,
    /// Sent, and back after all: a red packet nobody opened within a day, a bank that sent it back.
    Returned,
    /// The request went astray: nobody knows of the payment.
    Lost,
}

impl PayoutScript {
    /// Whether it makes sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        let word = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if !(1..=32).contains(&self.answer.len()) || !self.answer.bytes().all(word) {
            return Err(
                "answer must be SUCCESS or an err_code: 1 to 32 of A-Z, 0-9 and _".to_owned(),
            );
        }
        if self.outcome == PayoutOutcome::Lost && self.answer != "SYSTEMERROR" {
            return Err("LOST goes with the answer SYSTEMERROR only".to_owned());
        }
        Ok(())
    }

    /// Whether the payment is in the book after such an answer.
    pub(super) fn leaves_a_trace(&self) -> bool {
        self.outcome != PayoutOutcome::Lost
            && matches!(&*self.answer, "SUCCESS" | "SYSTEMERROR" | "PROCESSING")
    }

    /// What is left of it after one more call.
    pub(super) fn used(self) -> Self {
        match self.times {
            None => self,
            Some(0 | 1) => Self::default(),
            Some(times) => Self {
                times: Some(times - 1),
                ..self
            },
        }
    }
}

impl Payout {
    /// Sets it on its way.
    pub(super) fn start(&mut self, script: &PayoutScript) {
        let red_packet = self.kind == Kind::RedPacket;
        let at = self.created.saturating_add(script.delay_seconds.into());
        self.accepted = script.answer == "SUCCESS";
        (self.state, self.coming) = match script.outcome {
            PayoutOutcome::Success if red_packet => (State::Sent, Some((at, State::Success))),
            PayoutOutcome::Success => (State::Processing, Some((at, State::Success))),
            PayoutOutcome::Returned if red_packet => {
                let back = self.created.saturating_add(UNCLAIMED);
                (State::Sent, Some((back, State::Returned)))
            }
            PayoutOutcome::Returned => (State::Processing, Some((at, State::Returned))),
            PayoutOutcome::Failed | PayoutOutcome::Lost => {
                (State::Processing, Some((at, State::Failed)))
            }
        };
        self.settle(self.created);
    }

    /// Lets happen what is due.
    pub(super) fn settle(&mut self, now: i64) {
        if let Some((at, state)) = self.coming.filter(|(at, _)| *at <= now) {
            self.state = state;
            self.changed = at;
            self.coming = None;
        }
    }

    /// A field of the request.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields[name].as_str().unwrap_or_default()
    }

    fn seen(&self) -> Value {
        json!({
            "kind": self.kind,
            "number": self.number,
            "id": self.id,
            "amount": self.amount,
            "state": self.state,
            "create_time": beijing(self.created),
            "change_time": beijing(self.changed),
        })
    }
}

impl Book {
    /// What becomes of payments to users.
    pub(crate) fn payout_script(&self) -> PayoutScript {
        self.store.payout_script.clone()
    }

    /// Decides what becomes of the payments to come.
    pub(crate) fn set_payout_script(&mut self, script: PayoutScript) -> Result<(), String> {
        script.check()?;
        self.store.put_payout_script(script);
        Ok(())
    }

    /// The payments of that number, of whatever kind.
    pub(crate) fn payouts_seen(&self, number: &str) -> Option<Value> {
        let kinds = [Kind::RedPacket, Kind::Transfer, Kind::Employee, Kind::Bank];
        let seen: Vec<Value> = kinds
            .iter()
            .filter_map(|kind| self.store.payout(&kind.key(number)))
            .map(Payout::seen)
            .collect();
        (!seen.is_empty()).then_some(Value::Array(seen))
    }

    /// A payment's time has come.
    pub(super) fn payout_wakes(&mut self, key: &str, at: i64) {
        if let Some(payout) = self.store.payout(key) {
            let mut payout = payout.clone();
            payout.settle(at);
            self.store.put_payout(payout);
        }
    }
}

/// For those who look for a payment that is not there.
pub(crate) fn no_payout(number: &str) -> String {
    format!("there is no payment {}", clip(number, 64))
}
