//! Bytes as they come, made into pieces of whole lines. It does no I/O: whoever has bytes puts them into
//! [`space`](Filler::space) and says how many there were.

use sha1::{Digest, Sha1};

use super::gunzip::{Gunzip, MAGIC};
use super::{LONGEST_LINE, PIECE, Settings, line_too_long, text_too_long};
use crate::error::Error;

/// So much compressed data is taken at a time.
const INPUT: usize = 64 * 1024;

/// Collects text, unpacked and hashed, and gives out what is complete of it.
#[derive(Debug)]
pub(crate) struct Filler {
    pub(crate) settings: Settings,
    mode: Mode,
    /// Text; what is behind `length` is room.
    text: Vec<u8>,
    length: usize,
    /// So far there is no line feed in it.
    searched: usize,
    ended: bool,
    hash: Option<Sha1>,
    /// The text of gzip files is hashed by whoever takes it.
    leaves_gzip_unhashed: bool,
    /// So much text is taken at a time.
    piece: usize,
    file_bytes: u64,
    text_bytes: u64,
}

#[derive(Debug)]
enum Mode {
    /// Fewer than two bytes have come.
    Undecided,
    Plain,
    Gzip(Box<Packed>),
}

#[derive(Debug)]
struct Packed {
    gunzip: Gunzip,
    input: Vec<u8>,
    /// What of the input is yet to be unpacked.
    start: usize,
    end: usize,
}

impl Filler {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            mode: Mode::Undecided,
            text: Vec::new(),
            length: 0,
            searched: 0,
            ended: false,
            hash: None,
            leaves_gzip_unhashed: false,
            piece: PIECE,
            file_bytes: 0,
            text_bytes: 0,
        }
    }

    /// Pieces for another thread: larger ones, and the text of gzip files is left to it to be hashed.
    pub(crate) fn for_another_thread(settings: Settings, piece: usize) -> Self {
        Self {
            leaves_gzip_unhashed: true,
            piece,
            ..Self::new(settings)
        }
    }

    /// Whether the pieces still have to be hashed by whoever takes them.
    pub(crate) fn is_unhashed(&self) -> bool {
        self.leaves_gzip_unhashed && matches!(self.mode, Mode::Gzip(_))
    }

    /// Bytes of the file as it is, and of its text.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.file_bytes, self.text_bytes)
    }

    /// Where the next bytes of the file go. Never empty as long as [`take`](Self::take) has nothing to give.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        self.make_room();
        match &mut self.mode {
            // All of it has been unpacked when more is asked for.
            Mode::Gzip(packed) => packed.input.get_mut(packed.end..),
            Mode::Plain | Mode::Undecided => self.text.get_mut(self.length..),
        }
        .unwrap_or_default()
    }

    /// So many bytes have been put into [`space`](Self::space); none is the end of the file.
    pub(crate) fn filled(&mut self, count: usize) -> Result<(), Error> {
        self.file_bytes += count as u64;
        self.ended |= count == 0;
        match &mut self.mode {
            Mode::Gzip(packed) => {
                packed.end += count;
                if self.ended && packed.start == packed.end {
                    packed.gunzip.finish()?;
                }
                Ok(())
            }
            Mode::Plain => self.more_text(count),
            Mode::Undecided => {
                let seen = self.length + count;
                match self.text.get(..seen) {
                    Some(file) if file.starts_with(&MAGIC) => {
                        let mut input = file.to_vec();
                        input.resize(INPUT.max(seen), 0);
                        self.length = 0;
                        self.mode = Mode::Gzip(Box::new(Packed {
                            gunzip: Gunzip::new(),
                            input,
                            start: 0,
                            end: seen,
                        }));
                        Ok(())
                    }
                    // One byte is not enough to tell.
                    Some([first]) if *first == MAGIC[0] && !self.ended => {
                        self.length = seen;
                        Ok(())
                    }
                    _ => {
                        self.mode = Mode::Plain;
                        self.length = 0;
                        self.more_text(seen)
                    }
                }
            }
        }
    }

    /// A piece of whole lines, if there is one; at the end of the file what is left. `spare` is a buffer to go on
    /// with.
    pub(crate) fn take(&mut self, spare: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        let end = loop {
            self.unpack()?;
            let fresh = self
                .text
                .get(self.searched..self.length)
                .unwrap_or_default();
            if let Some(feed) = memchr::memrchr(b'\n', fresh) {
                break self.searched + feed + 1;
            }
            if self.ended && self.is_unpacked() {
                break self.length;
            }
            if self.length >= LONGEST_LINE {
                return Err(line_too_long());
            }
            self.searched = self.length;
            if self.is_unpacked() || self.length < self.text.len() {
                return Ok(None);
            }
        };
        if end == 0 {
            return Ok(None);
        }
        let mut next = std::mem::take(spare);
        let rest = self.text.get(end..self.length).unwrap_or_default();
        if next.len() < rest.len() {
            next.resize(self.piece.max(rest.len()), 0);
        }
        next[..rest.len()].copy_from_slice(rest);
        self.length = rest.len();
        self.searched = rest.len();
        let mut piece = std::mem::replace(&mut self.text, next);
        piece.truncate(end);
        Ok(Some(piece))
    }

    /// Whether all has been given out.
    pub(crate) fn is_over(&self) -> bool {
        self.ended && self.length == 0 && self.is_unpacked()
    }

    /// The hash of the text.
    pub(crate) fn digest(&mut self) -> Option<[u8; 20]> {
        let wanted = self.settings.sha1.is_some() && !self.is_unhashed();
        wanted.then(|| self.hash.take().unwrap_or_default().finalize().into())
    }

    fn is_unpacked(&self) -> bool {
        match &self.mode {
            Mode::Gzip(packed) => packed.start == packed.end,
            Mode::Plain | Mode::Undecided => true,
        }
    }

    /// Unpacks what there is, as far as there is room for it.
    fn unpack(&mut self) -> Result<(), Error> {
        loop {
            self.make_room();
            let Mode::Gzip(packed) = &mut self.mode else {
                return Ok(());
            };
            let (input, output) = (
                packed
                    .input
                    .get(packed.start..packed.end)
                    .unwrap_or_default(),
                self.text.get_mut(self.length..).unwrap_or_default(),
            );
            let (read, written) = packed.gunzip.inflate(input, output)?;
            packed.start += read;
            if packed.start == packed.end {
                (packed.start, packed.end) = (0, 0);
            }
            self.more_text(written)?;
            if (read == 0 && written == 0) || self.length == self.text.len() {
                return Ok(());
            }
        }
    }

    /// Counts and hashes text that has been put behind what there was.
    fn more_text(&mut self, count: usize) -> Result<(), Error> {
        let start = self.length;
        self.length += count;
        self.text_bytes += count as u64;
        if self.text_bytes > self.settings.max_bytes {
            return Err(text_too_long());
        }
        if self.settings.sha1.is_some() && !self.is_unhashed() {
            let text = self.text.get(start..self.length).unwrap_or_default();
            self.hash.get_or_insert_default().update(text);
        }
        Ok(())
    }

    /// Room for text: at first for a piece; for a line that is longer, more.
    fn make_room(&mut self) {
        if self.text.len() < self.piece {
            self.text.resize(self.piece, 0);
        } else if self.length == self.text.len() && self.searched == self.length {
            self.text.resize((self.text.len() * 2).min(LONGEST_LINE), 0);
        }
    }
}
