//! How much memory is asked for. The counter is a global allocator, so this is a program of its own.

use allocation_counter::measure;
use wxpay_bill::reconcile::{Entry, Outcome, Reconciler, Records, Report, sorted};
use wxpay_json::Fen;

/// Calls `then` with numbers of 28 digits, in order or not, without a number in memory but one.
fn each(count: u64, ordered: bool, mut then: impl FnMut(Entry<'_>)) {
    let mut number = *b"2026022800000000000000000000";
    for place in 0..count {
        let mut rest = if ordered {
            place
        } else {
            place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 4
        };
        for digit in number.iter_mut().rev().take(20) {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let number = std::str::from_utf8(&number).expect("digits");
        then(Entry::payment(number, Fen::new(1)).with_state("SUCCESS"));
    }
}

#[test]
fn sides_larger_than_memory_stay_within_it() {
    const MEMORY: usize = 1024 * 1024;
    const ENTRIES: u64 = 200_000;
    for ordered in [true, false] {
        let mut matched = 0;
        let info = measure(|| {
            let mut reconciler = Reconciler::new().memory(MEMORY);
            each(ENTRIES, ordered, |entry| {
                reconciler.push_bill(entry).unwrap();
            });
            each(ENTRIES, ordered, |entry| {
                reconciler.push_books(entry).unwrap();
            });
            assert!(reconciler.spilled() > 15 * MEMORY as u64);
            reconciler
                .finish(|outcome| {
                    matched += u64::from(matches!(outcome, Outcome::Matched { .. }));
                })
                .unwrap();
        });
        assert_eq!(matched, ENTRIES);
        assert!(info.bytes_max < MEMORY as u64 + 16 * 1024, "{info:?}");
        assert!(info.bytes_max > MEMORY as u64 / 2, "{info:?}");
        assert_eq!(info.bytes_current, 0);
    }
}

#[test]
fn a_merge_of_sorted_sides_asks_for_no_memory_per_entry() {
    let numbers: Vec<_> = (0..10_000).map(|number| format!("{number:028}")).collect();
    let entry = |number| Entry::payment(number, Fen::new(1)).with_state("SUCCESS");
    let mut clean = false;
    let info = measure(|| {
        let side = || Records::new(numbers.iter().map(|number| entry(number)));
        let mut report = Report::new();
        sorted(side(), side(), |outcome| report.add(&outcome)).unwrap();
        clean = report.is_clean();
    });
    assert!(clean);
    assert!(info.count_total < 20, "{info:?}");
}
