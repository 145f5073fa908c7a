//! Files as streams: bills (对账单), receipts (电子回单) and what else WeChat Pay hands out by a
//! `download_url`.

mod decode;
mod hash;
mod io;
mod save;
mod url;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};
use tracing::Instrument;
use wxpay_proto::{Idempotency, Operation, OperationInfo, ReplySignature, Untyped};

use self::decode::Decoder;
use self::hash::Hasher;
pub use self::hash::{ExpectedHash, InvalidHash};
use self::url::destination;
use crate::call::Call;
use crate::client::Shared;
use crate::error::{Delivery, Error, ErrorKind};
use crate::timeouts::after;

/// The name under which a download stands in spans and errors.
const OPERATION: &str = "bill.download";

/// What is known of a file before it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The hash of the uncompressed text.
    Text(ExpectedHash),
    /// The hash of the file as it is sent, or of its text; nobody says which.
    Either(ExpectedHash),
    /// Nothing.
    Nothing,
}

impl Expected {
    /// Hashes the text, and the file as it is sent, as far as there is something to compare.
    fn hashers(&self) -> (Option<Hasher>, Option<Hasher>) {
        match self {
            Self::Text(hash) => (Some(hash.hasher()), None),
            Self::Either(hash) => (Some(hash.hasher()), Some(hash.hasher())),
            Self::Nothing => (None, None),
        }
    }
}

/// Asks for a file, and waits for the head of the answer.
pub(crate) async fn begin(
    shared: &Arc<Shared>,
    download_url: &str,
    expected: ExpectedHash,
) -> Result<Download, Error> {
    let info = OperationInfo::new(
        OPERATION,
        Method::GET,
        Idempotency::Safe,
        ReplySignature::Unsigned,
    );
    let mut call = Call::new(shared, info, shared.wire.timeouts.call());
    let span = call.span();
    let result = request(shared, &mut call, download_url, expected)
        .instrument(span.clone())
        .await;
    call.record(&span, &result);
    result
}

/// Asks for the file that an operation answers with, and waits for the head of the answer.
pub(crate) async fn fetch<O: Operation>(
    shared: &Arc<Shared>,
    operation: &O,
) -> Result<Download, Error> {
    let info = operation.info();
    let mut call = Call::new(shared, info.clone(), shared.wire.timeouts.call());
    let span = call.span();
    let result = ask(shared, &mut call, operation, info)
        .instrument(span.clone())
        .await;
    call.record(&span, &result);
    result
}

async fn ask<O: Operation>(
    shared: &Arc<Shared>,
    call: &mut Call<'_>,
    operation: &O,
    info: OperationInfo,
) -> Result<Download, Error> {
    if !matches!(
        info.reply,
        ReplySignature::Unsigned | ReplySignature::Digest
    ) {
        return Err(call.failed(Error::new(
            ErrorKind::Request,
            Delivery::NotSent,
            "the operation does not answer with a file; execute it",
        )));
    }
    let encoded = call.encode(operation).await?;
    loop {
        let head = call.head(&encoded, None).await?;
        if !head.status().is_success() {
            let answer = call.body(head).await?;
            match call.accept(operation, &answer).await {
                Err(error) => call.rejected(error, &answer, &encoded).await?,
                Ok(_) => return Err(call.failed(displaced())),
            }
            continue;
        }
        let expected = match info.reply {
            ReplySignature::Digest => match call.announced(head.headers()).await {
                Ok(sha1) => Expected::Either(ExpectedHash::of_sha1(sha1)),
                Err(error) => {
                    let head = head.map(|_| Bytes::new());
                    call.rejected(error, &head, &encoded).await?;
                    continue;
                }
            },
            _ => Expected::Nothing,
        };
        let (parts, body) = head.into_parts();
        let silence = shared.wire.timeouts.response();
        let mut file = Download::new(info.name, parts.headers, body, expected, silence);
        if expected == Expected::Nothing {
            file.decoder = Decoder::plain();
        }
        return Ok(file);
    }
}

/// Something that is no error and no file.
fn displaced() -> Error {
    Error::new(
        ErrorKind::Unexpected,
        Delivery::Unknown,
        "something else came in place of the file",
    )
}

async fn request(
    shared: &Arc<Shared>,
    call: &mut Call<'_>,
    download_url: &str,
    expected: ExpectedHash,
) -> Result<Download, Error> {
    let (host, target) =
        destination(download_url, shared.wire.hosts.main()).map_err(|error| call.failed(error))?;
    let operation = Untyped::get(target).unsigned_reply();
    let encoded = call.encode(&operation).await?;
    loop {
        let head = call.head(&encoded, Some(&host)).await?;
        if head.status().is_success() {
            let (parts, body) = head.into_parts();
            return Ok(Download::new(
                OPERATION,
                parts.headers,
                body,
                Expected::Text(expected),
                shared.wire.timeouts.response(),
            ));
        }
        let answer = call.body(head).await?;
        // Not a success, so there is an error to be had.
        if let Err(error) = call.accept(&operation, &answer).await {
            call.rejected(error, &answer, &encoded).await?;
        } else {
            return Err(call.failed(displaced()));
        }
    }
}

