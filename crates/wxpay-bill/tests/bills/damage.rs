//! Files that were cut off or damaged, and files made to do harm.

use std::cell::Cell;
use std::collections::HashSet;
use std::error::Error as _;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use flate2::Compression;
use flate2::read::GzEncoder;
use wxpay_bill::{Bill, ErrorKind, FundFlows, ProfitSharings, TradeBill, Trades};

use crate::files::*;
use crate::support::{Chunks, Outcome, Show, every_way, gzip, read, reader, slice};

/// Cuts a file at every byte: what is read of it is in the whole file, and the end is not clean.
fn cut_everywhere<T: Show>(file: &[u8]) {
    let whole = slice::<T>(file);
    assert!(whole.is_clean(), "{whole:?}");
    let rows: HashSet<_> = whole.rows.iter().collect();
    for length in 0..file.len() {
        let cut = slice::<T>(&file[..length]);
        if length % 16 == 0 || length + 20 > file.len() {
            assert_eq!(cut, reader::<T>(&file[..length], 64), "{length}");
        }
        assert!(cut.rows.iter().all(|row| rows.contains(row)), "{length}");
        if cut.is_clean() {
            // Nothing is lost but the line end, or zeros that the last sum ends with.
            assert_eq!(cut, whole, "{length}");
            let lost = &file[length..];
            assert!(lost.iter().all(|byte| b"\r\n0.".contains(byte)), "{length}");
        } else {
            let end = cut.end();
            let kinds = [
                ErrorKind::Truncated,
                ErrorKind::Layout,
                ErrorKind::Totals,
                ErrorKind::Empty,
                // GBK only, where half a character is no character.
                ErrorKind::Encoding,
            ];
            assert!(kinds.contains(&end.kind), "{length}: {end:?}");
        }
    }
}

#[test]
fn trade_bills_cut_at_every_byte() {
    for file in [
        TRADE_ALL,
        TRADE_SUCCESS,
        TRADE_OLD,
        TRADE_OLD_GBK,
        TRADE_VALUES,
        TRADE_PARTS,
        TRADE_EMPTY,
    ] {
        cut_everywhere::<Trades>(file);
    }
}

#[test]
fn fund_flow_bills_cut_at_every_byte() {
    for file in [FUND_FLOW, FUND_FLOW_ASCII_BRACKETS, FUND_FLOW_EMPTY] {
        cut_everywhere::<FundFlows>(file);
    }
}

#[test]
fn what_a_cut_is_called() {
    let text = text(TRADE_PARTNER);
    let at = |what: &str| text.find(what).unwrap();
    for (length, line, problem) in [
        (
            at("公众账号") + 4,
            1,
            "the file ends within a character; it is cut off",
        ),
        (
            at("公众账号"),
            1,
            "not a trade bill: its header has no column 微信订单号",
        ),
        (
            at("SHOP-0009") + 2,
            2,
            "the file ends within a row; it is cut off",
        ),
        (
            at("`2024-01-01 10:00:30") - 1,
            2,
            "the file ends within a row; it is cut off",
        ),
        (
            at("`2024-01-01 10:00:30"),
            2,
            "the file ends without the summary; it is cut off",
        ),
        (
            at("`2024-01-01 10:05:00") + 1,
            4,
            "the file ends within a row; it is cut off",
        ),
        (
            at("总交易单数"),
            4,
            "the file ends without the summary; it is cut off",
        ),
        (
            at("总交易单数") + 4,
            5,
            "the file ends within a character; it is cut off",
        ),
        (
            at("`3,`13.50"),
            5,
            "the file ends without the summary; it is cut off",
        ),
        (
            at("`3,`13.50") + 4,
            6,
            "the file ends within the summary; it is cut off",
        ),
    ] {
        let outcome = every_way::<Trades>(&text.as_bytes()[..length]);
        assert_eq!(outcome.end().text, format!("line {line}: {problem}"));
        assert_eq!(outcome.end().line, Some(line));
    }
}

