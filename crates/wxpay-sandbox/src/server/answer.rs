//! Puts the core's answers on the wire, those included that go wrong on purpose.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The connection ends here, because a fault says so.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut by a fault")
    }
}

impl Error for Cut {}

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A whole body, or the first part of one whose `Content-Length` promises all of it.
#[derive(Debug)]
pub(super) struct AnswerBody {
    data: Option<Bytes>,
    /// Bytes still promised and never sent.
    missing: u64,
    flushed: bool,
}

impl AnswerBody {
    pub(super) fn whole(data: Bytes) -> Self {
        Self {
            data: Some(data).filter(|data| !data.is_empty()),
            missing: 0,
            flushed: false,
        }
    }

    /// Sends at most `sent` bytes, and at least one less than there are.
    pub(super) fn truncated(data: Bytes, sent: usize) -> Self {
        let sent = sent.min(data.len().saturating_sub(1));
        let missing = u64::try_from(data.len() - sent).unwrap_or(u64::MAX);
        Self {
            data: Some(data.slice(..sent)).filter(|data| !data.is_empty()),
            missing,
            flushed: false,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if self.missing == 0 {
            return Poll::Ready(None);
        }
        if !self.flushed {
            // The connection is torn down at once on an error: give it a turn to send what it has.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Cut)))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.missing == 0
    }

    fn size_hint(&self) -> SizeHint {
        let data = self
            .data
            .as_ref()
            .map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX));
        SizeHint::with_exact(data.saturating_add(self.missing))
    }
}
