//! One file of a download: its body, what opens and unpacks it, what proves it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::body::Incoming;
use wxpay_proto::FileOpener;
use wxpay_proto::sign::CipherError;

use super::Expected;
use super::decode::{Damage, Decoder};
use super::hash::Hasher;

pub(super) struct Part {
    /// Its place among the files of an encrypted bill, from 1.
    number: Option<u32>,
    body: Incoming,
    /// Opens an encrypted file, until it has proven it.
    opener: Option<FileOpener>,
    decoder: Decoder,
    /// Of the text.
    hash: Option<Hasher>,
    /// Of the file as it is sent.
    raw_hash: Option<Hasher>,
    expected: Expected,
    /// The body is over.
    ended: bool,
    /// Something of the body has come since this was last asked.
    came: bool,
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Fault {
    /// The connection broke.
    Broken(hyper::Error),
    /// The encryption does not hold: key, nonce, tag or length.
    Sealed(CipherError),
    /// It is no gzip, or not all of it.
    Damaged(Damage),
    /// The hash is another.
    Hash,
}

impl Part {
    pub(super) fn new(body: Incoming, expected: Expected) -> Self {
        let (hash, raw_hash) = expected.hashers();
        Self {
            number: None,
            body,
            opener: None,
            decoder: Decoder::new(),
            hash,
            raw_hash,
            expected,
            ended: false,
            came: false,
        }
    }

    /// Leaves the file as it is, even where it is gzip.
    pub(super) fn as_it_is(&mut self) {
        self.decoder = Decoder::plain();
    }

    /// Decrypts the file, which is this one among the parts of a bill.
    pub(super) fn sealed(&mut self, number: u32, opener: FileOpener) {
        self.number = Some(number);
        self.opener = Some(opener);
    }

    pub(super) fn number(&self) -> Option<u32> {
        self.number
    }

    pub(super) fn expected(&self) -> Expected {
        self.expected
    }

    /// Whether something has come since this was last asked, be there text in it or not.
    pub(super) fn has_come(&mut self) -> bool {
        std::mem::take(&mut self.came)
    }

    /// Takes a piece of the file as it came.
    pub(super) fn push(&mut self, piece: Bytes) -> Result<(), Fault> {
        if let Some(hash) = &mut self.raw_hash {
            hash.update(&piece);
        }
        let piece = match &mut self.opener {
            Some(opener) => opened(opener, piece).map_err(Fault::Sealed)?,
            None => piece,
        };
        self.decoder.push(piece);
        Ok(())
    }

    /// The next piece of text, not empty; `None` when the file is over and proven. Must not be called
    /// again after that, nor after a fault.
    pub(super) fn poll_text(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            if self.ended {
                return Poll::Ready(self.verdict().map(|()| None));
            }
            if let Some(text) = self.decoder.next().map_err(Fault::Damaged)? {
                return Poll::Ready(Ok(Some(self.hashed(text))));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    self.came = true;
                    if let Ok(data) = frame.into_data() {
                        self.push(data)?;
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(Fault::Broken(error))),
                None => {
                    // First what says whether it is the file at all, then whether all of it came.
                    if let Some(opener) = self.opener.take() {
                        opener.finish().map_err(Fault::Sealed)?;
                    }
                    self.ended = true;
                    if let Some(text) = self.decoder.finish().map_err(Fault::Damaged)? {
                        return Poll::Ready(Ok(Some(self.hashed(text))));
                    }
                }
            }
        }
    }

    fn hashed(&mut self, text: Bytes) -> Bytes {
        if let Some(hash) = &mut self.hash {
            hash.update(&text);
        }
        text
    }

    fn verdict(&mut self) -> Result<(), Fault> {
        let hash = self.hash.take().map(Hasher::finish);
        let raw = self.raw_hash.take().map(Hasher::finish);
        let right = match self.expected {
            Expected::Text(expected) => hash == Some(expected),
            Expected::Either(expected) => hash == Some(expected) || raw == Some(expected),
            Expected::Nothing => true,
        };
        if right { Ok(()) } else { Err(Fault::Hash) }
    }
}

/// Decrypts a piece, in its place where nobody else holds it.
fn opened(opener: &mut FileOpener, piece: Bytes) -> Result<Bytes, CipherError> {
    let mut piece = piece
        .try_into_mut()
        .unwrap_or_else(|shared| BytesMut::from(&*shared));
    let length = opener.update(&mut piece)?.len();
    piece.truncate(length);
    Ok(piece.freeze())
}