#[test]
fn shares_cut_at_every_byte() {
    for file in [PROFIT_SHARING, PROFIT_SHARING_BARE] {
        let whole = slice::<ProfitSharings>(file);
        let rows: HashSet<_> = whole.rows.iter().collect();
        // Nothing is known of the columns of the summary, so that a cut within the last of its fields cannot be told
        // but by the hash.
        let last = file.len() - "`4.51\r\n".len() + 1;
        for length in 0..file.len() {
            let cut = slice::<ProfitSharings>(&file[..length]);
            assert!(cut.rows.iter().all(|row| rows.contains(row)), "{length}");
            assert_eq!(cut.is_clean(), length >= last, "{length}");
        }
    }
}

#[test]
fn a_hash_tells_every_cut() {
    for (file, sha1) in [
        (TRADE_ALL, "4bdf5d968023705ab8e622c2fb68da1a0b5cb228"),
        (PROFIT_SHARING, "a4c1e4b3cb2fee84c1f8e3a4dffdb5b254615263"),
    ] {
        for length in file.len() - 20..file.len() {
            let bill = Bill::<_, wxpay_bill::Records>::from_slice(&file[..length]);
            let mut bill = bill.hash("SHA1", sha1).unwrap();
            let outcome = read(&mut bill);
            assert!(matches!(
                outcome.end().kind,
                ErrorKind::Hash | ErrorKind::Truncated
            ));
        }
    }
}

#[test]
fn gzip_cut_at_every_byte() {
    for file in [TRADE_ALL_GZ, TRADE_ALL_MEMBERS_GZ, TRADE_ALL_NAMED_GZ] {
        let whole = slice::<Trades>(file);
        for length in 0..file.len() {
            if file == TRADE_ALL_NAMED_GZ && length > 50 {
                // Like the one without a name.
                continue;
            }
            let cut = &file[..length];
            let mut outcomes = vec![slice::<Trades>(cut)];
            if length % 8 == 0 {
                outcomes.push(reader::<Trades>(cut, 9));
            }
            for outcome in outcomes {
                let kind = outcome.end().kind;
                let expected = match length {
                    0 => ErrorKind::Empty,
                    1 => ErrorKind::Layout,
                    // The first of several members, with two bytes in it.
                    22 if file == TRADE_ALL_MEMBERS_GZ => ErrorKind::Layout,
                    _ => ErrorKind::Truncated,
                };
                assert_eq!(kind, expected, "{length}");
                assert!(outcome.rows.iter().all(|row| whole.rows.contains(row)));
            }
        }
    }
    let end = slice::<Trades>(&TRADE_ALL_GZ[..300]).end().clone();
    assert_eq!(end.text, "the gzip data ends early; the file is cut off");
    assert_eq!(end.line, None);
}

#[test]
fn gzip_with_any_byte_wrong() {
    let whole = slice::<Trades>(TRADE_ALL_GZ);
    let length = TRADE_ALL_GZ.len();
    for at in 0..length {
        for flip in [0x01, 0x80] {
            let mut file = TRADE_ALL_GZ.to_vec();
            file[at] ^= flip;
            let outcome = slice::<Trades>(&file);
            if outcome.is_clean() {
                // The time, the level and the system in the header mean nothing, and some of the data can be written
                // in more than one way.
                assert!(at > 2, "{at}");
                assert_eq!(outcome, whole);
            }
            if at >= length - 8 {
                let end = outcome.end();
                assert_eq!(end.kind, ErrorKind::Gzip, "{at}");
                assert_eq!(
                    end.text,
                    "the gzip data is damaged, or something else follows it"
                );
            }
        }
    }
}

