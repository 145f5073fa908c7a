use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::super::super::text::hex;
use super::super::trades::tests::{MIDNIGHT, order};
use super::*;

const VECTOR: &str = include_str!("../../../../../tests/vectors/profit_sharing_bill.csv");
const MCHID: &str = "1900007291";
const DAY: Range<i64> = MIDNIGHT..MIDNIGHT + 86_400;
/// 2024-01-01 11:00:00 in Beijing.
const ELEVEN: i64 = 1_704_078_000;

fn part(account: &str, amount: i64, detail_id: &str, description: &str, result: Value) -> Value {
    json!({
        "kind": "MERCHANT_ID", "account": account, "amount": amount, "description": description,
        "detail_id": detail_id, "released": account == MCHID, "result": result, "ended": ELEVEN,
    })
}

fn sharing(number: &str, sub_mchid: Option<&str>, parts: &[Value]) -> Sharing {
    serde_json::from_value(json!({
        "out_order_no": number,
        "order_id": "3008450740201411110007820472",
        "out_trade_no": order().out_trade_no,
        "transaction_id": "4200000000202401010000000001",
        "sub_mchid": sub_mchid,
        "brand_mchid": null,
        "family": "plain",
        "fingerprint": "",
        "parts": parts,
        "created": ELEVEN - 60,
        "coming": null,
        "returns": [],
    }))
    .unwrap()
}

fn back(number: &str, result: Value) -> Return {
    serde_json::from_value(json!({
        "out_return_no": number,
        "return_id": "3008450740201411110007820473",
        "out_order_no": "P20150806125346",
        "fingerprint": "",
        "mchid": "1900000110",
        "amount": 300,
        "description": "用户退款\n加急",
        "created": ELEVEN,
        "coming": null,
        "result": result,
        "ended": ELEVEN + 3_600,
    }))
    .unwrap()
}

/// A part that was shared, one that was not, the rest, a return, and one that failed.
fn store() -> Store {
    let mut store = Store::default();
    let mut order = order();
    order.total = Fen::new(10_000);
    store.put_order(order);
    let parts = [
        part(
            "1900000110",
            888,
            "36011111111111111111111",
            "分给,商户A",
            json!("success"),
        ),
        part(
            "1900000111",
            100,
            "36011111111111111111112",
            "分给商户B",
            json!({ "closed": "ACCOUNT_ABNORMAL" }),
        ),
        part(
            MCHID,
            9_012,
            "36011111111111111111113",
            "解冻给分账方",
            json!("success"),
        ),
    ];
    store.put_piece(sharing("P20150806125346", None, &parts));
    store.put_piece(back("R20190516001", json!("success")));
    store.put_piece(back(
        "R20190516002",
        json!({ "closed": "ACCOUNT_ABNORMAL" }),
    ));
    store
}

#[test]
fn the_vector_is_written_to_the_byte() {
    let bill = write(&store(), MCHID, None, &DAY, Manner::default()).unwrap();
    assert_eq!(bill, VECTOR);
    assert_eq!(
        hex(&Sha1::digest(&bill)),
        "88cc395de388eadd95c9b26f2efd526b2a7e7e11"
    );
}

#[test]
fn a_row_is_on_the_day_it_succeeded() {
    let store = store();
    let rows = |hours| {
        let bill = write(&store, MCHID, None, &hours, Manner::default());
        bill.map_or(0, |bill| bill.lines().count() - 3)
    };
    assert_eq!(rows(MIDNIGHT - 86_400..MIDNIGHT), 0);
    assert_eq!(rows(MIDNIGHT..ELEVEN), 0);
    assert_eq!(rows(ELEVEN..ELEVEN + 1), 2);
    assert_eq!(rows(ELEVEN + 1..ELEVEN + 3_601), 1);
    // What is on its way is in none.
    let mut waiting = sharing("P2", None, &[]);
    waiting.parts =
        vec![serde_json::from_value(json!({
        "kind": "MERCHANT_ID", "account": "1", "amount": 1, "description": "", "detail_id": "",
        "released": false, "result": "pending", "ended": null,
    })).unwrap()];
    let mut store = Store::default();
    store.put_piece(waiting);
    assert_eq!(write(&store, MCHID, None, &DAY, Manner::default()), None);
}

#[test]
fn a_sub_merchant_has_its_own_rows() {
    let mut store = store();
    let theirs = part("1900000110", 1, "1", "", json!("success"));
    store.put_piece(sharing("P2", Some("1900000109"), &[theirs]));
    let all = write(&store, MCHID, None, &DAY, Manner::default()).unwrap();
    assert_eq!(all.lines().count(), 7);
    let theirs = write(&store, MCHID, Some("1900000109"), &DAY, Manner::default()).unwrap();
    let row = theirs.lines().nth(1).unwrap();
    assert!(
        row.starts_with("`2024-01-01 11:00:00,`1900007291,`1900000109,`"),
        "{row}"
    );
    assert!(theirs.ends_with("\r\n`1,`0.01,`0.00\r\n"), "{theirs}");
    assert_eq!(
        write(&store, MCHID, Some("1"), &DAY, Manner::default()),
        None
    );
}
