//! Getting access tokens: one flight at a time, whoever waits for it.
//!
//! Whether to fetch is decided by the [`TokenCache`], which every client of the same app may share.
//! A fetch runs in a task of its own, so a caller that is dropped or runs out of time takes nothing
//! from the others.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use wxpay_proto::Timestamp;
use wxpay_proto::v1::{
    AccessToken, AppSecret, FetchAccessToken, IssuedToken, TokenCache, TokenDecision, TokenPermit,
    TokenProvider,
};

use super::client::Shared;
use crate::error::{Delivery, Error, ErrorKind};
use crate::timeouts::after;

/// How often a flight is looked after that another client with the same cache has started, whose
/// landing nobody here is told of.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Where new tokens come from.
#[derive(Clone)]
pub(super) enum Origin {
    Secret(AppSecret),
    Provider(Arc<dyn TokenProvider>),
}

type Flight = Pin<Box<dyn Future<Output = Result<AccessToken, Arc<Error>>> + Send>>;

/// The token of the app, and what a client remembers of its fetching.
pub(super) struct Tokens {
    cache: TokenCache,
    origin: Option<Origin>,
    landed: Notify,
    last_failure: Mutex<Option<Arc<Error>>>,
}

/// Tells the waiting ones when a flight ends, however it ends.
struct Landing<'f>(&'f Notify);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

impl Tokens {
    pub(super) fn new(cache: TokenCache, origin: Option<Origin>) -> Self {
        Self {
            cache,
            origin,
            landed: Notify::new(),
            last_failure: Mutex::new(None),
        }
    }

    /// The platform no longer takes this one.
    pub(super) fn invalidate(&self, token: &AccessToken) {
        self.cache.invalidate(token);
    }

    fn last_failure(&self) -> Option<Arc<Error>> {
        let last = self.last_failure.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    /// A token that holds, from the cache or fetched.
    pub(super) async fn token(self: &Arc<Self>, deadline: Instant) -> Result<AccessToken, Error> {
        let tokens = &self.tokens;
        let Some(origin) = &tokens.origin else {
            // Another client with the same cache may have fetched one.
            let held = tokens.cache.current(self.clock.now());
            return held.map(|(token, _)| token).ok_or_else(|| {
                no_token(
                    "the operation needs an access token and the client has no way to one; give its \
                     builder an app_secret or a token_provider",
                )
            });
        };
        loop {
            // Registered before the cache is asked, so that no landing is missed in between.
            let mut landed = std::pin::pin!(tokens.landed.notified());
            landed.as_mut().enable();
            let now = self.clock.now();
            match tokens.cache.ask(now) {
                TokenDecision::Use(token) => return Ok(token),
                TokenDecision::Fetch(permit) => {
                    let flight = tokio::spawn(self.clone().fly(origin.clone(), permit));
                    // The old one holds on while the next is fetched.
                    if let Some((token, _)) = tokens.cache.current(now) {
                        return Ok(token);
                    }
                    match timeout_at(deadline, flight).await {
                        Ok(Ok(Ok(token))) => return Ok(token),
                        Ok(Ok(Err(failure))) => return Err(not_fetched().shared(failure)),
                        Ok(Err(error)) => return Err(not_fetched().caused_by(error)),
                        Err(_) => return Err(too_late()),
                    }
                }
                TokenDecision::InFlight if Instant::now() < deadline => {
                    let wait = LOOK_AGAIN.min(deadline - Instant::now());
                    // Either way the cache is asked again.
                    let _ = timeout(wait, landed).await;
                }
                TokenDecision::InFlight => return Err(too_late()),
                TokenDecision::Wait { until } => self.pause(now, until, deadline).await?,
                _ => return Err(not_fetched()),
            }
        }
    }

    /// Waits for a pause between two fetches, where that is worth it: it has to end before the call
    /// does, and the fetch before it must have succeeded.
    async fn pause(
        &self,
        now: Timestamp,
        until: Timestamp,
        deadline: Instant,
    ) -> Result<(), Error> {
        if let Some(failure) = self.tokens.last_failure() {
            let problem = "fetching an access token has just failed and is not yet tried again";
            return Err(no_token(problem).shared(failure));
        }
        let seconds = u64::try_from(until.seconds_since(now)).unwrap_or(0).max(1);
        let pause = Duration::from_secs(seconds);
        if after(Instant::now(), pause) >= deadline {
            return Err(no_token(
                "the last access token was fetched a moment ago and is refused, or the fetches of \
                 this day are used up; is another server fetching tokens for the same app?",
            ));
        }
        sleep(pause).await;
        Ok(())
    }

    /// The one flight that is allowed. Boxed: it makes a call, and calls get tokens, so the compiler
    /// would go round in circles about its type.
    fn fly(self: Arc<Self>, origin: Origin, permit: TokenPermit) -> Flight {
        Box::pin(self.flight(origin, permit))
    }

    async fn flight(
        self: Arc<Self>,
        origin: Origin,
        permit: TokenPermit,
    ) -> Result<AccessToken, Arc<Error>> {
        let _landing = Landing(&self.tokens.landed);
        let issued = match &origin {
            Origin::Secret(secret) => self.fetch(secret).await,
            Origin::Provider(provider) => self.provided(&**provider, &permit).await,
        };
        let result = match issued {
            Ok(issued) => {
                let token = issued.token.clone();
                permit.succeed(issued);
                Ok(token)
            }
            Err(error) => {
                // The pause counts from now: the attempt may have taken longer than the pause.
                permit.fail(self.clock.now());
                tracing::warn!(%error, "no access token");
                Err(Arc::new(error))
            }
        };
        let last = self.tokens.last_failure.lock();
        *last.unwrap_or_else(PoisonError::into_inner) = result.as_ref().err().cloned();
        result
    }

    async fn fetch(self: &Arc<Self>, secret: &AppSecret) -> Result<IssuedToken, Error> {
        let operation = FetchAccessToken::new(secret.clone());
        let response = self.call(&operation, self.wire.timeouts.call()).await?;
        Ok(response.into_value())
    }

    async fn provided(
        &self,
        provider: &dyn TokenProvider,
        permit: &TokenPermit,
    ) -> Result<IssuedToken, Error> {
        let asked = timeout(self.wire.timeouts.call(), provider.token(permit.refused()));
        match asked.await {
            Ok(Ok(issued)) => Ok(issued),
            Ok(Err(error)) => Err(no_token("the token provider has none").caused_by(error)),
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                Delivery::NotSent,
                "the token provider gave none within the limit of a call",
            )),
        }
    }
}

fn no_token(problem: &'static str) -> Error {
    Error::new(ErrorKind::AccessToken, Delivery::NotSent, problem)
}

fn not_fetched() -> Error {
    no_token("no access token could be fetched")
}

fn too_late() -> Error {
    Error::new(
        ErrorKind::Timeout,
        Delivery::NotSent,
        "no access token within the limit of the call",
    )
}
