//! Getting platform certificates: at the first call, on schedule, and when an answer names a key
//! that is not known.
//!
//! Whether to fetch is decided by the keyring, which is shared by everybody who has the merchant's
//! keys and hands out one permit at a time. Here is only the moving of bytes. A fetch runs in a task
//! of its own, so a caller that is dropped or runs out of time takes nothing from the others.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use tokio::sync::{Notify, OnceCell};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;
use wxpay_proto::{
    CertificatesError, CertificatesOutcome, EncodedRequest, RefreshDecision, RefreshPermit,
    RefreshReason,
};

use crate::call::Call;
use crate::client::Shared;
use crate::error::{Delivery, Error, ErrorKind};
use crate::timeouts::after;

/// How often a flight is looked after that somebody else has started: another client with the same
/// keyring, whose landing nobody here is told of.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a client remembers of its fetching.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    landed: Notify,
    last_failure: Mutex<Option<Arc<Error>>>,
    cache_read: OnceCell<()>,
}

/// Tells the waiting ones when a flight ends, however it ends.
struct Landing<'f>(&'f Notify);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

impl Shared {
    /// Sees to it that the keyring has what the reason asks for, or that somebody has just tried.
    pub(crate) async fn obtain_keys(
        self: &Arc<Self>,
        reason: RefreshReason,
        deadline: Instant,
    ) -> Result<(), Error> {
        self.read_cache_once().await;
        loop {
            // Registered before the keyring is asked, so that no landing is missed in between.
            let mut landed = std::pin::pin!(self.flights.landed.notified());
            landed.as_mut().enable();
            match self
                .merchant
                .platform_keys()
                .refresh(self.clock.now(), reason.clone())
            {
                RefreshDecision::Start(permit) => {
                    let flight = tokio::spawn(self.clone().fly(permit, reason));
                    return match timeout_at(deadline, flight).await {
                        Ok(Ok(landed)) => landed,
                        Ok(Err(error)) => Err(not_fetched().caused_by(error)),
                        Err(_) => Err(too_late()),
                    };
                }
                RefreshDecision::InFlight if Instant::now() < deadline => {
                    let wait = LOOK_AGAIN.min(deadline - Instant::now());
                    // Either way the keyring is asked again.
                    let _ = timeout(wait, landed).await;
                }
                RefreshDecision::InFlight => return Err(too_late()),
                RefreshDecision::Wait { .. } => return Err(self.too_soon(&reason)),
                _ => return Ok(()),
            }
        }
    }

    /// Starts a refresh in the background when one is due. The keys at hand stay in use.
    pub(crate) fn refresh_on_schedule(self: &Arc<Self>) {
        let keys = self.merchant.platform_keys();
        let decision = keys.refresh(self.clock.now(), RefreshReason::Scheduled);
        if let RefreshDecision::Start(permit) = decision {
            let flight = self.clone().fly(permit, RefreshReason::Scheduled);
            tokio::spawn(async move {
                if let Err(error) = flight.await {
                    tracing::warn!(%error, "platform certificates could not be refreshed");
                }
            });
        }
    }

    /// Why keys are not fetched now, with what went wrong the last time if anything did.
    fn too_soon(&self, reason: &RefreshReason) -> Error {
        let last = self
            .flights
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let problem = match (reason, &last) {
            (RefreshReason::Missing, Some(_)) => {
                "no platform certificates; fetching them has just failed and is not yet tried again"
            }
            (RefreshReason::Missing, None) => {
                "no valid platform certificate; they were asked for in vain a moment ago, not by this \
                 client, and are not yet asked for again"
            }
            (_, Some(_)) => {
                "fetching platform certificates has just failed and is not yet tried again"
            }
            (_, None) => {
                "platform certificates were asked for a moment ago and are not yet asked for again"
            }
        };
        let error = Error::new(ErrorKind::PlatformKeys, Delivery::NotSent, problem);
        match last {
            Some(failure) => error.shared(failure),
            None => error,
        }
    }

