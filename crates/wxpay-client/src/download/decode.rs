//! A file as it comes, compressed or not, made into its text.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flate2::{Decompress, FlushDecompress, Status};

/// How much text one step gives at most. However well a file is compressed, this is what it can
/// occupy.
const STEP: usize = 32 * 1024;

/// The first bytes of every gzip file (RFC 1952, 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Decodes a file piece by piece; whether it is gzip is told by its first two bytes, because
/// `Content-Type` does not say so reliably.
#[derive(Debug)]
pub(super) struct Decoder {
    mode: Mode,
    input: Bytes,
}

#[derive(Debug)]
enum Mode {
    /// Fewer than two bytes have come.
    Undecided,
    Plain,
    Gzip(Gunzip),
}

/// The gzip file is damaged or ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    Corrupt,
    Truncated,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Corrupt => "the gzip data is corrupt",
            Self::Truncated => "the gzip data ends early",
        })
    }
}

impl std::error::Error for Damage {}

impl Decoder {
    pub(super) fn new() -> Self {
        Self {
            mode: Mode::Undecided,
            input: Bytes::new(),
        }
    }

    /// Leaves a file as it is.
    pub(super) fn plain() -> Self {
        Self {
            mode: Mode::Plain,
            input: Bytes::new(),
        }
    }

    /// Takes the next piece of the file. Everything [`next`](Self::next) can make of the piece
    /// before must have been taken out first.
    pub(super) fn push(&mut self, piece: Bytes) {
        if self.input.is_empty() {
            self.input = piece;
        } else {
            let mut joined = BytesMut::with_capacity(self.input.len() + piece.len());
            joined.put(std::mem::take(&mut self.input));
            joined.put(piece);
            self.input = joined.freeze();
        }
    }

    /// The next piece of text, not empty; `None` when more of the file is needed.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Damage> {
        if matches!(self.mode, Mode::Undecided) {
            let Some(first) = self.input.get(..2) else {
                return Ok(None);
            };
            self.mode = if first == GZIP_MAGIC {
                Mode::Gzip(Gunzip::new())
            } else {
                Mode::Plain
            };
        }
        match &mut self.mode {
            Mode::Gzip(gunzip) => gunzip.next(&mut self.input),
            Mode::Undecided | Mode::Plain => {
                Ok(Some(std::mem::take(&mut self.input)).filter(|text| !text.is_empty()))
            }
        }
    }

    /// The file is over: what is left of the text, or an error when there should have been more.
    pub(super) fn finish(&mut self) -> Result<Option<Bytes>, Damage> {
        match &self.mode {
            Mode::Gzip(gunzip) if !gunzip.between_members => Err(Damage::Truncated),
            _ => Ok(Some(std::mem::take(&mut self.input)).filter(|text| !text.is_empty())),
        }
    }
}

/// RFC 1952, one member after the other. Header, checksum and length are zlib's to check.
#[derive(Debug)]
struct Gunzip {
    state: Decompress,
    between_members: bool,
    /// The last step filled its space, so there may be text for which no more input is needed.
    pending: bool,
    output: Box<[u8]>,
}

impl Gunzip {
    fn new() -> Self {
        Self {
            state: Decompress::new_gzip(15),
            between_members: false,
            pending: false,
            output: vec![0; STEP].into_boxed_slice(),
        }
    }

    fn next(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, Damage> {
        while !input.is_empty() || self.pending {
            if self.between_members {
                self.state = Decompress::new_gzip(15);
                self.between_members = false;
            }
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, &mut self.output, FlushDecompress::None)
                .map_err(|_| Damage::Corrupt)?;
            let read =
                usize::try_from(self.state.total_in() - read).map_err(|_| Damage::Corrupt)?;
            let written =
                usize::try_from(self.state.total_out() - written).map_err(|_| Damage::Corrupt)?;
            input.advance(read);
            self.between_members = status == Status::StreamEnd;
            self.pending = written == STEP && !self.between_members;
            if written > 0 {
                return Ok(Some(Bytes::copy_from_slice(&self.output[..written])));
            }
            if read == 0 && !self.between_members {
                // Nothing in, nothing out: the rest of the input is no gzip, or there is none.
                return if input.is_empty() {
                    Ok(None)
                } else {
                    Err(Damage::Corrupt)
                };
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// Decodes a file that comes in pieces of the given size.
    fn decode(file: &[u8], size: usize) -> Result<Vec<u8>, Damage> {
        let mut decoder = Decoder::new();
        let mut text = Vec::new();
        for piece in file.chunks(size) {
            decoder.push(Bytes::copy_from_slice(piece));
            while let Some(more) = decoder.next()? {
                assert!(more.len() <= STEP.max(size));
                text.extend_from_slice(&more);
            }
        }
        text.extend_from_slice(&decoder.finish()?.unwrap_or_default());
        Ok(text)
    }

    #[test]
    fn both_kinds_in_pieces_of_any_size() {
        let text: Vec<u8> = (0..50_000_u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect();
        let zipped = gzip(&text);
        for size in [1, 2, 3, 1000, 1 << 20] {
            assert_eq!(decode(&text, size).unwrap(), text, "plain, {size}");
            assert_eq!(decode(&zipped, size).unwrap(), text, "gzip, {size}");
        }
        for short in [&b""[..], b"x", b"\x1f", b"\x1fx"] {
            assert_eq!(decode(short, 1).unwrap(), short);
        }
    }

    #[test]
    fn members_follow_each_other() {
        let file = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
        for size in [1, 7, 1000] {
            assert_eq!(decode(&file, size).unwrap(), b"one two");
        }
    }

    #[test]
    fn an_early_end_is_noticed_at_every_byte() {
        let file = gzip(b"the text of a bill");
        for end in 2..file.len() {
            assert_eq!(decode(&file[..end], 5), Err(Damage::Truncated), "{end}");
        }
    }

    #[test]
    fn changed_bytes_and_trailing_ones_are_noticed() {
        let file = gzip(b"the text of a bill");
        let mut changed = file.clone();
        let crc = file.len() - 8;
        changed[crc] ^= 1;
        assert_eq!(decode(&changed, 1000), Err(Damage::Corrupt));
        assert_eq!(
            decode(&[&file[..], b"rubbish"].concat(), 1000),
            Err(Damage::Corrupt)
        );
    }

    #[test]
    fn a_bomb_comes_out_in_small_pieces() {
        let file = gzip(&vec![0; 2 << 20]);
        let mut decoder = Decoder::new();
        decoder.push(file.into());
        let mut total = 0;
        while let Some(piece) = decoder.next().unwrap() {
            assert!(piece.len() <= STEP);
            total += piece.len();
        }
        assert_eq!(total, 2 << 20);
    }
}
