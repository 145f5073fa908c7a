//! Bills of which something is wrong: each is a named error that says where.

use wxpay_bill::{
    Bill, ErrorKind, FundFlows, InvalidHash, Layout, ProfitSharings, Records, TradeBill, Trades,
};

use crate::files::*;
use crate::support::{
    Chunks, Outcome, Show, every_way, overlapped, read, reader, set, slice, swap,
};

/// Three rows in the lines 2 to 4, the summary in line 6.
fn partner() -> &'static str {
    text(TRADE_PARTNER)
}

/// The last error of a bill, read in every way.
#[track_caller]
fn ends<T: Show>(
    bytes: impl AsRef<[u8]>,
    kind: ErrorKind,
    line: Option<u64>,
    text: &str,
) -> Outcome {
    let outcome = every_way::<T>(bytes.as_ref());
    let end = outcome.end();
    assert_eq!((end.kind, end.line, end.text.as_str()), (kind, line, text));
    outcome
}

#[test]
fn a_wrong_hash() {
    const WRONG: &str = "4bdf5d968023705ab8e622c2fb68da1a0b5cb229";
    for file in [TRADE_ALL, TRADE_ALL_GZ] {
        let chunks = || Chunks::new(file.to_vec(), 100);
        let slice = TradeBill::from_slice(file).hash("SHA1", WRONG).unwrap();
        let plain = TradeBill::from_reader(chunks())
            .hash("SHA1", WRONG)
            .unwrap();
        let overlapped = TradeBill::from_reader(chunks())
            .hash("SHA1", WRONG)
            .unwrap();
        for outcome in [
            read(&mut { slice }),
            read(&mut { plain }),
            read(&mut overlapped.overlapped()),
        ] {
            assert_eq!(outcome.rows.len(), 2);
            let [error] = &outcome.errors[..] else {
                panic!("{outcome:?}")
            };
            assert_eq!(error.kind, ErrorKind::Hash);
            assert_eq!((error.line, error.column), (None, None));
            assert_eq!(
                error.text,
                "the text does not have the SHA-1 that was announced; it must not be used"
            );
        }
    }
    // Set behind `overlapped` as well.
    let bill = TradeBill::from_reader(TRADE_ALL).overlapped();
    let outcome = read(&mut bill.hash("SHA1", WRONG).unwrap());
    assert_eq!(outcome.end().kind, ErrorKind::Hash);
}

#[test]
fn hashes_that_bills_do_not_have() {
    let bill = || TradeBill::from_slice(TRADE_ALL);
    let text =
        |result: Result<_, InvalidHash>| result.map(|_: Bill<_, _>| ()).unwrap_err().to_string();
    let good = "4bdf5d968023705ab8e622c2fb68da1a0b5cb228";
    for hash_type in ["SHA256", "", "MD5", "SM3"] {
        assert_eq!(
            text(bill().hash(hash_type, good)),
            "hash_type: not SHA1, which is what bills have"
        );
    }
    for value in [
        "",
        &good[1..],
        &format!("{good}0"),
        &good.replace('4', "g"),
        &good.replace("4b", "+b"),
    ] {
        assert_eq!(
            text(bill().hash("SHA1", value)),
            "hash_value: not the 40 hexadecimal digits of a SHA-1"
        );
    }
}

#[test]
fn every_sum_is_compared() {
    let right = ["3", "13.50", "6.00", "0.00", "0.05000", "13.50", "6.00"];
    let names = [
        "总交易单数",
        "应结订单总金额",
        "退款总金额",
        "充值券退款总金额",
        "手续费总金额",
        "订单总金额",
        "申请退款总金额",
    ];
    for (index, (name, right)) in names.into_iter().zip(right).enumerate() {
        for wrong in [if index == 4 { "-0.05000" } else { "2" }, "9"] {
            let column = index + 1;
            let bill = set(partner(), 6, column, wrong);
            let outcome = slice::<Trades>(bill.as_bytes());
            assert_eq!(outcome, reader::<Trades>(bill.as_bytes(), 100));
            let end = outcome.end();
            assert_eq!(
                (end.kind, end.line, end.column),
                (ErrorKind::Totals, Some(6), Some(column))
            );
            assert_eq!(
                end.text,
                format!(
                    "line 6, column {column} ({name}): the summary says {wrong}, the rows add up to {right}"
                )
            );
            // All rows have been handed out by then.
            assert_eq!(outcome.rows.len(), 3);
            // As it is, where nobody wants it compared.
            let mut unchecked = TradeBill::from_slice(bill.as_bytes()).unchecked_totals();
            assert!(read(&mut unchecked).is_clean());
        }
        for no_number in ["", "x", "1,0", "1e1", "1.0000001", "99999999999999999999"] {
            let bill = set(partner(), 6, index + 1, no_number);
            let end = slice::<Trades>(bill.as_bytes()).end().clone();
            assert_eq!(end.kind, ErrorKind::Totals);
            assert_eq!(
                end.text,
                format!("line 6, column {} ({name}): not a number", index + 1)
            );
            let mut unchecked = TradeBill::from_slice(bill.as_bytes()).unchecked_totals();
            assert_eq!(read(&mut unchecked).end().kind, ErrorKind::Totals);
        }
    }
}

