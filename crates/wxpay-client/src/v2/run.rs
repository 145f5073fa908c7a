//! Driving a flow: sending what it says, waiting as long as it says.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::Instrument;
use wxpay_proto::Idempotency;
use wxpay_proto::v2::{Failure, Flow, PrepareError, Request, Step, Verified};

use super::client::Shared;
use crate::error::{Delivery, Error, ErrorKind};
use crate::exchange::{Exchange, Same};

/// A flow that is being driven.
struct Driven<'f, F: Flow> {
    flow: &'f mut F,
    epoch: Instant,
    /// A request is out whose end the flow has not been told.
    out: bool,
}

impl<F: Flow> Driven<'_, F> {
    fn answered(&mut self, result: Result<Verified, Failure>) {
        self.out = false;
        self.flow.answered(elapsed(self.epoch), result);
    }
}

impl<F: Flow> Drop for Driven<'_, F> {
    /// Whoever gives up waiting may come back with the same flow. It has to know then that the request
    /// that was out may have been carried out, or it would send it again as if it had not been.
    fn drop(&mut self) {
        if self.out {
            self.answered(Err(Failure::Unknown));
        }
    }
}

/// All flows of a client count from the same moment, so that one can be taken up again later.
fn elapsed(epoch: Instant) -> Duration {
    Instant::now().saturating_duration_since(epoch)
}

pub(super) async fn run<F: Flow>(shared: &Shared, flow: &mut F) -> Result<F::Output, Error> {
    flow.check()
        .map_err(|error| Error::prepare(PrepareError::Invalid(error)))?;
    if flow.certificate() {
        // A flow that finds out in the middle cannot take anything back.
        let (plain, hosts) = (&shared.wire.transport, &shared.wire.hosts);
        shared.shown.transport(plain, hosts, shared.clock.now())?;
    }
    let epoch = shared.epoch;
    let mut driven = Driven {
        flow,
        epoch,
        out: false,
    };
    loop {
        match driven.flow.next(elapsed(epoch)) {
            Step::Done(output) => return Ok(output),
            Step::Wait(pause) => sleep(pause).await,
            Step::Send(request) => {
                driven.out = true;
                let result = once(shared, request).await;
                driven.answered(result);
            }
            _ => {
                return Err(Error::new(
                    ErrorKind::Request,
                    Delivery::Unknown,
                    "the flow wants something this client cannot do",
                ));
            }
        }
    }
}

/// Sends a request of a flow. It is the flow that repeats, so here only what was not sent is tried
/// again.
async fn once(shared: &Shared, request: &dyn Request) -> Result<Verified, Failure> {
    let mut info = request.info();
    info.idempotency = Idempotency::No;
    let mut exchange = shared.begin(&info, shared.wire.timeouts.call());
    let span = exchange.span();
    let result = ask(shared, request, &mut exchange)
        .instrument(span.clone())
        .await;
    exchange.record(&span, &result);
    result.map_err(failure)
}

async fn ask<'c>(
    shared: &'c Shared,
    request: &dyn Request,
    exchange: &mut Exchange<'c>,
) -> Result<Verified, Error> {
    let encoded = shared.encode(request, exchange)?;
    let answer = exchange.answer(&mut Same(encoded.request())).await?;
    let judged = shared.merchant.verify(request, &answer);
    judged.map_err(|error| exchange.failed(Error::accept_v2(error)))
}

/// What a flow has to know of an error.
fn failure(error: Error) -> Failure {
    if let Some(api) = error.v2_api() {
        return Failure::Refused(Box::new(api.clone()));
    }
    match (error.v2_protocol(), error.delivery()) {
        (Some(protocol), Delivery::Refused) => Failure::Rejected(Box::new(protocol.clone())),
        (_, Delivery::NotSent) => Failure::NotSent,
        _ => Failure::Unknown,
    }
}