    /// The one flight that is allowed: cache, network, cache.
    async fn fly(
        self: Arc<Self>,
        permit: RefreshPermit,
        reason: RefreshReason,
    ) -> Result<(), Error> {
        let _landing = Landing(&self.flights.landed);
        let _lock = match &self.cache {
            None => None,
            Some(cache) => {
                // Half the time: if another process is stuck with it, the other half is left to fetch.
                let patience = self.wire.timeouts.call() / 2;
                let lock = cache.lock(after(Instant::now(), patience)).await;
                // Another process may have been quicker.
                self.read_cache().await;
                if self.satisfied(&reason) {
                    permit.release();
                    return Ok(());
                }
                lock
            }
        };
        let failure = match self.fetch(permit).await {
            Ok(()) => {
                self.write_cache().await;
                None
            }
            Err(error) => Some(Arc::new(error)),
        };
        let mut last = self
            .flights
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.clone_from(&failure);
        failure.map_or(Ok(()), |failure| Err(not_fetched().shared(failure)))
    }

    async fn fetch(self: &Arc<Self>, permit: RefreshPermit) -> Result<(), Error> {
        let encoded = self
            .merchant
            .encode_certificates_request()
            .map_err(Error::prepare)?;
        let mut call = Call::new(self, encoded.info().clone(), self.wire.timeouts.call());
        let span = call.span();
        let result = self
            .exchange(&mut call, &encoded, permit)
            .instrument(span.clone())
            .await;
        call.record(&span, &result);
        result
    }

    async fn exchange(
        &self,
        call: &mut Call<'_>,
        encoded: &EncodedRequest,
        permit: RefreshPermit,
    ) -> Result<(), Error> {
        call.begin(encoded);
        let answer = self.list_of_certificates(call, encoded).await;
        let now = self.clock.now();
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                // The pause counts from now: the attempt may have taken longer than the pause.
                permit.fail(now);
                return Err(error);
            }
        };
        let keys = self.merchant.platform_keys();
        match self.merchant.accept_certificates(&answer, permit, now) {
            Ok(CertificatesOutcome::NoCertificates) if keys.preferred(now).is_none() => Err(call
                .failed(Error::new(
                    ErrorKind::PlatformKeys,
                    Delivery::NotSent,
                    "this merchant has no platform certificates (无可用的平台证书); configure its \
                     WeChat Pay public key (微信支付公钥)",
                ))),
            Ok(_) => Ok(()),
            Err(CertificatesError::Answer(error)) => Err(call.refused(*error, &answer, encoded)),
            Err(error) => Err(call.failed(
                Error::new(
                    ErrorKind::PlatformKeys,
                    Delivery::Unknown,
                    "the platform certificates cannot be used",
                )
                .caused_by(error),
            )),
        }
    }

    /// Asks for the certificates until an answer is there that the protocol can judge.
    async fn list_of_certificates(
        &self,
        call: &mut Call<'_>,
        encoded: &EncodedRequest,
    ) -> Result<Response<Bytes>, Error> {
        loop {
            let answer = call.answer(encoded).await?;
            let status = answer.status();
            // Errors that pass are waited for; whatever else came, the protocol judges.
            if !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS {
                return Ok(answer);
            }
            match self.merchant.verify(&answer, self.clock.now()) {
                Err(error) => call.rejected(error, &answer, encoded).await?,
                Ok(()) => return Ok(answer),
            }
        }
    }

    /// Whether the reason for fetching is gone. Asking is safe: the permit is ours.
    fn satisfied(&self, reason: &RefreshReason) -> bool {
        let keys = self.merchant.platform_keys();
        matches!(
            keys.refresh(self.clock.now(), reason.clone()),
            RefreshDecision::NotNeeded
        )
    }

    async fn read_cache_once(&self) {
        self.flights
            .cache_read
            .get_or_init(|| self.read_cache())
            .await;
    }

    /// Takes over what the cache has that is newer.
    async fn read_cache(&self) {
        let Some(cache) = &self.cache else { return };
        let Some(contents) = cache.read().await else {
            return;
        };
        if let Err(error) = self
            .merchant
            .import_certificates(&contents, self.clock.now())
        {
            tracing::warn!(%error, "certificate cache is of no use and will be written anew");
        }
    }

    async fn write_cache(&self) {
        if let (Some(cache), Some(export)) = (&self.cache, self.merchant.export_certificates()) {
            cache.write(export).await;
        }
    }
}

fn not_fetched() -> Error {
    Error::new(
        ErrorKind::PlatformKeys,
        Delivery::NotSent,
        "platform certificates could not be fetched",
    )
}

fn too_late() -> Error {
    Error::new(
        ErrorKind::Timeout,
        Delivery::NotSent,
        "no platform certificates within the limit of the call",
    )
}