#[test]
fn every_sum_of_the_old_layout_and_of_fund_flows_is_compared() {
    let old = text(TRADE_OLD).replace('\n', "\r\n");
    for (column, name) in [
        (1, "总交易单数"),
        (2, "总交易额"),
        (3, "总退款金额"),
        (4, "总代金券或立减优惠退款金额"),
        (5, "手续费总金额"),
    ] {
        let outcome = every_way::<Trades>(set(&old, 6, column, "7").as_bytes());
        let end = outcome.end();
        assert_eq!(
            (end.kind, end.line, end.column),
            (ErrorKind::Totals, Some(6), Some(column))
        );
        assert!(end.text.contains(name), "{end:?}");
    }
    for column in 1..=5 {
        let outcome = every_way::<FundFlows>(set(text(FUND_FLOW), 7, column, "7").as_bytes());
        let end = outcome.end();
        assert_eq!(
            (end.kind, end.line, end.column),
            (ErrorKind::Totals, Some(7), Some(column))
        );
    }
    let fees = set(text(TRADE_RECHARGE_REFUND), 5, 5, "0.12001");
    assert_eq!(slice::<Trades>(fees.as_bytes()).end().column, Some(5));
}

#[test]
fn each_of_several_bills_is_compared_with_its_own_summary() {
    // The count of the first bill is that of both.
    let both = text(TRADE_TWO_BILLS);
    let outcome = every_way::<Trades>(swap(both, "`3,`13.50", "`6,`13.50").as_bytes());
    assert_eq!(
        (outcome.end().kind, outcome.end().line),
        (ErrorKind::Totals, Some(6))
    );
    assert_eq!(outcome.rows.len(), 3);
    let outcome = every_way::<Trades>(swap(both, "`3,`6.00", "`6,`6.00").as_bytes());
    assert_eq!(
        (outcome.end().kind, outcome.end().line),
        (ErrorKind::Totals, Some(12))
    );
    assert_eq!(outcome.rows.len(), 6);
}

#[test]
fn a_summary_with_other_fields_than_its_header() {
    let problem = "line 6: the summary does not have the fields its header names";
    for (from, to) in [
        ("`3,`13.50,`6.00,`0.00,`0.05000,`13.50,`6.00", "`3,`13.50"),
        ("`3,`13.50,", "`3,`0,`13.50,"),
        ("`3,`13.50,`6.00,", "3,13.50,6.00,"),
        ("`3,`13.50,", "3,`13.50,"),
    ] {
        ends::<Trades>(
            swap(partner(), from, to),
            ErrorKind::Totals,
            Some(6),
            problem,
        );
    }
}

/// The column and the name of every amount.
const AMOUNTS: [(usize, &str); 7] = [
    (13, "应结订单金额"),
    (14, "代金券金额"),
    (17, "退款金额"),
    (18, "充值券退款金额"),
    (23, "手续费"),
    (25, "订单金额"),
    (26, "申请退款金额"),
];

#[test]
fn a_number_that_is_no_number() {
    let whole = slice::<Trades>(TRADE_PARTNER).rows;
    for (column, name) in AMOUNTS {
        for wrong in [
            "x", "1.2.3", "1,000.00", "+1.00", " 1.00", "1.00 ", "1e2", "-", ".", "１.00",
            "0.000001", "NaN",
        ] {
            let bill = set(partner(), 3, column, wrong);
            let outcome = slice::<Trades>(bill.as_bytes());
            assert_eq!(outcome, reader::<Trades>(bill.as_bytes(), 100));
            assert_eq!(outcome.rows, [whole[0].clone(), whole[2].clone()]);
            let [error, end] = &outcome.errors[..] else {
                panic!("{outcome:?}")
            };
            assert_eq!(error.kind, ErrorKind::Value);
            assert_eq!((error.line, error.column), (Some(3), Some(column)));
            let what = if name == "手续费" {
                "not a fee in yuan with at most five decimals"
            } else {
                "not an amount in yuan with at most two decimals"
            };
            assert_eq!(
                error.text,
                format!("line 3, column {column} ({name}): {what}")
            );
            assert_eq!((end.kind, end.line), (ErrorKind::Totals, Some(6)));
        }
    }
}

#[test]
fn a_time_that_is_no_time() {
    for wrong in [
        "",
        "2024-01-01",
        "2024-01-01T10:00:00+08:00",
        "2024-13-01 10:00:00",
        "2024-01-01 24:00:00",
        "20240101100000",
        "2014-11-10 16：33：45",
    ] {
        let outcome = every_way::<Trades>(set(partner(), 4, 1, wrong).as_bytes());
        let error = &outcome.errors[0];
        assert_eq!(error.kind, ErrorKind::Value);
        assert_eq!(
            error.text,
            "line 4, column 1 (交易时间): not a time like 2024-01-01 10:34:56"
        );
        assert_eq!(outcome.errors.len(), 2);
        assert_eq!(outcome.rows.len(), 2);
    }
    for (column, name) in [(15, "退款申请时间"), (16, "退款成功时间")] {
        let bill = set(text(TRADE_REFUND), 3, column, "yesterday");
        let outcome = every_way::<Trades>(bill.as_bytes());
        assert_eq!(
            outcome.errors[0].text,
            format!("line 3, column {column} ({name}): not a time like 2024-01-01 10:34:56")
        );
    }
}

