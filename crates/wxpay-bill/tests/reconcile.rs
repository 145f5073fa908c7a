//! Two sides compared, sorted and unsorted, in memory and out of it, beside a model that is a map.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use proptest::prelude::*;
use proptest::string::string_regex;
use wxpay_bill::reconcile::{
    AsEntry, Entries, Entry, EntryKind, Occurrences, Outcome, OwnedEntry, ReconcileError,
    Reconciler, Records, Side, Sum, TryRecords, sorted,
};
use wxpay_json::{DateTime, Fen};

/// What an outcome says, as text.
fn told(outcome: &Outcome<'_>) -> String {
    match outcome {
        Outcome::Matched { bill, books } => format!("matched {bill:?} {books:?}"),
        Outcome::MissingInBill(entry) => format!("missing in bill {entry:?}"),
        Outcome::MissingInBooks(entry) => format!("missing in books {entry:?}"),
        Outcome::Differs {
            bill,
            books,
            fields,
        } => format!(
            "differs {bill:?} {books:?} {} {} {}",
            fields.amount, fields.id, fields.state
        ),
        Outcome::Duplicate { bill, books } => {
            let side = |found: &Occurrences<'_>| {
                let (count, sum) = (found.tally.count, found.tally.sum.as_fen());
                format!("{count} {sum} {:?} {:?}", found.first, found.amounts)
            };
            format!("duplicate {} {}", side(bill), side(books))
        }
        _ => unreachable!(),
    }
}

/// What the comparison should say, from all entries in memory.
fn model(bill: &[OwnedEntry], books: &[OwnedEntry]) -> Vec<String> {
    type Sides<'a> = [Vec<Entry<'a>>; 2];
    let mut all: BTreeMap<(&[u8], EntryKind), Sides<'_>> = BTreeMap::new();
    for (side, entries) in [bill, books].into_iter().enumerate() {
        for entry in entries {
            let key = (entry.number.as_bytes(), entry.kind);
            all.entry(key).or_default()[side].push(entry.as_entry());
        }
    }
    let told = |[mut bill, mut books]: Sides<'_>| {
        bill.sort_by_key(whole_key);
        books.sort_by_key(whole_key);
        match (&bill[..], &books[..]) {
            ([entry], []) => format!("missing in books {entry:?}"),
            ([], [entry]) => format!("missing in bill {entry:?}"),
            ([bill], [books]) => {
                let differ = |one: Option<&str>, other: Option<&str>| {
                    one.is_some() && other.is_some() && one != other
                };
                let amount = bill.amount != books.amount;
                let id = differ(bill.id, books.id);
                let state = differ(bill.state, books.state);
                if amount || id || state {
                    format!("differs {bill:?} {books:?} {amount} {id} {state}")
                } else {
                    format!("matched {bill:?} {books:?}")
                }
            }
            (bill, books) => {
                let side = |entries: &[Entry<'_>]| {
                    let sum: i64 = entries.iter().map(|entry| entry.amount.as_fen()).sum();
                    let amounts: Vec<_> =
                        entries.iter().take(8).map(|entry| entry.amount).collect();
                    let (count, first) = (entries.len(), entries.first());
                    format!("{count} {sum} {:?} {amounts:?}", first.copied())
                };
                format!("duplicate {} {}", side(bill), side(books))
            }
        }
    };
    all.into_values().map(told).collect()
}

type Key = (
    Vec<u8>,
    EntryKind,
    Fen,
    Option<String>,
    Option<String>,
    Option<(i64, i32)>,
);

fn whole_key(entry: &Entry<'_>) -> Key {
    let time = |time: DateTime| (time.as_unix(), time.offset_seconds());
    (
        entry.number.as_bytes().to_vec(),
        entry.kind,
        entry.amount,
        entry.id.map(str::to_owned),
        entry.state.map(str::to_owned),
        entry.time.map(time),
    )
}

