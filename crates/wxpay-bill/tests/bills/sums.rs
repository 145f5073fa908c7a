//! Hashes and sums that are wrong.

use wxpay_bill::{Bill, ErrorKind, FundFlows, InvalidHash, TradeBill, Trades};

use crate::files::*;
use crate::support::{Chunks, ends, every_way, partner, read, reader, set, slice, swap};

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
