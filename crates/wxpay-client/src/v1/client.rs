//! The client of API v1.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument;
use wxpay_proto::v1::{AccessToken, Host, Merchant, Operation, OperationInfo, Response};

use super::builder::ClientBuilder;
use super::tokens::Tokens;
use crate::BuildError;
use crate::clock::{Clock, request_nonce};
use crate::error::Error;
use crate::exchange::{About, Exchange, Failure, Same, Wire};
use crate::hosts::Hosts;
use crate::identity::Shown;
use crate::timeouts::after;

/// A client of API v1 for one merchant. Cheap to clone; clones share everything, the access token
/// above all.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// Everything clones share.
pub(super) struct Shared {
    pub(super) merchant: Merchant,
    /// Its hosts are those of the WeChat platform.
    pub(super) wire: Wire,
    pub(super) tenpay_merchant: Hosts,
    pub(super) tenpay_gateway: Hosts,
    pub(super) shown: Shown,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tokens: Tokens,
}

impl Client {
    /// A client with the defaults of [`ClientBuilder`]: without an app secret it can do what needs no
    /// access token, without a client certificate what needs none. Needs no network.
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

    /// The merchant this client acts for: makes packages and parameters, opens notices.
    #[must_use]
    pub fn merchant(&self) -> &Merchant {
        &self.0.merchant
    }

    /// Carries out an operation within the time of [`Timeouts::call`](crate::Timeouts::call).
    ///
    /// The request is checked, written and signed once; every attempt sends the very same bytes. An
    /// access token is fetched when the operation needs one and there is none; where WeChat no longer
    /// takes it (40001, 40014, 42001) it is fetched anew and the request sent once more. Where that is
    /// safe (a query, a refund by its number) an attempt without an answer is repeated as well.
    ///
    /// Dropping the future ends the call; the request may have been carried out by then.
    ///
    /// # Errors
    ///
    /// [`Error::delivery`] says what is known of the effect, [`Error::kind`] what went wrong,
    /// [`Error::v1_api`] what WeChat or Tenpay answered. A refund whose error says
    /// [`Unknown`](crate::Delivery::Unknown) is sent again with the same `out_refund_no`, never with
    /// another.
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
        self.0.call(operation, limit).await
    }

    /// The access token in use, fetched when there is none: for calls to the WeChat platform that this
    /// client does not make. Ask each time; it is kept as long as it holds.
    ///
    /// # Errors
    ///
    /// When none can be had; the source says why.
    pub async fn access_token(&self) -> Result<AccessToken, Error> {
        let deadline = after(Instant::now(), self.0.wire.timeouts.call());
        self.0.token(deadline).await
    }

    /// Says that WeChat did not take this access token in a call that this client did not make. The
    /// next call fetches another one.
    pub fn invalidate_token(&self, token: &AccessToken) {
        self.0.tokens.invalidate(token);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("appid", &self.0.merchant.appid())
            .field("partner_id", &self.0.merchant.partner_id())
            .field("hosts", &self.0.wire.hosts.all())
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) async fn call<O: Operation>(
        self: &Arc<Self>,
        operation: &O,
        limit: Duration,
    ) -> Result<Response<O::Response>, Error> {
        let info = operation.info();
        let about = About {
            name: info.name,
            method: info.method.clone(),
            idempotency: info.idempotency,
        };
        let mut exchange = Exchange::new(&self.wire, about, limit).to(self.hosts(info.host));
        let span = exchange.span();
        let result = self
            .carry_out(operation, &info, &mut exchange)
            .instrument(span.clone())
            .await;
        exchange.record(&span, &result);
        result
    }

    async fn carry_out<'c, O: Operation>(
        self: &'c Arc<Self>,
        operation: &O,
        info: &OperationInfo,
        exchange: &mut Exchange<'c>,
    ) -> Result<Response<O::Response>, Error> {
        let prepared = self.encode(operation, info, exchange);
        let encoded = prepared.map_err(|error| exchange.failed(error))?;
        exchange.begin(info.path);
        let mut renewed = false;
        loop {
            let token = if info.access_token {
                let token = self.token(exchange.deadline()).await;
                Some(token.map_err(|error| exchange.failed(error))?)
            } else {
                None
            };
            let request = encoded.to_http(token.as_ref());
            let request = request.map_err(|error| exchange.failed(Error::prepare(error)))?;
            let answer = exchange.answer(&mut Same(request)).await?;
            let error = match self.merchant.accept(operation, &answer) {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if let Some(token) = token.filter(|_| error.is_token_expired()) {
                self.tokens.invalidate(&token);
                // Once: a token that was just fetched and is refused as well will not get better.
                if !std::mem::replace(&mut renewed, true) {
                    tracing::debug!("the access token is no longer taken; fetching another one");
                    continue;
                }
            }
            let outcome = Some(error.outcome());
            let error = Error::accept_v1(error, info.idempotency);
            exchange.again(Failure { error, outcome }).await?;
        }
    }

    /// Writes and signs the request and finds the transport for it, before anything is sent.
    fn encode<'c, O: Operation>(
        &'c self,
        operation: &O,
        info: &OperationInfo,
        exchange: &mut Exchange<'c>,
    ) -> Result<wxpay_proto::v1::EncodedRequest, Error> {
        let now = self.clock.now();
        let encoded = self.merchant.encode(operation, now, &request_nonce()?);
        let encoded = encoded.map_err(Error::prepare)?;
        if info.certificate {
            let hosts = self.hosts(info.host);
            exchange.use_transport(self.shown.transport(&self.wire.transport, hosts, now)?);
        }
        Ok(encoded)
    }

    fn hosts(&self, host: Host) -> &Hosts {
        match host {
            Host::TenpayMerchant => &self.tenpay_merchant,
            Host::TenpayGateway => &self.tenpay_gateway,
            _ => &self.wire.hosts,
        }
    }
}