/// Few numbers, so that many are on both sides and some are there several times.
fn entries(most: usize) -> impl Strategy<Value = Vec<OwnedEntry>> {
    // Parsed once; a pattern as a strategy is parsed for every text.
    let like = |pattern| string_regex(pattern).expect("a pattern");
    let number = prop_oneof![
        like("[ab]{0,3}"),
        like("2026022800000[0-9]{1,2}"),
        like("号?[a-c]?\\x00?")
    ];
    let text = || prop_oneof![2 => like("[xy]{0,1}"), 1 => like("z{300}号?")];
    let time = proptest::option::of((0..3i64, prop_oneof![Just(28_800), Just(0)]));
    let entry = (0..3usize, number, -2..3i64, text(), text(), time).prop_map(
        |(kind, number, fen, id, state, time)| {
            let mut entry = Entry::new(EntryKind::ALL[kind], &number, Fen::new(fen))
                .with_id(&id)
                .with_state(&state);
            entry.time =
                time.map(|(seconds, offset)| DateTime::from_unix(seconds, offset).expect("a time"));
            OwnedEntry::from(entry)
        },
    );
    proptest::collection::vec(entry, 0..most)
}

fn reconciled(bill: &[OwnedEntry], books: &[OwnedEntry], memory: usize) -> Vec<String> {
    let mut all = Vec::new();
    Reconciler::new()
        .memory(memory)
        .run(Records::new(bill), Records::new(books), |outcome| {
            all.push(told(&outcome));
        })
        .expect("a place for temporary files");
    all
}

