//! Notifications waiting to be taken, on WeChat Pay's schedule.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012791861>: after an attempt that failed the next
//! follows after 15 s, 15 s, 30 s, 3 min, 10 min, 20 min, 30 min, 30 min, 30 min, 60 min, 3 h, 3 h,
//! 3 h, 6 h and 6 h; then WeChat Pay gives up.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::model::Signing;
use super::text::beijing;
use super::v1;

/// Seconds from a failed attempt to the next.
pub(super) const SCHEDULE: [i64; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// The same for combine orders of v2: shorter, and over within three hours and four minutes.
const COMBINED_SCHEDULE: [i64; 9] = [15, 15, 30, 180, 1_800, 1_800, 1_800, 1_800, 3_600];
/// The `original_type` of those.
pub(super) const COMBINED: &str = "combined";

/// Events that are told on schedules of their own, by how they begin: so many times after so many
/// seconds each.
const RUNS: [(&str, &[(usize, i64)]); 3] = [
    ("MCHTRANSFER.", &[(10, 15), (10, 300), (44, 1_800)]),
    ("COUPON.SEND", &[(11, 60)]),
    ("COUPON.USE", &[(9, 60)]),
];

/// The delay at a place of runs of equal delays.
fn nth(runs: &[(usize, i64)], mut place: usize) -> Option<i64> {
    for (count, delay) in runs {
        match place.checked_sub(*count) {
            Some(rest) => place = rest,
            None => return Some(*delay),
        }
    }
    None
}

/// How a notification is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// An encrypted event in JSON.
    #[default]
    V3,
    /// Signed XML: the fields of the plaintext.
    V2(Signing),
    /// XML around encrypted XML: the fields of the plaintext, and those of the envelope.
    V2Refund(Signing),
    /// Signed XML, for a payment with a signed query: the plaintext says what of it stands where.
    V1(v1::Kind),
}

/// An event to be sent now.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// The notification's `id`, the same at every attempt.
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) event_type: String,
    pub(crate) original_type: String,
    pub(crate) summary: String,
    /// What is told.
    pub(crate) event: Value,
    pub(crate) form: Form,
    /// When the event happened.
    pub(crate) created: Timestamp,
}

/// What a notification tells, before it has a name and a place in the queue.
#[derive(Debug)]
pub(super) struct Event {
    /// `out_trade_no` or `combine_out_trade_no`; nothing for an event of no order.
    pub(super) about: Option<String>,
    pub(super) event_type: &'static str,
    pub(super) original_type: &'static str,
    pub(super) summary: &'static str,
    pub(super) plaintext: Value,
    pub(super) form: Form,
    pub(super) url: String,
    pub(super) at: i64,
}

/// A notification and how its attempts went.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Notice {
    pub(super) id: String,
    pub(super) about: Option<String>,
    url: String,
    event_type: String,
    original_type: String,
    summary: String,
    plaintext: Value,
    #[serde(default)]
    form: Form,
    created: i64,
    attempts: Vec<Attempt>,
    /// When it is sent again; nothing once it was taken or given up.
    pub(super) next: Option<i64>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Attempt {
    at: i64,
    taken: bool,
}

impl Notice {
    pub(super) fn new(id: String, event: Event) -> Self {
        Self {
            id,
            about: event.about,
            url: event.url,
            event_type: event.event_type.to_owned(),
            original_type: event.original_type.to_owned(),
            summary: event.summary.to_owned(),
            plaintext: event.plaintext,
            form: event.form,
            created: event.at,
            attempts: Vec::new(),
            next: Some(event.at),
        }
    }

    /// Takes down how an attempt went. Nothing changes once it was taken or given up.
    pub(super) fn attempted(&mut self, taken: bool, now: i64) {
        if self.next.is_none() {
            return;
        }
        let failed_before = self.attempts.len();
        self.attempts.push(Attempt { at: now, taken });
        self.next = match self.delay(failed_before) {
            Some(delay) if !taken => Some(now.saturating_add(delay)),
            _ => None,
        };
    }