/// A file on its way, made by the `download` or the `fetch` of a client.
///
/// It gives the uncompressed text, in pieces of at most a few dozen kilobytes, and is never in
/// memory as a whole. Read it by [`chunk`](Self::chunk), as a `tokio::io::AsyncRead`, as a
/// `futures_core::Stream`, or write it to a file by [`save_to`](Self::save_to).
///
/// The hash can only be checked at the end. Until then every piece is unproven: WeChat Pay does not
/// sign files. A file with another hash, a damaged or a short one ends in an error, never in a clean
/// end, so whoever reads to the end without one has the file that was announced. Bills of v2, and images
/// and receipts taken by `fetch`, come without a hash ([`has_hash`](Self::has_hash)): what vouches for
/// them is the TLS connection, and for bills the totals in their last row. A receipt whose query has told
/// its hash is better taken by `download`, which compares it.
#[must_use = "a download is only checked by reading it to its end"]
pub struct Download {
    operation: &'static str,
    headers: HeaderMap,
    body: Incoming,
    decoder: Decoder,
    /// Of the text.
    hash: Option<Hasher>,
    /// Of the file as it is sent.
    raw_hash: Option<Hasher>,
    expected: Expected,
    length: u64,
    max_bytes: u64,
    silence: Duration,
    alarm: Pin<Box<Sleep>>,
    state: State,
    /// What `AsyncRead` has not yet given away of the last piece.
    rest: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// The body is over and what was left has been given out.
    Ended,
    /// Hash and length are right, and all of it has been read.
    Verified,
    Failed,
}

impl Download {
    pub(crate) fn new(
        operation: &'static str,
        headers: HeaderMap,
        body: Incoming,
        expected: Expected,
        silence: Duration,
    ) -> Self {
        let (hash, raw_hash) = expected.hashers();
        Self {
            operation,
            headers,
            body,
            decoder: Decoder::new(),
            hash,
            raw_hash,
            expected,
            length: 0,
            max_bytes: u64::MAX,
            silence,
            alarm: Box::pin(sleep(silence)),
            state: State::Running,
            rest: Bytes::new(),
        }
    }

    /// Takes a piece of the file as it came.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if let Some(hash) = &mut self.raw_hash {
            hash.update(&piece);
        }
        self.decoder.push(piece);
    }

    /// Ends in an error when the uncompressed text is longer than this many bytes. Memory needs no
    /// such limit; a disk may.
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.max_bytes = limit;
        self
    }

    /// The headers of the answer.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether a hash was announced that the file is checked with.
    #[must_use]
    pub fn has_hash(&self) -> bool {
        match self.expected {
            Expected::Text(_) | Expected::Either(_) => true,
            Expected::Nothing => false,
        }
    }

    /// How many bytes of text have been read so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The next piece of text, never empty; `None` at the end, when the hash, if there is one, is right. Dropping the
    /// future loses nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Content`] for a wrong hash, damaged gzip data or a text over the limit;
    /// [`ErrorKind::Connection`] and [`ErrorKind::Timeout`] when the connection breaks or falls
    /// silent. After an error every further call is one.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.rest))));
        }
        let result = ready!(self.poll_text(cx));
        if result.is_err() {
            self.state = State::Failed;
        }
        Poll::Ready(result)
    }

    fn poll_text(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            match self.state {
                State::Running => {}
                State::Ended => {
                    return Poll::Ready(self.verdict().map(|()| {
                        self.state = State::Verified;
                        None
                    }));
                }
                State::Verified => return Poll::Ready(Ok(None)),
                State::Failed => {
                    return Poll::Ready(Err(self.broken("the download has failed before")));
                }
            }
            let decoded = self.decoder.next();
            if let Some(text) = decoded.map_err(|damage| self.damaged(damage))? {
                return Poll::Ready(self.take(text).map(Some));
            }
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.alarm
                        .as_mut()
                        .reset(after(Instant::now(), self.silence));
                    if let Ok(data) = frame.into_data() {
                        self.push(data);
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Err(self
                        .error(
                            ErrorKind::Connection,
                            "the connection broke within the file",
                        )
                        .caused_by(error)));
                }
                Poll::Ready(None) => {
                    let rest = self
                        .decoder
                        .finish()
                        .map_err(|damage| self.damaged(damage))?;
                    self.state = State::Ended;
                    if let Some(text) = rest {
                        return Poll::Ready(self.take(text).map(Some));
                    }
                }
                Poll::Pending => {
                    ready!(self.alarm.as_mut().poll(cx));
                    return Poll::Ready(Err(self.error(
                        ErrorKind::Timeout,
                        "the file stopped coming for longer than the response limit",
                    )));
                }
            }
        }
    }

    /// Counts and hashes a piece.
    fn take(&mut self, text: Bytes) -> Result<Bytes, Error> {
        self.length = self.length.saturating_add(text.len() as u64);
        if self.length > self.max_bytes {
            return Err(self.broken("the file is longer than permitted"));
        }
        if let Some(hash) = &mut self.hash {
            hash.update(&text);
        }
        Ok(text)
    }

    fn verdict(&mut self) -> Result<(), Error> {
        let hash = self.hash.take().map(Hasher::finish);
        let raw = self.raw_hash.take().map(Hasher::finish);
        let right = match self.expected {
            Expected::Text(expected) => hash == Some(expected),
            Expected::Either(expected) => hash == Some(expected) || raw == Some(expected),
            Expected::Nothing => true,
        };
        if right {
            Ok(())
        } else {
            Err(self.broken("the file does not have the announced hash; it must not be used"))
        }
    }

    fn damaged(&self, damage: decode::Damage) -> Error {
        self.broken("the file is damaged").caused_by(damage)
    }

    fn broken(&self, problem: &'static str) -> Error {
        self.error(ErrorKind::Content, problem)
    }

    fn error(&self, kind: ErrorKind, problem: &'static str) -> Error {
        Error::new(kind, Delivery::Unknown, problem).of_call(
            self.operation,
            Idempotency::Safe,
            1,
            false,
        )
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("expected", &self.expected)
            .field("length", &self.length)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
