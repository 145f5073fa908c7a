//! What reconciliation costs: the merge of two sides that are sorted, and sorting those that are not.
//!
//! `cargo bench -p wxpay-bill --bench reconcile`

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use wxpay_bill::reconcile::{
    AsEntry, Entry, EntryKind, Outcome, Reconciler, Records, Report, sorted,
};
use wxpay_json::{DateTime, Fen};

/// Entries of a side.
const ENTRIES: usize = 1_000_000;

/// A payment as a program keeps it.
#[derive(Clone, Debug)]
struct Order {
    number: String,
    id: String,
    fen: i64,
    time: i64,
}

impl AsEntry for Order {
    fn as_entry(&self) -> Entry<'_> {
        Entry::new(EntryKind::Payment, &self.number, Fen::new(self.fen))
            .with_id(&self.id)
            .with_state("SUCCESS")
            .with_time(DateTime::beijing(self.time))
    }
}

/// The same numbers in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Orders of one day in no order: numbers and ids have 28 digits, the first eight of them the date.
fn shuffled(count: usize) -> Vec<Order> {
    let mut numbers = Numbers(1);
    (0..count)
        .map(|_| Order {
            number: format!("20260228{:020}", numbers.next()),
            id: format!("42000000{:020}", numbers.next()),
            fen: (numbers.next() % 100_000) as i64,
            time: 1_772_208_000 + (numbers.next() % 86_400) as i64,
        })
        .collect()
}

fn in_order(mut orders: Vec<Order>) -> Vec<Order> {
    orders.sort_by(|one, other| one.as_entry().cmp_identity(&other.as_entry()));
    orders
}

/// Another copy of the orders, whose text lies in memory in the order of the list.
fn copy(orders: &[Order]) -> Vec<Order> {
    orders.to_vec()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let bill = shuffled(ENTRIES);
    let mut books = copy(&bill);
    books.reverse();
    let sorted_bill = copy(&in_order(copy(&bill)));
    let sorted_books = copy(&sorted_bill);

    let mut group = criterion.benchmark_group("reconcile");
    group.throughput(Throughput::Elements(ENTRIES as u64));
    group.bench_function("sorted", |bencher| {
        bencher.iter(|| {
            let mut matched = 0u64;
            sorted(
                Records::new(&sorted_bill),
                Records::new(&sorted_books),
                |outcome| matched += u64::from(matches!(outcome, Outcome::Matched { .. })),
            )
            .expect("sorted");
            assert_eq!(matched, ENTRIES as u64);
        });
    });
    group.bench_function("sorted, with a report", |bencher| {
        bencher.iter(|| {
            let mut report = Report::new();
            sorted(
                Records::new(&sorted_bill),
                Records::new(&sorted_books),
                |outcome| report.add(&outcome),
            )
            .expect("sorted");
            black_box(report.is_clean());
        });
    });
    let sides = [
        ("sorted sides", &sorted_bill, &sorted_books),
        ("shuffled sides", &bill, &books),
    ];
    for (name, bill, books) in sides {
        for (memory, bytes) in [("in memory", 1 << 30), ("64 MiB", Reconciler::MEMORY)] {
            group.bench_function(format!("reconciler, {name}, {memory}"), |bencher| {
                bencher.iter_batched(
                    || Reconciler::new().memory(bytes),
                    |reconciler| {
                        let mut matched = 0u64;
                        reconciler
                            .run(Records::new(bill), Records::new(books), |outcome| {
                                matched += u64::from(matches!(outcome, Outcome::Matched { .. }));
                            })
                            .expect("a directory for temporary files");
                        assert_eq!(matched, ENTRIES as u64);
                    },
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
