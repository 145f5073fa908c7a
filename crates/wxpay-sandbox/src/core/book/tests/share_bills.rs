//! Profit sharing bills, against what was shared.

use serde_json::json;

use super::bills::{DATE, bill, parse};
use super::counter::*;
use super::sharing::{STORE, counter, give_back, share, sharing};
use crate::core::call::Failure;

const BILL: &str = "profit_sharing.apply_bill";

fn lines(counter: &mut Counter, parameters: &[(&str, &str)]) -> Result<usize, Failure> {
    bill(counter, BILL, parameters).map(|text| parse(&text).rows.len())
}

#[test]
fn a_bill_has_what_was_shared_released_and_returned() {
    let (mut counter, id) = counter();
    share(&mut counter, sharing(&id, "s1", 1_000, 500, false)).unwrap();
    counter.wait(60);
    share(&mut counter, sharing(&id, "s2", 200, 0, true)).unwrap();
    counter.wait(60);
    give_back(&mut counter, "r1", 400).unwrap();
    counter.wait(60);
    // What fails is in no bill.
    let failing = json!({ "delay_seconds": 10, "return_fail_reason": "ACCOUNT_ABNORMAL" });
    counter
        .book
        .set_sharing(serde_json::from_value(failing).unwrap())
        .unwrap();
    give_back(&mut counter, "r2", 100).unwrap();
    counter.wait(DAY);
    for tar_type in [None, Some(("tar_type", "GZIP"))] {
        let mut parameters = vec![DATE];
        parameters.extend(tar_type);
        let bill = parse(&bill(&mut counter, BILL, &parameters).unwrap());
        let rows: Vec<[&str; 5]> = bill
            .rows
            .iter()
            .map(|row| {
                [
                    "商户分账/回退单号",
                    "分账接收方",
                    "金额",
                    "业务类型",
                    "分账时间",
                ]
                .map(|name| row[name].as_str())
            })
            .collect();
        assert_eq!(
            rows,
            [
                ["s1", STORE, "10.00", "分账", "2024-01-01 10:35:06"],
                [
                    "s1",
                    super::sharing::STAFF,
                    "5.00",
                    "分账",
                    "2024-01-01 10:35:06"
                ],
                ["s2", STORE, "2.00", "分账", "2024-01-01 10:36:06"],
                ["s2", MCHID, "83.00", "分账", "2024-01-01 10:36:06"],
                ["r1", STORE, "4.00", "分账回退", "2024-01-01 10:37:06"],
            ]
        );
        for row in &bill.rows {
            assert_eq!(row.len(), 13);
            assert_eq!(
                (row["订单金额"].as_str(), &row["微信订单号"]),
                ("100.00", &id)
            );
            assert_eq!(
                (row["分账发起方"].as_str(), row["分账方"].as_str()),
                (MCHID, MCHID)
            );
            assert_eq!(row["处理状态"], "成功");
        }
        assert_eq!(bill.sums["总交易单数"], "5");
        assert_eq!(bill.sums["分账总金额"], "100.00");
        assert_eq!(bill.sums["回退总金额"], "4.00");
    }
}

#[test]
fn a_bill_is_there_when_others_are_and_of_sub_merchants_one_has() {
    let (mut counter, id) = counter();
    let none = lines(&mut counter, &[DATE]);
    assert_eq!(code(none).0, "NO_STATEMENT_EXIST");
    share(&mut counter, sharing(&id, "s1", 1_000, 0, false)).unwrap();
    counter.wait(10);
    // 2024-01-02 09:00:00 in Beijing.
    counter.wait(1_704_157_200 - 1 - counter.now);
    assert_eq!(code(lines(&mut counter, &[DATE])).0, "NO_STATEMENT_EXIST");
    counter.wait(1);
    assert_eq!(lines(&mut counter, &[DATE]).unwrap(), 1);
    for (parameters, refused) in [
        (vec![("bill_date", "2023-12-31")], "NO_STATEMENT_EXIST"),
        (vec![("bill_date", "2023-01-01")], "INVALID_REQUEST"),
        (vec![("bill_date", "yesterday")], "PARAM_ERROR"),
        (vec![DATE, ("sub_mchid", SUB_MCHID)], "NO_STATEMENT_EXIST"),
        (vec![DATE, ("sub_mchid", "1")], "NO_AUTH"),
    ] {
        assert_eq!(code(lines(&mut counter, &parameters)).0, refused);
    }
}
