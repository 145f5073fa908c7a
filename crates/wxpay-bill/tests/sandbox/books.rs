//! The trade bill beside the merchant's books.

use wxpay_bill::reconcile::{
    AsEntry as _, Cause, Entry, EntryKind, OwnedEntry, ReconcileError, Reconciler, Records, Report,
    Side, sorted,
};
use wxpay_bill::{DateTime, ErrorKind, Fen, TradeBill};

use crate::day::Day;
use crate::shop::DAY;
use crate::trades::target;

fn compared(file: &[u8], hash: &str, books: &[OwnedEntry]) -> Report {
    let bill = || TradeBill::from_reader(file).hash("SHA1", hash).unwrap();
    let report = || Report::new().day(DAY.parse().unwrap());
    let mut found = report();
    let take = Records::new(books);
    let done = Reconciler::new().run(bill(), take, |outcome| found.add(&outcome));
    done.unwrap();

    // The same of what is sorted already.
    let mut rows = Vec::new();
    bill()
        .for_each(|row| rows.push(OwnedEntry::from(row.entry())))
        .unwrap();
    let mut books = books.to_vec();
    for side in [&mut rows, &mut books] {
        side.sort_by(|a, b| a.as_entry().cmp_identity(&b.as_entry()));
    }
    let mut again = report();
    sorted(Records::new(&rows), Records::new(&books), |outcome| {
        again.add(&outcome);
    })
    .unwrap();
    assert_eq!(again.to_string(), found.to_string());
    found
}

#[test]
fn nothing_differs() {
    let mut day = Day::traded();
    let books = day.books();
    for packed in [false, true] {
        let (file, hash) = day.shop.bill(&target("ALL", packed));
        let report = compared(&file, &hash, &books);
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.entries(Side::Bill), day.trades.len() as u64);
        for (kind, amount) in [
            (EntryKind::Payment, 46_094),
            (EntryKind::Refund, 9_599),
            (EntryKind::Reversal, 88),
        ] {
            for side in [Side::Bill, Side::Books] {
                let sum = report.total(side, kind).sum.as_fen();
                assert_eq!(sum, amount, "{kind:?}");
            }
        }
    }
}

#[test]
fn planted_mistakes_are_found() {
    let mut day = Day::traded();
    let (file, hash) = day.shop.bill(&target("ALL", false));
    let mut books = day.books();
    let at = |books: &[OwnedEntry], kind, number: &str| {
        let found = |entry: &OwnedEntry| entry.kind == kind && entry.number == number;
        books.iter().position(found).unwrap()
    };
    let (payment, refund) = (EntryKind::Payment, EntryKind::Refund);
    let plain = at(&books, payment, "simple");
    books[plain].amount = Fen::new(1_998);
    let code = at(&books, payment, "by-code");
    books[code].id = Some("4200000000202401010000000001".to_owned());
    let slow = at(&books, refund, "slow");
    books[slow].state = Some("SUCCESS".to_owned());
    let ticks = at(&books, payment, "back-ticks");
    books.remove(ticks);
    let reversed = at(&books, EntryKind::Reversal, "reversed");
    books.remove(reversed);
    let twice = books[at(&books, payment, "commas")].clone();
    books.push(twice);
    // Not paid, and paid on the next day.
    books.push(Entry::payment("unpaid", Fen::new(700)).into());
    let midnight = DateTime::beijing(1_704_124_800);
    books.push(
        Entry::payment("tomorrow", Fen::new(6))
            .with_time(midnight)
            .into(),
    );

    let report = compared(&file, &hash, &books);
    let found: Vec<String> = report
        .differences()
        .iter()
        .map(|it| {
            let which = match it.cause {
                Cause::Differs => {
                    let fields = it.fields;
                    format!(" {} {} {}", fields.amount, fields.id, fields.state)
                }
                Cause::Duplicate => format!(" {} {}", it.bill.tally.count, it.books.tally.count),
                _ => it.likely.map(|day| format!(" {day}")).unwrap_or_default(),
            };
            format!(
                "{} {} {}{which}",
                it.cause.name(),
                it.kind.name(),
                it.number
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "missing_in_books payment back-ticks",
            "differs payment by-code false true false",
            "duplicate payment commas 1 2",
            "missing_in_books reversal reversed",
            "differs payment simple true false false",
            "differs refund slow false false true",
            "missing_in_bill payment tomorrow 2024-01-02",
            "missing_in_bill payment unpaid",
        ]
    );
}

#[test]
fn a_spoiled_bill_is_not_compared() {
    let mut day = Day::traded();
    let books = day.books();
    day.shop.spoil("bill_sums_wrong");
    let (file, hash) = day.shop.bill(&target("ALL", true));
    let bill = TradeBill::from_reader(&file[..]).hash("SHA1", &hash);
    let mut outcomes = 0;
    let error = Reconciler::new().run(bill.unwrap(), Records::new(&books), |_| outcomes += 1);
    match error {
        Err(ReconcileError::Bill(error)) => assert_eq!(error.kind(), ErrorKind::Totals),
        other => panic!("{other:?}"),
    }
    assert_eq!(outcomes, 0);
}
