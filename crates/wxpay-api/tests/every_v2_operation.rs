//! Every operation of v2 against the facts the sandbox is given: what the Rust types write and read has to be what
//! the catalogue says, field by field. Samples are made from the facts; the list of operations is generated.

#![cfg(feature = "v2")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "every_v2_operation/answer.rs"]
mod answer;
#[path = "every_v2_operation/facts.rs"]
mod facts;
#[path = "every_v2_operation/list.rs"]
mod list;
#[path = "support/places.rs"]
mod places;
#[path = "every_v2_operation/run.rs"]
mod run;
#[path = "support/sample.rs"]
mod sample;

use run::Run;

/// Types written by hand, which have tests of their own.
const BY_HAND: [&str; 10] = [
    "v2.applyment.upload_media",
    "v2.real_name.get_access_token",
    "v2.sandbox.sandbox_micro_pay",
    "v2.sandbox.sandbox_order_query",
    "v2.sandbox.simulator_download_bill",
    "v2.sandbox.simulator_micro_pay",
    "v2.sandbox.simulator_order_query",
    "v2.sandbox.simulator_refund",
    "v2.sandbox.simulator_refund_query",
    "v2.sandbox.simulator_unified_order",
];

#[test]
fn every_operation_does_what_the_catalogue_says() {
    let facts = facts::read();
    let mut run = Run::new(&facts);
    list::all(&mut run);
    let mut names = run.names;
    names.extend(BY_HAND);
    names.sort_unstable();
    let catalogue: Vec<&str> = facts.iter().map(|facts| facts.name.as_str()).collect();
    assert_eq!(
        names, catalogue,
        "every operation of the catalogue was run once"
    );
    let by_hand: Vec<&str> = facts
        .iter()
        .filter(|facts| facts.by_hand)
        .map(|facts| facts.name.as_str())
        .collect();
    assert_eq!(by_hand, BY_HAND);
}

#[test]
fn every_documented_path_can_be_called() {
    let documented = include_str!("vectors/v2_paths/paths.txt");
    assert_eq!(documented.lines().count(), 136);
    let facts = facts::read();
    let known: Vec<String> = facts
        .iter()
        .map(|facts| {
            let (path, _) = facts.path.split_once('?').unwrap_or((&facts.path, ""));
            format!("{} {path}", facts.method)
        })
        .collect();
    let missing: Vec<&str> = documented
        .lines()
        .filter(|line| !known.iter().any(|known| known == line))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
