//! What has to hold by every generation.

use bytes::Bytes;
use http::Method;
use merchant::Fen;
use merchant::flow::{OrderEvent, OrderFacts, Payment, RefundEvent, RefundState, RefundStatus};
use merchant::gateway::{Prepaid, Said};
use merchant::settings::Api;
use merchant::store::{Notice, NoticeKind};
use serde_json::{Value, json};
use wxpay_bill::Trade;

use crate::world::World;

const PAYMENT: &str = "/wechatpay/payment";
const REFUND: &str = "/wechatpay/refund";

fn payment(event: OrderEvent) -> Payment {
    match event {
        OrderEvent::Paid(payment) => payment,
        event => panic!("{event:?}"),
    }
}

fn status(event: RefundEvent) -> RefundStatus {
    match event {
        RefundEvent::Status(status) => status,
        event => panic!("{event:?}"),
    }
}

pub(crate) async fn an_order_is_placed_paid_and_noticed_once(world: &World) {
    let gateway = &world.gateway;
    let (order, code) = world.prepaid("T0000001", 7_998).await;
    assert!(code.contains("://"), "{code}");
    world.advance(60).await;
    let again = gateway.prepay(&order).await.unwrap();
    assert!(matches!(again, Prepaid::Code(_)), "{again:?}");

    let faults = json!({ "notifications": { "duplicate": { "rate": 1 } } });
    world.faults(&faults).await;
    let before = world.now();
    world.pay(&order).await.unwrap();
    let asked = payment(gateway.query(&order, world.now()).await.unwrap());
    assert_eq!(asked.total, Fen::new(7_998));
    assert!((before..=world.now()).contains(&asked.at), "{asked:?}");

    let heard = world.heard(PAYMENT, 2).await;
    let notices = world.notices(1).await;
    assert!(world.post(&heard[0]).await, "a repetition is taken");
    assert_eq!(world.stored().await, notices);
    assert_eq!(notices.len(), 1, "{notices:?}");
    let notice = &notices[0];
    assert_eq!(
        (notice.kind, notice.number.as_str()),
        (NoticeKind::Payment, "T0000001")
    );
    assert_eq!(
        gateway.read(notice).unwrap(),
        Said::Order(OrderEvent::Paid(asked.clone()))
    );

    // The code is asked for once more when it is paid.
    match gateway.prepay(&order).await.unwrap() {
        Prepaid::Settled(event) => assert_eq!(payment(event), asked),
        Prepaid::Code(_) => assert_eq!(world.api, Api::V1),
    }
}

pub(crate) async fn what_is_not_proven_is_not_stored(world: &World) {
    let faults = json!({ "notifications": { "wrong_signature": { "rate": 1, "times": 1 } } });
    world.faults(&faults).await;
    world.paid("T0000001", 100).await;
    let forged = world.heard(PAYMENT, 1).await.remove(0);
    assert!(!world.post(&forged).await);
    assert_eq!(world.stored().await, []);
    world.advance(60).await;
    let genuine = world.heard(PAYMENT, 3).await.remove(2);
    let stored = world.notices(1).await;

    let mut changed = genuine.clone();
    let mut bytes = changed.body.to_vec();
    let digit = bytes.iter_mut().rev().find(|byte| byte.is_ascii_digit());
    let digit = digit.unwrap();
    *digit = if *digit == b'1' { b'2' } else { b'1' };
    changed.body = bytes.into();
    assert!(!world.post(&changed).await);

    let mut empty = genuine.clone();
    empty.body = Bytes::new();
    assert!(!world.post(&empty).await);

    let mut elsewhere = genuine.clone();
    elsewhere.target = elsewhere.target.replace(PAYMENT, REFUND);
    assert!(!world.post(&elsewhere).await);

    assert_eq!(world.stored().await, stored);
    assert!(world.post(&genuine).await);
}

pub(crate) async fn what_cannot_be_stored_is_sent_again(world: &World) {
    let (order, _) = world.prepaid("T0000001", 100).await;
    world.store.close().await;
    world.pay(&order).await.unwrap();
    let heard = world.heard(PAYMENT, 1).await.remove(0);
    assert!(!world.post(&heard).await);
}

pub(crate) async fn notices_about_something_else_are_for_a_person(world: &World) {
    world.paid("T0000001", 100).await;
    let notice = world.notices(1).await.remove(0);
    assert!(world.gateway.read(&notice).is_ok());
    for other in [
        Notice {
            number: "T0000002".to_owned(),
            ..notice.clone()
        },
        Notice {
            kind: NoticeKind::Refund,
            ..notice.clone()
        },
        Notice {
            body: "{}".to_owned(),
            ..notice
        },
    ] {
        assert!(world.gateway.read(&other).is_err(), "{other:?}");
    }
}

