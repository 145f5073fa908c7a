//! The core behind its lock, and everything that has to happen around each call into it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;
use wxpay_sign::Timestamp;

use super::chain;
use crate::core::{Change, Core};
use crate::home::{Home, StateLog};

/// What all connections and the notifier share.
pub(super) struct Shared {
    state: Mutex<State>,
    work: Notify,
}

struct State {
    core: Core,
    home: Home,
    log: StateLog<Change>,
    platform_certificates: usize,
}

impl Shared {
    pub(super) fn new(core: Core, home: Home, log: StateLog<Change>) -> Self {
        let platform_certificates = core.identity().platform_certificates().len();
        let state = State {
            core,
            home,
            log,
            platform_certificates,
        };
        Self {
            state: Mutex::new(state),
            work: Notify::new(),
        }
    }

    /// Calls the core and keeps what it changed before anybody hears of it.
    pub(super) fn with_core<R>(&self, call: impl FnOnce(&mut Core, Timestamp) -> R) -> R {
        // A panic in one call must not end the sandbox for all others.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = call(&mut state.core, now());
        state.keep();
        result
    }

    /// Lets go of the folder.
    pub(super) fn release(&self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.home.unlock();
    }

    /// Has the notifier look again.
    pub(super) fn wake(&self) {
        self.work.notify_one();
    }

    /// Waits for [`Shared::wake`].
    pub(super) async fn woken(&self) {
        self.work.notified().await;
    }

    /// How long it is until then.
    pub(super) fn until(&self, then: Timestamp) -> Duration {
        let then = Duration::from_secs(then.as_unix().max(0).unsigned_abs());
        // Never nothing at all: a deadline that stays in the past must not spin.
        then.saturating_sub(since_epoch())
            .max(Duration::from_millis(10))
    }
}

impl State {
    fn keep(&mut self) {
        let changes = self.core.take_changes();
        let identity = self.core.identity();
        let kept = if identity.platform_certificates().len() == self.platform_certificates {
            Ok(())
        } else {
            self.platform_certificates = identity.platform_certificates().len();
            self.home.save_platform_certificates(identity)
        };
        if let Err(error) = kept.and_then(|()| self.log.append(&changes)) {
            tracing::error!(error = %chain(&error), "the state could not be kept: a restart will not know of this");
        }
    }
}

/// The time now.
#[expect(
    clippy::disallowed_methods,
    reason = "the server is where the sandbox's clock comes from"
)]
fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_unix(i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX))
}
