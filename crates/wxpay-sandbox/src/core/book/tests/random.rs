//! Whatever merchants and payers do in whatever order, the book stays a book.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::RefundScript;
use super::super::store::Change;
use super::bills::{bill, fen, parse};
use super::counter::*;

#[derive(Clone, Debug)]
enum Step {
    Create {
        order: usize,
        total: i64,
    },
    Combine {
        order: usize,
    },
    Charge {
        order: usize,
        digit: u8,
    },
    Pay {
        order: usize,
        works: bool,
    },
    Close {
        order: usize,
    },
    Reverse {
        order: usize,
    },
    Refund {
        order: usize,
        refund: usize,
        amount: i64,
    },
    Script {
        outcome: usize,
    },
    Wait {
        seconds: i64,
    },
    Deliver {
        taken: bool,
    },
}

/// A few numbers, so that steps meet.
const ORDERS: usize = 6;

fn number(order: usize) -> String {
    format!("order-{order}")
}

fn total(order: usize) -> i64 {
    [1, 83, 84, 100, 1_999, 100_000_000][order % 6]
}

fn step() -> impl Strategy<Value = Step> {
    let order = 0..ORDERS;
    prop_oneof![
        4 => (order.clone(), 0..3_i64).prop_map(|(order, more)| Step::Create { order, total: total(order) + more / 2 }),
        1 => order.clone().prop_map(|order| Step::Combine { order }),
        2 => (order.clone(), b'0'..=b'9').prop_map(|(order, digit)| Step::Charge { order, digit }),
        5 => (order.clone(), prop::bool::weighted(0.8)).prop_map(|(order, works)| Step::Pay { order, works }),
        1 => order.clone().prop_map(|order| Step::Close { order }),
        1 => order.clone().prop_map(|order| Step::Reverse { order }),
        6 => (order, 0..12_usize, prop_oneof![1..100_i64, Just(1_999), Just(i64::MAX)])
            .prop_map(|(order, refund, amount)| Step::Refund { order, refund, amount }),
        1 => (0..4_usize).prop_map(|outcome| Step::Script { outcome }),
        3 => prop_oneof![1..60_i64, Just(HOUR), Just(DAY), Just(8 * DAY)].prop_map(|seconds| Step::Wait { seconds }),
        3 => any::<bool>().prop_map(|taken| Step::Deliver { taken }),
    ]
}

fn take(counter: &mut Counter, step: &Step) {
    // Refusals are part of the game.
    match *step {
        Step::Create { order, total } => drop(counter.native(&number(order), total)),
        Step::Combine { order } => {
            let (first, second) = (number(order), number((order + 1) % ORDERS));
            let parts = [(first.as_str(), total(order)), (second.as_str(), 7)];
            drop(counter.post(
                "combine.native_prepay",
                combine_order(&format!("combined-{order}"), &parts),
            ));
        }
        Step::Charge { order, digit } => {
            let body = json!({
                "appid": APPID, "mchid": MCHID, "description": "茶", "out_trade_no": number(order),
                "payer": { "auth_code": format!("13006109882800940{}", char::from(digit)) },
                "amount": { "total": total(order) }, "scene_info": { "store_info": { "id": "1" } },
            });
            drop(counter.try_call("pay.code_pay", &[], body, None));
        }
        Step::Pay { order, works } => {
            let outcome = if works { "success" } else { "error" };
            drop(counter.pay_as(&number(order), json!({ "outcome": outcome })));
        }
        Step::Close { order } => drop(counter.close(&number(order))),
        Step::Reverse { order } => {
            let body = json!({ "appid": APPID, "mchid": MCHID });
            let number = number(order);
            drop(counter.try_call(
                "pay.reverse_order",
                &[("out_trade_no", &number)],
                body,
                None,
            ));
        }
        Step::Refund {
            order,
            refund,
            amount,
        } => {
            let total = counter
                .book
                .order(&number(order))
                .and_then(|order| order["amount"]["total"].as_i64())
                .unwrap_or(1);
            drop(counter.refund(&number(order), &format!("refund-{refund}"), amount, total));
        }
        Step::Script { outcome } => {
            let outcome = ["SUCCESS", "SUCCESS", "ABNORMAL", "CLOSED"][outcome];
            let script: RefundScript =
                serde_json::from_value(json!({ "outcome": outcome, "delay_seconds": 20 })).unwrap();
            counter.book.set_refund_script(script);
        }
        Step::Wait { seconds } => counter.wait(seconds),
        Step::Deliver { taken } => {
            for notice in counter.due() {
                counter.delivered(&notice.id, taken);
            }
        }
    }
}

fn all_orders(counter: &Counter) -> BTreeMap<String, Value> {
    (0..ORDERS)
        .filter_map(|order| Some((number(order), counter.book.order(&number(order))?)))
        .collect()
}

