//! Bytes from an asynchronous reader.

use std::future::poll_fn;
use std::io::ErrorKind as IoErrorKind;
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::{Filler, Settings, Source, Text, sealed};
use crate::error::Error;

/// A bill from an asynchronous reader, plain or gzip.
#[derive(Debug)]
pub struct AsyncReader<R> {
    reader: R,
    filler: Filler,
    text: Text,
    /// Memory for the next piece. Here, so that a future which is dropped does not take it along.
    spare: Vec<u8>,
}

impl<R> AsyncReader<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            filler: Filler::new(Settings::default()),
            text: Text::default(),
            spare: Vec::new(),
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncReader<R> {
    /// Goes on to the next piece; `false` at the end, when the hash is right.
    pub(crate) async fn advance(&mut self) -> Result<bool, Error> {
        self.text.fault()?;
        if self.spare.is_empty() {
            self.spare = self.text.spare();
        }
        loop {
            if let Some(bytes) = self.filler.take(&mut self.spare)? {
                self.text.set(bytes);
                return Ok(true);
            }
            if self.filler.is_over() {
                let digest = self.filler.digest();
                self.filler.settings.judge(digest)?;
                return Ok(false);
            }
            let (reader, filler) = (&mut self.reader, &mut self.filler);
            let read = poll_fn(|cx| {
                let mut space = ReadBuf::new(filler.space());
                ready!(Pin::new(&mut *reader).poll_read(cx, &mut space))?;
                Poll::Ready(std::io::Result::Ok(space.filled().len()))
            });
            match read.await {
                Ok(count) => self.filler.filled(count)?,
                Err(error) if error.kind() == IoErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io(error)),
            }
        }
    }
}

impl<R: AsyncRead + Unpin> Source for AsyncReader<R> {}

impl<R: AsyncRead + Unpin> sealed::Source for AsyncReader<R> {
    fn text(&self) -> &str {
        self.text.as_str()
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.filler.settings
    }

    fn progress(&self) -> (u64, u64) {
        self.filler.progress()
    }
}
