//! Rows of which something is wrong: each is a named error that says where.

use wxpay_bill::{ErrorKind, FundFlows, ProfitSharings, Trades};

use crate::files::*;
use crate::support::{ends, every_way, partner, reader, set, slice, swap};

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
