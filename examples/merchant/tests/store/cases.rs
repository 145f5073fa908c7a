//! What has to hold on either database.

use std::collections::HashMap;

use merchant::Fen;
use merchant::flow::{OrderEvent, OrderState, Payment, RefundEvent, RefundState, RefundStatus};
use merchant::store::{
    Applied, BillTotals, Difference, ErrorKind, NewOrder, NewRefund, Notice, NoticeKind, Placed,
    Reserved, Subject,
};
use sqlx::{AnyConnection, Connection as _};

use super::Shop;

const NOW: i64 = 1_795_224_902;

fn order(number: &str) -> NewOrder {
    NewOrder {
        out_trade_no: number.to_owned(),
        token: format!("token-{number}"),
        goods: "tea".to_owned(),
        quantity: 2,
        total: Fen::new(100),
        expires_at: NOW + 900,
    }
}

fn paid(total: i64) -> OrderEvent {
    OrderEvent::Paid(Payment {
        transaction_id: "4200000001".to_owned(),
        total: Fen::new(total),
        at: NOW + 20,
    })
}

fn refund(number: &str, amount: i64) -> NewRefund {
    NewRefund {
        out_refund_no: number.to_owned(),
        out_trade_no: "T1".to_owned(),
        amount: Fen::new(amount),
        reason: "不想要了".to_owned(),
    }
}

fn status(state: RefundState, number: &str, amount: i64) -> RefundEvent {
    RefundEvent::Status(RefundStatus {
        state,
        refund_id: format!("50{number}"),
        amount: Some(Fen::new(amount)),
        at: None,
    })
}

/// An order of 100 fen, paid.
async fn paid_order(shop: &Shop) {
    shop.store.place_order(&order("T1"), NOW).await.unwrap();
    let applied = shop
        .store
        .apply_to_order("T1", &paid(100), None, NOW + 20)
        .await;
    assert_eq!(applied.unwrap(), Applied::Changed(OrderState::Paid));
}

/// What is due long after everything.
async fn jobs(shop: &Shop) -> Vec<(Subject, String)> {
    let jobs = shop.store.claim(NOW + 1_000_000, 0, 100).await.unwrap();
    jobs.into_iter()
        .map(|job| (job.subject, job.number))
        .collect()
}

