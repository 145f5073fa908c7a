//! Platform keys: which are trusted, which is used, when to fetch more, and who fetches.
//!
//! A state machine over a clock that is given. It makes no request; whoever holds a [`RefreshPermit`]
//! does, one at a time.

mod platform_key;
mod policy;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use wxpay_sign::{PlatformKeyId, Timestamp};

pub use platform_key::{PlatformCertificate, PlatformKey, PlatformKeyError, PlatformPublicKey};
pub use policy::RefreshPolicy;

/// The platform keys of one merchant, shared by everybody who holds a clone: a key that is added or fetched
/// through one is seen through all.
///
/// WeChat Pay signs with a platform certificate (平台证书) or a WeChat Pay public key (微信支付公钥) and says
/// which in `Wechatpay-Serial`. Both kinds may be held side by side: during a migration from one to the
/// other, and from one certificate to the next, both are in use. A key is found by its id or not at
/// all.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012153196> and
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012154180>.
#[derive(Clone)]
pub struct PlatformKeyring(Arc<RwLock<State>>);

struct State {
    public_keys: Vec<PlatformKey>,
    certificates: Vec<PlatformKey>,
    /// Whether there is an endpoint to fetch certificates from: not for merchants that have only a
    /// public key.
    fetches: bool,
    policy: RefreshPolicy,
    flight: Option<u64>,
    flights: u64,
    refreshed_at: Option<Timestamp>,
    asked_for_unknown_at: Option<Timestamp>,
    failures: u32,
    not_before: Option<Timestamp>,
    /// The last good answer, still encrypted.
    export: Option<Bytes>,
}

/// Why keys are wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefreshReason {
    /// To be up to date.
    Scheduled,
    /// There is no key to make a request with.
    Missing,
    /// Something is signed with a key that is not known.
    UnknownKey(PlatformKeyId),
}

/// Whether to fetch now.
#[derive(Debug)]
#[non_exhaustive]
pub enum RefreshDecision {
    /// There is no need, or nothing to fetch from.
    NotNeeded,
    /// Somebody is at it: wait for them and ask again.
    InFlight,
    /// Not yet: it was done or has failed a moment ago.
    Wait {
        /// When to ask again.
        until: Timestamp,
    },
    /// Do it, with this permit.
    Start(RefreshPermit),
}

/// The right to fetch the certificates, held by one at a time. Dropping it gives it back as a failure;
/// the next attempt waits for the back-off, counted from when the permit was given.
/// [`fail`](Self::fail) counts it from now.
#[derive(Debug)]
#[must_use = "dropping a permit counts as a failed refresh"]
pub struct RefreshPermit {
    keyring: PlatformKeyring,
    flight: u64,
    started_at: Timestamp,
    done: bool,
}

impl PlatformKeyring {
    /// Empty; certificates are fetched.
    #[must_use]
    pub fn certificates() -> Self {
        Self::of(true)
    }

    /// One WeChat Pay public key, for merchants that have no platform certificates. Nothing is fetched:
    /// there is no interface to fetch public keys from.
    #[must_use]
    pub fn public_key(key: PlatformPublicKey) -> Self {
        Self::of(false).with_public_key(key)
    }

    /// Adds a WeChat Pay public key. It is preferred to certificates for new requests.
    #[must_use]
    pub fn with_public_key(self, key: PlatformPublicKey) -> Self {
        let key = key.into_key();
        {
            let mut state = self.write();
            state.public_keys.retain(|held| held.id() != key.id());
            state.public_keys.insert(0, key);
        }
        self
    }

    /// Adds a platform certificate that was obtained in another trusted way.
    #[must_use]
    pub fn with_certificate(self, certificate: PlatformCertificate) -> Self {
        self.write().add(certificate.into_key());
        self
    }

    /// Sets how often to fetch.
    #[must_use]
    pub fn with_refresh_policy(self, policy: RefreshPolicy) -> Self {
        self.write().policy = policy;
        self
    }

    /// The key of an id, if it is trusted.
    ///
    /// A certificate past its end is still found until a refresh has brought a newer one: WeChat Pay
    /// stops signing with it by itself.
    #[must_use]
    pub fn key(&self, id: &PlatformKeyId) -> Option<PlatformKey> {
        let state = self.read();
        let held = match id {
            PlatformKeyId::PublicKey(_) => &state.public_keys,
            _ => &state.certificates,
        };
        held.iter().find(|key| key.id() == id).cloned()
    }

    /// The key for a new request: to encrypt with and to have the answer signed by. A public key where
    /// there is one, else the newest certificate that is valid.
    #[must_use]
    pub fn preferred(&self, now: Timestamp) -> Option<PlatformKey> {
        self.read().preferred(now).cloned()
    }

    /// The ids of all trusted keys.
    #[must_use]
    pub fn key_ids(&self) -> Vec<PlatformKeyId> {
        let state = self.read();
        let all = state.public_keys.iter().chain(&state.certificates);
        all.map(|key| key.id().clone()).collect()
    }

