//! What the sandbox does wrong on request. Each fault rolls a die of its own, so that the same seed
//! strikes the same requests whatever other faults are set.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What `PUT /_sandbox/faults` takes. What is not named is not done.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    answers: BTreeMap<AnswerFault, Fault>,
    notifications: BTreeMap<NotificationFault, Fault>,
}

/// How often a fault strikes, and how.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// 0 for never, 1 for always.
    pub(crate) rate: f64,
    #[serde(default)]
    pub(crate) seed: u64,
    /// Only requests whose path begins so; only notifications whose `event_type` begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) only: Option<String>,
    /// At most so many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u64>,
    /// How long, for `latency`, `delay` and `reorder`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) milliseconds: Option<u64>,
    /// The `Retry-After` of `status_429`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
    /// How many bytes of the body `truncate_body` lets through, and how many of the file
    /// `bill_cut_off` leaves; half without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<usize>,
    /// Whether `status_500`, `status_502`, `html_page` and `empty_body` answer a request that was
    /// carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) processed: Option<bool>,
}

macro_rules! faults {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
        pub(crate) enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

faults! {
    /// What can be wrong with an answer.
    AnswerFault {
        /// The answer is late.
        Latency = "latency",
        /// The connection is cut, the request not looked at.
        DropBefore = "drop_before",
        /// The request is carried out, the connection cut instead of an answer.
        DropAfter = "drop_after",
        /// `FREQUENCY_LIMITED`, the request not looked at.
        Status429 = "status_429",
        /// `SYSTEM_ERROR`.
        Status500 = "status_500",
        /// A page of HTML from something in between.
        Status502 = "status_502",
        /// A page of HTML with 200, in the place of the answer.
        HtmlPage = "html_page",
        /// Nothing at all, with 200.
        EmptyBody = "empty_body",
        /// A signature over other bytes.
        WrongSignature = "wrong_signature",
        /// Signed rightly, an hour ago.
        StaleTimestamp = "stale_timestamp",
        /// `Wechatpay-Serial` names a key nobody knows.
        UnknownSerial = "unknown_serial",
        /// No `Wechatpay-*` headers at all.
        MissingSignatureHeaders = "missing_signature_headers",
        /// The connection ends before the body does.
        TruncateBody = "truncate_body",
        /// A signature probe (签名探测).
        SignatureProbe = "signature_probe",
        /// The file of a bill ends early, its connection does not.
        BillCutOff = "bill_cut_off",
        /// A byte of a bill's text is another than when its hash was made.
        BillByteChanged = "bill_byte_changed",
        /// A sum of a bill is not that of its rows. Its hash is right.
        BillSumsWrong = "bill_sums_wrong",
    }
}

faults! {
    /// What can be wrong with a notification.
    NotificationFault {
        /// Sent twice.
        Duplicate = "duplicate",
        /// Overtaken by later ones.
        Reorder = "reorder",
        /// Late.
        Delay = "delay",
        /// This attempt never arrives; the schedule goes on.
        Lose = "lose",
        /// A signature probe (签名探测) in the place of this attempt.
        Probe = "probe",
        /// A signature over other bytes in the place of this attempt.
        WrongSignature = "wrong_signature",
        /// Signed an hour ago, in the place of this attempt.
        StaleTimestamp = "stale_timestamp",
        /// Names a key nobody knows, in the place of this attempt.
        UnknownSerial = "unknown_serial",
        /// Signed with MD5 though the order was placed with HMAC-SHA256. It is genuine. Only v2.
        NoticeMd5 = "notice_md5",
    }
}

/// Ten minutes: no client waits longer, and a typing error should not hang a test for days.
const MOST_MILLISECONDS: u64 = 600_000;

#[derive(Debug, Default)]
pub(crate) struct Faults {
    config: Config,
    answers: BTreeMap<AnswerFault, Die>,
    notifications: BTreeMap<NotificationFault, Die>,
}

#[derive(Debug)]
struct Die {
    rng: StdRng,
    struck: u64,
}

impl Faults {
    /// Replaces everything that was set before; every die starts anew.
    pub(crate) fn set(&mut self, body: &[u8]) -> Result<(), String> {
        let config: Config = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        for (fault, settings) in &config.answers {
            let allowed: &[&str] = match fault {
                AnswerFault::Latency => &["milliseconds"],
                AnswerFault::Status429 => &["retry_after"],
                AnswerFault::Status500
                | AnswerFault::Status502
                | AnswerFault::HtmlPage
                | AnswerFault::EmptyBody => &["processed"],
                AnswerFault::TruncateBody | AnswerFault::BillCutOff => &["bytes"],
                _ => &[],
            };
            settings
                .check(allowed, *fault == AnswerFault::Latency)
                .map_err(|error| format!("answers.{}: {error}", fault.as_str()))?;
        }
        for (fault, settings) in &config.notifications {
            let allowed: &[&str] = match fault {
                NotificationFault::Delay | NotificationFault::Reorder => &["milliseconds"],
                _ => &[],
            };
            settings
                .check(allowed, *fault == NotificationFault::Delay)
                .map_err(|error| format!("notifications.{}: {error}", fault.as_str()))?;
        }
        self.answers = config
            .answers
            .iter()
            .map(|(fault, settings)| (*fault, Die::new(settings, *fault as u64)))
            .collect();
        self.notifications = config
            .notifications
            .iter()
            .map(|(fault, settings)| (*fault, Die::new(settings, 64 + *fault as u64)))
            .collect();
        self.config = config;
        Ok(())
    }

    /// Whether the fault strikes the answer to a request of this path.
    pub(crate) fn answer(&mut self, fault: AnswerFault, path: &str) -> Option<Fault> {
        let settings = self.config.answers.get(&fault)?;
        self.answers.get_mut(&fault)?.roll(settings, path)
    }

    /// Whether the fault strikes a notification of this kind.
    pub(crate) fn notification(
        &mut self,
        fault: NotificationFault,
        event_type: &str,
    ) -> Option<Fault> {
        let settings = self.config.notifications.get(&fault)?;
        self.notifications
            .get_mut(&fault)?
            .roll(settings, event_type)
    }

    /// What is set, and how often each fault has struck since.
    pub(crate) fn to_json(&self) -> Value {
        let mut value = json!({
            "answers": self.config.answers,
            "notifications": self.config.notifications,
            "struck": { "answers": {}, "notifications": {} },
        });
        for (fault, die) in &self.answers {
            value["struck"]["answers"][fault.as_str()] = die.struck.into();
        }
        for (fault, die) in &self.notifications {
            value["struck"]["notifications"][fault.as_str()] = die.struck.into();
        }
        value
    }
}

impl Fault {
    fn check(&self, allowed: &[&str], needs_milliseconds: bool) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.rate) {
            return Err("rate must be between 0 (never) and 1 (always)".to_owned());
        }
        for (name, given) in [
            ("milliseconds", self.milliseconds.is_some()),
            ("retry_after", self.retry_after.is_some()),
            ("bytes", self.bytes.is_some()),
            ("processed", self.processed.is_some()),
        ] {
            if given && !allowed.contains(&name) {
                return Err(format!("{name} has no meaning here"));
            }
        }
        match self.milliseconds {
            None if needs_milliseconds => Err("milliseconds is missing".to_owned()),
            Some(milliseconds) if milliseconds > MOST_MILLISECONDS => {
                Err(format!("milliseconds is more than {MOST_MILLISECONDS}"))
            }
            _ => Ok(()),
        }
    }
}

