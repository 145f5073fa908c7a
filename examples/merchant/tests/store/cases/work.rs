//! Jobs and bills.

use std::collections::HashMap;

use merchant::Fen;
use merchant::flow::RefundState;
use merchant::store::{BillTotals, Difference, Subject};

use super::super::Shop;
use super::{NOW, jobs, paid_order, refund, status};

pub(crate) async fn every_job_is_claimed_once(shop: &Shop) {
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
                    let jobs = store.claim(NOW, 30, 3).await.unwrap();
                    assert!(jobs.len() <= 3);
                    mine.extend(jobs);
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

pub(crate) async fn a_lease_ends(shop: &Shop) {
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

pub(crate) async fn the_morning_after(shop: &Shop) {
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
