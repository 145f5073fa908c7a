//! How much memory reading a bill takes. The counter is a global allocator, so this is a program of its own.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::{self, Read, Write as _};

use allocation_counter::{AllocationInfo, measure};
use flate2::Compression;
use flate2::write::GzEncoder;
use wxpay_bill::{Bill, BlockingSource, Fen, RecordBill, Records, TradeBill, Trades};

const WHOLE: &[u8] = include_bytes!("vectors/trade_partner.csv");
/// Rows in a part of the bill that is read over and over.
const ROWS: usize = 1000;
const LIMIT: u64 = 8 * 1024 * 1024;

/// Bytes, other bytes so many times, and bytes at the end.
struct Parts {
    first: Vec<u8>,
    middle: Vec<u8>,
    times: usize,
    last: Vec<u8>,
    at: usize,
}

impl Read for Parts {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let part = if !self.first.is_empty() {
                &mut self.first
            } else if self.times > 0 {
                &mut self.middle
            } else {
                &mut self.last
            };
            let count = (&part[self.at..]).read(buf)?;
            self.at += count;
            if count > 0 || (self.first.is_empty() && self.times == 0) {
                return Ok(count);
            }
            self.at = 0;
            if self.first.is_empty() {
                self.times -= 1;
            } else {
                // Its memory stays, so that nothing is freed that was not counted.
                self.first.clear();
            }
        }
    }
}

/// A bill of this many thousand rows of 6.00 yuan each.
fn bill(times: usize, packed: bool) -> Parts {
    let text = std::str::from_utf8(WHOLE).unwrap();
    let mut lines = text.split_inclusive("\r\n");
    let (header, row) = (lines.next().unwrap(), lines.next().unwrap());
    let count = times * ROWS;
    let last = format!("总交易单数,订单总金额\r\n`{count},`{}.00\r\n", count * 6);
    let pack = |text: &str| {
        if !packed {
            return text.as_bytes().to_vec();
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    Parts {
        first: pack(header),
        middle: pack(&row.repeat(ROWS)),
        times,
        last: pack(&last),
        at: 0,
    }
}

/// Enough for sixty megabytes.
const TIMES: usize = 230;

fn read_all<S: BlockingSource>(mut bill: Bill<S, Trades>) {
    let (mut sum, mut bytes) = (0, 0);
    let summary = *bill
        .for_each(|row| {
            sum += row.total().unwrap_or_default().as_fen();
            bytes += row
                .record()
                .iter()
                .map(|(_, text)| text.len() + 2)
                .sum::<usize>();
        })
        .unwrap()
        .unwrap();
    assert_eq!(summary.count, Some((TIMES * ROWS) as u64));
    assert_eq!(summary.total, Some(Fen::new(sum)));
    assert!(bytes > 50_000_000, "{bytes}");
}

fn peak(info: AllocationInfo) -> u64 {
    assert!(info.count_total < 2000, "{}", info.count_total);
    info.bytes_max
}

#[test]
fn a_long_bill_from_a_reader() {
    let parts = bill(TIMES, false);
    let peak = peak(measure(|| read_all(TradeBill::from_reader(parts))));
    // Two pieces of 128 KiB, and what belongs to a bill.
    assert!(peak < LIMIT / 16, "{peak}");
}

#[test]
fn a_long_bill_as_gzip() {
    let parts = bill(TIMES, true);
    let sha1 = "0000000000000000000000000000000000000000";
    // The hash is computed as well, and wrong at the end.
    let info = measure(|| {
        let mut bill = TradeBill::from_reader(parts).hash("SHA1", sha1).unwrap();
        assert!(bill.for_each(|_| {}).is_err());
        assert_eq!(bill.rows(), (TIMES * ROWS) as u64);
    });
    // A member is unpacked by a state of its own.
    assert!(info.bytes_max < LIMIT / 16, "{info:?}");
}

/// Bytes of memory this process has now.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kibibytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024
}

/// What two threads take is not counted by the allocator, which counts for one; the system knows.
#[cfg(target_os = "linux")]
#[test]
fn a_long_bill_on_two_threads() {
    for packed in [false, true] {
        let parts = bill(TIMES, packed);
        let before = resident();
        let mut most = before;
        let mut bill = TradeBill::from_reader(parts).overlapped();
        while bill.next_row().unwrap().is_some() {
            if bill.rows() % 10_000 == 0 {
                most = most.max(resident());
            }
        }
        assert_eq!(bill.rows(), (TIMES * ROWS) as u64);
        // Other tests of this program may run at the same time; they need less than one of the eight.
        assert!(most - before < LIMIT, "{}", most - before);
    }
}

#[test]
fn the_longest_lines_stay_within_it_too() {
    type Encode = fn(&str) -> Vec<u8>;
    let text = std::str::from_utf8(WHOLE).unwrap();
    let (header, rest) = text.split_once("\r\n").unwrap();
    let row = rest.split_once("\r\n").unwrap().0;
    let long = row.replace("腾大公仔", &"长".repeat(340_000)) + "\r\n";
    assert!(long.len() > 1_000_000 && long.len() < 1024 * 1024);
    let forms: [(bool, Encode); 3] = [
        (false, |text| text.as_bytes().to_vec()),
        (true, |text| text.as_bytes().to_vec()),
        (false, |text| {
            let text = text.trim_start_matches('\u{feff}');
            encoding_rs::GBK.encode(text).0.into_owned()
        }),
    ];
    for (packed, encode) in forms {
        let parts = Parts {
            first: encode(&format!("{header}\r\n")),
            middle: encode(&long),
            times: 20,
            last: encode("总交易单数\r\n`20\r\n"),
            at: 0,
        };
        let parts: Box<dyn Read> = if packed {
            Box::new(flate2::read::GzEncoder::new(parts, Compression::none()))
        } else {
            Box::new(parts)
        };
        let info = measure(|| {
            let mut bill = TradeBill::from_reader(parts);
            bill.for_each(|_| {}).unwrap();
            assert_eq!(bill.rows(), 20);
        });
        assert!(info.bytes_max < LIMIT, "{info:?}");
    }
}

#[test]
fn rows_allocate_nothing() {
    let mut text = Vec::new();
    bill(11, false).read_to_end(&mut text).unwrap();
    let mut trades = TradeBill::from_slice(&text);
    let mut records = RecordBill::from_slice(&text);
    let mut reader = Bill::<_, Records>::from_reader(&text[..]);
    // The header is kept, and buffers are asked for with the first rows.
    for _ in 0..1000 {
        assert!(trades.next_row().unwrap().is_some());
        assert!(records.next_row().unwrap().is_some());
        assert!(reader.next_row().unwrap().is_some());
    }
    let info = measure(|| {
        for _ in 0..10_000 {
            let row = trades.next_row().unwrap().unwrap();
            assert_eq!(row.total(), Some(Fen::new(600)));
            assert!(row.refund().is_none());
            assert_eq!(row.record().get("订单金额"), Some("6.00"));
            let _ = row.entry();
        }
    });
    assert_eq!(info.count_total, 0, "{info:?}");
    let info = measure(|| {
        for _ in 0..10_000 {
            assert_eq!(records.next_row().unwrap().unwrap().iter().count(), 27);
            assert_eq!(reader.next_row().unwrap().unwrap().iter().count(), 27);
        }
    });
    assert_eq!(info.count_total, 0, "{info:?}");
    assert!(trades.next_row().unwrap().is_none());
    assert!(reader.next_row().unwrap().is_none());
}