#[test]
fn gzip_with_something_behind_it() {
    for rest in [&b"x"[..], b"\r\n", b"\0\0\0\0", TRADE_ALL] {
        let file = [TRADE_ALL_GZ, rest].concat();
        for outcome in [slice::<Trades>(&file), reader::<Trades>(&file, 1)] {
            // A single byte may be the first of another member, until nothing more comes.
            let kind = outcome.end().kind;
            assert!(
                matches!(kind, ErrorKind::Gzip | ErrorKind::Truncated),
                "{outcome:?}"
            );
        }
    }
    let file = [TRADE_ALL_GZ, TRADE_ALL_GZ].concat();
    let twice = every_way::<Trades>(&file);
    assert!(twice.is_clean());
    assert_eq!(twice.rows.len(), 4);
    // gzip within gzip is not unpacked twice.
    let end = slice::<Trades>(&gzip(TRADE_ALL_GZ)).end().clone();
    assert!(
        matches!(end.kind, ErrorKind::Layout | ErrorKind::Encoding),
        "{end:?}"
    );
}

/// The bytes of something over and over, counted.
struct Repeat {
    bytes: Cursor<Vec<u8>>,
    count: Rc<Cell<u64>>,
}

impl Repeat {
    fn new(bytes: &[u8]) -> (Self, Rc<Cell<u64>>) {
        let count = Rc::new(Cell::new(0));
        let bytes = Cursor::new(bytes.to_vec());
        (
            Self {
                bytes,
                count: Rc::clone(&count),
            },
            count,
        )
    }
}

impl Read for Repeat {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.bytes.position() == self.bytes.get_ref().len() as u64 {
            self.bytes.set_position(0);
        }
        let count = self.bytes.read(buf)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

const MEBIBYTE: u64 = 1024 * 1024;

#[test]
fn a_gzip_bomb() {
    // A mebibyte of rows that are all the same, packed, over and over.
    let [header, row, ..] = text(TRADE_PARTNER)
        .split_inclusive("\r\n")
        .collect::<Vec<_>>()[..]
    else {
        panic!("no rows")
    };
    let long = row.replace("腾大公仔", &"腾".repeat(20_000));
    let rows = MEBIBYTE as usize / long.len();
    let mut packed = Vec::new();
    GzEncoder::new(
        Repeat::new(long.as_bytes())
            .0
            .take((rows * long.len()) as u64),
        Compression::best(),
    )
    .read_to_end(&mut packed)
    .unwrap();
    let header = Cursor::new(gzip(header.as_bytes()));
    let (members, count) = Repeat::new(&packed);
    let mut bill = TradeBill::from_reader(header.chain(members));
    let limit = 65 * MEBIBYTE / long.len() as u64;
    let error = loop {
        match bill.next_row().map(|row| row.is_some()) {
            Ok(more) => assert!(more && bill.rows() < limit, "it goes on and on"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(
        error.to_string(),
        "the gzip data expands to more than 250 times its size; this is no bill"
    );
    // Little of it has been read by then, and as much unpacked as may be.
    assert!(count.get() < MEBIBYTE, "{}", count.get());
    assert!(bill.rows() * (long.len() as u64) > 60 * MEBIBYTE);
}

#[test]
fn a_line_without_end() {
    let header = text(TRADE_PARTNER).lines().next().unwrap();
    for (before, line) in [
        ("", 1),
        ("`", 1),
        ("\u{feff}交易时间,", 1),
        ("<xml>", 1),
        (&format!("{header}\n`"), 2),
    ] {
        let (endless, read) = Repeat::new(&[b'x'; 1000]);
        let mut bill = TradeBill::from_reader(before.as_bytes().chain(endless.take(4 * MEBIBYTE)));
        let error = bill.next_row().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_eq!(
            error.to_string(),
            format!("line {line}: a line of more than a mebibyte; this is no bill")
        );
        assert!(read.get() <= MEBIBYTE);

        let (endless, read) = Repeat::new(&[b'x'; 1000]);
        let packed = GzEncoder::new(
            before.as_bytes().chain(endless.take(64 * MEBIBYTE)),
            Compression::fast(),
        );
        let mut bill = TradeBill::from_reader(packed);
        let error = bill.next_row().unwrap_err();
        assert_eq!(
            (error.kind(), error.line()),
            (ErrorKind::TooLarge, Some(line))
        );
        // What was packed for the pieces it was read in.
        assert!(read.get() < 40 * MEBIBYTE, "{}", read.get());

        let long = format!("{before}{}", "x".repeat(2 * MEBIBYTE as usize));
        let error = TradeBill::from_slice(long.as_bytes())
            .next_row()
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.line()),
            (ErrorKind::TooLarge, Some(line))
        );
    }
}

#[test]
fn the_longest_line() {
    let whole = text(TRADE_PARTNER);
    let row = whole.lines().nth(2).unwrap();
    for (length, fits) in [(MEBIBYTE as usize, true), (MEBIBYTE as usize + 1, false)] {
        // With its line end.
        let missing = length - row.len() - 2;
        let long = row.replace("腾大公仔", &("腾大公仔".to_owned() + &"x".repeat(missing)));
        let bill = whole.replace(row, &long);
        let packed = gzip(bill.as_bytes());
        for outcome in [
            slice::<Trades>(bill.as_bytes()),
            reader::<Trades>(bill.as_bytes(), 100_000),
            slice::<Trades>(&packed),
            reader::<Trades>(&packed, 100),
        ] {
            assert_eq!(outcome.is_clean(), fits);
            if !fits {
                let end = outcome.end();
                assert_eq!((end.kind, end.line), (ErrorKind::TooLarge, Some(3)));
                assert_eq!(outcome.rows.len(), 1);
            }
        }
    }
}

/// Fails behind its bytes.
struct Broken(Chunks<&'static [u8]>);

impl Read for Broken {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buf) {
            Ok(0) => Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "the line went dead",
            )),
            other => other,
        }
    }
}

