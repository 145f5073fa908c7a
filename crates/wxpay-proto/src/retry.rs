//! Whether and when to try again. The decision only; the waiting is the caller's.

use std::time::Duration;

use http::StatusCode;

use crate::operation::Idempotency;
use crate::response::AcceptError;
use crate::verification::VerificationError;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// No byte of it left: no connection.
    NotSent,
    /// It was sent, wholly or in part, and no answer that can be believed came back.
    Unknown,
    /// An error status came back.
    Status {
        /// Which.
        status: StatusCode,
        /// The pause the answer asks for.
        retry_after: Option<Duration>,
    },
    /// Another attempt would end the same way.
    Final,
}

impl Outcome {
    /// What an answer of v2 that was not accepted means for another attempt.
    ///
    /// Without an answer that can be believed, and after `SYSTEMERROR`, the result is [`Unknown`](Self::Unknown): a
    /// query, or a request with a merchant's number, may be sent again as it is. Of the other codes only those are
    /// repeated that say that nothing was done: another request is in the way, or there were too many. Whatever has
    /// to wait for a person or a query is [`Final`](Self::Final).
    #[cfg(feature = "v2")]
    #[must_use]
    pub fn of_v2(error: &crate::v2::AcceptError) -> Self {
        use crate::v2::{AcceptError, ErrorCode};
        match error {
            AcceptError::Status(answer) => Self::Status {
                status: answer.status(),
                retry_after: answer.retry_after(),
            },
            AcceptError::NotXml(_) | AcceptError::Verification(_) => Self::Unknown,
            AcceptError::Protocol(error) if error.is_undetermined() => Self::Unknown,
            AcceptError::Api(error) => match error.code() {
                ErrorCode::SystemError
                | ErrorCode::BankError
                | ErrorCode::NetworkError
                | ErrorCode::NeedRetry => Self::Unknown,
                ErrorCode::FrequencyLimited | ErrorCode::FreqLimit => Self::Status {
                    status: StatusCode::TOO_MANY_REQUESTS,
                    retry_after: None,
                },
                _ => Self::Final,
            },
            AcceptError::Protocol(_) | AcceptError::Decode(_) => Self::Final,
        }
    }

    /// What an answer that was not accepted means for another attempt.
    #[must_use]
    pub fn of(error: &AcceptError) -> Self {
        match error {
            // Refusals, in spite of their status 500.
            AcceptError::Api(error)
                if matches!(error.code(), "OPENID_MISMATCH" | "INVALID_TRANSACTIONID") =>
            {
                Self::Final
            }
            AcceptError::Api(error) => Self::Status {
                status: error.status(),
                retry_after: error.retry_after(),
            },
            AcceptError::Unexpected(answer) => Self::Status {
                status: answer.status(),
                retry_after: answer.retry_after(),
            },
            // WeChat Pay signs a few answers wrongly on purpose; the next one is right.
            AcceptError::Verification(VerificationError::Probe) => Self::Unknown,
            AcceptError::Verification(VerificationError::Mismatch { .. }) => Self::Unknown,
            AcceptError::Verification(_) | AcceptError::Decode(_) => Self::Final,
        }
    }
}

/// What to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RetryAdvice {
    /// How long to wait first.
    pub after: Duration,
    /// Whether to go to the next host, where there is one.
    pub switch_host: bool,
}

/// When to try again: only what cannot happen twice.
///
/// | outcome | query | with a merchant number | otherwise |
/// |---|---|---|---|
/// | not sent | yes, next host | yes, next host | yes, next host |
/// | no answer | yes, next host | yes, next host | no |
/// | 429 | yes | yes | no |
/// | 500 to 599 | yes, next host unless 500 | yes, likewise | no |
/// | anything else | no | no | no |
///
/// Each attempt has the same body and a fresh timestamp, nonce and signature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    max_attempts: u32,
    first_delay: Duration,
    reconnect_delay: Duration,
    max_delay: Duration,
}

impl RetryPolicy {
    /// One attempt.
    #[must_use]
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// How many attempts in all; 3 unless set, at least 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The first pause after an error status or a missing answer; doubled with each further one. 1 second
    /// unless set.
    #[must_use]
    pub const fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// The first pause where nothing was sent; doubled likewise. 100 milliseconds unless set.
    #[must_use]
    pub const fn reconnect_delay(mut self, delay: Duration) -> Self {
        self.reconnect_delay = delay;
        self
    }