    /// Asks whether to fetch the certificates now.
    #[must_use]
    pub fn refresh(&self, now: Timestamp, reason: RefreshReason) -> RefreshDecision {
        let mut state = self.write();
        if !state.fetches {
            return RefreshDecision::NotNeeded;
        }
        let due = match &reason {
            RefreshReason::Scheduled => state.is_stale(now).then_some(None),
            RefreshReason::Missing => match state.preferred(now) {
                Some(_) => None,
                None => Some(state.refreshed_at),
            },
            RefreshReason::UnknownKey(id) => {
                let known = state.certificates.iter().chain(&state.public_keys);
                // Public keys come from the merchant's portal; fetching cannot bring one.
                let hopeless = matches!(id, PlatformKeyId::PublicKey(_));
                if hopeless || known.into_iter().any(|key| key.id() == id) {
                    None
                } else {
                    Some(state.asked_for_unknown_at)
                }
            }
        };
        let Some(last) = due else {
            return RefreshDecision::NotNeeded;
        };
        if state.flight.is_some() {
            return RefreshDecision::InFlight;
        }
        // Whoever forges serial numbers must not make us ask again and again.
        let pause = state.policy.unknown_key_interval_seconds();
        let next = last.map(|last| last.saturating_add(pause));
        for until in [next, state.not_before].into_iter().flatten() {
            // A limit further away than any pause means that the clock was set back.
            if until > now && until <= now.saturating_add(pause.max(state.policy.longest_pause())) {
                return RefreshDecision::Wait { until };
            }
        }
        if matches!(reason, RefreshReason::UnknownKey(_)) {
            state.asked_for_unknown_at = Some(now);
        }
        state.flights += 1;
        state.flight = Some(state.flights);
        RefreshDecision::Start(RefreshPermit {
            keyring: self.clone(),
            flight: state.flights,
            started_at: now,
            done: false,
        })
    }

    pub(crate) fn install(&self, keys: Vec<PlatformKey>, export: Option<Bytes>, at: Timestamp) {
        let mut state = self.write();
        for key in keys {
            state.add(key);
        }
        state.prune(at);
        state.refreshed_at = Some(at);
        if export.is_some() {
            state.export = export;
        }
    }

    pub(crate) fn export(&self) -> Option<Bytes> {
        self.read().export.clone()
    }

    pub(crate) fn refreshed_at(&self) -> Option<Timestamp> {
        self.read().refreshed_at
    }

    fn of(fetches: bool) -> Self {
        Self(Arc::new(RwLock::new(State {
            public_keys: Vec::new(),
            certificates: Vec::new(),
            fetches,
            policy: RefreshPolicy::default(),
            flight: None,
            flights: 0,
            refreshed_at: None,
            asked_for_unknown_at: None,
            failures: 0,
            not_before: None,
            export: None,
        })))
    }

    // No code panics while it holds the lock; and if it did, every state in between is a valid one.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, key: PlatformKey) {
        self.certificates.retain(|held| held.id() != key.id());
        self.certificates.push(key);
    }

    fn preferred(&self, now: Timestamp) -> Option<&PlatformKey> {
        self.public_keys.first().or_else(|| {
            let valid = self.certificates.iter().filter(|key| key.is_valid(now));
            valid.max_by_key(|key| key.not_before())
        })
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        let interval = self.policy.interval_seconds();
        self.refreshed_at.is_none_or(|at| {
            // Outside in both directions: a clock that was set back must not stop refreshing.
            !(at..at.saturating_add(interval)).contains(&now)
        })
    }

    /// Forgets certificates past their end, unless nothing valid would be left.
    fn prune(&mut self, now: Timestamp) {
        if self.certificates.iter().any(|key| key.is_valid(now)) {
            self.certificates.retain(|key| !key.has_ended(now));
        }
    }
}

impl RefreshPermit {
    /// When it was given.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Gives it back without having fetched, because the keys came another way: from a cache that
    /// somebody else has filled.
    pub fn release(mut self) {
        self.done = true;
        let mut state = self.keyring.write();
        if state.flight == Some(self.flight) {
            state.flight = None;
        }
    }

    /// Gives it back after a failure at `now`: the next attempt waits for the back-off from then on,
    /// however long the failed one took.
    pub fn fail(mut self, now: Timestamp) {
        self.failed(now);
    }

    fn failed(&mut self, at: Timestamp) {
        if self.done {
            return;
        }
        self.done = true;
        let mut state = self.keyring.write();
        if state.flight == Some(self.flight) {
            state.flight = None;
            let pause = state.policy.back_off_seconds(state.failures);
            state.failures = state.failures.saturating_add(1);
            state.not_before = Some(at.saturating_add(pause));
        }
    }

    pub(crate) fn succeed(mut self, now: Timestamp) {
        self.done = true;
        let mut state = self.keyring.write();
        if state.flight == Some(self.flight) {
            state.flight = None;
        }
        state.failures = 0;
        state.not_before = None;
        state.refreshed_at = Some(now);
    }
}

impl Drop for RefreshPermit {
    fn drop(&mut self) {
        self.failed(self.started_at);
    }
}

impl fmt::Debug for PlatformKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.read();
        f.debug_struct("PlatformKeyring")
            .field("public_keys", &state.public_keys)
            .field("certificates", &state.certificates)
            .field("refreshed_at", &state.refreshed_at)
            .finish_non_exhaustive()
    }
}
