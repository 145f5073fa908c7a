//! Files that are no bills, or none of this kind, or more than permitted.

use wxpay_bill::{Bill, ErrorKind, FundFlows, Layout, ProfitSharings, Records, TradeBill, Trades};

use crate::files::*;
use crate::support::{Chunks, Show, ends, every_way, gzip, partner, read, set, slice, swap};

#[test]
fn bills_of_another_kind() {
    ends::<Trades>(
        FUND_FLOW,
        ErrorKind::Layout,
        Some(1),
        "line 1: not a trade bill: its header has no column 交易时间",
    );
    ends::<FundFlows>(
        TRADE_ALL,
        ErrorKind::Layout,
        Some(1),
        "line 1: not a fund flow bill: its header has no column 记账时间",
    );
    ends::<ProfitSharings>(
        TRADE_ALL,
        ErrorKind::Layout,
        Some(1),
        "line 1: not a profit sharing bill: its header has no column 分账时间",
    );
    ends::<Records>(
        "Just a text.\n",
        ErrorKind::Layout,
        Some(1),
        "line 1: not a bill: its first line is not a list of column names",
    );
    for missing in ["交易时间", "微信订单号", "商户订单号", "交易状态"] {
        let header = partner().replacen(missing, "别的", 1);
        assert_eq!(
            slice::<Trades>(header.as_bytes()).end().text,
            format!("line 1: not a trade bill: its header has no column {missing}")
        );
    }
    // A fund flow bill put behind a trade bill.
    let both = [TRADE_ALL, FUND_FLOW].concat();
    let end = every_way::<Trades>(&both).end().clone();
    assert_eq!((end.kind, end.line), (ErrorKind::Layout, Some(6)));
}

#[test]
fn text_behind_the_summary() {
    for (rest, line) in [("x\r\n", 7), ("\r\n\r\nthe end", 9), ("`3,`13.50\r\n", 7)] {
        ends::<Trades>(
            format!("{}{rest}", partner()),
            ErrorKind::Layout,
            Some(line),
            &format!("line {line}: not a trade bill: its header has no column 交易时间"),
        );
    }
    // Empty lines are nothing.
    assert!(every_way::<Trades>(format!("{}\r\n \n\u{feff}\n", partner()).as_bytes()).is_clean());
    assert!(every_way::<Trades>(partner().replace("\r\n", "\n\n").as_bytes()).is_clean());
}

#[test]
fn nothing_at_all() {
    let problem =
        "the file is empty; even the bill of a day without trades has a header and a summary";
    for (nothing, line) in [
        ("", None),
        ("\u{feff}", Some(1)),
        ("\r\n\r\n", Some(2)),
        (" \n", Some(1)),
    ] {
        let outcome = every_way::<Trades>(nothing.as_bytes());
        let end = outcome.end();
        assert_eq!((end.kind, end.line), (ErrorKind::Empty, line));
        assert!(end.text.ends_with(problem), "{end:?}");
    }
    let header = partner().lines().next().unwrap();
    let problem = "line 1: the file ends without the summary; it is cut off";
    for header in [header.to_owned(), format!("{header}\n")] {
        ends::<Trades>(header, ErrorKind::Truncated, Some(1), problem);
    }
}

#[test]
fn more_columns_than_any_bill_has() {
    let problem = |line| format!("line {line}: more columns than any bill has; it is no bill");
    let many = "列,".repeat(250);
    let header = swap(partner(), "交易时间,", &format!("交易时间,{many}"));
    ends::<Trades>(&header, ErrorKind::TooLarge, Some(1), &problem(1));
    ends::<Records>(&header, ErrorKind::TooLarge, Some(1), &problem(1));
    let summary = swap(partner(), "总交易单数,", &format!("总交易单数,{many}"));
    ends::<Trades>(&summary, ErrorKind::TooLarge, Some(5), &problem(5));
    let again = format!("{}{header}", partner());
    ends::<Trades>(&again, ErrorKind::TooLarge, Some(7), &problem(7));
    // As many as are permitted.
    let columns: Vec<_> = (0..250).map(|index| format!("c{index}")).collect();
    let bill = format!(
        "{}\n`{}\nx,y\n`1,`2\n",
        columns.join(","),
        columns.join(",`")
    );
    let outcome = every_way::<Records>(bill.as_bytes());
    assert!(outcome.is_clean());
    let mut bill = Bill::<_, Records>::from_slice(bill.as_bytes());
    let row = bill.next_row().unwrap().unwrap();
    assert!(row.iter().all(|(name, value)| name == value));
    assert_eq!(row.iter().len(), 250);
}

#[test]
fn no_text_of_the_bill_in_errors() {
    fn check<T: Layout + Show>(bill: &str) {
        for error in slice::<T>(bill.as_bytes()).errors {
            assert!(!error.text.contains("秘密"), "{error:?}");
        }
    }
    for column in 1..=27 {
        check::<Trades>(&set(partner(), 3, column, "秘密"));
        check::<Trades>(&set(partner(), 3, column, "秘密,`"));
    }
    for column in 1..=7 {
        check::<Trades>(&set(partner(), 6, column, "秘密"));
    }
    check::<Trades>(&swap(partner(), "`2024-01-01 10:00:30", "秘密"));
    check::<Trades>(&format!("{}秘密,秘密", partner()));
    check::<Records>("秘密\n");
}

#[test]
fn names_in_errors_are_short() {
    let name = "手续费".to_owned() + &" ".repeat(100_000) + "(元)";
    let bill = swap(partner(), ",手续费,", &format!(",{name},"));
    let outcome = slice::<Trades>(set(&bill, 3, 23, "x").as_bytes());
    assert_eq!(outcome.errors[0].column, Some(23));
    // What a summary says is told where it is a number, and a number is not that long.
    let zeros = "0".repeat(100_000);
    for (column, long) in [
        (1, format!("4.{zeros}")),
        (2, format!("{zeros}4.00")),
        (5, format!("{zeros}4")),
    ] {
        let outcome = slice::<Trades>(set(partner(), 6, column, &long).as_bytes());
        assert!(outcome.end().text.ends_with("not a number"));
    }
}

#[test]
fn no_more_text_than_permitted() {
    let length = TRADE_PARTNER.len() as u64;
    let packed = gzip(TRADE_PARTNER);
    for file in [TRADE_PARTNER, &packed] {
        for (limit, fits) in [
            (length, true),
            (length - 1, false),
            (0, false),
            (u64::MAX, true),
        ] {
            let chunks = || Chunks::new(file.to_vec(), 100);
            for outcome in [
                read(&mut TradeBill::from_slice(file).max_bytes(limit)),
                read(&mut TradeBill::from_reader(chunks()).max_bytes(limit)),
                read(
                    &mut TradeBill::from_reader(chunks())
                        .max_bytes(limit)
                        .overlapped(),
                ),
                read(
                    &mut TradeBill::from_reader(chunks())
                        .overlapped()
                        .max_bytes(limit),
                ),
            ] {
                assert_eq!(outcome.is_clean(), fits, "{outcome:?}");
                if !fits {
                    assert_eq!(outcome.end().kind, ErrorKind::TooLarge);
                    assert_eq!(
                        outcome.end().text,
                        "the text is longer than permitted by max_bytes"
                    );
                }
            }
        }
    }
}
