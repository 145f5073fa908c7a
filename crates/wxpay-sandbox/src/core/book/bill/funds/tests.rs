use serde_json::json;
use sha1::{Digest as _, Sha1};

use super::super::super::text::hex;
use super::super::trades::tests::{self, ELEVEN, MIDNIGHT, order};
use super::*;

const VECTOR: &str = include_str!("../../../../../tests/vectors/fund_flow_bill.csv");
const DAY: Range<i64> = MIDNIGHT..MIDNIGHT + 86_400;

/// Accepted ten seconds before eleven, when the money moves.
fn store() -> Store {
    tests::store(ELEVEN - 10, ELEVEN)
}

#[test]
fn the_vector_is_written_to_the_byte() {
    let bill = write(&store(), Account::Own, &DAY, Manner::default()).unwrap();
    assert_eq!(bill, VECTOR);
    assert_eq!(
        hex(&Sha1::digest(&bill)),
        "f804e84d199455b91dd4dcb9916887af91a38ea0"
    );
}

#[test]
fn every_sub_merchant_has_a_balance_of_its_own() {
    let mut store = store();
    for (number, sub_mchid, at) in [
        ("a", "1900000109", 1),
        ("b", "1900000110", 2),
        ("c", "1900000109", 3),
    ] {
        let mut order = order();
        order.out_trade_no = number.to_owned();
        order.owner.sub_mchid = Some(sub_mchid.to_owned());
        order.payment = serde_json::from_value(json!({
            "transaction_id": number, "at": MIDNIGHT + at, "bank_type": "OTHERS",
            "payer": { "openid": null, "sub_openid": null },
        }))
        .unwrap();
        order.refunds.clear();
        store.put_order(order);
    }
    let balances = |account| -> Vec<String> {
        let bill = write(&store, account, &DAY, Manner::default()).unwrap();
        let rows = bill.lines().skip(1).filter(|line| line.starts_with("`20"));
        let seventh = |row: &str| row.split(",`").nth(7).unwrap().to_owned();
        rows.map(seventh).collect()
    };
    assert_eq!(
        balances(Account::AllSubs),
        ["1.00", "0.99", "1.00", "0.99", "1.99", "1.98"]
    );
    assert_eq!(
        balances(Account::Sub("1900000109")),
        ["1.00", "0.99", "1.99", "1.98"]
    );
    assert_eq!(balances(Account::Sub("1900000110")), ["1.00", "0.99"]);
    assert_eq!(balances(Account::Own), ["1.00", "0.99", "0.00"]);
    let nobody = write(&store, Account::Sub("1"), &DAY, Manner::default());
    assert_eq!(nobody, None);
}
