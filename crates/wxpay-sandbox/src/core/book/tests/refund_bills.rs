//! Refunds in bills: on the day they were accepted, as they were at nine o'clock of the next.

use serde_json::json;

use super::bills::{Parsed, bill, fen, parse};
use super::counter::*;

/// 2024-01-01 23:50 in Beijing.
const EVENING: i64 = 1_704_124_200;
const FIRST: &str = "2024-01-01";
const SECOND: &str = "2024-01-02";

/// At ten to midnight, with an order paid.
fn evening(total: i64) -> Counter {
    let mut counter = Counter::new();
    counter.native("order-1", total).unwrap();
    counter.pay("order-1").unwrap();
    counter.wait(EVENING - START);
    counter
}

fn script(counter: &mut Counter, outcome: &str, delay: i64) {
    let script = json!({ "outcome": outcome, "delay_seconds": delay });
    let script = serde_json::from_value(script).unwrap();
    counter.book.set_refund_script(script);
}

fn trades(counter: &mut Counter, day: &str, which: &str) -> Option<String> {
    let parameters = [("bill_date", day), ("bill_type", which)];
    match bill(counter, "bill.trade_bill", &parameters) {
        Ok(text) => Some(text),
        Err(failure) => {
            assert_eq!(failure.code, "NO_STATEMENT_EXIST");
            None
        }
    }
}

fn refunds(counter: &mut Counter, day: &str) -> Parsed {
    parse(&trades(counter, day, "REFUND").unwrap())
}

fn funds(counter: &mut Counter, day: &str) -> Option<Parsed> {
    let text = bill(counter, "bill.fund_flow_bill", &[("bill_date", day)]);
    text.ok().map(|text| parse(&text))
}

#[test]
fn a_refund_that_arrives_on_the_next_day_is_in_the_bill_of_the_first() {
    let mut counter = evening(1_000);
    script(&mut counter, "SUCCESS", HOUR);
    counter.refund("order-1", "r1", 400, 1_000).unwrap();
    counter.wait(2 * DAY);
    let rows = refunds(&mut counter, FIRST).rows;
    assert_eq!(rows.len(), 1);
    for (column, wanted) in [
        ("退款状态", "SUCCESS"),
        ("退款申请时间", "2024-01-01 23:50:00"),
        ("退款成功时间", "2024-01-02 00:50:00"),
        ("申请退款金额", "4.00"),
    ] {
        assert_eq!(rows[0][column], wanted);
    }
    let all = parse(&trades(&mut counter, FIRST, "ALL").unwrap());
    assert_eq!(all.rows[1]["交易时间"], "2024-01-01 23:50:00");
    assert_eq!(trades(&mut counter, SECOND, "ALL"), None);
    // The money moved on the second day.
    assert_eq!(funds(&mut counter, FIRST).unwrap().rows.len(), 2);
    let moved = funds(&mut counter, SECOND).unwrap().rows;
    assert_eq!(moved[0]["记账时间"], "2024-01-02 00:50:00");
    let out = fen("4.00") + fen(&all.rows[1]["手续费"]);
    assert_eq!(fen(&moved[0]["收支金额（元）"]), out);
}

