//! A download as the types of other libraries.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use tokio::io::{AsyncRead, ReadBuf};

use super::{Download, State};
use crate::error::Error;

/// The text; the end is only reached when the hash is right. An [`Error`] of this crate is within
/// the `io::Error`.
impl AsyncRead for Download {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let Some(mut text) = ready!(self.poll_chunk(cx)).map_err(io::Error::other)? else {
            return Poll::Ready(Ok(()));
        };
        let fits = text.len().min(buf.remaining());
        buf.put_slice(&text[..fits]);
        text.advance(fits);
        self.rest = text;
        Poll::Ready(Ok(()))
    }
}

/// The pieces of text. A stream that did not end in an error had the right hash.
impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // One error, then the end, as readers of streams expect.
        if self.state == State::Failed {
            return Poll::Ready(None);
        }
        self.poll_chunk(cx).map(Result::transpose)
    }
}
