//! Rate limits (频率限制): so many requests a path in so many seconds, then 429.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

/// More limits than anybody sets by hand.
const MOST_LIMITS: usize = 64;

/// One limit. `PUT /_sandbox/limits` takes a list of them under the name `limits`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    /// How the path begins, such as `/v3/refund/`.
    path: String,
    /// So many requests pass,
    requests: u64,
    /// in so many seconds of the sandbox's clock.
    #[serde(default = "one")]
    seconds: i64,
}

fn one() -> i64 {
    1
}

/// What `PUT /_sandbox/limits` takes: the limits that hold from now on, and no others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    limits: Vec<Limit>,
}

/// The limits and what they have counted.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    gates: Vec<Gate>,
}

#[derive(Debug)]
struct Gate {
    limit: Limit,
    /// The number of the span of time being counted.
    span: i64,
    passed: u64,
}

impl Limits {
    pub(crate) fn set(&mut self, config: Config) -> Result<(), String> {
        if config.limits.len() > MOST_LIMITS {
            return Err(format!("there are more than {MOST_LIMITS} limits"));
        }
        for (index, limit) in config.limits.iter().enumerate() {
            if !limit.path.starts_with('/') {
                return Err(format!("limits[{index}].path must begin with /"));
            }
            if !(1..=86_400).contains(&limit.seconds) {
                return Err(format!(
                    "limits[{index}].seconds must be between 1 and 86400"
                ));
            }
        }
        let gates = config.limits.into_iter().map(|limit| Gate {
            limit,
            span: 0,
            passed: 0,
        });
        self.gates = gates.collect();
        Ok(())
    }

    /// Counts a request; the limit it goes over, if it does. A request that does not pass does not
    /// count.
    pub(crate) fn over(&mut self, path: &str, now: Timestamp) -> Option<&Limit> {
        let now = now.as_unix();
        let held = |gate: &&mut Gate| path.starts_with(&gate.limit.path);
        for gate in self.gates.iter_mut().filter(held) {
            let span = now.div_euclid(gate.limit.seconds);
            if gate.span != span {
                gate.span = span;
                gate.passed = 0;
            }
        }
        let full =
            |gate: &Gate| path.starts_with(&gate.limit.path) && gate.passed >= gate.limit.requests;
        if let Some(index) = self.gates.iter().position(full) {
            return self.gates.get(index).map(|gate| &gate.limit);
        }
        for gate in self
            .gates
            .iter_mut()
            .filter(|gate| path.starts_with(&gate.limit.path))
        {
            gate.passed += 1;
        }
        None
    }

    pub(crate) fn to_json(&self) -> Value {
        let limits: Vec<&Limit> = self.gates.iter().map(|gate| &gate.limit).collect();
        json!({ "limits": limits })
    }
}

impl Limit {
    /// For the journal.
    pub(crate) fn describe(&self) -> String {
        format!(
            "more than {} requests to {} in {} s",
            self.requests, self.path, self.seconds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(config: Value) -> Result<Limits, String> {
        let mut limits = Limits::default();
        limits.set(serde_json::from_value(config).unwrap())?;
        Ok(limits)
    }

    #[test]
    fn so_many_pass_in_a_span_and_the_rest_in_the_next() {
        let mut limits =
            limits(json!({ "limits": [{ "path": "/v3/pay/", "requests": 2, "seconds": 10 }] }))
                .unwrap();
        let mut passes =
            |path: &str, at: i64| limits.over(path, Timestamp::from_unix(at)).is_none();
        assert!(passes("/v3/pay/a", 100) && passes("/v3/pay/b", 109));
        assert!(!passes("/v3/pay/a", 109) && passes("/v3/refund/a", 109));
        assert!(passes("/v3/pay/a", 110));
        // A clock turned back begins a span of its own.
        assert!(passes("/v3/pay/a", 5) && passes("/v3/pay/a", 6) && !passes("/v3/pay/a", 7));
    }

    #[test]
    fn nonsense_is_named() {
        for (limit, problem) in [
            (json!({ "path": "pay", "requests": 1 }), "limits[0].path"),
            (
                json!({ "path": "/v3/", "requests": 1, "seconds": 0 }),
                "limits[0].seconds",
            ),
        ] {
            let error = limits(json!({ "limits": [limit] })).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
        assert!(
            limits(json!({ "limits": vec![json!({ "path": "/v3/", "requests": 1 }); 65] }))
                .is_err()
        );
    }
}
