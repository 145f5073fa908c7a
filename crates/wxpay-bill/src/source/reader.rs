//! Bytes from a reader.

use std::io::{self, ErrorKind as IoErrorKind, Read};

use super::{BlockingSource, Filler, Settings, Source, Text, sealed};
use crate::error::Error;

/// A bill from a reader, plain or gzip.
#[derive(Debug)]
pub struct Reader<R> {
    reader: R,
    filler: Filler,
    text: Text,
}

impl<R: Read> Reader<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            filler: Filler::new(Settings::default()),
            text: Text::default(),
        }
    }

    pub(crate) fn into_parts(self) -> (R, Settings) {
        (self.reader, self.filler.settings)
    }
}

impl<R: Read> Source for Reader<R> {}

impl<R: Read> sealed::Source for Reader<R> {
    #[inline]
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

impl<R: Read> BlockingSource for Reader<R> {}

impl<R: Read> sealed::BlockingSource for Reader<R> {
    fn advance(&mut self) -> Result<bool, Error> {
        self.text.fault()?;
        let mut spare = self.text.spare();
        match piece(&mut self.reader, &mut self.filler, &mut spare)? {
            Some(bytes) => {
                self.text.set(bytes);
                Ok(true)
            }
            None => {
                let digest = self.filler.digest();
                self.filler.settings.judge(digest)?;
                Ok(false)
            }
        }
    }
}

/// Reads until there is a piece.
pub(super) fn piece<R: Read>(
    reader: &mut R,
    filler: &mut Filler,
    spare: &mut Vec<u8>,
) -> Result<Option<Vec<u8>>, Error> {
    loop {
        if let Some(bytes) = filler.take(spare)? {
            return Ok(Some(bytes));
        }
        if filler.is_over() {
            return Ok(None);
        }
        let space = filler.space();
        let length = space.len();
        match reader.read(space) {
            Ok(count) if count <= length => filler.filled(count)?,
            Ok(_) => {
                let error = "the reader says that it has read more than there was room for";
                return Err(Error::io(io::Error::other(error)));
            }
            Err(error) if error.kind() == IoErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sealed::BlockingSource as _;

    #[test]
    fn a_reader_that_claims_too_much_is_not_believed() {
        struct Claims;
        impl Read for Claims {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                Ok(buf.len() + 1)
            }
        }
        let error = Reader::new(Claims).advance().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Io);
    }
}
