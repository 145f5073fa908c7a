//! The access token: fetched by one, used by all, again before it ends.
//!
//! A state machine over a clock that is given. It makes no request; whoever holds a [`TokenPermit`] does, one
//! at a time.

mod fetch;
mod policy;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wxpay_sign::Timestamp;

use super::secret::AccessToken;

pub use fetch::{FetchAccessToken, IssuedToken, TokenFuture, TokenProvider};
pub use policy::TokenPolicy;

const A_DAY: i64 = 24 * 60 * 60;
/// Above any quota there is; more fetches a day than this are not counted.
const MOST_COUNTED: usize = 10_000;

/// The access token of one account, shared by everybody who holds a clone.
#[derive(Clone)]
pub struct TokenCache(Arc<Mutex<State>>);

struct State {
    policy: TokenPolicy,
    current: Option<Held>,
    /// The last one that was refused: a central server must not give it again.
    refused: Option<AccessToken>,
    in_flight: bool,
    /// When tokens were fetched in the last 24 hours.
    fetched: VecDeque<Timestamp>,
    failures: u32,
    not_before: Option<Timestamp>,
}

struct Held {
    token: AccessToken,
    from: Timestamp,
    replace_at: Timestamp,
    until: Timestamp,
}

impl Held {
    /// Outside in both directions: a clock that was set back must not keep a token alive.
    fn is_valid(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    fn is_due(&self, now: Timestamp) -> bool {
        !self.is_valid(now) || self.replace_at <= now
    }
}

/// What to do for a token.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenDecision {
    /// Take this one.
    Use(AccessToken),
    /// Fetch one, with this permit.
    Fetch(TokenPermit),
    /// Somebody is at it: wait for them and ask again.
    InFlight,
    /// There is none, and not yet: it was refused, or could not be fetched, a moment ago, or the day's fetches are
    /// used up.
    Wait {
        /// When to ask again.
        until: Timestamp,
    },
}

/// The right to fetch a token, held by one at a time. Dropping it gives it back as a failure; the next attempt
/// waits for the back-off, counted from when the permit was given. [`fail`](Self::fail) counts it from now.
#[derive(Debug)]
#[must_use = "dropping a permit counts as a failed fetch"]
pub struct TokenPermit {
    cache: TokenCache,
    started_at: Timestamp,
    refused: Option<AccessToken>,
    done: bool,
}

impl TokenCache {
    /// Empty.
    #[must_use]
    pub fn new(policy: TokenPolicy) -> Self {
        Self(Arc::new(Mutex::new(State {
            policy,
            current: None,
            refused: None,
            in_flight: false,
            fetched: VecDeque::new(),
            failures: 0,
            not_before: None,
        })))
    }

    /// Asks for a token. A token that is near its end is still given to those who ask while somebody fetches the
    /// next.
    #[must_use]
    pub fn ask(&self, now: Timestamp) -> TokenDecision {
        let mut state = self.lock();
        let usable = match &state.current {
            Some(held) if !held.is_due(now) => return TokenDecision::Use(held.token.clone()),
            Some(held) if held.is_valid(now) => Some(held.token.clone()),
            _ => None,
        };
        if state.in_flight {
            return usable.map_or(TokenDecision::InFlight, TokenDecision::Use);
        }
        if let Some(until) = state.pause(now) {
            return usable.map_or(TokenDecision::Wait { until }, TokenDecision::Use);
        }
        if state.fetched.len() == MOST_COUNTED {
            state.fetched.pop_front();
        }
        state.fetched.push_back(now);
        state.in_flight = true;
        TokenDecision::Fetch(TokenPermit {
            cache: self.clone(),
            started_at: now,
            refused: state.refused.clone(),
            done: false,
        })
    }

    /// Says that WeChat no longer takes this token
    /// ([`AcceptError::is_token_expired`](super::AcceptError::is_token_expired)). Nothing happens where it is not
    /// the current one: then somebody has fetched the next already.
    pub fn invalidate(&self, token: &AccessToken) {
        let mut state = self.lock();
        if state
            .current
            .as_ref()
            .is_some_and(|held| held.token.is(token))
        {
            state.refused = state.current.take().map(|held| held.token);
        }
    }

    /// Puts in a token that was kept from before or came from elsewhere, valid from now.
    pub fn install(&self, issued: IssuedToken, now: Timestamp) {
        self.lock().hold(issued, now);
    }

    /// The current token and when it ends, to keep it over a restart. As confidential as the token.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> Option<(AccessToken, Timestamp)> {
        let state = self.lock();
        let held = state.current.as_ref().filter(|held| held.is_valid(now));
        held.map(|held| (held.token.clone(), held.until))
    }

    // No code panics while it holds the lock; and if it did, every state in between is a valid one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hold(&mut self, issued: IssuedToken, from: Timestamp) {
        let lasts = issued.expires_in.max(0);
        let margin = self.policy.margin.min(lasts / 2);
        self.current = Some(Held {
            token: issued.token,
            from,
            replace_at: from.saturating_add(lasts - margin),
            until: from.saturating_add(lasts),
        });
    }

    /// Until when nothing may be fetched, if so.
    fn pause(&mut self, now: Timestamp) -> Option<Timestamp> {
        // Times in the future mean that the clock was set back; they must not stop fetching for ever.
        self.fetched
            .retain(|at| *at <= now && now.seconds_since(*at) < A_DAY);
        let last = self.fetched.back();
        let interval = last.map(|last| last.saturating_add(self.policy.interval));
        let daily = self
            .fetched
            .len()
            .checked_sub(self.policy.daily)
            .map(|over| match self.fetched.get(over) {
                Some(oldest) => oldest.saturating_add(A_DAY),
                // A limit of none at all.
                None => now.saturating_add(A_DAY),
            });
        let longest = self.policy.longest_back_off;
        let back_off = self
            .not_before
            .filter(|until| *until <= now.saturating_add(longest));
        // After a failure the back-off alone decides: the interval guards against tokens that are refused.
        let interval = if self.failures > 0 { None } else { interval };
        [interval, daily, back_off]
            .into_iter()
            .flatten()
            .filter(|until| *until > now)
            .max()
    }
}

impl TokenPermit {
    /// The token that was refused last: a [`TokenProvider`] needs to know.
    #[must_use]
    pub const fn refused(&self) -> Option<&AccessToken> {
        self.refused.as_ref()
    }

    /// Takes the new token, which counts from when the permit was given: it cannot end later than that.
    pub fn succeed(mut self, issued: IssuedToken) {
        self.done = true;
        let mut state = self.cache.lock();
        state.in_flight = false;
        state.failures = 0;
        state.not_before = None;
        state.refused = None;
        state.hold(issued, self.started_at);
    }

    /// Gives it back after a failure at `now`: the next attempt waits for the back-off from then on, however long
    /// the failed one took.
    pub fn fail(mut self, now: Timestamp) {
        self.failed(now);
    }

    fn failed(&mut self, at: Timestamp) {
        if self.done {
            return;
        }
        self.done = true;
        let mut state = self.cache.lock();
        state.in_flight = false;
        let pause = state.policy.back_off_seconds(state.failures);
        state.failures = state.failures.saturating_add(1);
        state.not_before = Some(at.saturating_add(pause));
    }
}

impl Drop for TokenPermit {
    fn drop(&mut self) {
        self.failed(self.started_at);
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::new(TokenPolicy::default())
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("TokenCache")
            .field("policy", &state.policy)
            .field("until", &state.current.as_ref().map(|held| held.until))
            .field("in_flight", &state.in_flight)
            .finish_non_exhaustive()
    }
}
