//! Orders, payments and their notices.

use merchant::Fen;
use merchant::flow::{OrderEvent, OrderState};
use merchant::store::{
    Applied, ErrorKind, NewOrder, Notice, NoticeKind, Placed, Reserved, Subject,
};

use super::super::Shop;
use super::{NOW, jobs, order, paid, paid_order, refund};

pub(crate) async fn an_order_is_placed_once(shop: &Shop) {
    let store = &shop.store;
    assert_eq!(
        store.place_order(&order("T1"), NOW).await.unwrap(),
        Placed::New
    );
    assert_eq!(
        shop.other.place_order(&order("T1"), NOW + 1).await.unwrap(),
        Placed::Before
    );
    let dearer = NewOrder {
        total: Fen::new(101),
        ..order("T1")
    };
    let error = store.place_order(&dearer, NOW).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Taken);
    let same_page = NewOrder {
        token: order("T1").token,
        ..order("T2")
    };
    let error = store.place_order(&same_page, NOW).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Taken);
    let for_nothing = NewOrder {
        total: Fen::ZERO,
        ..order("T3")
    };
    let error = store.place_order(&for_nothing, NOW).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);

    let prepaid = store
        .record_prepay("T1", "weixin://wxpay/1", NOW + 2)
        .await
        .unwrap();
    assert_eq!(prepaid, Applied::Changed(OrderState::Paying));
    let prepaid = store
        .record_prepay("T1", "weixin://wxpay/2", NOW + 3)
        .await
        .unwrap();
    assert_eq!(prepaid, Applied::Known(OrderState::Paying));
    let found = store.order_by_token("token-T1").await.unwrap().unwrap();
    assert_eq!(found.placed, order("T1"));
    assert_eq!((found.state, found.created_at), (OrderState::Paying, NOW));
    assert_eq!(found.code_url.as_deref(), Some("weixin://wxpay/2"));
    assert_eq!(store.orders(10).await.unwrap(), [found]);
    assert_eq!(store.order("T2").await.unwrap(), None);
    assert_eq!(jobs(shop).await, [(Subject::Order, "T1".to_owned())]);
}

pub(crate) async fn a_payment_is_applied_once(shop: &Shop) {
    paid_order(shop).await;
    for event in [
        paid(100),
        OrderEvent::Unpaid,
        OrderEvent::Closed,
        OrderEvent::Unknown {
            asked_at: NOW + 5_000,
        },
    ] {
        let applied = shop
            .other
            .apply_to_order("T1", &event, None, NOW + 5_000)
            .await
            .unwrap();
        assert_eq!(applied, Applied::Known(OrderState::Paid), "{event:?}");
    }
    shop.store
        .record_prepay("T1", "weixin://late", NOW + 30)
        .await
        .unwrap();
    let order = shop.store.order("T1").await.unwrap().unwrap();
    assert_eq!(order.state, OrderState::Paid);
    assert_eq!((order.paid, order.paid_at), (Fen::new(100), Some(NOW + 20)));
    assert_eq!(order.transaction_id.as_deref(), Some("4200000001"));
    assert_eq!(jobs(shop).await, []);
    assert_eq!(shop.store.differences(10).await.unwrap(), []);
    let nobody = shop
        .store
        .apply_to_order("T9", &paid(100), None, NOW)
        .await
        .unwrap();
    assert_eq!(nobody, Applied::NoSuchNumber);
}

pub(crate) async fn a_payment_after_closing_counts(shop: &Shop) {
    shop.store.place_order(&order("T1"), NOW).await.unwrap();
    let closed = shop
        .store
        .apply_to_order("T1", &OrderEvent::Closed, None, NOW + 900)
        .await;
    assert_eq!(closed.unwrap(), Applied::Changed(OrderState::Closed));
    assert_eq!(jobs(shop).await, []);
    let late = shop
        .other
        .apply_to_order("T1", &paid(100), None, NOW + 901)
        .await;
    assert_eq!(late.unwrap(), Applied::Changed(OrderState::Paid));
    let again = shop
        .store
        .apply_to_order("T1", &OrderEvent::Closed, None, NOW + 902)
        .await;
    assert_eq!(again.unwrap(), Applied::Known(OrderState::Paid));
}

