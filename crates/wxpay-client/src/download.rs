//! Files as streams: bills (对账单), receipts (电子回单) and what else WeChat Pay hands out by a
//! `download_url`.

mod decode;
mod encrypted;
mod hash;
mod io;
mod part;
mod request;
mod save;
mod url;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};
use wxpay_proto::Idempotency;

pub use self::encrypted::EncryptedPart;
pub(crate) use self::encrypted::{begin_part, begin_parts};
use self::hash::Hasher;
pub use self::hash::{ExpectedHash, InvalidHash};
use self::part::{Fault, Part};
pub(crate) use self::request::{begin, fetch};
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

/// A file on its way, made by `download`, `download_parts` or `fetch` of a client.
///
/// It gives the uncompressed text, in pieces of at most a few dozen kilobytes, and is never in
/// memory as a whole. Read it by [`chunk`](Self::chunk), as a `tokio::io::AsyncRead`, as a
/// `futures_core::Stream`, or write it to a file by [`save_to`](Self::save_to).
/// `wxpay-bill` makes typed rows of a bill straight from it (`TradeBill::from_async_reader`).
///
/// The hash can only be checked at the end. Until then every piece is unproven: WeChat Pay does not
/// sign files. A file with another hash, a damaged or a short one ends in an error, never in a clean
/// end, so whoever reads to the end without one has the file that was announced. Bills of v2, and images
/// and receipts taken by `fetch`, come without a hash ([`has_hash`](Self::has_hash)): what vouches for
/// them is the TLS connection, and for bills the totals in their last row. A receipt whose query has told
/// its hash is better taken by `download`, which compares it.
///
/// Encrypted bills taken by `download_parts` are proven twice, part by part: by the tag of the encryption
/// and by the hash. One wrong part spoils the whole.
#[must_use = "a download is only checked by reading it to its end"]
pub struct Download {
    operation: &'static str,
    headers: HeaderMap,
    /// The file that is being read.
    part: Part,
    /// Those that come after it, begun already.
    following: VecDeque<Part>,
    length: u64,
    max_bytes: u64,
    silence: Duration,
    alarm: Pin<Box<Sleep>>,
    /// The alarm is set: the reader has been waiting since.
    waiting: bool,
    state: State,
    /// What `AsyncRead` has not yet given away of the last piece.
    rest: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// All of it has been read, and every hash and tag is right.
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
        Self {
            operation,
            headers,
            part: Part::new(body, expected),
            following: VecDeque::new(),
            length: 0,
            max_bytes: u64::MAX,
            silence,
            alarm: Box::pin(sleep(silence)),
            waiting: false,
            state: State::Running,
            rest: Bytes::new(),
        }
    }

    /// Takes the beginning of the file, read before.
    #[cfg(feature = "v2")]
    pub(crate) fn push(&mut self, first: Bytes) -> Result<(), Error> {
        self.part.push(first).map_err(|fault| self.fault(fault))
    }

    /// Goes on with another file where this one ends.
    fn followed_by(&mut self, next: Self) {
        self.following.push_back(next.part);
        self.following.extend(next.following);
    }

    /// Ends in an error when the uncompressed text is longer than this many bytes. Memory needs no
    /// such limit; a disk may.
    pub fn max_bytes(mut self, limit: u64) -> Self {
        self.max_bytes = limit;
        self
    }

    /// The headers of the answer; of several parts, the first one's.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether a hash was announced that the file is checked with.
    #[must_use]
    pub fn has_hash(&self) -> bool {
        match self.part.expected() {
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
    /// [`ErrorKind::Content`] for a wrong hash or tag, damaged gzip data or a text over the limit;
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
            // Nobody will read them.
            self.following.clear();
        }
        Poll::Ready(result)
    }

    fn poll_text(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            match self.state {
                State::Running => {}
                State::Verified => return Poll::Ready(Ok(None)),
                State::Failed => {
                    return Poll::Ready(Err(self.broken("the download has failed before")));
                }
            }
            let Poll::Ready(text) = self.part.poll_text(cx) else {
                return self.poll_silence(cx).map(Err);
            };
            self.waiting = false;
            match text.map_err(|fault| self.fault(fault))? {
                Some(text) => return Poll::Ready(self.take(text).map(Some)),
                None => match self.following.pop_front() {
                    Some(next) => self.part = next,
                    None => self.state = State::Verified,
                },
            }
        }
    }

    /// Nothing has come. How long that may last counts from when the reader began to wait, not from the
    /// last piece: what a reader does in between is not the server's silence, and a part that is not yet
    /// its turn is not waited for.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        if self.part.has_come() || !self.waiting {
            self.waiting = true;
            self.alarm
                .as_mut()
                .reset(after(Instant::now(), self.silence));
        }
        self.alarm.as_mut().poll(cx).map(|()| {
            self.error(
                ErrorKind::Timeout,
                "the file stopped coming for longer than the response limit",
            )
        })
    }

    /// Counts a piece.
    fn take(&mut self, text: Bytes) -> Result<Bytes, Error> {
        self.length = self.length.saturating_add(text.len() as u64);
        if self.length > self.max_bytes {
            return Err(self.broken("the file is longer than permitted"));
        }
        Ok(text)
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Broken(cause) => self
                .error(
                    ErrorKind::Connection,
                    "the connection broke within the file",
                )
                .caused_by(cause),
            Fault::Sealed(cause) => self
                .broken("the encrypted file is not proven; nothing of it must be used")
                .caused_by(cause),
            Fault::Damaged(cause) => self.broken("the file is damaged").caused_by(cause),
            Fault::Hash => {
                self.broken("the file does not have the announced hash; it must not be used")
            }
        }
    }

    fn broken(&self, problem: &'static str) -> Error {
        self.error(ErrorKind::Content, problem)
    }

    fn error(&self, kind: ErrorKind, problem: &'static str) -> Error {
        let error = Error::new(kind, Delivery::Unknown, problem);
        let error = error.of_call(self.operation, Idempotency::Safe, 1, false);
        match self.part.number() {
            Some(number) => error.of_part(number),
            None => error,
        }
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("expected", &self.part.expected())
            .field("length", &self.length)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
