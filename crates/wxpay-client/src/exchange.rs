//! The attempts of one call: who is asked, how often, until when, and what is known when it ends.
//!
//! Nothing here knows what is asked, or how a request is signed and an answer believed: the three
//! generations of the interface share it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Span;
use tracing::field::{Empty, display};
use wxpay_proto::{Endpoint, Idempotency, Outcome, RetryPolicy};

use crate::clock::jitter;
use crate::error::{Delivery, Error, ErrorKind};
use crate::hosts::Hosts;
use crate::timeouts::after;
use crate::transport::Limits;
use crate::{Timeouts, Transport};

/// Where requests go and how long is waited for them.
pub(crate) struct Wire {
    pub(crate) hosts: Hosts,
    pub(crate) transport: Transport,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    /// Those of every request, the user agent among them.
    pub(crate) headers: HeaderMap,
    pub(crate) max_response_bytes: usize,
}

/// What a call says of itself, apart from its values.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) idempotency: Idempotency,
}

/// Where the request of each attempt comes from.
pub(crate) trait Source {
    /// The request of the next attempt, in origin form.
    async fn request(&mut self, deadline: Instant) -> Result<Request<Bytes>, Failure>;
}

/// One request for all attempts: where no signature ages, the very same bytes go out again.
#[cfg(any(feature = "v1", feature = "v2"))]
pub(crate) struct Same(pub(crate) Request<Bytes>);

#[cfg(any(feature = "v1", feature = "v2"))]
impl Source for Same {
    async fn request(&mut self, _: Instant) -> Result<Request<Bytes>, Failure> {
        Ok(self.0.clone())
    }
}

/// The state of one call.
pub(crate) struct Exchange<'c> {
    wire: &'c Wire,
    /// Those of the client, or others that an operation belongs to.
    hosts: &'c Hosts,
    /// That of the client, or one that shows a client certificate.
    transport: &'c Transport,
    about: About,
    deadline: Instant,
    attempts: u32,
    /// The host of the first attempt.
    began: usize,
    /// The host of the next attempt.
    host: usize,
    /// An attempt may have been carried out without an answer.
    unknown: bool,
}

/// An attempt that brought no usable answer, and how the retry policy is to see it.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// `None`: trying again would change nothing.
    pub(crate) outcome: Option<Outcome>,
}

impl<'c> Exchange<'c> {
    pub(crate) fn new(wire: &'c Wire, about: About, limit: Duration) -> Self {
        let host = wire.hosts.first();
        Self {
            wire,
            hosts: &wire.hosts,
            transport: &wire.transport,
            about,
            deadline: after(Instant::now(), limit),
            attempts: 0,
            began: host,
            host,
            unknown: false,
        }
    }

    /// Goes to these hosts instead of the client's.
    pub(crate) fn to(mut self, hosts: &'c Hosts) -> Self {
        self.hosts = hosts;
        self.began = hosts.first();
        self.host = self.began;
        self
    }

    /// Goes over this transport instead of the client's.
    #[cfg(any(feature = "v1", feature = "v2"))]
    pub(crate) fn use_transport(&mut self, transport: &'c Transport) {
        self.transport = transport;
    }

    /// When the call is over, whatever happens.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The span of this call. It holds no query, no body and no header but the `Request-ID`.
    pub(crate) fn span(&self) -> Span {
        tracing::info_span!(
            "wxpay",
            operation = self.about.name,
            method = %self.about.method,
            path = Empty,
            status = Empty,
            request_id = Empty,
            attempts = Empty,
            delivery = Empty,
        )
    }

    /// Begins the call.
    pub(crate) fn begin(&self, target: &str) {
        Span::current().record("path", path(target));
    }

    /// Completes an error of this call.
    pub(crate) fn failed(&self, error: Error) -> Error {
        error.of_call(
            self.about.name,
            self.about.idempotency,
            self.attempts,
            self.unknown,
        )
    }

    /// Notes in the span how the call ended.
    pub(crate) fn record<T>(&self, span: &Span, result: &Result<T, Error>) {
        span.record("attempts", self.attempts);
        match result {
            Ok(_) => {
                span.record("delivery", "answered");
            }
            Err(error) => {
                span.record("delivery", tracing::field::debug(error.delivery()));
                if let Some(id) = error.request_id() {
                    span.record("request_id", id);
                }
                tracing::debug!(kind = ?error.kind(), "call failed");
            }
        }
    }

    /// Sends the request, again where that is safe and promises something, until an answer is there.
    pub(crate) async fn answer(
        &mut self,
        source: &mut impl Source,
    ) -> Result<Response<Bytes>, Error> {
        loop {
            let failure = match self.attempt(source, None).await {
                Ok(head) => match self.read(head, Bytes::new()).await {
                    Ok(answer) => {
                        self.hosts.answered(self.began, self.host);
                        return Ok(answer);
                    }
                    Err(failure) => failure,
                },
                Err(failure) => failure,
            };
            self.again(failure).await?;
        }
    }

    /// Like [`answer`](Self::answer), up to the head of the answer only, and for one host and not the
    /// others where one is given.
    pub(crate) async fn head(
        &mut self,
        source: &mut impl Source,
        host: Option<&Endpoint>,
    ) -> Result<Response<Incoming>, Error> {
        loop {
            match self.attempt(source, host).await {
                Ok(head) => return Ok(head),
                Err(failure) => self.again(failure).await?,
            }
        }
    }

    /// Reads an answer whole, of which this much has been read.
    pub(crate) async fn body(
        &mut self,
        head: Response<Incoming>,
        first: Bytes,
    ) -> Result<Response<Bytes>, Error> {
        self.read(head, first)
            .await
            .map_err(|failure| self.failed(failure.error))
    }

