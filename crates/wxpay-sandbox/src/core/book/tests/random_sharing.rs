//! Whatever merchants do with money that is shared, every fen is somewhere, none is shared twice, and
//! receivers are told once.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::counter::*;
use super::products::*;
use super::world::*;

const ORDERS: usize = 3;
const RECEIVERS: [&str; 2] = ["1900000110", "1900000111"];
const TOTAL: i64 = 1_000;

#[derive(Clone, Debug)]
enum Share {
    Ask {
        order: usize,
        number: usize,
        amounts: [i64; 2],
        release: bool,
    },
    Release {
        order: usize,
        number: usize,
    },
    GiveBack {
        number: usize,
        back: usize,
        receiver: usize,
        amount: i64,
    },
    Refund {
        order: usize,
        refund: usize,
        amount: i64,
    },
    Receiver {
        receiver: usize,
        known: bool,
    },
    Failing {
        closed: bool,
        back: bool,
    },
    End {
        number: usize,
    },
    Wait {
        seconds: i64,
    },
    Deliver {
        taken: bool,
    },
    Restart,
}

fn share() -> impl Strategy<Value = Share> {
    let (order, number, receiver) = (0..ORDERS, 0..NUMBERS, 0..2_usize);
    let amount = prop_oneof![Just(0_i64), 1..120_i64, Just(TOTAL)];
    prop_oneof![
        6 => (order.clone(), number.clone(), amount.clone(), amount, prop::bool::weighted(0.1))
            .prop_map(|(order, number, one, two, release)| Share::Ask { order, number, amounts: [one, two], release }),
        1 => (order.clone(), number.clone()).prop_map(|(order, number)| Share::Release { order, number }),
        4 => (number.clone(), 0..NUMBERS, receiver.clone(), 1..100_i64)
            .prop_map(|(number, back, receiver, amount)| Share::GiveBack { number, back, receiver, amount }),
        3 => (order, 0..NUMBERS, prop_oneof![1..400_i64, Just(TOTAL)])
            .prop_map(|(order, refund, amount)| Share::Refund { order, refund, amount }),
        2 => (receiver, prop::bool::weighted(0.8)).prop_map(|(receiver, known)| Share::Receiver { receiver, known }),
        1 => any::<(bool, bool)>().prop_map(|(closed, back)| Share::Failing { closed, back }),
        1 => number.prop_map(|number| Share::End { number }),
        3 => prop_oneof![1..30_i64, Just(DAY)].prop_map(|seconds| Share::Wait { seconds }),
        2 => any::<bool>().prop_map(|taken| Share::Deliver { taken }),
        1 => Just(Share::Restart),
    ]
}

fn add(counter: &mut Counter, receiver: usize) {
    let body = json!({
        "appid": APPID, "type": "MERCHANT_ID", "account": RECEIVERS[receiver], "name": "店",
        "relation_type": "STORE",
    });
    counter
        .send("POST", "/v3/profitsharing/receivers/add", &[], body)
        .unwrap();
}

fn sharing_world() -> (World, Vec<String>) {
    let mut counter = Counter::new();
    let settings = json!({ "notify_url": TOLD, "delay_seconds": 5 });
    counter
        .book
        .set_sharing(serde_json::from_value(settings).unwrap())
        .unwrap();
    let ids = (0..ORDERS)
        .map(|order| counter.paid(&format!("o{order}"), TOTAL, true))
        .collect();
    add(&mut counter, 0);
    add(&mut counter, 1);
    (World::new(counter), ids)
}

fn take_share(world: &mut World, ids: &[String], step: &Share) {
    let counter = &mut world.counter;
    // Refusals are part of the game.
    match *step {
        Share::Ask {
            order,
            number,
            amounts,
            release,
        } => {
            let parts: Vec<Value> = amounts
                .iter()
                .zip(RECEIVERS)
                .filter(|(amount, _)| **amount > 0)
                .map(|(amount, account)| {
                    json!({ "type": "MERCHANT_ID", "account": account, "amount": amount, "description": "分" })
                })
                .collect();
            let mut body = json!({
                "appid": APPID, "transaction_id": ids[order], "out_order_no": format!("s{number}"),
                "unfreeze_unsplit": release,
            });
            if !parts.is_empty() {
                body["receivers"] = parts.into();
            }
            drop(counter.send("POST", "/v3/profitsharing/orders", &[], body));
        }
        Share::Release { order, number } => {
            let body = json!({
                "transaction_id": ids[order], "out_order_no": format!("s{number}"), "description": "解冻",
            });
            drop(counter.send("POST", "/v3/profitsharing/orders/unfreeze", &[], body));
        }
        Share::GiveBack {
            number,
            back,
            receiver,
            amount,
        } => {
            let body = json!({
                "out_order_no": format!("s{number}"), "out_return_no": format!("b{back}"),
                "return_mchid": RECEIVERS[receiver], "amount": amount, "description": "退",
            });
            drop(counter.send("POST", "/v3/profitsharing/return-orders", &[], body));
        }
        Share::Refund {
            order,
            refund,
            amount,
        } => {
            let (order, refund) = (format!("o{order}"), format!("r{refund}"));
            drop(counter.refund(&order, &refund, amount, TOTAL));
        }
        Share::Receiver {
            receiver,
            known: true,
        } => add(counter, receiver),
        Share::Receiver {
            receiver,
            known: false,
        } => {
            let body =
                json!({ "appid": APPID, "type": "MERCHANT_ID", "account": RECEIVERS[receiver] });
            drop(counter.send("POST", "/v3/profitsharing/receivers/delete", &[], body));
        }
        Share::Failing { closed, back } => {
            let mut settings = json!({ "notify_url": TOLD, "delay_seconds": 5 });
            if closed {
                settings["closed"] = json!({ RECEIVERS[0]: "ACCOUNT_ABNORMAL" });
            }
            if back {
                settings["return_fail_reason"] = json!("BALANCE_NOT_ENOUGH");
            }
            counter
                .book
                .set_sharing(serde_json::from_value(settings).unwrap())
                .unwrap();
        }
        Share::End { number } => {
            let now = Timestamp::from_unix(counter.now);
            let end = serde_json::from_value(json!({})).unwrap();
            drop(counter.book.end_sharing(&format!("s{number}"), end, now));
        }
        Share::Wait { seconds } => counter.wait(seconds),
        Share::Deliver { taken } => world.deliver(taken),
        Share::Restart => world.restart(),
    }
}