#[test]
fn wrong_values_in_fund_flows_and_shares() {
    for (column, wrong, problem) in [
        (1, "x", "(记账时间): not a time like 2024-01-01 10:34:56"),
        (
            7,
            "x",
            "(收支金额（元）): not an amount in yuan with at most two decimals",
        ),
        (
            7,
            "",
            "(收支金额（元）): empty; an amount in yuan is missing",
        ),
        (
            8,
            "x",
            "(账户结余（元）): not an amount in yuan with at most two decimals",
        ),
    ] {
        let outcome = every_way::<FundFlows>(set(text(FUND_FLOW), 3, column, wrong).as_bytes());
        assert_eq!(outcome.errors[0].kind, ErrorKind::Value);
        assert_eq!(
            outcome.errors[0].text,
            format!("line 3, column {column} {problem}")
        );
        assert_eq!(outcome.end().kind, ErrorKind::Totals);
    }
    for (column, wrong, problem) in [
        (1, "x", "(分账时间): not a time like 2024-01-01 10:34:56"),
        (
            8,
            "x",
            "(订单金额): not an amount in yuan with at most two decimals",
        ),
        (
            10,
            "x",
            "(金额): not an amount in yuan with at most two decimals",
        ),
        (10, "", "(金额): empty; an amount in yuan is missing"),
    ] {
        let bill = set(text(PROFIT_SHARING), 3, column, wrong);
        let outcome = every_way::<ProfitSharings>(bill.as_bytes());
        let [error] = &outcome.errors[..] else {
            panic!("{outcome:?}")
        };
        assert_eq!(error.text, format!("line 3, column {column} {problem}"));
        assert_eq!(outcome.rows.len(), 2);
    }
}

#[test]
fn too_few_and_too_many_fields() {
    for (from, to, count) in [
        ("`SHOP-0010,", "`SHOP-0010,`,", 28),
        ("`SHOP-0010,`", "`SHOP-0010,", 26),
        (",`SHOP-0010", "", 26),
        ("`SHOP-0010,", &"`,".repeat(1000), 1026),
    ] {
        let outcome = every_way::<Trades>(swap(partner(), from, to).as_bytes());
        let [error, end] = &outcome.errors[..] else {
            panic!("{outcome:?}")
        };
        assert_eq!((error.kind, error.line), (ErrorKind::Fields, Some(4)));
        assert_eq!(
            error.text,
            format!("line 4: the row has {count} fields, the bill 27 columns")
        );
        assert_eq!(outcome.rows.len(), 2);
        assert_eq!((end.kind, end.line), (ErrorKind::Totals, Some(6)));
    }
    // Behind the mark of a part as well.
    let outcome = every_way::<Trades>(
        swap(text(TRADE_PARTS_BOM_ONLY), "`SHOP-0010,`", "`SHOP-0010,").as_bytes(),
    );
    assert_eq!(
        (outcome.errors[0].kind, outcome.errors[0].line),
        (ErrorKind::Fields, Some(4))
    );
    let bill = swap(text(PROFIT_SHARING_BARE), ",R-1,", ",R,1,");
    let outcome = every_way::<ProfitSharings>(bill.as_bytes());
    assert_eq!(outcome.end().kind, ErrorKind::Totals, "{outcome:?}");
}

#[test]
fn a_row_without_its_first_back_tick_is_no_summary() {
    let bill = swap(partner(), "`2024-01-01 10:00:30", "2024-01-01 10:00:30");
    let outcome = ends::<Trades>(
        &bill,
        ErrorKind::Layout,
        Some(3),
        "line 3: neither a row nor the header of the summary",
    );
    assert_eq!(outcome.rows.len(), 1);
    // Not even when the file ends right behind the row after it.
    let cut = &bill[..bill.find("总交易单数").unwrap()];
    assert_eq!(
        every_way::<Trades>(cut.as_bytes()).end().kind,
        ErrorKind::Layout
    );
    let bill = swap(
        text(FUND_FLOW),
        "`2024-01-01 11:00:00",
        "2024-01-01 11:00:00",
    );
    ends::<FundFlows>(
        &bill,
        ErrorKind::Layout,
        Some(4),
        "line 4: neither a row nor the header of the summary",
    );
}

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

/// A bill of so many rows, each of them the first of this one, with right sums.
pub(crate) fn long(rows: usize) -> String {
    let [header, row, ..] = partner().split_inclusive("\r\n").collect::<Vec<_>>()[..] else {
        panic!("no rows")
    };
    let yuan = format!("{}.00", rows * 6);
    format!(
        "{header}{}总交易单数,应结订单总金额\r\n`{rows},`{yuan}\r\n",
        row.repeat(rows)
    )
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
    let packed = crate::support::gzip(TRADE_PARTNER);
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
