//! The client of API v2.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::Instant;
use tracing::Instrument;
use wxpay_proto::Outcome;
use wxpay_proto::v2::{
    AcceptError, EncodedRequest, Flow, Host, Merchant, Operation, OperationInfo, Request, Response,
    Verified,
};

use super::builder::ClientBuilder;
use crate::clock::{Clock, request_nonce};
use crate::error::Error;
use crate::exchange::{About, Exchange, Failure, Same, Wire};
use crate::hosts::Hosts;
use crate::identity::Shown;
use crate::{BuildError, Download};

/// A client of API v2 for one merchant. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// Everything clones share.
pub(super) struct Shared {
    pub(super) merchant: Merchant,
    /// Its hosts are those of the ordinary interfaces.
    pub(super) wire: Wire,
    /// Hosts that some operations belong to, where they are not those of the wire.
    pub(super) elsewhere: Vec<(Host, Hosts)>,
    pub(super) shown: Shown,
    pub(super) clock: Arc<dyn Clock>,
    /// What the times of flows are counted from.
    pub(super) epoch: Instant,
}

impl Client {
    /// A client with the defaults of [`ClientBuilder`], and without a client certificate. Needs no
    /// network.
    ///
    /// # Errors
    ///
    /// See [`ClientBuilder::build`].
    pub fn new(merchant: Merchant) -> Result<Self, BuildError> {
        Self::builder(merchant).build()
    }

    /// Starts a client that differs from the defaults.
    pub fn builder(merchant: Merchant) -> ClientBuilder {
        ClientBuilder::new(merchant)
    }

    pub(super) fn from_shared(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    #[cfg(test)]
    pub(super) fn hosts(&self, host: Host) -> &Hosts {
        self.0.hosts(host)
    }

    /// The merchant this client acts for: opens notices, makes the parameters of WeChat's own clients.
    #[must_use]
    pub fn merchant(&self) -> &Merchant {
        &self.0.merchant
    }

    /// Carries out an operation within the time of [`Timeouts::call`](crate::Timeouts::call).
    ///
    /// The request is checked, written and signed once; every attempt sends the very same bytes. The
    /// answer is judged in the order WeChat Pay prescribes (`return_code`, signature, `result_code`)
    /// before anything reads it. Where that is safe (a query, or a merchant number that makes
    /// repeating harmless) an attempt without a usable answer is repeated; an error code that asks for
    /// a query first is not.
    ///
    /// An operation that needs the client certificate is sent on connections that show it. Without one
    /// it fails before anything is sent, except over plain `http`, where there is nobody to show it
    /// to: the sandbox on this machine, or a gateway of one's own.
    ///
    /// Dropping the future ends the call; the request may have been carried out by then.
    ///
    /// # Errors
    ///
    /// [`Error::delivery`] says what is known of the effect, [`Error::kind`] what went wrong,
    /// [`Error::v2_api`] and [`Error::v2_protocol`] what WeChat Pay answered.
    pub async fn execute<O: Operation>(
        &self,
        operation: &O,
    ) -> Result<Response<O::Response>, Error> {
        self.execute_within(operation, self.0.wire.timeouts.call())
            .await
    }

    /// Like [`execute`](Self::execute), within a time of its own.
    ///
    /// # Errors
    ///
    /// See [`execute`](Self::execute).
    pub async fn execute_within<O: Operation>(
        &self,
        operation: &O,
        limit: Duration,
    ) -> Result<Response<O::Response>, Error> {
        let judge = |answer: &http::Response<Bytes>| self.0.merchant.accept::<O>(operation, answer);
        self.0.call(operation, limit, &judge).await
    }

    /// Like [`execute`](Self::execute) for code that sends requests without knowing their types: the
    /// answer is judged and believed, and not read.
    ///
    /// # Errors
    ///
    /// See [`execute`](Self::execute).
    pub async fn exchange(&self, request: &dyn Request) -> Result<Verified, Error> {
        let judge = |answer: &http::Response<Bytes>| self.0.merchant.verify(request, answer);
        let limit = self.0.wire.timeouts.call();
        self.0.call(request, limit, &judge).await
    }

    /// Drives a flow to its end: sends what it says, waits (in tokio's time) as long as it says. The
    /// payment by code of `wxpay-api` is one, and always ends in paid, not paid or reversed.
    ///
    /// Dropping the future stops the flow where it is, and a request that was out then counts as one
    /// that may have been carried out. The same flow can be taken up again with this client or a clone
    /// of it. What was lost with the program's memory is taken up with a flow that begins by asking.
    ///
    /// # Errors
    ///
    /// Before anything was sent: when a field of a request breaks its limit, or when the flow needs a
    /// client certificate (to take back a payment, say) and there is none. What happens to its requests
    /// afterwards the flow decides about, and no error of theirs ends it.
    pub async fn run<F: Flow>(&self, flow: &mut F) -> Result<F::Output, Error> {
        super::run::run(&self.0, flow).await
    }

    /// Begins to download a file: bills (`downloadbill`, 下载对账单), fund flows (`downloadfundflow`,
    /// 下载资金账单), comments (`batchquerycomment`, 拉取订单评价数据). See [`Download`] for reading it.
    ///
    /// Its first bytes tell whether it is the file, as text or as gzip, or an error in its place, which
    /// is then this call's. A `Digest` header, as fund flows have it, is checked at the end, against
    /// the file as it is sent and against its text. Bills of trades have no hash: what vouches for them
    /// is the TLS connection, and the totals in their last row.
    ///
    /// The time of [`Timeouts::call`](crate::Timeouts::call) is for the beginning; a long file may take
    /// longer, as long as something comes within
    /// [`Timeouts::response`](crate::Timeouts::response).
    ///
    /// # Errors
    ///
    /// When the operation is none that answers with a file, when nothing answers, or WeChat Pay answers
    /// with an error; for a day without a bill that is [`Error::v2_protocol`] (`No Bill Exist`) or
    /// [`Error::v2_api`] (`NO_BILL_EXIST`).
    pub async fn download(&self, request: &dyn Request) -> Result<Download, Error> {
        super::download::begin(&self.0, request).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("mch_id", &self.0.merchant.mch_id())
            .field("hosts", &self.0.wire.hosts.all())
            .finish_non_exhaustive()
    }
}

/// Judges an answer.
type Judge<'a, T> = dyn Fn(&http::Response<Bytes>) -> Result<T, AcceptError> + Send + Sync + 'a;

impl Shared {
    async fn call<T>(
        &self,
        request: &dyn Request,
        limit: Duration,
        judge: &Judge<'_, T>,
    ) -> Result<T, Error> {
        let mut exchange = self.begin(&request.info(), limit);
        let span = exchange.span();
        let result = self
            .carry_out(request, judge, &mut exchange)
            .instrument(span.clone())
            .await;
        exchange.record(&span, &result);
        result
    }