/// Everything there is to see of requests, by their numbers.
fn requests(counter: &Counter) -> BTreeMap<String, Value> {
    let now = Timestamp::from_unix(counter.now);
    (0..NUMBERS)
        .map(|number| format!("s{number}"))
        .filter_map(|number| {
            Some((
                number.clone(),
                counter.book.sharing_seen(&number, now).ok()?,
            ))
        })
        .collect()
}

/// What was really shared, really returned, and is under way, of one order.
fn sums(seen: &BTreeMap<String, Value>, order: &str) -> (i64, i64) {
    let (mut shared, mut returned) = (0, 0);
    for request in seen
        .values()
        .filter(|it| it["order"]["out_trade_no"] == order)
    {
        for part in request["receivers"].as_array().unwrap() {
            if part["result"] != "CLOSED" && part["account"] != MCHID {
                shared += fen(&part["amount"]);
            }
        }
        for back in request["returns"].as_array().unwrap() {
            if back["result"] == "SUCCESS" {
                returned += fen(&back["amount"]);
            }
        }
    }
    (shared, returned)
}

fn check_shares(world: &World, before: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let seen = requests(&world.counter);
    for order in (0..ORDERS).map(|order| format!("o{order}")) {
        let (shared, returned) = sums(&seen, &order);
        let amount = &world.counter.view(&order)["amount"];
        let refunds = fen(&amount["refunded"]) + fen(&amount["refunding"]);
        assert!(shared * 10 <= TOTAL * 3, "{order}: shared {shared}");
        assert!(
            returned <= shared,
            "{order}: returned {returned} of {shared}"
        );
        assert!(
            shared - returned + refunds <= TOTAL,
            "{order}: {shared} - {returned} + {refunds}"
        );
        for request in seen
            .values()
            .filter(|it| it["order"]["out_trade_no"] == *order)
        {
            let unsplit = fen(&request["order"]["unsplit_amount"]);
            assert!(
                (0..=(TOTAL - shared - refunds).max(0)).contains(&unsplit),
                "{request}"
            );
            let refundable = fen(&request["order"]["refundable"]);
            assert_eq!(refundable, TOTAL - refunds - shared + returned, "{request}");
        }
    }
    for (number, then) in before {
        let now = &seen[number];
        assert!(
            then["state"] == "PROCESSING" || then["receivers"] == now["receivers"],
            "{now}"
        );
        let (then, now) = (
            then["returns"].as_array().unwrap(),
            now["returns"].as_array().unwrap(),
        );
        for (then, now) in then.iter().zip(now) {
            assert!(
                then["result"] == "PROCESSING" || then == now,
                "{then} became {now}"
            );
        }
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn shared_money_is_somewhere(steps in prop::collection::vec(share(), 1..60)) {
        let (mut world, ids) = sharing_world();
        let mut seen = BTreeMap::new();
        for step in &steps {
            take_share(&mut world, &ids, step);
            seen = check_shares(&world, &seen);
        }
        world.settle();
        let seen = check_shares(&world, &seen);
        world.restart();
        // Who got what, by what was told, is who got what by what the book says.
        let mut accounts: BTreeMap<&str, i64> = BTreeMap::new();
        for (event, sign) in [("PROFITSHARING", 1), ("PROFITSHARING_RETURN", -1)] {
            for content in world.told_of(event) {
                let account = content["receiver"]["account"].as_str().unwrap();
                *accounts.entry(account).or_default() += sign * fen(&content["receiver"]["amount"]);
            }
        }
        for request in seen.values() {
            prop_assert_eq!(&request["state"], "FINISHED");
            for part in request["receivers"].as_array().unwrap() {
                if part["result"] == "SUCCESS" && part["account"] != MCHID {
                    *accounts.entry(part["account"].as_str().unwrap()).or_default() -= fen(&part["amount"]);
                }
            }
            for back in request["returns"].as_array().unwrap() {
                if back["result"] == "SUCCESS" {
                    *accounts.entry(back["return_mchid"].as_str().unwrap()).or_default() += fen(&back["amount"]);
                }
            }
        }
        prop_assert!(accounts.values().all(|left| *left == 0), "{accounts:?}");
    }
}
