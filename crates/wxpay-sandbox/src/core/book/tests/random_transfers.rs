//! Whatever merchants and users do with money that is transferred, every fen is somewhere, none is
//! transferred twice, and the merchant is told once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::counter::*;
use super::products::*;
use super::world::*;

const BALANCE: i64 = 2_000;
const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";

#[derive(Clone, Debug)]
enum Transfer {
    Ask { number: usize, amount: i64 },
    Confirm { number: usize, fails: bool },
    Cancel { number: usize },
    Batch { number: usize, amounts: Vec<i64> },
    Wait { seconds: i64 },
    Deliver { taken: bool },
    Restart,
}

fn transfer() -> impl Strategy<Value = Transfer> {
    let (number, amount) = (0..NUMBERS, prop_oneof![10..600_i64, Just(BALANCE), Just(9)]);
    prop_oneof![
        6 => (number.clone(), amount).prop_map(|(number, amount)| Transfer::Ask { number, amount }),
        5 => (number.clone(), prop::bool::weighted(0.3))
            .prop_map(|(number, fails)| Transfer::Confirm { number, fails }),
        2 => number.clone().prop_map(|number| Transfer::Cancel { number }),
        2 => (number, prop::collection::vec(30..200_i64, 1..5))
            .prop_map(|(number, amounts)| Transfer::Batch { number, amounts }),
        4 => prop_oneof![1..10_i64, Just(DAY)].prop_map(|seconds| Transfer::Wait { seconds }),
        2 => any::<bool>().prop_map(|taken| Transfer::Deliver { taken }),
        1 => Just(Transfer::Restart),
    ]
}

fn take_transfer(world: &mut World, step: &Transfer) {
    let counter = &mut world.counter;
    match step {
        Transfer::Ask { number, amount } => {
            let body = json!({
                "appid": APPID, "out_bill_no": format!("b{number}"), "openid": OPENID,
                "transfer_amount": amount, "transfer_remark": "奖励", "transfer_scene_id": "1000",
                "notify_url": TOLD, "transfer_scene_report_infos": [{ "info_type": "活动名称", "info_content": "奖励" }],
            });
            drop(counter.send("POST", BILLS, &[], body));
        }
        Transfer::Confirm { number, fails } => {
            let how = if *fails {
                json!({ "fail_reason": "ACCOUNT_FROZEN" })
            } else {
                json!({})
            };
            let how = serde_json::from_value(how).unwrap();
            let now = Timestamp::from_unix(counter.now);
            drop(
                counter
                    .book
                    .confirm_transfer(&format!("b{number}"), how, now),
            );
        }
        Transfer::Cancel { number } => {
            let path = format!("{BILLS}/out-bill-no/{{}}/cancel");
            let number = format!("b{number}");
            drop(counter.send("POST", &path, &[("out_bill_no", &number)], Value::Null));
        }
        Transfer::Batch { number, amounts } => {
            let details: Vec<Value> = amounts
                .iter()
                .enumerate()
                .map(|(index, amount)| {
                    let openid = if amount % 3 == 0 { "frozen" } else { OPENID };
                    json!({
                        "out_detail_no": format!("d{index}"), "transfer_amount": amount,
                        "transfer_remark": "奖励", "openid": openid, "user_name": "张三",
                    })
                })
                .collect();
            let body = json!({
                "appid": APPID, "out_batch_no": format!("x{number}"), "batch_name": "n",
                "batch_remark": "r", "transfer_scene_id": "1000", "total_amount": amounts.iter().sum::<i64>(),
                "total_num": amounts.len(), "transfer_detail_list": details, "notify_url": TOLD,
            });
            drop(counter.send("POST", "/v3/transfer/batches", &[], body));
        }
        Transfer::Wait { seconds } => counter.wait(*seconds),
        Transfer::Deliver { taken } => world.deliver(*taken),
        Transfer::Restart => world.restart(),
    }
}

/// Every transfer and every batch there is.
fn transfers(counter: &Counter) -> BTreeMap<String, Value> {
    let now = Timestamp::from_unix(counter.now);
    (0..NUMBERS)
        .flat_map(|number| [format!("b{number}"), format!("x{number}")])
        .filter_map(|number| {
            Some((
                number.clone(),
                counter.book.transfer_seen(&number, now).ok()?,
            ))
        })
        .collect()
}

/// What the users have, or may still get.
fn away(seen: &BTreeMap<String, Value>) -> i64 {
    seen.values()
        .map(|it| match it["state"].as_str() {
            Some("FAIL" | "CANCELLED") => 0,
            Some(_) => fen(&it["transfer_amount"]),
            None => fen(&it["total_amount"]) - fen(&it["fail_amount"]),
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn transferred_money_is_somewhere(steps in prop::collection::vec(transfer(), 1..60)) {
        let mut counter = Counter::new();
        let settings = json!({
            "balance": BALANCE, "delay_seconds": 3, "accept_seconds": 1, "failing": { "frozen": "ACCOUNT_FROZEN" },
        });
        counter.book.set_transfers(serde_json::from_value(settings).unwrap()).unwrap();
        let mut world = World::new(counter);
        let mut ended: BTreeMap<String, Value> = BTreeMap::new();
        for step in &steps {
            take_transfer(&mut world, step);
            let seen = transfers(&world.counter);
            let balance = fen(&world.counter.book.transfer_settings()["balance"]);
            prop_assert!(balance >= 0);
            prop_assert_eq!(balance + away(&seen), BALANCE, "{:?}", seen);
            for (number, it) in &seen {
                let state = it["state"].as_str();
                let state = state.or_else(|| it["batch_status"].as_str()).unwrap();
                let before = ended.get(number);
                prop_assert!(before.is_none_or(|before| before == state), "{it}");
                if ["SUCCESS", "FAIL", "CANCELLED", "FINISHED"].contains(&state) {
                    ended.insert(number.clone(), state.into());
                }
            }
        }
        world.settle();
        world.restart();
        let seen = transfers(&world.counter);
        let mut told = BTreeSet::new();
        for content in world.told_of("MCHTRANSFER.BILL.FINISHED") {
            let number = content["out_bill_no"].as_str().unwrap();
            prop_assert!(told.insert(number), "{} was told twice", number);
            prop_assert_eq!(&seen[number]["state"], &content["state"]);
        }
        for content in world.told_of("MCHTRANSFER.BATCH.FINISHED") {
            let number = content["out_batch_no"].as_str().unwrap();
            prop_assert!(told.insert(number), "{} was told twice", number);
            prop_assert_eq!(&seen[number]["success_amount"], &content["success_amount"]);
        }
        prop_assert_eq!(told.len(), seen.len());
    }
}