impl Die {
    /// The salt keeps two faults of one seed from always striking together.
    fn new(settings: &Fault, salt: u64) -> Self {
        let seed = settings.seed ^ salt.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self {
            rng: StdRng::seed_from_u64(seed),
            struck: 0,
        }
    }

    fn roll(&mut self, settings: &Fault, target: &str) -> Option<Fault> {
        if settings
            .only
            .as_deref()
            .is_some_and(|only| !target.starts_with(only))
        {
            return None;
        }
        // Below 1 always, so that a rate of 1 strikes every time and 0 never.
        let strikes = self.rng.random::<f64>() < settings.rate;
        if !strikes || settings.times.is_some_and(|times| self.struck >= times) {
            return None;
        }
        self.struck += 1;
        Some(settings.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(config: &str, fault: AnswerFault) -> Vec<bool> {
        let mut faults = Faults::default();
        faults.set(config.as_bytes()).unwrap();
        (0..64)
            .map(|_| faults.answer(fault, "/v3/pay").is_some())
            .collect()
    }

    #[test]
    fn the_same_seed_strikes_the_same_requests() {
        let one = r#"{"answers":{"drop_after":{"rate":0.5,"seed":7}}}"#;
        let two = r#"{"answers":{"drop_after":{"rate":0.5,"seed":7},"status_429":{"rate":0.5,"seed":7}}}"#;
        let first = strikes(one, AnswerFault::DropAfter);
        assert_eq!(first, strikes(two, AnswerFault::DropAfter));
        assert_ne!(first, strikes(two, AnswerFault::Status429));
        assert_ne!(
            first,
            strikes(&one.replace('7', "8"), AnswerFault::DropAfter)
        );
        let struck = first.iter().filter(|strikes| **strikes).count();
        assert!((16..48).contains(&struck), "{struck}");
    }

    #[test]
    fn rates_paths_and_times_hold() {
        assert!(
            strikes(
                r#"{"answers":{"latency":{"rate":1,"milliseconds":1}}}"#,
                AnswerFault::Latency
            )
            .iter()
            .all(|s| *s)
        );
        assert!(
            !strikes(
                r#"{"answers":{"drop_before":{"rate":0}}}"#,
                AnswerFault::DropBefore
            )
            .contains(&true)
        );
        assert!(
            !strikes(
                r#"{"answers":{"drop_before":{"rate":1,"only":"/v3/refund"}}}"#,
                AnswerFault::DropBefore
            )
            .contains(&true)
        );
        let struck = strikes(
            r#"{"answers":{"drop_before":{"rate":1,"times":2}}}"#,
            AnswerFault::DropBefore,
        );
        assert_eq!(struck.iter().filter(|s| **s).count(), 2);
        assert!(struck[1]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let mut faults = Faults::default();
        faults
            .set(br#"{"answers":{"drop_after":{"rate":1}}}"#)
            .unwrap();
        for (body, problem) in [
            (
                r#"{"answers":{"drop":{"rate":1}}}"#,
                "expected one of `latency`",
            ),
            (r#"{"answer":{}}"#, "unknown field `answer`"),
            (
                r#"{"answers":{"drop_after":{"rate":2}}}"#,
                "answers.drop_after: rate must be between",
            ),
            (r#"{"answers":{"drop_after":{}}}"#, "missing field `rate`"),
            (
                r#"{"answers":{"latency":{"rate":1}}}"#,
                "answers.latency: milliseconds is missing",
            ),
            (
                r#"{"answers":{"latency":{"rate":1,"milliseconds":600001}}}"#,
                "more than",
            ),
            (
                r#"{"answers":{"drop_after":{"rate":1,"bytes":1}}}"#,
                "bytes has no meaning here",
            ),
            (
                r#"{"notifications":{"lose":{"rate":1,"ms":1}}}"#,
                "unknown field `ms`",
            ),
            ("", "EOF"),
        ] {
            let error = faults.set(body.as_bytes()).unwrap_err();
            assert!(error.contains(problem), "{body}: {error}");
        }
        // What was set before is still set.
        assert!(faults.answer(AnswerFault::DropAfter, "/").is_some());
        assert_eq!(faults.to_json()["struck"]["answers"]["drop_after"], 1);
    }
}