    /// Reads the beginning of an answer: as much as it takes to tell something, or all there is.
    #[cfg(feature = "v2")]
    pub(crate) async fn beginning(
        &mut self,
        mut head: Response<Incoming>,
        told: fn(&[u8]) -> bool,
    ) -> Result<(Response<Incoming>, Bytes), Failure> {
        Span::current().record("status", head.status().as_u16());
        let limit = self.wire.max_response_bytes;
        let body = head.body_mut();
        let read = timeout_at(self.deadline, async {
            let mut first = Bytes::new();
            while !told(&first) && first.len() <= limit {
                let Some(frame) = body.frame().await else {
                    break;
                };
                match frame?.into_data() {
                    Ok(data) if first.is_empty() => first = data,
                    Ok(data) => first = [first, data].concat().into(),
                    Err(_) => {}
                }
            }
            Ok(first)
        });
        match read.await {
            Ok(Ok(first)) => Ok((head, first)),
            Ok(Err(error)) => Err(Failure::unread(Unread::Broken(error))),
            Err(_) => Err(Failure::unread(Unread::Late)),
        }
    }

    /// Asks the retry policy, and waits as long as it says.
    pub(crate) async fn again(&mut self, failure: Failure) -> Result<(), Error> {
        let Failure { error, outcome } = failure;
        let advice = outcome.and_then(|outcome| {
            self.wire
                .retry
                .next(self.attempts, self.about.idempotency, &outcome, jitter())
        });
        let Some(advice) = advice else {
            return Err(self.failed(error));
        };
        // Waiting past the deadline only to say that it has passed helps nobody.
        if after(Instant::now(), advice.after) >= self.deadline {
            return Err(self.failed(error));
        }
        self.unknown |= error.delivery() == Delivery::Unknown;
        if advice.switch_host {
            self.host += 1;
        }
        tracing::debug!(
            attempt = self.attempts,
            kind = ?error.kind(),
            after_ms = u64::try_from(advice.after.as_millis()).unwrap_or(u64::MAX),
            switch_host = advice.switch_host,
            "trying again"
        );
        sleep(advice.after).await;
        Ok(())
    }

    /// One attempt, up to the head of the answer.
    async fn attempt(
        &mut self,
        source: &mut impl Source,
        only: Option<&Endpoint>,
    ) -> Result<Response<Incoming>, Failure> {
        let request = source.request(self.deadline).await?;
        self.attempts += 1;
        let mut request = only
            .unwrap_or_else(|| self.hosts.at(self.host))
            .apply(request);
        for (name, value) in &self.wire.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let now = Instant::now();
        let limits = Limits {
            connected_by: self.deadline.min(after(now, self.wire.timeouts.connect())),
            answered_by: self.deadline.min(after(now, self.wire.timeouts.response())),
        };
        let sent = self.transport.send(request, limits).await;
        sent.map_err(|failure| {
            let outcome = if failure.possibly_sent {
                Outcome::Unknown
            } else {
                Outcome::NotSent
            };
            let mut error = Error::send(failure);
            if error.is_timeout() && Instant::now() >= self.deadline {
                error = error.problem_is("the limit of the call passed before an answer");
            }
            Failure {
                error,
                outcome: Some(outcome),
            }
        })
    }

    /// Reads the body of an answer, as far as the limit allows.
    async fn read(
        &mut self,
        head: Response<Incoming>,
        first: Bytes,
    ) -> Result<Response<Bytes>, Failure> {
        let (parts, body) = head.into_parts();
        let span = Span::current();
        span.record("status", parts.status.as_u16());
        let request_id = parts
            .headers
            .get("request-id")
            .and_then(|id| id.to_str().ok());
        if let Some(id) = request_id {
            span.record("request_id", display(id));
        }
        let limit = self.wire.max_response_bytes;
        let read = timeout_at(self.deadline, collect(first, body, limit)).await;
        let unread = match read {
            Ok(Ok(body)) => return Ok(Response::from_parts(parts, body)),
            Ok(Err(unread)) => unread,
            Err(_) => Unread::Late,
        };
        let Failure { error, outcome } = Failure::unread(unread);
        Err(Failure {
            error: error.request_id_is(request_id),
            outcome,
        })
    }
}

/// A target without its query.
fn path(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

enum Unread {
    TooLarge,
    Broken(hyper::Error),
    Late,
}

async fn collect(mut first: Bytes, mut body: Incoming, limit: usize) -> Result<Bytes, Unread> {
    let mut rest = BytesMut::new();
    loop {
        if first.len().max(rest.len()) > limit {
            return Err(Unread::TooLarge);
        }
        let Some(frame) = body.frame().await else {
            break;
        };
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else {
            continue;
        };
        // Nearly every answer comes in one piece, which then needs no copy.
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

impl Failure {
    pub(crate) fn fatal(error: Error) -> Self {
        Self {
            error,
            outcome: None,
        }
    }

    /// An answer whose body did not come.
    fn unread(unread: Unread) -> Self {
        let error = match unread {
            Unread::TooLarge => {
                return Self::fatal(Error::new(
                    ErrorKind::TooLarge,
                    Delivery::Unknown,
                    "the answer is larger than this client takes",
                ));
            }
            Unread::Broken(error) => Error::new(
                ErrorKind::Connection,
                Delivery::Unknown,
                "the connection broke within the answer",
            )
            .caused_by(error),
            Unread::Late => Error::new(
                ErrorKind::Timeout,
                Delivery::Unknown,
                "the answer did not end within the limit of the call",
            ),
        };
        Self {
            error,
            outcome: Some(Outcome::Unknown),
        }
    }
}
