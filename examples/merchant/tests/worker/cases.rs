//! What has to be done, and what goes wrong in between.

use http::Method;
use merchant::Fen;
use merchant::flow::{OrderEvent, OrderState, Payment, RefundState};
use merchant::store::{BillTotals, NewOrder, Notice, NoticeKind, Order};
use serde_json::{Value, json};
use wxpay_bill::DateTime;

use super::{World, strikes};

/// Every notice is lost from here on: what the shop knows, it has asked for.
async fn in_silence(world: &World) {
    world
        .faults(json!({ "notifications": { "lose": { "rate": 1 } } }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_nobody_tells_of() {
    let world = World::open().await;
    in_silence(&world).await;
    let order = world.paid().await;
    let theirs = world.theirs(&order).await;
    assert_eq!(
        order.transaction_id.as_deref(),
        theirs["transaction_id"].as_str()
    );
    assert_eq!(order.paid, Fen::new(11_997));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prepay_that_fails_at_first() {
    let world = World::open().await;
    for fault in ["drop_after", "status_500", "wrong_signature"] {
        // More often than the client tries in one call.
        world.faults(strikes(fault, "/v3/pay/", 8)).await;
        let order = world.order().await;
        let order = world.until_order(&order, OrderState::Paying).await;
        assert!(order.code_url.is_some(), "{fault}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_nobody_pays_is_closed_on_both_sides() {
    let world = World::open().await;
    let order = world.order().await;
    world.until_order(&order, OrderState::Paying).await;
    world.faults(strikes("drop_after", "/v3/pay/", 4)).await;
    world
        .advance(order.placed.expires_at - world.now() - 5)
        .await;
    let order = world.until_order(&order, OrderState::Closed).await;
    assert_eq!(world.theirs(&order).await["trade_state"], "CLOSED");
    assert!(world.now() >= order.placed.expires_at);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_never_reached_wechat_pay_is_closed() {
    let world = World::open().await;
    world
        .faults(strikes("drop_before", "/v3/pay/transactions/native", 1_000))
        .await;
    let order = world.order().await;
    let order = world.until_order(&order, OrderState::Closed).await;
    assert!(
        world.now() >= order.placed.expires_at + 60,
        "not before nobody can take it"
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_in_the_last_moment() {
    let world = World::open().await;
    in_silence(&world).await;
    let order = world.order().await;
    let order = world.until_order(&order, OrderState::Paying).await;
    // The shop is about to close it: the phone is faster.
    world
        .advance(order.placed.expires_at - world.now() - 1)
        .await;
    world
        .controls
        .pay(&order.placed.out_trade_no)
        .await
        .unwrap();
    world.advance(1).await;
    let order = world.until_order(&order, OrderState::Paid).await;
    assert_eq!(world.theirs(&order).await["trade_state"], "SUCCESS");
    world.close().await;
}

/// The refunds of an order as the sandbox has them.
async fn refunds(world: &World, order: &Order) -> Vec<Value> {
    let theirs = world.theirs(order).await;
    theirs["refunds"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_answers_are_lost_is_one_refund() {
    let mut world = World::open().await;
    // As of three processes.
    world.work();
    world.work();
    let order = world.paid().await;
    let slow = json!({ "outcome": "SUCCESS", "delay_seconds": 40 });
    world.control(Method::PUT, "refunds", Some(slow)).await;
    world.faults(strikes("drop_after", "/v3/refund/", 9)).await;
    let refund = world.refund(&order, 5_000).await;
    let refund = world.until_refund(&refund, RefundState::Success).await;
    let theirs = refunds(&world, &order).await;
    assert_eq!(theirs.len(), 1, "{theirs:?}");
    assert_eq!(
        theirs[0]["out_refund_no"],
        refund.asked.out_refund_no.as_str()
    );
    assert_eq!(theirs[0]["refund_id"].as_str(), refund.refund_id.as_deref());
    // As the bill will have it, whichever message came first.
    let times = [
        ("create_time", refund.accepted_at),
        ("success_time", refund.finished_at),
    ];
    for (name, ours) in times {
        let time = DateTime::parse(theirs[0][name].as_str().unwrap()).unwrap();
        assert_eq!(Some(time.as_unix()), ours, "{name}");
    }
    let order = world.shop.store.order(&order.placed.out_trade_no).await;
    assert_eq!(order.unwrap().unwrap().refunded, Fen::new(5_000));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_waits_for_money_and_keeps_its_number() {
    let world = World::open().await;
    in_silence(&world).await;
    let order = world.paid().await;
    let poor = json!({ "not_enough": true });
    world.control(Method::PUT, "refunds", Some(poor)).await;
    let refund = world.refund(&order, 11_997).await;
    world.advance(600).await;
    let number = &refund.asked.out_refund_no;
    let waiting = world.shop.store.refund(number).await.unwrap().unwrap();
    assert_eq!(waiting.state, RefundState::Reserved);
    let rich = json!({ "outcome": "SUCCESS", "delay_seconds": 1 });
    world.control(Method::PUT, "refunds", Some(rich)).await;
    world.until_refund(&refund, RefundState::Success).await;
    assert_eq!(refunds(&world, &order).await.len(), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_comes_to_nothing_frees_its_amount() {
    let world = World::open().await;
    let order = world.paid().await;
    let closed = json!({ "outcome": "CLOSED", "delay_seconds": 1 });
    world.control(Method::PUT, "refunds", Some(closed)).await;
    let refund = world.refund(&order, 11_997).await;
    world.until_refund(&refund, RefundState::Closed).await;
    let order = world.shop.store.order(&order.placed.out_trade_no).await;
    assert_eq!(order.unwrap().unwrap().refunded, Fen::ZERO);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_nobody_can_read_is_for_a_person() {
    let world = World::open().await;
    let order = world.order().await;
    let notice = Notice {
        id: "EV-1".to_owned(),
        kind: NoticeKind::Payment,
        number: order.placed.out_trade_no.clone(),
        body: r#"{"out_trade_no":"another"}"#.to_owned(),
    };
    world
        .shop
        .store
        .store_notice(&notice, world.now())
        .await
        .unwrap();
    let found = world
        .until(async || world.shop.store.differences(9).await.unwrap().pop())
        .await;
    assert_eq!(
        (
            found.difference.kind.as_str(),
            found.difference.number.as_str()
        ),
        ("NOTICE", "EV-1")
    );
    // The order goes its way.
    world.until_order(&order, OrderState::Paying).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_morning_after() {
    let world = World::open().await;
    let today = world.clock.beijing().date();
    let (kept, returned) = (world.paid().await, world.paid().await);
    let refund = world.refund(&returned, 4_000).await;
    world.until_refund(&refund, RefundState::Success).await;
    // A payment that only the books know.
    let invented = NewOrder {
        out_trade_no: "INVENTED".to_owned(),
        token: "invented".to_owned(),
        ..kept.placed.clone()
    };
    let payment = Payment {
        transaction_id: "42".to_owned(),
        total: invented.total,
        at: world.now(),
    };
    let store = &world.shop.store;
    store.place_order(&invented, world.now()).await.unwrap();
    let event = OrderEvent::Paid(payment);
    store
        .apply_to_order("INVENTED", &event, None, world.now())
        .await
        .unwrap();

    // The bill is asked for at a bad moment first.
    world.faults(strikes("status_500", "/v3/bill/", 6)).await;
    let tomorrow = today.next().unwrap();
    world
        .move_clock(&format!("{tomorrow}T09:59:00+08:00"))
        .await;
    let bill = world
        .until(async || {
            let bills = store.bills(9).await.unwrap();
            let mut bills = bills.into_iter();
            bills.find(|bill| bill.day == today.to_string() && bill.finished_at.is_some())
        })
        .await;
    assert_eq!(
        bill.totals,
        BillTotals {
            payments: 2,
            paid: Fen::new(23_994),
            refunds: 1,
            refunded: Fen::new(4_000),
        }
    );
    let found = store.differences(9).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].day, today.to_string());
    assert_eq!(found[0].difference.kind, "MISSING_IN_BILL");
    assert_eq!(found[0].difference.number, "INVENTED");
    assert!(found[0].difference.detail.contains("119.97"), "{found:?}");
    world.close().await;
}

/// A shop that stood still for days makes up for their bills, the oldest first.
#[tokio::test(flavor = "multi_thread")]
async fn days_without_a_shop() {
    let world = World::open().await;
    let yesterday = world.clock.beijing().date().previous().unwrap();
    let days = async |count: usize| {
        let count = &count;
        world
            .until(async || {
                let bills = world.shop.store.bills(99).await.unwrap();
                (bills.len() == *count).then_some(bills)
            })
            .await
    };
    // A new shop begins with yesterday.
    assert_eq!(days(1).await[0].day, yesterday.to_string());
    world.advance(3 * 86_400).await;
    days(4).await;
    world.close().await;
}
