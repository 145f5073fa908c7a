//! Every operation against the facts the sandbox is given: what the Rust types do has to be what the catalogue
//! says, field by field. Samples are made from the facts.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "every_operation/facts.rs"]
mod facts;
#[path = "every_operation/list.rs"]
mod list;
#[path = "support/places.rs"]
mod places;
#[path = "every_operation/run.rs"]
mod run;
#[path = "support/sample.rs"]
mod sample;
#[path = "support/typed.rs"]
mod typed;

use run::Run;

/// Types written by hand, which have tests of their own.
const BY_HAND: [&str; 1] = ["bill.download_bill"];

#[test]
fn every_operation_does_what_the_catalogue_says() {
    let facts = facts::read();
    let mut names: Vec<&str> = BY_HAND.into();
    for entry in list::all() {
        let facts = facts.iter().find(|facts| facts.name == entry.name);
        let facts = facts.unwrap_or_else(|| panic!("{}: no facts", entry.name));
        Run {
            entry: &entry,
            facts,
        }
        .all();
        names.push(entry.name);
    }
    names.sort_unstable();
    let catalogue: Vec<&str> = facts.iter().map(|facts| facts.name.as_str()).collect();
    assert_eq!(names, catalogue, "every operation stands once in the list");
}