pub(crate) async fn another_amount_is_for_a_person(shop: &Shop) {
    shop.store.place_order(&order("T1"), NOW).await.unwrap();
    for _ in 0..2 {
        let applied = shop
            .store
            .apply_to_order("T1", &paid(1), None, NOW)
            .await
            .unwrap();
        assert_eq!(applied, Applied::Conflict(OrderState::Held));
    }
    let found = shop.store.differences(10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].difference.kind, "AMOUNT");
    assert_eq!(found[0].difference.number, "T1");
    assert_eq!(
        shop.store.order("T1").await.unwrap().unwrap().paid,
        Fen::ZERO
    );
    assert_eq!(jobs(shop).await, []);
    let reserved = shop
        .store
        .reserve_refund(&refund("R1", 1), NOW)
        .await
        .unwrap();
    assert_eq!(reserved, Reserved::NotPaid);
}

pub(crate) async fn many_hear_of_one_payment(shop: &Shop) {
    shop.store.place_order(&order("T1"), NOW).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|i| {
            let store = if i % 2 == 0 { &shop.store } else { &shop.other }.clone();
            let event = if i % 4 == 3 {
                OrderEvent::Closed
            } else {
                paid(100)
            };
            tokio::spawn(async move { store.apply_to_order("T1", &event, None, NOW).await })
        })
        .collect();
    let mut turned = 0;
    for task in tasks {
        let applied = task.await.unwrap().unwrap();
        turned += usize::from(applied == Applied::Changed(OrderState::Paid));
    }
    assert_eq!(turned, 1);
    assert_eq!(
        shop.store.order("T1").await.unwrap().unwrap().state,
        OrderState::Paid
    );
}

fn notice(id: &str, number: &str) -> Notice {
    Notice {
        id: id.to_owned(),
        kind: NoticeKind::Payment,
        number: number.to_owned(),
        body: "{\"trade_state\":\"SUCCESS\"}".to_owned(),
    }
}

pub(crate) async fn a_notice_is_stored_once(shop: &Shop) {
    shop.store.place_order(&order("T1"), NOW).await.unwrap();
    assert!(
        shop.store
            .store_notice(&notice("N1", "T1"), NOW)
            .await
            .unwrap()
    );
    assert!(
        !shop
            .other
            .store_notice(&notice("N1", "T1"), NOW + 1)
            .await
            .unwrap()
    );
    assert_eq!(
        shop.other.notice("N1").await.unwrap(),
        Some(notice("N1", "T1"))
    );
    let due = shop.store.claim(NOW, 30, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(
        (due[0].subject, due[0].number.as_str()),
        (Subject::Notice, "N1")
    );
    // Whoever claimed it died; another applies it, and one that was late does so again.
    for expected in [
        Applied::Changed(OrderState::Paid),
        Applied::Known(OrderState::Paid),
    ] {
        let applied = shop
            .other
            .apply_to_order("T1", &paid(100), Some("N1"), NOW + 31)
            .await;
        assert_eq!(applied.unwrap(), expected);
    }
    assert_eq!(jobs(shop).await, []);
    // Repeated for hours, it makes no work.
    assert!(
        !shop
            .store
            .store_notice(&notice("N1", "T1"), NOW + 9_000)
            .await
            .unwrap()
    );
    assert_eq!(jobs(shop).await, []);
}

pub(crate) async fn a_notice_about_nothing_we_know(shop: &Shop) {
    shop.store
        .store_notice(&notice("N1", "T9"), NOW)
        .await
        .unwrap();
    let applied = shop
        .store
        .apply_to_order("T9", &paid(100), Some("N1"), NOW)
        .await
        .unwrap();
    assert_eq!(applied, Applied::NoSuchNumber);
    shop.store
        .store_notice(&notice("N2", "T9"), NOW)
        .await
        .unwrap();
    shop.store
        .set_notice_aside("N2", "no trade_state", NOW)
        .await
        .unwrap();
    assert_eq!(jobs(shop).await, []);
    let found = shop.store.differences(10).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|found| found.difference.kind.as_str())
        .collect();
    assert_eq!(found, ["NOTICE", "NO_ORDER"]);
}