pub(super) async fn an_order_is_placed_once(shop: &Shop) {
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

pub(super) async fn a_payment_is_applied_once(shop: &Shop) {
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

pub(super) async fn a_payment_after_closing_counts(shop: &Shop) {
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

pub(super) async fn another_amount_is_for_a_person(shop: &Shop) {
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

pub(super) async fn many_hear_of_one_payment(shop: &Shop) {
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

pub(super) async fn a_notice_is_stored_once(shop: &Shop) {
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

pub(super) async fn a_notice_about_nothing_we_know(shop: &Shop) {
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

pub(super) async fn refunds_are_capped(shop: &Shop) {
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

pub(super) async fn many_refund_at_once(shop: &Shop) {
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

pub(super) async fn a_refund_comes_to_its_end(shop: &Shop) {
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

pub(super) async fn the_schema_caps_refunds_by_itself(shop: &Shop) {
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

pub(super) async fn every_job_is_claimed_once(shop: &Shop) {
    const JOBS: usize = 120;
    for i in 0..JOBS {
        let day = format!("D{i:09}");
        assert!(shop.store.want_bill(&day, NOW).await.unwrap());
        assert!(!shop.other.want_bill(&day, NOW).await.unwrap());
    }
    assert_eq!(shop.store.claim(NOW - 1, 30, 10).await.unwrap(), []);
    assert_eq!(shop.store.next_due().await.unwrap(), Some(NOW));
    let workers: Vec<_> = (0..6)
        .map(|i| {
            let store = if i % 2 == 0 { &shop.store } else { &shop.other }.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                // With locked rows skipped, nothing may be had although something is left: the
                // others have it.
                for _ in 0..JOBS {
                    mine.extend(store.claim(NOW, 30, 3).await.unwrap());
                }
                mine
            })
        })
        .collect();
    let mut claims: HashMap<String, usize> = HashMap::new();
    for worker in workers {
        for job in worker.await.unwrap() {
            assert_eq!(job.claim, 1);
            *claims.entry(job.number).or_default() += 1;
        }
    }
    assert_eq!(claims.len(), JOBS);
    assert!(claims.values().all(|claims| *claims == 1), "{claims:?}");
    assert_eq!(shop.store.next_due().await.unwrap(), Some(NOW + 30));
}

pub(super) async fn a_lease_ends(shop: &Shop) {
    shop.store.want_bill("2026-11-20", NOW).await.unwrap();
    let first = shop.store.claim(NOW, 30, 10).await.unwrap().remove(0);
    assert_eq!(shop.other.claim(NOW + 29, 30, 10).await.unwrap(), []);
    let second = shop.other.claim(NOW + 30, 30, 10).await.unwrap().remove(0);
    assert_eq!((second.number.as_str(), second.claim), ("2026-11-20", 2));
    // The first one wakes up: it is not its job any more.
    assert!(!shop.store.postpone(&first, NOW + 31).await.unwrap());
    assert!(shop.other.postpone(&second, NOW + 40).await.unwrap());
    assert_eq!(shop.store.claim(NOW + 39, 30, 10).await.unwrap(), []);
    let third = shop.store.claim(NOW + 40, 30, 10).await.unwrap().remove(0);
    assert_eq!((third.attempts, third.claim), (1, 3));
}

pub(super) async fn the_morning_after(shop: &Shop) {
    paid_order(shop).await;
    shop.store
        .reserve_refund(&refund("R1", 60), NOW + 100)
        .await
        .unwrap();
    shop.store
        .reserve_refund(&refund("R2", 1), NOW + 100)
        .await
        .unwrap();
    let taken = status(RefundState::Processing, "R1", 60);
    shop.store
        .apply_to_refund("R1", &taken, None, NOW + 101)
        .await
        .unwrap();
    let books = shop.other.books(NOW, NOW + 200).await.unwrap();
    assert_eq!(books.payments.len(), 1);
    let numbers: Vec<_> = books
        .refunds
        .iter()
        .map(|refund| &refund.asked.out_refund_no)
        .collect();
    assert_eq!(numbers, ["R1"]);
    let later = shop.other.books(NOW + 102, NOW + 200).await.unwrap();
    assert_eq!((later.payments.len(), later.refunds.len()), (0, 0));

    assert!(shop.store.want_bill("2026-11-22", NOW).await.unwrap());
    let totals = BillTotals {
        payments: 1,
        paid: Fen::new(100),
        refunds: 1,
        refunded: Fen::new(60),
    };
    let missing = Difference {
        kind: "MISSING".to_owned(),
        number: "T2".to_owned(),
        detail: "in the bill only: 1 fen".to_owned(),
    };
    for _ in 0..2 {
        let done =
            shop.store
                .finish_bill("2026-11-22", &totals, std::slice::from_ref(&missing), NOW);
        done.await.unwrap();
    }
    assert!(
        !jobs(shop)
            .await
            .iter()
            .any(|(subject, _)| *subject == Subject::Bill)
    );
    let bills = shop.store.bills(10).await.unwrap();
    assert_eq!((bills.len(), bills[0].totals), (1, totals));
    let found = shop.other.differences(10).await.unwrap();
    assert_eq!((found.len(), found[0].day.as_str()), (1, "2026-11-22"));
    assert_eq!(found[0].difference, missing);
    assert!(
        shop.other
            .settle_difference(found[0].id, NOW + 5)
            .await
            .unwrap()
    );
    assert!(
        !shop
            .store
            .settle_difference(found[0].id, NOW + 6)
            .await
            .unwrap()
    );
    assert_eq!(
        shop.store.differences(10).await.unwrap()[0].settled_at,
        Some(NOW + 5)
    );
}
