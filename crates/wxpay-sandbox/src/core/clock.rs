//! The sandbox's clock: the caller's, moved by an offset.

use serde_json::{Value, json};
use wxpay_json::DateTime;
use wxpay_sign::Timestamp;

/// From the year 1971 to the year 9998: inside it no arithmetic on times can go wrong.
const EARLIEST: i64 = 31_536_000;
const LATEST: i64 = 253_339_228_800;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    offset: i64,
}

impl Clock {
    pub(crate) fn now(self, real: Timestamp) -> Timestamp {
        let moved = real.as_unix().saturating_add(self.offset);
        Timestamp::from_unix(moved.clamp(EARLIEST, LATEST))
    }

    /// The caller's time at which the sandbox's clock will show `at`.
    pub(crate) fn real(self, at: Timestamp) -> Timestamp {
        Timestamp::from_unix(at.as_unix().saturating_sub(self.offset))
    }

    pub(crate) fn offset(self) -> i64 {
        self.offset
    }

    pub(crate) fn set_offset(&mut self, offset: i64) {
        self.offset = offset;
    }

    /// Takes `{"now": …}`, `{"advance_seconds": n}` or `{"offset_seconds": n}`.
    pub(crate) fn set(&mut self, body: &Value, real: Timestamp) -> Result<(), String> {
        let map = body.as_object().filter(|map| map.len() == 1).ok_or(
            "exactly one of \"now\" (RFC 3339 or Unix seconds), \"advance_seconds\" and \"offset_seconds\" is needed",
        )?;
        let seconds = |value: &Value, name: &str| {
            value
                .as_i64()
                .ok_or_else(|| format!("\"{name}\" must be a whole number of seconds"))
        };
        let real = real.as_unix();
        let target = match map.iter().next() {
            Some((name, value)) if name == "now" => match value {
                Value::String(text) => text
                    .parse::<DateTime>()
                    .map_err(|error| format!("\"now\": {error}"))?
                    .as_unix(),
                value => seconds(value, name)?,
            },
            Some((name, value)) if name == "advance_seconds" => real
                .saturating_add(self.offset)
                .saturating_add(seconds(value, name)?),
            Some((name, value)) if name == "offset_seconds" => {
                real.saturating_add(seconds(value, name)?)
            }
            _ => {
                return Err(
                    "unknown field; known are \"now\", \"advance_seconds\" and \"offset_seconds\""
                        .to_owned(),
                );
            }
        };
        if !(EARLIEST..=LATEST).contains(&target) {
            return Err("the time must be between the years 1971 and 9998".to_owned());
        }
        self.offset = target.saturating_sub(real);
        Ok(())
    }

    pub(crate) fn to_json(self, real: Timestamp) -> Value {
        let now = self.now(real).as_unix();
        json!({
            "now": DateTime::beijing(now).to_string(),
            "unix": now,
            "offset_seconds": self.offset,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: Timestamp = Timestamp::from_unix(1_700_000_000);

    #[test]
    fn it_is_moved_to_a_time_by_a_step_or_to_an_offset() {
        let mut clock = Clock::default();
        clock
            .set(&json!({ "now": "2023-11-15T06:13:30+08:00" }), REAL)
            .unwrap();
        assert_eq!(clock.offset(), 10);
        clock.set(&json!({ "advance_seconds": 5 }), REAL).unwrap();
        assert_eq!(clock.now(REAL), Timestamp::from_unix(1_700_000_015));
        assert_eq!(clock.real(Timestamp::from_unix(1_700_000_015)), REAL);
        clock.set(&json!({ "offset_seconds": -1 }), REAL).unwrap();
        assert_eq!(clock.to_json(REAL)["unix"], 1_699_999_999);
        clock.set(&json!({ "now": 1_800_000_000 }), REAL).unwrap();
        assert_eq!(clock.now(REAL), Timestamp::from_unix(1_800_000_000));
    }

    #[test]
    fn nonsense_is_refused_and_changes_nothing() {
        let mut clock = Clock::default();
        for body in [
            json!({}),
            json!([]),
            json!({ "now": 1, "advance_seconds": 1 }),
            json!({ "now": "tomorrow" }),
            json!({ "now": 1.5e300 }),
            json!({ "later": 1 }),
            json!({ "advance_seconds": i64::MAX }),
            json!({ "advance_seconds": i64::MIN }),
            json!({ "offset_seconds": "1" }),
        ] {
            assert!(clock.set(&body, REAL).is_err(), "{body}");
        }
        assert_eq!(clock.offset(), 0);
    }
}
