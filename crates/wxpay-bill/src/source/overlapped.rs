//! Bytes that another thread reads, unpacks and hashes.

use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use sha1::{Digest, Sha1};

use super::reader::piece;
use super::{BlockingSource, Filler, Settings, Source, Text, sealed};
use crate::error::{Error, ErrorKind};

/// So many pieces may wait for their rows to be read.
const WAITING: usize = 2;

/// So much text is handed over at a time: waking the other thread takes as long as reading some ten kilobytes.
const PIECE: usize = 512 * 1024;

/// A bill whose bytes another thread prepares while this one reads rows.
///
/// For a plain file the other thread reads and hashes; for a gzip file it reads and unpacks, which is more work than
/// all the rest, and hashing is left to this one.
pub struct Overlapped {
    settings: Settings,
    /// How the other thread is begun, until it is.
    start: Option<Box<dyn FnOnce(Settings) -> Worker + Send>>,
    worker: Option<Worker>,
    text: Text,
    hash: Sha1,
    progress: (u64, u64),
}

struct Worker {
    pieces: Receiver<Result<Piece, Error>>,
    spares: Sender<Vec<u8>>,
    thread: JoinHandle<()>,
}

enum Piece {
    Text {
        bytes: Vec<u8>,
        is_hashed: bool,
        progress: (u64, u64),
    },
    /// All of it; with its hash, if it is one that was computed there.
    End(Option<[u8; 20]>),
}

impl Overlapped {
    pub(crate) fn new<R: Read + Send + 'static>(reader: R, settings: Settings) -> Self {
        Self {
            settings,
            start: Some(Box::new(|settings| Worker::start(reader, settings))),
            worker: None,
            text: Text::default(),
            hash: Sha1::default(),
            progress: (0, 0),
        }
    }
}

impl Worker {
    fn start<R: Read + Send + 'static>(reader: R, settings: Settings) -> Self {
        let (sender, pieces) = sync_channel(WAITING);
        let (spares, received) = channel();
        let thread = thread::spawn(move || prepare(reader, settings, &sender, &received));
        Self {
            pieces,
            spares,
            thread,
        }
    }
}

/// Prepares pieces until the file is over or nobody wants them any more.
fn prepare<R: Read>(
    mut reader: R,
    settings: Settings,
    pieces: &SyncSender<Result<Piece, Error>>,
    spares: &Receiver<Vec<u8>>,
) {
    let mut filler = Filler::for_another_thread(settings, PIECE);
    loop {
        let mut spare = spares.try_recv().unwrap_or_default();
        let prepared = piece(&mut reader, &mut filler, &mut spare).map(|bytes| match bytes {
            Some(bytes) => Piece::Text {
                bytes,
                is_hashed: !filler.is_unhashed(),
                progress: filler.progress(),
            },
            None => Piece::End(filler.digest()),
        });
        let is_last = !matches!(prepared, Ok(Piece::Text { .. }));
        if pieces.send(prepared).is_err() || is_last {
            return;
        }
    }
}

impl Source for Overlapped {}

impl sealed::Source for Overlapped {
    #[inline]
    fn text(&self) -> &str {
        self.text.as_str()
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn progress(&self) -> (u64, u64) {
        self.progress
    }
}

impl BlockingSource for Overlapped {}

impl sealed::BlockingSource for Overlapped {
    fn advance(&mut self) -> Result<bool, Error> {
        self.text.fault()?;
        if let Some(start) = self.start.take() {
            self.worker = Some(start(self.settings.clone()));
        }
        let Some(worker) = &self.worker else {
            return Ok(false);
        };
        // Nobody takes it any more where the thread has ended.
        let _ = worker.spares.send(self.text.spare());
        match worker.pieces.recv() {
            Ok(Ok(Piece::Text {
                bytes,
                is_hashed,
                progress,
            })) => {
                if !is_hashed && self.settings.sha1.is_some() {
                    self.hash.update(&bytes);
                }
                self.text.set(bytes);
                self.progress = progress;
                Ok(true)
            }
            Ok(Ok(Piece::End(digest))) => {
                if let Some(worker) = self.worker.take() {
                    let _ = worker.thread.join();
                }
                let hash = std::mem::take(&mut self.hash);
                let digest = digest.unwrap_or_else(|| hash.finalize().into());
                self.settings.judge(Some(digest))?;
                Ok(false)
            }
            Ok(Err(error)) => Err(error),
            // It panicked, which can only be the reader's doing.
            Err(_) => Err(Error::new(ErrorKind::Io, "the reader of the bill panicked")),
        }
    }
}

impl std::fmt::Debug for Overlapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlapped")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
