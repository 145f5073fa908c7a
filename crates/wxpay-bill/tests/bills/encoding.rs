//! Bytes that are no text.

use wxpay_bill::{ErrorKind, Records, Trades};

use crate::files::*;
use crate::support::{Outcome, Show, ends, every_way, long, overlapped, reader, slice};

/// The bill with a byte that is neither UTF-8 nor GBK in its line 4.
fn damaged(file: &[u8], behind: &[u8], with: &[u8]) -> Vec<u8> {
    let at = file
        .windows(behind.len())
        .position(|part| part == behind)
        .unwrap()
        + behind.len();
    [&file[..at], with, &file[at..]].concat()
}

#[test]
fn invalid_utf8() {
    let bill = damaged(TRADE_PARTNER, b"SHOP-0010", b"\xff");
    let outcome = ends::<Trades>(
        &bill,
        ErrorKind::Encoding,
        Some(4),
        "line 4, column 7 (商户订单号): the text is not UTF-8; the file is damaged",
    );
    assert_eq!(outcome.rows, slice::<Trades>(TRADE_PARTNER).rows[..2]);
    // In the header, which a byte order mark says is UTF-8.
    let bill = damaged(TRADE_PARTNER, "公众账号".as_bytes(), b"\xff");
    ends::<Trades>(
        &bill,
        ErrorKind::Encoding,
        Some(1),
        "line 1, column 1: the text is not UTF-8; the file is damaged",
    );
    // In the summary.
    let bill = damaged(TRADE_PARTNER, b"`0.00,`0.05000", b"\xc3");
    ends::<Trades>(
        &bill,
        ErrorKind::Encoding,
        Some(6),
        "line 6, column 5 (手续费总金额): the text is not UTF-8; the file is damaged",
    );
    // Halves of surrogate pairs, and what could be written shorter.
    for wrong in [
        &b"\xed\xa0\x80"[..],
        b"\xc0\xaf",
        b"\xf4\x90\x80\x80",
        b"\xe5\xb0",
    ] {
        let bill = damaged(TRADE_PARTNER, b"SHOP-0010", wrong);
        assert_eq!(every_way::<Trades>(&bill).end().line, Some(4));
    }
}

#[test]
fn invalid_gbk() {
    let bill = damaged(TRADE_OLD_GBK, b"SHOP-0008", b"\xff");
    let outcome = ends::<Trades>(
        &bill,
        ErrorKind::Encoding,
        Some(3),
        "line 3, column 7 (商户订单号): the text is not GBK; the file is damaged",
    );
    assert_eq!(outcome.rows.len(), 1);
    // A file that begins with UTF-8 does not go on in GBK.
    let name = b"\xc9\xee\xdb\xda";
    let bill = damaged(TRADE_PARTNER, b"SHOP-0010", name);
    assert_eq!(every_way::<Trades>(&bill).end().kind, ErrorKind::Encoding);
}

#[test]
fn the_first_line_tells_the_encoding() {
    // 深 in GBK; behind the byte order mark of UTF-8 the same bytes are no text.
    let gbk = b"ab\xc9\xee,c\n`1,`2\nx,y\n`1,`2\n";
    let outcome = every_way::<Records>(gbk);
    assert_eq!(outcome.rows, [r#"2: {"ab深": "1", "c": "2"}"#]);
    assert!(outcome.is_clean());
    let marked = [b"\xef\xbb\xbf", &gbk[..]].concat();
    let outcome = every_way::<Records>(&marked);
    let end = outcome.end();
    assert_eq!((end.kind, end.line), (ErrorKind::Encoding, Some(1)));
}

#[test]
fn damage_far_inside_a_long_bill() {
    // Behind the first pieces the bytes are UTF-8 still, even where what is wrong could be GBK.
    let bill = long(2000);
    assert!(bill.len() > 500_000);
    assert!(every_way_but_slow::<Trades>(bill.as_bytes()).is_clean());
    let lines: Vec<_> = bill.split_inclusive("\r\n").collect();
    for line in [1, 800, 1500, 1999] {
        let mut damaged = lines[..line].concat().into_bytes();
        let next = lines[line];
        damaged.extend_from_slice(&next.as_bytes()[..50]);
        damaged.extend_from_slice(b"\xc9\xee\xdb\xda");
        damaged.extend_from_slice(&next.as_bytes()[50..]);
        damaged.extend_from_slice(lines[line + 1..].concat().as_bytes());
        let outcome = every_way_but_slow::<Trades>(&damaged);
        assert_eq!(outcome.rows.len(), line - 1);
        let end = outcome.end();
        assert_eq!(
            (end.kind, end.line),
            (ErrorKind::Encoding, Some(line as u64 + 1))
        );
    }
}

/// The ways that take no time for every byte.
fn every_way_but_slow<T: Show>(bytes: &[u8]) -> Outcome {
    let outcome = slice::<T>(bytes);
    for at_a_time in [10_000, usize::MAX] {
        assert_eq!(reader::<T>(bytes, at_a_time), outcome);
    }
    assert_eq!(overlapped::<T>(bytes, 50_000), outcome);
    outcome
}

#[test]
fn damage_where_another_piece_begins() {
    // Pieces have 128 KiB, or what there is of whole lines in it.
    let bill = long(600);
    let lines: Vec<_> = bill.split_inclusive("\r\n").collect();
    let mut length = 0;
    let second = lines.iter().position(|line| {
        length += line.len();
        length > 128 * 1024
    });
    let second = second.unwrap();
    for line in second - 2..second + 3 {
        let (before, rest) = (lines[..line].concat(), lines[line..].concat());
        let damaged = [before.as_bytes(), b"`\xc9\xee,", rest.as_bytes()].concat();
        let outcome = slice::<Trades>(&damaged);
        assert_eq!(outcome, reader::<Trades>(&damaged, usize::MAX));
        assert_eq!(outcome.rows.len(), line - 1);
        let end = outcome.end();
        assert_eq!(
            (end.kind, end.line),
            (ErrorKind::Encoding, Some(line as u64 + 1))
        );
    }
}