    /// The longest pause, `Retry-After` included: an answer that asks for more is final. 10 seconds unless
    /// set.
    #[must_use]
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Decides after the attempt of this number, counted from 1. `jitter`, from 0 up to 1, spreads the
    /// callers: the pause is between half and the whole of what it would be.
    #[must_use]
    pub fn next(
        &self,
        attempt: u32,
        idempotency: Idempotency,
        outcome: &Outcome,
        jitter: f64,
    ) -> Option<RetryAdvice> {
        if attempt >= self.max_attempts {
            return None;
        }
        let repeatable = !matches!(idempotency, Idempotency::No);
        let (first, switch_host, asked) = match *outcome {
            Outcome::NotSent => (self.reconnect_delay, true, None),
            Outcome::Unknown if repeatable => (self.first_delay, true, None),
            Outcome::Status {
                status,
                retry_after,
            } if repeatable => match status.as_u16() {
                429 => (self.first_delay, false, retry_after),
                500 => (self.first_delay, false, retry_after),
                501..=599 => (self.first_delay, true, retry_after),
                _ => return None,
            },
            _ => return None,
        };
        if asked.is_some_and(|asked| asked > self.max_delay) {
            return None;
        }
        let doubled = first.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let whole = doubled.min(self.max_delay);
        // NaN and what is out of range count as no jitter.
        let jitter = if (0.0..1.0).contains(&jitter) {
            jitter
        } else {
            1.0
        };
        // No overflow, however long the pauses are.
        let half = whole / 2;
        let spread = half.saturating_add(half.mul_f64(jitter));
        Some(RetryAdvice {
            after: asked.map_or(spread, |asked| asked.max(spread)),
            switch_host,
        })
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            first_delay: Duration::from_secs(1),
            reconnect_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(idempotency: Idempotency, outcome: Outcome) -> Option<RetryAdvice> {
        RetryPolicy::default().next(1, idempotency, &outcome, 0.5)
    }

    fn status(status: StatusCode) -> Outcome {
        Outcome::Status {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn what_would_happen_twice_is_repeated_only_if_nothing_was_sent() {
        assert!(advice(Idempotency::No, Outcome::NotSent).is_some());
        for outcome in [
            Outcome::Unknown,
            status(StatusCode::TOO_MANY_REQUESTS),
            status(StatusCode::INTERNAL_SERVER_ERROR),
            status(StatusCode::BAD_GATEWAY),
            Outcome::Final,
        ] {
            assert_eq!(advice(Idempotency::No, outcome), None, "{outcome:?}");
        }
    }

    #[test]
    fn refusals_are_final() {
        for idempotency in [Idempotency::Safe, Idempotency::MerchantNumber] {
            for code in [400, 401, 403, 404, 409] {
                let outcome = status(StatusCode::from_u16(code).expect("a status"));
                assert_eq!(advice(idempotency, outcome), None, "{code}");
            }
        }
    }

    #[test]
    fn hosts_change_where_the_host_may_be_at_fault() {
        let switch = |outcome| advice(Idempotency::Safe, outcome).map(|advice| advice.switch_host);
        assert_eq!(switch(Outcome::NotSent), Some(true));
        assert_eq!(switch(Outcome::Unknown), Some(true));
        assert_eq!(switch(status(StatusCode::BAD_GATEWAY)), Some(true));
        assert_eq!(
            switch(status(StatusCode::INTERNAL_SERVER_ERROR)),
            Some(false)
        );
        assert_eq!(switch(status(StatusCode::TOO_MANY_REQUESTS)), Some(false));
    }

    #[test]
    fn pauses_double_up_to_the_limit_and_attempts_end() {
        let policy = RetryPolicy::default().max_attempts(20);
        let after = |attempt| {
            policy
                .next(attempt, Idempotency::Safe, &Outcome::Unknown, 1.0)
                .map(|advice| advice.after.as_millis())
        };
        assert_eq!(
            [after(1), after(2), after(3), after(4), after(5), after(19)],
            [
                Some(1000),
                Some(2000),
                Some(4000),
                Some(8000),
                Some(10_000),
                Some(10_000)
            ]
        );
        assert_eq!(after(20), None);
        let half = policy.next(1, Idempotency::Safe, &Outcome::Unknown, 0.0);
        assert_eq!(half.map(|advice| advice.after.as_millis()), Some(500));
    }

    #[test]
    fn no_pause_is_too_long_to_compute() {
        let policy = RetryPolicy::default()
            .max_attempts(u32::MAX)
            .first_delay(Duration::MAX)
            .max_delay(Duration::MAX);
        for jitter in [0.0, 0.999, 1.0, f64::NAN, f64::INFINITY, -1.0] {
            for attempt in [1, 2, 1000, u32::MAX - 1] {
                let advice = policy.next(attempt, Idempotency::Safe, &Outcome::Unknown, jitter);
                assert!(advice.is_some_and(|advice| advice.after >= Duration::MAX / 2));
            }
        }
    }

    #[test]
    fn retry_after_is_honoured_or_final() {
        let asked = |seconds| Outcome::Status {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let after = |outcome| advice(Idempotency::Safe, outcome).map(|advice| advice.after);
        assert_eq!(after(asked(7)), Some(Duration::from_secs(7)));
        assert_eq!(after(asked(11)), None);
    }
}