    /// Seconds to the next attempt after so many that failed; none once it is given up.
    fn delay(&self, failed_before: usize) -> Option<i64> {
        let schedule: &[i64] = match self.form {
            Form::V1(_) => &v1::SCHEDULE,
            _ if self.original_type == COMBINED => &COMBINED_SCHEDULE,
            _ => {
                let runs = RUNS
                    .iter()
                    .find(|(prefix, _)| self.event_type.starts_with(prefix));
                match runs {
                    Some((_, runs)) => return nth(runs, failed_before),
                    None => &SCHEDULE,
                }
            }
        };
        schedule.get(failed_before).copied()
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    pub(super) fn outgoing(&self) -> Outgoing {
        Outgoing {
            id: self.id.clone(),
            url: self.url.clone(),
            event_type: self.event_type.clone(),
            original_type: self.original_type.clone(),
            summary: self.summary.clone(),
            event: self.plaintext.clone(),
            form: self.form,
            created: Timestamp::from_unix(self.created),
        }
    }

    /// For those who look at an order.
    pub(super) fn view(&self) -> Value {
        let taken = self.attempts.last().is_some_and(|attempt| attempt.taken);
        json!({
            "id": self.id,
            "event_type": self.event_type,
            "url": self.url,
            "state": match (taken, self.next) {
                (true, _) => "delivered",
                (false, Some(_)) => "pending",
                (false, None) => "given_up",
            },
            "attempts": self.attempts.iter().map(|attempt| json!({
                "time": beijing(attempt.at),
                "delivered": attempt.taken,
            })).collect::<Vec<_>>(),
            "next_attempt": self.next.map(beijing),
            "content": self.plaintext,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Notice {
        Notice::new(
            "id".to_owned(),
            Event {
                about: None,
                event_type: "TRANSACTION.SUCCESS",
                original_type: "transaction",
                summary: "支付成功",
                plaintext: Value::Null,
                form: Form::V3,
                url: "http://127.0.0.1:1/".to_owned(),
                at: 1_000,
            },
        )
    }

    #[test]
    fn the_schedule_is_fifteen_tries_over_a_day_and_four_minutes() {
        assert_eq!(SCHEDULE.len(), 15);
        assert_eq!(SCHEDULE.iter().sum::<i64>(), 24 * 3_600 + 4 * 60);
        let mut notice = notice();
        let mut times = Vec::new();
        while let Some(at) = notice.next {
            times.push(at - 1_000);
            notice.attempted(false, at);
        }
        assert_eq!(
            times,
            [
                0, 15, 30, 60, 240, 840, 2_040, 3_840, 5_640, 7_440, 11_040, 21_840, 32_640,
                43_440, 65_040, 86_640
            ]
        );
        assert_eq!(notice.view()["state"], "given_up");
    }

    #[test]
    fn transfers_and_coupons_are_told_on_schedules_of_their_own() {
        for (event_type, tries, seconds) in [
            ("MCHTRANSFER.BILL.FINISHED", 65, 150 + 3_000 + 44 * 1_800),
            ("COUPON.SEND", 12, 660),
            ("COUPON.USE", 10, 540),
        ] {
            let mut notice = notice();
            notice.event_type = event_type.to_owned();
            let mut last = 0;
            while let Some(at) = notice.next {
                last = at;
                notice.attempted(false, at);
            }
            assert_eq!(notice.attempts.len(), tries, "{event_type}");
            assert_eq!(last, 1_000 + seconds, "{event_type}");
        }
    }

    #[test]
    fn one_that_was_taken_stays_taken() {
        let mut notice = notice();
        notice.attempted(false, 1_000);
        notice.attempted(true, 1_015);
        assert_eq!(notice.next, None);
        notice.attempted(false, 1_030);
        assert_eq!(notice.next, None);
        assert_eq!(notice.attempts.len(), 2);
        assert_eq!(notice.view()["state"], "delivered");
    }
}