#[test]
fn a_bill_does_not_change_whatever_becomes_of_its_refunds() {
    let mut counter = evening(1_000);
    for (number, outcome) in [("r1", "SUCCESS"), ("r2", "ABNORMAL"), ("r3", "CLOSED")] {
        script(&mut counter, outcome, 20 * HOUR);
        counter.refund("order-1", number, 100, 1_000).unwrap();
    }
    script(&mut counter, "ABNORMAL", 1);
    let abnormal = counter.refund("order-1", "r4", 100, 1_000).unwrap();
    script(&mut counter, "CLOSED", 1);
    counter.refund("order-1", "r5", 100, 1_000).unwrap();
    // Half past nine.
    counter.wait(9 * HOUR + 40 * 60);
    let before = trades(&mut counter, FIRST, "ALL").unwrap();
    let states = |text: &str| -> Vec<(String, String, String)> {
        let rows = parse(text).rows.into_iter().skip(1);
        rows.map(|row| {
            let [state, amount, fee] = ["退款状态", "退款金额", "手续费"];
            (row[state].clone(), row[amount].clone(), row[fee].clone())
        })
        .collect()
    };
    let row = |state: &str, amount: &str, fee: &str| {
        (state.to_owned(), amount.to_owned(), fee.to_owned())
    };
    // Of 10.00 the fee is 0.06, of 9.00 and less 0.05, 0.05, 0.04, 0.04, 0.03.
    assert_eq!(
        states(&before),
        [
            row("PROCESSING", "1.00", "-0.01000"),
            row("PROCESSING", "1.00", "0.00000"),
            row("PROCESSING", "1.00", "-0.01000"),
            row("CHANGE", "1.00", "0.00000"),
            row("FAIL", "0.00", "0.00000"),
        ]
    );
    let sums = parse(&before).sums;
    for (sum, wanted) in [
        ("总交易单数", "6"),
        ("退款总金额", "4.00"),
        ("申请退款总金额", "5.00"),
        ("手续费总金额", "0.04000"),
    ] {
        assert_eq!(sums[sum], wanted, "{sum}");
    }
    let id = abnormal["refund_id"].as_str().unwrap();
    let body = json!({ "out_refund_no": "r4", "type": "MERCHANT_BANK_CARD" });
    counter
        .try_call(
            "refund.apply_abnormal_refund",
            &[("refund_id", id)],
            body,
            None,
        )
        .unwrap();
    let refund_bill = trades(&mut counter, FIRST, "REFUND").unwrap();
    counter.wait(DAY);
    for (number, status) in [
        ("r1", "SUCCESS"),
        ("r2", "ABNORMAL"),
        ("r3", "CLOSED"),
        ("r4", "SUCCESS"),
    ] {
        assert_eq!(counter.query_refund(number).unwrap()["status"], status);
    }
    assert_eq!(trades(&mut counter, FIRST, "ALL").unwrap(), before);
    assert_eq!(trades(&mut counter, FIRST, "REFUND").unwrap(), refund_bill);
    let mut later = Counter::replay(counter.book.snapshot(), counter.now);
    assert_eq!(trades(&mut later, FIRST, "ALL").unwrap(), before);
}

#[test]
fn what_happens_at_nine_is_too_late_for_the_bill() {
    let nine = 9 * HOUR + 600;
    for (delay, status, arrived) in [
        (nine - 1, "SUCCESS", "2024-01-02 08:59:59"),
        (nine, "PROCESSING", ""),
    ] {
        let mut counter = evening(1_000);
        script(&mut counter, "SUCCESS", delay);
        counter.refund("order-1", "r1", 1_000, 1_000).unwrap();
        counter.wait(nine);
        let rows = refunds(&mut counter, FIRST).rows;
        assert_eq!(rows[0]["退款状态"], status);
        assert_eq!(rows[0]["退款成功时间"], arrived);
    }
}

#[test]
fn parts_give_the_whole_fee_back_whatever_order_they_arrive_in() {
    let mut counter = evening(1_999);
    script(&mut counter, "CLOSED", 1);
    counter.refund("order-1", "closed", 999, 1_999).unwrap();
    script(&mut counter, "SUCCESS", HOUR);
    counter.refund("order-1", "slow", 1_000, 1_999).unwrap();
    counter.wait(1);
    script(&mut counter, "SUCCESS", 60);
    counter.refund("order-1", "quick", 900, 1_999).unwrap();
    counter.refund("order-1", "rest", 99, 1_999).unwrap();
    counter.wait(2 * DAY);
    let all = parse(&trades(&mut counter, FIRST, "ALL").unwrap());
    assert_eq!(all.sums["手续费总金额"], "0.00000");
    assert_eq!(all.sums["退款总金额"], "19.99");
    let last = funds(&mut counter, SECOND).unwrap();
    assert_eq!(last.rows.last().unwrap()["账户结余（元）"], "0.00");
}
