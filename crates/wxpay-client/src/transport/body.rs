//! The request body, which notes when it was handed to a connection.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Whether a request body has left our hands.
///
/// A connection asks for the body only once it has a place for the request in its own buffer, so as
/// long as nobody asked, the peer cannot have seen a complete request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handover(Arc<AtomicBool>);

impl Handover {
    pub(crate) fn happened(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A whole request body in one piece.
#[derive(Debug)]
pub(crate) struct RequestBody {
    data: Option<Bytes>,
    handover: Handover,
}

impl RequestBody {
    pub(crate) fn new(data: Bytes, handover: Handover) -> Self {
        Self {
            data: (!data.is_empty()).then_some(data),
            handover,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take();
        if data.is_some() {
            self.handover.0.store(true, Ordering::Release);
        }
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}