fn check(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    for (number, now) in after {
        let amount = &now["amount"];
        let [total, refunded, refunding] =
            ["total", "refunded", "refunding"].map(|name| amount[name].as_i64().unwrap());
        assert!(
            refunded >= 0 && refunding >= 0 && refunded + refunding <= total,
            "{now}"
        );
        let state = now["trade_state"].as_str().unwrap();
        assert_eq!(
            now.get("transaction_id").is_some(),
            matches!(state, "SUCCESS" | "REFUND") || now.get("reverse_time").is_some(),
            "{now}"
        );
        assert!(
            state == "REFUND" || now["refunds"].as_array().unwrap().is_empty(),
            "{now}"
        );
        let Some(then) = before.get(number) else {
            continue;
        };
        let was = then["trade_state"].as_str().unwrap();
        let allowed = match was {
            "NOTPAY" => &["NOTPAY", "SUCCESS", "REFUND", "CLOSED"][..],
            "USERPAYING" => &["USERPAYING", "SUCCESS", "CLOSED", "REVOKED", "PAYERROR"],
            "SUCCESS" => &["SUCCESS", "REFUND", "REVOKED"],
            "REFUND" => &["REFUND"],
            "CLOSED" | "PAYERROR" => &["CLOSED", "PAYERROR", "REVOKED"],
            "REVOKED" => &["REVOKED"],
            other => panic!("{other}"),
        };
        assert!(allowed.contains(&state), "{was} became {state}");
        assert_eq!(then["amount"]["total"], now["amount"]["total"]);
        for field in ["transaction_id", "success_time"] {
            assert!(
                then.get(field).is_none() || then[field] == now[field],
                "{now}"
            );
        }
        for (then, now) in then["refunds"]
            .as_array()
            .unwrap()
            .iter()
            .zip(now["refunds"].as_array().unwrap())
        {
            let was = then["status"].as_str().unwrap();
            assert!(was == "PROCESSING" || then == now, "{then} became {now}");
        }
    }
    for number in before.keys() {
        assert!(after.contains_key(number), "{number} is lost");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn orders_keep_their_rules(steps in prop::collection::vec(step(), 1..60)) {
        let mut counter = Counter::new();
        let mut before = BTreeMap::new();
        for step in &steps {
            take(&mut counter, step);
            let after = all_orders(&counter);
            check(&before, &after);
            before = after;
        }
    }

    #[test]
    fn changes_bring_the_state_back(steps in prop::collection::vec(step(), 1..60), rests in prop::collection::vec(any::<bool>(), 60)) {
        let mut counter = Counter::new();
        let mut changes: Vec<Change> = Vec::new();
        for (step, rest) in steps.iter().zip(rests) {
            take(&mut counter, step);
            if rest {
                changes.extend(counter.book.take_changes());
            }
        }
        changes.extend(counter.book.take_changes());
        prop_assert!(counter.book.take_changes().is_empty());
        let snapshot = counter.book.snapshot();
        let replayed = Counter::replay(changes, counter.now);
        prop_assert_eq!(&replayed.book.snapshot(), &snapshot);
        let again = Counter::replay(snapshot, counter.now);
        prop_assert_eq!(all_orders(&again), all_orders(&counter));
        prop_assert_eq!(again.book.next_due(), replayed.book.next_due());
    }

    #[test]
    fn bills_are_the_sum_of_the_orders(steps in prop::collection::vec(step(), 1..60)) {
        let mut counter = Counter::new();
        for step in &steps {
            // The first day only.
            if !matches!(step, Step::Wait { seconds } if *seconds > HOUR) && counter.now < START + 12 * HOUR {
                take(&mut counter, step);
            }
        }
        counter.wait(60);
        let orders = all_orders(&counter);
        let sum = |of: &dyn Fn(&Value) -> i64| orders.values().map(of).sum::<i64>();
        let paid = sum(&|order| if order.get("transaction_id").is_some() { order["amount"]["total"].as_i64().unwrap() } else { 0 });
        let reversed = |order: &Value| order.get("reverse_time").is_some() && order.get("transaction_id").is_some();
        let refunds = |states: &[&str]| sum(&|order| {
            if reversed(order) {
                return order["amount"]["total"].as_i64().unwrap();
            }
            let refunds = order["refunds"].as_array().unwrap().iter();
            let these = refunds.filter(|it| states.contains(&it["status"].as_str().unwrap()));
            these.map(|it| it["amount"]["refund"].as_i64().unwrap()).sum()
        });
        let arrived = refunds(&["SUCCESS"]);
        let back = refunds(&["SUCCESS", "ABNORMAL"]);
        let asked = refunds(&["SUCCESS", "ABNORMAL", "CLOSED"]);
        counter.now = START + 2 * DAY;
        let day = ("bill_date", "2024-01-01");
        if paid == 0 {
            prop_assert_eq!(code(counter.get("bill.trade_bill", &[day])).0, "NO_STATEMENT_EXIST");
            return Ok(());
        }
        let all = parse(&bill(&mut counter, "bill.trade_bill", &[day]).unwrap());
        let column = |name: &str| all.rows.iter().map(|row| fen(&row[name])).sum::<i64>();
        for (column, wanted) in [
            (column("订单金额"), paid),
            (column("应结订单金额"), paid),
            (column("退款金额"), back),
            (column("申请退款金额"), asked),
            (fen(&all.sums["订单总金额"]), paid),
            (fen(&all.sums["应结订单总金额"]), paid),
            (fen(&all.sums["退款总金额"]), back),
            (fen(&all.sums["申请退款总金额"]), asked),
            (fen(&all.sums["手续费总金额"]), column("手续费")),
        ] {
            prop_assert_eq!(column, wanted);
        }
        let funds = parse(&bill(&mut counter, "bill.fund_flow_bill", &[day]).unwrap());
        let net = fen(&funds.sums["收入金额"]) - fen(&funds.sums["支出金额"]);
        let moved = all.rows.iter().filter(|row| ["", "SUCCESS"].contains(&row["退款状态"].as_str()));
        prop_assert_eq!(net, paid - arrived - moved.map(|row| fen(&row["手续费"])).sum::<i64>());
        prop_assert!(net >= 0);
        prop_assert_eq!(fen(&funds.rows.last().unwrap()["账户结余（元）"]), net);
    }
}