#[test]
fn a_reader_that_fails() {
    for file in [TRADE_PARTNER, TRADE_ALL_GZ] {
        for length in [0, 1, 100, 500] {
            let broken = || Broken(Chunks::new(&file[..length], 10));
            let mut plain = TradeBill::from_reader(broken());
            let mut overlapped = TradeBill::from_reader(broken()).overlapped();
            let fails = [
                fail(|| plain.next_row().map(|row| row.is_some())),
                fail(|| overlapped.next_row().map(|row| row.is_some())),
            ];
            for error in fails {
                assert_eq!(error.kind(), ErrorKind::Io);
                assert_eq!(error.to_string(), "the bill could not be read on");
                assert_eq!((error.line(), error.column()), (None, None));
                let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
                assert_eq!(source.kind(), io::ErrorKind::ConnectionReset);
                assert_eq!(source.to_string(), "the line went dead");
            }
        }
    }
    // It does not take back what came before.
    let length = TRADE_PARTNER.len();
    let outcome = read(&mut TradeBill::from_reader(Broken(Chunks::new(
        TRADE_PARTNER,
        length,
    ))));
    assert_eq!(outcome.rows.len(), 3);
    assert_eq!(outcome.end().kind, ErrorKind::Io);
}

fn fail(mut next: impl FnMut() -> Result<bool, wxpay_bill::Error>) -> wxpay_bill::Error {
    loop {
        match next() {
            Ok(more) => assert!(more, "it ended well"),
            Err(error) => return error,
        }
    }
}

/// Counts how often it was asked.
struct Asked<R>(R, Rc<Cell<u64>>);

impl<R: Read> Read for Asked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.1.set(self.1.get() + 1);
        self.0.read(buf)
    }
}

#[test]
fn nothing_is_read_behind_the_end() {
    let broken = &TRADE_PARTNER[..700];
    for (file, is_clean) in [(TRADE_PARTNER, true), (TRADE_ALL_GZ, true), (broken, false)] {
        let asked = Rc::new(Cell::new(0));
        let mut bill = TradeBill::from_reader(Asked(file, Rc::clone(&asked)));
        let outcome: Outcome = read(&mut bill);
        assert_eq!(outcome.is_clean(), is_clean);
        let before = asked.get();
        assert!(before <= 3, "{before}");
        for _ in 0..3 {
            assert_eq!(bill.next_row().is_ok(), is_clean);
        }
        assert_eq!(asked.get(), before);
        assert_eq!(bill.rows(), outcome.rows.len() as u64);
    }
}