pub(crate) async fn an_order_nobody_knows(world: &World) {
    let order = world.order("T0000001", 100).await;
    let unknown = OrderEvent::Unknown { asked_at: 77 };
    assert_eq!(world.gateway.query(&order, 77).await.unwrap(), unknown);
    assert_eq!(world.gateway.close(&order, 77).await.unwrap(), unknown);
    let refund = world.refund(&order, "R1", 1);
    let event = world.gateway.query_refund(&order, &refund).await.unwrap();
    assert_eq!(event, RefundEvent::Unknown);
}

pub(crate) async fn closing(world: &World) {
    let gateway = &world.gateway;
    let (order, code) = world.prepaid("T0000001", 100).await;
    // Tenpay does not tell orders that are not paid from those that are not there.
    let v1 = world.api == Api::V1;
    let unknown = OrderEvent::Unknown { asked_at: 77 };
    let open = if v1 {
        unknown.clone()
    } else {
        OrderEvent::Unpaid
    };
    assert_eq!(gateway.query(&order, 77).await.unwrap(), open);
    if v1 {
        assert_eq!(gateway.close(&order, 77).await.unwrap(), open);
    }

    world.advance(900 + OrderFacts::GRACE).await;
    for _ in 0..2 {
        let event = gateway.close(&order, world.now()).await.unwrap();
        assert_eq!(event, OrderEvent::Closed);
    }
    let closed = if v1 { unknown } else { OrderEvent::Closed };
    assert_eq!(gateway.query(&order, 77).await.unwrap(), closed);
    world.pay(&order).await.unwrap_err();
    match gateway.prepay(&order).await.unwrap() {
        Prepaid::Settled(event) => assert_eq!(event, OrderEvent::Closed),
        Prepaid::Code(again) => assert!(v1 && again != code),
    }

    let paid = world.paid("T0000002", 200).await;
    let late = paid.placed.expires_at + OrderFacts::GRACE;
    let event = gateway.close(&paid, late).await.unwrap();
    assert_eq!(payment(event).total, Fen::new(200));
}

pub(crate) async fn closing_before_the_end(world: &World) {
    let (order, _) = world.prepaid("T0000001", 100).await;
    let event = world.gateway.close(&order, world.now()).await.unwrap();
    if event == OrderEvent::Closed {
        world.pay(&order).await.unwrap_err();
    } else {
        // By v1 nothing is there to be closed, and it can still be paid.
        assert_eq!(world.api, Api::V1);
        world.pay(&order).await.unwrap();
    }
}

pub(crate) async fn a_refund_is_requested_twice_and_made_once(world: &World) {
    let gateway = &world.gateway;
    let order = world.paid("T0000001", 1_000).await;
    let slow = json!({ "delay_seconds": 30 });
    world.control(Method::PUT, "refunds", slow).await;
    let refund = world.refund(&order, "R1", 300);
    let before = world.now();
    let first = status(gateway.refund(&order, &refund).await.unwrap());
    let second = status(gateway.refund(&order, &refund).await.unwrap());
    assert_eq!(first, second);
    assert_eq!(first.state, RefundState::Processing);
    assert_eq!(first.amount, Some(Fen::new(300)));
    assert!(
        first
            .accepted_at
            .is_none_or(|at| (before..=world.now()).contains(&at))
    );
    let order_there = world
        .control(Method::GET, "orders/T0000001", Value::Null)
        .await;
    assert_eq!(
        order_there["refunds"].as_array().unwrap().len(),
        1,
        "{order_there}"
    );

    world.advance(60).await;
    let asked = status(gateway.query_refund(&order, &refund).await.unwrap());
    assert_eq!(asked.state, RefundState::Success);
    assert_eq!(asked.refund_id, first.refund_id);
    assert_eq!(asked.amount, Some(Fen::new(300)));
    // By v2 it is not said when a refund was taken.
    assert_eq!(asked.accepted_at, first.accepted_at);
    assert_eq!(first.accepted_at.is_none(), world.api == Api::V2);
    let ended = asked.finished_at.unwrap();
    assert!((before + 30..=before + 60).contains(&ended), "{ended}");
    // A refunded order is a paid one, over what it cost.
    let event = gateway.query(&order, world.now()).await.unwrap();
    assert_eq!(payment(event).total, Fen::new(1_000));

    if world.api == Api::V1 {
        return; // Nobody tells of refunds.
    }
    world.heard(REFUND, 1).await;
    let notices = world.notices(2).await;
    let notice = notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Refund);
    let notice = notice.unwrap();
    assert_eq!(notice.number, "R1");
    let told = RefundStatus {
        // That is not told.
        accepted_at: None,
        ..asked
    };
    assert_eq!(
        gateway.read(notice).unwrap(),
        Said::Refund(RefundEvent::Status(told))
    );
}

