//! Bills whose bytes another thread prepares.

use std::io::{self, Read};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use wxpay_bill::{ErrorKind, Progress, TradeBill};

use crate::files::*;
use crate::support::{Chunks, long, read};

/// Tells when it is dropped: the sender goes with it.
struct Watched<R> {
    reader: R,
    _alive: Sender<()>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf)
    }
}

/// A reader, and what waits until it has been dropped.
fn watched<R: Read>(reader: R) -> (Watched<R>, impl FnOnce()) {
    let (alive, gone) = channel::<()>();
    let reader = Watched {
        reader,
        _alive: alive,
    };
    // A minute is a limit for a test that would hang, and not waited for.
    let wait = move || {
        let ended = gone.recv_timeout(Duration::from_secs(60));
        assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
    };
    (reader, wait)
}

/// A header and rows without end.
fn endless() -> impl Read {
    let text = long(1000);
    let rows = text.find("总交易单数").unwrap();
    let text = text[..rows].to_owned().into_bytes();
    let start = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    Endless { text, start, at: 0 }
}

struct Endless {
    text: Vec<u8>,
    start: usize,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.text.len() {
            self.at = self.start;
        }
        let count = (&self.text[self.at..]).read(buf)?;
        self.at += count;
        Ok(count)
    }
}

#[test]
fn dropping_it_midway_ends_the_thread() {
    for rows in [1, 10, 5000] {
        let (reader, wait) = watched(endless());
        let mut bill = TradeBill::from_reader(reader).overlapped();
        for _ in 0..rows {
            assert!(bill.next_row().unwrap().is_some());
        }
        drop(bill);
        wait();
    }
}

#[test]
fn a_bill_that_was_never_read_begins_no_thread() {
    let (reader, wait) = watched(endless());
    drop(TradeBill::from_reader(reader).overlapped());
    wait();
}

#[test]
fn the_end_and_every_error_end_the_thread() {
    for length in [TRADE_PARTNER.len(), 700, 0] {
        let (reader, wait) = watched(Chunks::new(&TRADE_PARTNER[..length], 100));
        let mut bill = TradeBill::from_reader(reader).overlapped();
        let _ = read(&mut bill);
        // The bill is still there.
        wait();
        drop(bill);
    }
    // An error that the other thread does not know of.
    let (reader, wait) = watched(Read::chain(&b"a,b\n"[..], endless()));
    let mut bill = TradeBill::from_reader(reader).overlapped();
    assert_eq!(bill.next_row().unwrap_err().kind(), ErrorKind::Layout);
    drop(bill);
    wait();
}

/// Panics at its second use.
struct Panics(bool);

impl Read for Panics {
    #[expect(clippy::panic_in_result_fn, reason = "that is what it is for")]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(
            !self.0,
            "a reader with a mistake (this panic belongs to a test)"
        );
        self.0 = true;
        TRADE_PARTNER.take(700).read(buf)
    }
}

#[test]
fn a_panic_in_the_reader_is_an_error() {
    let mut bill = TradeBill::from_reader(Panics(false)).overlapped();
    let outcome = read(&mut bill);
    assert_eq!(outcome.rows.len(), 1);
    assert_eq!(outcome.end().kind, ErrorKind::Io);
    assert_eq!(outcome.end().text, "the reader of the bill panicked");
}

#[test]
fn rows_are_the_same_on_one_thread_and_two() {
    let text = long(3000);
    let packed = crate::support::gzip(text.as_bytes());
    for file in [text.as_bytes(), &packed] {
        let one = read(&mut TradeBill::from_reader(file));
        assert!(one.is_clean());
        assert_eq!(one.rows.len(), 3000);
        for at_a_time in [1000, usize::MAX] {
            let reader = Chunks::new(file.to_vec(), at_a_time);
            assert_eq!(read(&mut TradeBill::from_reader(reader).overlapped()), one);
        }
    }
}

#[test]
fn progress_grows_to_the_whole_file() {
    let text = long(6000);
    let packed = crate::support::gzip(text.as_bytes());
    let (plain, small) = (text.len() as u64, packed.len() as u64);
    for (file, length) in [(text.into_bytes(), plain), (packed, small)] {
        let reports = || {
            let (sender, reports) = channel();
            let report = move |progress: Progress| sender.send(progress).unwrap();
            (report, reports)
        };
        let (report, slice) = reports();
        assert!(read(&mut TradeBill::from_slice(&file).on_progress(report)).is_clean());
        let (report, reader) = reports();
        assert!(read(&mut TradeBill::from_reader(&file[..]).on_progress(report)).is_clean());
        let (report, overlapped) = reports();
        let bill = TradeBill::from_reader(Chunks::new(file, usize::MAX)).on_progress(report);
        assert!(read(&mut bill.overlapped()).is_clean());
        for reports in [slice, reader, overlapped] {
            let reports: Vec<_> = reports.into_iter().collect();
            // Reading on behind the end reports nothing.
            assert!((3..40).contains(&reports.len()), "{}", reports.len());
            assert!(reports.is_sorted_by_key(|report| (
                report.file_bytes,
                report.text_bytes,
                report.rows
            )));
            let last = reports.last().unwrap();
            assert_eq!(
                (last.file_bytes, last.text_bytes, last.rows),
                (length, plain, 6000)
            );
        }
    }
}