proptest! {
    // Most of the time goes to temporary files.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_reconciler_says_what_the_model_says(
        bill in entries(80),
        books in entries(80),
        memory in prop_oneof![Just(0), Just(4000), Just(20_000), Just(Reconciler::MEMORY)],
    ) {
        prop_assert_eq!(reconciled(&bill, &books, memory), model(&bill, &books));
    }

    #[test]
    fn what_is_sorted_needs_no_reconciler(mut bill in entries(40), mut books in entries(40)) {
        bill.sort_by_key(|entry| whole_key(&entry.as_entry()));
        books.sort_by_key(|entry| whole_key(&entry.as_entry()));
        let mut all = Vec::new();
        sorted(Records::new(&bill), Records::new(&books), |outcome| all.push(told(&outcome)))
            .unwrap();
        prop_assert_eq!(&all, &model(&bill, &books));
        prop_assert_eq!(&all, &reconciled(&bill, &books, 0));
    }

    #[test]
    fn sides_that_are_mostly_the_same_are_as_well(
        mut bill in entries(60),
        changes in proptest::collection::vec(0..12u8, 60),
        from_books in any::<bool>(),
    ) {
        bill.sort_by_key(|entry| whole_key(&entry.as_entry()));
        let mut books = Vec::new();
        for (entry, change) in bill.iter().zip(changes) {
            let mut entry = entry.clone();
            match change {
                0 => continue,
                1 => books.push(entry.clone()),
                2 => entry.amount = Fen::new(7),
                3 => entry.id = None,
                4 => entry.state = Some("q".to_owned()),
                5 => entry.number.push('q'),
                _ => {}
            }
            books.push(entry);
        }
        books.sort_by_key(|entry| whole_key(&entry.as_entry()));
        if from_books {
            std::mem::swap(&mut bill, &mut books);
        }
        let mut all = Vec::new();
        sorted(Records::new(&bill), Records::new(&books), |outcome| all.push(told(&outcome)))
            .unwrap();
        prop_assert_eq!(all, model(&bill, &books));
    }

    #[test]
    fn sides_may_take_turns(
        bill in entries(40),
        books in entries(40),
        turns in proptest::collection::vec(any::<bool>(), 80),
    ) {
        let mut reconciler = Reconciler::new().memory(2000);
        let (mut left, mut right) = (bill.iter(), books.iter());
        for turn in turns {
            if turn {
                if let Some(entry) = left.next() {
                    reconciler.push_bill(entry.as_entry()).unwrap();
                }
            } else if let Some(entry) = right.next() {
                reconciler.push_books(entry.as_entry()).unwrap();
            }
        }
        reconciler.extend_books(Records::new(right)).unwrap();
        reconciler.extend_bill(Records::new(left)).unwrap();
        let mut all = Vec::new();
        reconciler.finish(|outcome| all.push(told(&outcome))).unwrap();
        prop_assert_eq!(all, model(&bill, &books));
    }

    #[test]
    fn a_stream_is_sorted_or_it_is_said_where_it_is_not(bill in entries(12)) {
        let wrong = bill.windows(2).position(|two| {
            two[0].as_entry().cmp_identity(&two[1].as_entry()).is_gt()
        });
        let nothing = Records::new([] as [Entry<'_>; 0]);
        let found = match sorted(nothing, Records::new(&bill), |_| ()) {
            Ok(()) => None,
            Err(ReconcileError::NotSorted { side: Side::Books, position }) => Some(position),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert_eq!(found, wrong.map(|place| place as u64 + 2));
    }
}

#[test]
fn every_outcome_is_told() {
    let bill = [
        Entry::payment("A1", Fen::new(100)).with_id("42"),
        Entry::payment("A2", Fen::new(100)).with_state("SUCCESS"),
        Entry::payment("A3", Fen::new(100)),
        Entry::refund("A3", Fen::new(100)),
        Entry::payment("A5", Fen::new(1)),
        Entry::payment("A5", Fen::new(2)),
    ];
    let books = [
        Entry::payment("A1", Fen::new(100)).with_state("SUCCESS"),
        Entry::payment("A2", Fen::new(101)).with_state("REFUND"),
        Entry::payment("A3", Fen::new(100)),
        Entry::payment("A4", Fen::new(7)),
        Entry::payment("A5", Fen::new(3)),
    ];
    let mut all = Vec::new();
    sorted(Records::new(bill), Records::new(books), |outcome| {
        all.push(match outcome {
            Outcome::Matched { bill, books } => {
                assert_eq!(
                    (bill.id, books.id),
                    (Some("42").filter(|_| bill.number == "A1"), None)
                );
                format!("{} matches", bill.number)
            }
            Outcome::Differs { bill, fields, .. } => {
                assert_eq!(
                    (fields.amount, fields.id, fields.state),
                    (true, false, true)
                );
                format!("{} differs", bill.number)
            }
            Outcome::MissingInBill(entry) => format!("{} is not in the bill", entry.number),
            Outcome::MissingInBooks(entry) => format!("{} is not in the books", entry.kind),
            Outcome::Duplicate { bill, books } => {
                assert_eq!(bill.amounts, [Fen::new(1), Fen::new(2)]);
                assert_eq!(books.amounts, [Fen::new(3)]);
                assert_eq!(bill.tally.sum, Sum::from(Fen::new(3)));
                format!("{} times and {}", bill.tally.count, books.tally.count)
            }
            _ => unreachable!(),
        });
    })
    .unwrap();
    assert_eq!(
        all,
        [
            "A1 matches",
            "A2 differs",
            "A3 matches",
            "refund is not in the books",
            "A4 is not in the bill",
            "2 times and 1"
        ]
    );
}

#[test]
fn empty_sides_are_nothing() {
    let nothing = || Records::new([] as [Entry<'_>; 0]);
    sorted(nothing(), nothing(), |_| panic!("nothing to say")).unwrap();
    Reconciler::new()
        .finish(|_| panic!("nothing to say"))
        .unwrap();
}

#[test]
fn the_error_of_a_side_is_told_apart() {
    let broken = || {
        TryRecords::new([
            Ok(Entry::payment("A1", Fen::ZERO)),
            Err(io::Error::other("cable cut")),
        ])
    };
    let nothing = || Records::new([] as [Entry<'_>; 0]);
    let error = sorted(broken(), nothing(), |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the bill cannot be read");
    assert_eq!(error.source().unwrap().to_string(), "cable cut");
    let error = sorted(nothing(), broken(), |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the books cannot be read");
    let error = Reconciler::new()
        .run(broken(), nothing(), |_| ())
        .unwrap_err();
    assert!(matches!(error, ReconcileError::Bill(_)));
    let error = Reconciler::new()
        .run(nothing(), broken(), |_| ())
        .unwrap_err();
    assert!(matches!(error, ReconcileError::Books(_)));
}

#[test]
fn disorder_names_side_and_place() {
    let wrong = [
        Entry::payment("A1", Fen::ZERO),
        Entry::refund("A2", Fen::ZERO),
        Entry::payment("A2", Fen::ZERO),
    ];
    let error = sorted(Records::new(wrong), Records::new(wrong), |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry 3 of the bill comes before the one it follows: sort by the bytes of the number and \
         then by kind, or use a Reconciler, which sorts"
    );
}

/// Entries of one side, in no order.
fn many(count: u64) -> impl Iterator<Item = OwnedEntry> {
    (0..count).map(move |place| {
        let mixed = place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let number = format!("20260228{mixed:020}");
        Entry::payment(&number, Fen::new(place as i64))
            .with_id(&number)
            .with_state("SUCCESS")
            .into()
    })
}

#[test]
fn more_than_memory_goes_to_files_that_nobody_sees() {
    let directory = tempfile::tempdir().unwrap();
    let files = || std::fs::read_dir(directory.path()).unwrap().count();
    let mut reconciler = Reconciler::new()
        .memory(64 * 1024)
        .directory(directory.path());
    reconciler.extend_bill(Records::new(many(5000))).unwrap();
    let spilled = reconciler.spilled();
    assert!(spilled > 300_000, "{spilled}");
    reconciler.extend_books(Records::new(many(5001))).unwrap();
    assert!(reconciler.spilled() > 2 * spilled - 100_000);
    if cfg!(target_os = "linux") {
        assert_eq!(files(), 0);
    }
    let (mut matched, mut missing) = (0, 0);
    reconciler
        .finish(|outcome| match outcome {
            Outcome::Matched { .. } => matched += 1,
            Outcome::MissingInBill(_) => missing += 1,
            _ => panic!("{outcome:?}"),
        })
        .unwrap();
    assert_eq!((matched, missing), (5000, 1));
    assert_eq!(files(), 0);

    // Given up half-way.
    let mut reconciler = Reconciler::new().memory(0).directory(directory.path());
    reconciler.extend_bill(Records::new(many(500))).unwrap();
    assert!(reconciler.spilled() > 0);
    drop(reconciler);
    assert_eq!(files(), 0);
}

#[test]
fn a_directory_that_takes_no_files_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let mut reconciler = Reconciler::new().memory(0).directory(&missing);
    let error = reconciler
        .extend_books(Records::new(many(500)))
        .unwrap_err();
    let ReconcileError::File { step, source, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!((*step, source.kind()), ("create", io::ErrorKind::NotFound));
    assert!(error.to_string().contains(missing.to_str().unwrap()));
    assert!(!error.to_string().contains(&source.to_string()));
    // It is there now, and nothing was lost.
    std::fs::create_dir(&missing).unwrap();
    let mut counted = 0;
    reconciler
        .finish(|outcome| counted += usize::from(matches!(outcome, Outcome::MissingInBill(_))))
        .unwrap();
    assert!(counted > 0);
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    let long = "1".repeat(70_000);
    let mut reconciler = Reconciler::new();
    reconciler
        .push_bill(Entry::payment("A1", Fen::ZERO))
        .unwrap();
    let error = reconciler
        .push_bill(Entry::payment("A2", Fen::ZERO).with_state(&long))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the state of entry 2 of the bill is longer than 65535 bytes"
    );
    let mut counted = 0;
    reconciler.finish(|_| counted += 1).unwrap();
    assert_eq!(counted, 1);
}

#[test]
fn records_that_are_longer_than_the_buffers_come_back() {
    let long = |first: char| format!("{first}{}", "1".repeat(60_000));
    let entries: Vec<OwnedEntry> = ('a'..='k')
        .rev()
        .map(|first| {
            let number = long(first);
            Entry::payment(&number, Fen::ZERO).with_id(&number).into()
        })
        .collect();
    assert_eq!(
        reconciled(&entries, &entries[1..], 0),
        model(&entries, &entries[1..])
    );
}

#[test]
fn both_ways_go_to_other_threads_and_through_references() {
    fn sendable<T: Send>(_: &T) {}
    sendable(&Reconciler::new());
    let mut books = Records::new([
        Entry::payment("A1", Fen::ZERO),
        Entry::payment("A2", Fen::ZERO),
    ]);
    let first: &mut dyn Entries<Error = std::convert::Infallible> = &mut books;
    assert_eq!(first.next_entry().unwrap().unwrap().number, "A1");
    let mut reconciler = Reconciler::default();
    reconciler.extend_books(&mut books).unwrap();
    let mut numbers = Vec::new();
    reconciler
        .finish(|outcome| {
            if let Outcome::MissingInBill(entry) = outcome {
                numbers.push(entry.number.to_owned());
            }
        })
        .unwrap();
    assert_eq!(numbers, ["A2"]);
}