    async fn carry_out<'c, T>(
        &'c self,
        request: &dyn Request,
        judge: &Judge<'_, T>,
        exchange: &mut Exchange<'c>,
    ) -> Result<T, Error> {
        let encoded = self.encode(request, exchange)?;
        let mut source = Same(encoded.request());
        loop {
            let answer = exchange.answer(&mut source).await?;
            match judge(&answer) {
                Ok(value) => return Ok(value),
                Err(error) => exchange.again(failure(error)).await?,
            }
        }
    }

    /// A call on its way to the hosts of its operation.
    pub(super) fn begin(&self, info: &OperationInfo, limit: Duration) -> Exchange<'_> {
        let about = About {
            name: info.name,
            method: if info.query {
                Method::GET
            } else {
                Method::POST
            },
            idempotency: info.idempotency,
        };
        Exchange::new(&self.wire, about, limit).to(self.hosts(info.host))
    }

    /// Writes and signs the request and finds the transport for it, before anything is sent.
    pub(super) fn encode<'c>(
        &'c self,
        request: &dyn Request,
        exchange: &mut Exchange<'c>,
    ) -> Result<EncodedRequest, Error> {
        let prepared = self.prepare(request, exchange);
        let encoded = prepared.map_err(|error| exchange.failed(error))?;
        exchange.begin(encoded.target());
        Ok(encoded)
    }

    fn prepare<'c>(
        &'c self,
        request: &dyn Request,
        exchange: &mut Exchange<'c>,
    ) -> Result<EncodedRequest, Error> {
        let encoded = self.merchant.encode(request, &request_nonce()?);
        let encoded = encoded.map_err(Error::prepare)?;
        let info = encoded.info();
        if info.certificate {
            let (hosts, now) = (self.hosts(info.host), self.clock.now());
            exchange.use_transport(self.shown.transport(&self.wire.transport, hosts, now)?);
        }
        Ok(encoded)
    }

    fn hosts(&self, host: Host) -> &Hosts {
        let own = self.elsewhere.iter().find(|(other, _)| *other == host);
        own.map_or(&self.wire.hosts, |(_, hosts)| hosts)
    }
}

pub(super) fn failure(error: AcceptError) -> Failure {
    let outcome = Some(Outcome::of_v2(&error));
    Failure {
        error: Error::accept_v2(error),
        outcome,
    }
}