pub(crate) async fn refunds_that_are_not_made(world: &World) {
    let gateway = &world.gateway;
    let nowhere = world.order("T0000000", 1_000).await;
    let refund = world.refund(&nowhere, "R0", 1_000);
    let event = gateway.refund(&nowhere, &refund).await.unwrap();
    assert_eq!(event, RefundEvent::Refused);

    let order = world.paid("T0000001", 1_000).await;
    // Too little money today is no answer for good.
    let refund = world.refund(&order, "R1", 900);
    let poor = json!({ "not_enough": true });
    world.control(Method::PUT, "refunds", poor).await;
    gateway.refund(&order, &refund).await.unwrap_err();
    world.control(Method::PUT, "refunds", json!({})).await;
    let first = status(gateway.refund(&order, &refund).await.unwrap());

    // More than is left; and, with a number that was taken, another amount: what counts is what
    // was taken. Of v1's codes nobody knows which are final.
    let large = gateway
        .refund(&order, &world.refund(&order, "R2", 101))
        .await;
    let other = gateway
        .refund(&order, &world.refund(&order, "R1", 899))
        .await;
    if world.api == Api::V1 {
        assert!(large.is_err() && other.is_err());
    } else {
        assert_eq!(large.unwrap(), RefundEvent::Refused);
        let other = status(other.unwrap());
        assert_eq!(other.refund_id, first.refund_id);
        assert_eq!(other.amount, Some(Fen::new(900)));
    }
}

pub(crate) async fn refunds_that_end_badly(world: &World) {
    let gateway = &world.gateway;
    let order = world.paid("T0000001", 1_000).await;
    for (number, outcome, state) in [
        ("R1", "ABNORMAL", RefundState::Abnormal),
        ("R2", "CLOSED", RefundState::Closed),
    ] {
        world
            .control(Method::PUT, "refunds", json!({ "outcome": outcome }))
            .await;
        let refund = world.refund(&order, number, 300);
        gateway.refund(&order, &refund).await.unwrap();
        world.advance(60).await;
        let event = gateway.query_refund(&order, &refund).await.unwrap();
        assert_eq!(status(event).state, state);
    }
    let count = if world.api == Api::V1 { 1 } else { 3 };
    for notice in world.notices(count).await {
        if let Said::Refund(event) = gateway.read(&notice).unwrap() {
            let state = match notice.number.as_str() {
                "R1" => RefundState::Abnormal,
                _ => RefundState::Closed,
            };
            assert_eq!(status(event).state, state);
        }
    }
}

pub(crate) async fn answers_that_are_lost(world: &World) {
    let gateway = &world.gateway;
    let order = world.paid("T0000001", 1_000).await;
    let refund = world.refund(&order, "R1", 300);
    let faults = json!({ "answers": { "drop_after": { "rate": 1 } } });
    world.faults(&faults).await;
    let (query, close, made) = tokio::join!(
        gateway.query(&order, 77),
        gateway.close(&order, 77),
        gateway.refund(&order, &refund),
    );
    assert!(query.is_err() && close.is_err() && made.is_err());
    world.faults(&json!({})).await;
    let event = gateway.query_refund(&order, &refund).await.unwrap();
    assert_eq!(status(event).amount, Some(Fen::new(300)));
}

pub(crate) async fn the_bill_of_a_day(world: &World) {
    let day = world.clock.beijing().date();
    let order = world.paid("T0000001", 1_000).await;
    let refund = world.refund(&order, "R1", 300);
    world.gateway.refund(&order, &refund).await.unwrap();
    world.paid("T0000002", 1).await;
    world.prepaid("T0000003", 2).await;
    let morning = day.next().unwrap();
    world.move_clock(&format!("{morning}T10:05:00+08:00")).await;

    let mut rows = Vec::new();
    let mut each = |trade: &Trade<'_>| {
        let entry = trade.entry();
        rows.push((entry.number.to_owned(), entry.amount));
        Ok(())
    };
    assert!(world.gateway.bill(day, &mut each).await.unwrap());
    rows.sort();
    let fen = Fen::new;
    let expected = [
        ("R1", fen(300)),
        ("T0000001", fen(1_000)),
        ("T0000002", fen(1)),
    ];
    assert_eq!(
        rows,
        expected.map(|(number, amount)| (number.to_owned(), amount))
    );

    let mut each = |_: &Trade<'_>| anyhow::bail!("enough");
    let stopped = world.gateway.bill(day, &mut each).await;
    assert_eq!(stopped.unwrap_err().to_string(), "enough");
    let faults = json!({ "answers": { "bill_sums_wrong": { "rate": 1 } } });
    world.faults(&faults).await;
    world.gateway.bill(day, &mut |_| Ok(())).await.unwrap_err();
    world.faults(&json!({})).await;
    let quiet = day.previous().unwrap();
    let found = world
        .gateway
        .bill(quiet, &mut |_| panic!("no trades"))
        .await;
    assert!(!found.unwrap());
}
