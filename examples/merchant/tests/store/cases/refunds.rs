//! Refunds.

use merchant::Fen;
use merchant::flow::{RefundEvent, RefundState};
use merchant::store::{Applied, ErrorKind, Reserved, Subject};
use sqlx::{AnyConnection, Connection as _};

use super::super::Shop;
use super::{NOW, jobs, order, paid, paid_order, refund, status};

pub(crate) async fn refunds_are_capped(shop: &Shop) {
    let store = &shop.store;
    store.place_order(&order("T1"), NOW).await.unwrap();
    let early = store.reserve_refund(&refund("R0", 1), NOW).await.unwrap();
    assert_eq!(early, Reserved::NotPaid);
    store
        .apply_to_order("T1", &paid(100), None, NOW)
        .await
        .unwrap();
    assert_eq!(
        store.reserve_refund(&refund("R1", 60), NOW).await.unwrap(),
        Reserved::New
    );
    assert_eq!(
        store.reserve_refund(&refund("R1", 60), NOW).await.unwrap(),
        Reserved::Before
    );
    let error = store
        .reserve_refund(&refund("R1", 61), NOW)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Taken);
    for amount in [0, -5] {
        let error = store
            .reserve_refund(&refund("R2", amount), NOW)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
    }
    let left = Reserved::TooMuch { left: Fen::new(40) };
    assert_eq!(
        store.reserve_refund(&refund("R2", 41), NOW).await.unwrap(),
        left
    );
    assert_eq!(
        store.reserve_refund(&refund("R2", 40), NOW).await.unwrap(),
        Reserved::New
    );
    // One that failed gives its amount back, one that succeeded does not.
    let closed = status(RefundState::Closed, "R1", 60);
    store
        .apply_to_refund("R1", &closed, None, NOW)
        .await
        .unwrap();
    let success = status(RefundState::Success, "R2", 40);
    store
        .apply_to_refund("R2", &success, None, NOW)
        .await
        .unwrap();
    let left = Reserved::TooMuch { left: Fen::new(60) };
    assert_eq!(
        store.reserve_refund(&refund("R3", 100), NOW).await.unwrap(),
        left
    );
    assert_eq!(
        store.reserve_refund(&refund("R3", 60), NOW).await.unwrap(),
        Reserved::New
    );
    assert_eq!(
        store.order("T1").await.unwrap().unwrap().refunded,
        Fen::new(100)
    );
    assert_eq!(store.refunds_of("T1").await.unwrap().len(), 3);
    assert_eq!(jobs(shop).await, [(Subject::Refund, "R3".to_owned())]);
}

pub(crate) async fn many_refund_at_once(shop: &Shop) {
    paid_order(shop).await;
    let tasks: Vec<_> = (0..12)
        .map(|i| {
            let store = if i % 2 == 0 { &shop.store } else { &shop.other }.clone();
            tokio::spawn(async move {
                store
                    .reserve_refund(&refund(&format!("R{i}"), 30), NOW)
                    .await
            })
        })
        .collect();
    let mut reserved = 0;
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Reserved::New => reserved += 1,
            other => assert!(matches!(other, Reserved::TooMuch { .. }), "{other:?}"),
        }
    }
    assert_eq!(reserved, 3);
    assert_eq!(
        shop.store.order("T1").await.unwrap().unwrap().refunded,
        Fen::new(90)
    );
}

pub(crate) async fn a_refund_comes_to_its_end(shop: &Shop) {
    paid_order(shop).await;
    let store = &shop.store;
    store
        .reserve_refund(&refund("R1", 60), NOW + 30)
        .await
        .unwrap();
    let unknown = store
        .apply_to_refund("R1", &RefundEvent::Unknown, None, NOW + 31)
        .await;
    assert_eq!(unknown.unwrap(), Applied::Known(RefundState::Reserved));
    for (heard, expected) in [
        (
            RefundState::Processing,
            Applied::Changed(RefundState::Processing),
        ),
        (RefundState::Success, Applied::Changed(RefundState::Success)),
        (
            RefundState::Processing,
            Applied::Known(RefundState::Success),
        ),
        (RefundState::Success, Applied::Known(RefundState::Success)),
        (RefundState::Closed, Applied::Conflict(RefundState::Success)),
    ] {
        let heard = status(heard, "R1", 60);
        let applied = store.apply_to_refund("R1", &heard, None, NOW + 40).await;
        assert_eq!(applied.unwrap(), expected, "{heard:?}");
    }
    let less = status(RefundState::Success, "R1", 59);
    let applied = store.apply_to_refund("R1", &less, None, NOW).await.unwrap();
    assert_eq!(applied, Applied::Conflict(RefundState::Success));
    let refund = store.refund("R1").await.unwrap().unwrap();
    assert_eq!(
        (refund.accepted_at, refund.finished_at),
        (Some(NOW + 40), Some(NOW + 40))
    );
    assert_eq!(refund.refund_id.as_deref(), Some("50R1"));
    assert_eq!(store.refunds(10).await.unwrap(), [refund]);
    assert_eq!(store.differences(10).await.unwrap().len(), 2);
    assert_eq!(jobs(shop).await, []);
}

pub(crate) async fn the_schema_caps_refunds_by_itself(shop: &Shop) {
    paid_order(shop).await;
    shop.store
        .reserve_refund(&refund("R1", 60), NOW)
        .await
        .unwrap();
    let mut connection = AnyConnection::connect(&shop.url).await.unwrap();
    for statement in [
        "INSERT INTO refunds VALUES ('R2', 'T1', 41, '', 'RESERVED', NULL, 0, NULL, NULL)",
        "INSERT INTO refunds VALUES ('R2', 'T9', 1, '', 'RESERVED', NULL, 0, NULL, NULL)",
        "UPDATE refunds SET amount = 61 WHERE out_refund_no = 'R1'",
        "UPDATE refunds SET state = 'LOST' WHERE out_refund_no = 'R1'",
        "UPDATE orders SET refunded = 101 WHERE out_trade_no = 'T1'",
        "UPDATE orders SET paid = 99 WHERE out_trade_no = 'T1'",
        "UPDATE orders SET state = 'CLOSED' WHERE out_trade_no = 'T1'",
    ] {
        let result = sqlx::query(statement).execute(&mut connection).await;
        assert!(result.is_err(), "{statement}");
    }
    for statement in [
        "INSERT INTO refunds VALUES ('R2', 'T1', 40, '', 'RESERVED', NULL, 0, NULL, NULL)",
        "UPDATE refunds SET state = 'REFUSED' WHERE out_refund_no = 'R1'",
        "UPDATE refunds SET state = 'CLOSED' WHERE out_refund_no = 'R1'",
    ] {
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    let order = shop.store.order("T1").await.unwrap().unwrap();
    assert_eq!(order.refunded, Fen::new(40));
}
