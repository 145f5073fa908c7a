//! gzip (RFC 1952), one member after the other.

use flate2::{Decompress, FlushDecompress, Status};

use crate::error::{Error, ErrorKind};

/// The first bytes of every gzip file (RFC 1952, 2.3.1).
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Compressed data does not expand to more than this many times its size, once there is a good deal of it. The rows
/// of a bill hold numbers that are all different, and expand to some ten times.
const MOST_EXPANSION: u64 = 250;
const EXPANSION_FROM: u64 = 64 * 1024 * 1024;

/// Header, checksum and length of a member are zlib's to check.
#[derive(Debug)]
pub(super) struct Gunzip {
    state: Decompress,
    between_members: bool,
    read: u64,
    written: u64,
}

impl Gunzip {
    pub(super) fn new() -> Self {
        Self {
            state: Decompress::new_gzip(15),
            between_members: false,
            read: 0,
            written: 0,
        }
    }

    /// Makes text of compressed data: how much was read, and how much written. Nothing of both means that more data
    /// is needed.
    pub(super) fn inflate(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, usize), Error> {
        if self.between_members {
            if input.is_empty() {
                return Ok((0, 0));
            }
            self.state = Decompress::new_gzip(15);
            self.between_members = false;
        }
        let (read, written) = (self.state.total_in(), self.state.total_out());
        let status = self
            .state
            .decompress(input, output, FlushDecompress::None)
            .map_err(|_| corrupt())?;
        let (read, written) = (
            self.state.total_in() - read,
            self.state.total_out() - written,
        );
        self.between_members = status == Status::StreamEnd;
        self.read += read;
        self.written += written;
        if self.written > EXPANSION_FROM && self.written / MOST_EXPANSION > self.read {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "the gzip data expands to more than {MOST_EXPANSION} times its size; this is no bill"
                ),
            ));
        }
        if read == 0 && written == 0 && !self.between_members && !input.is_empty() {
            return Err(corrupt());
        }
        // Both are no more than the lengths of what was given.
        Ok((read as usize, written as usize))
    }

    /// The data is over.
    pub(super) fn finish(&self) -> Result<(), Error> {
        if self.between_members {
            Ok(())
        } else {
            Err(Error::new(
                ErrorKind::Truncated,
                "the gzip data ends early; the file is cut off",
            ))
        }
    }
}

fn corrupt() -> Error {
    Error::new(
        ErrorKind::Gzip,
        "the gzip data is damaged, or something else follows it",
    )
}
