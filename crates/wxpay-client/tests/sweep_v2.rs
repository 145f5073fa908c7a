//! Every operation of v2 in the catalogue, from its type through the client to the sandbox and back into
//! its type, over HTTPS: with everything optional and with as little as possible. The samples come from
//! the catalogue's facts, the list of operations is wxpay-api's; only what has to make sense together is
//! set here.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

#[path = "../../wxpay-api/tests/every_v2_operation/facts.rs"]
#[allow(
    dead_code,
    reason = "the tests of wxpay-api, whose helper it is, look at more of the facts"
)]
mod facts;
#[path = "../../wxpay-api/tests/every_v2_operation/list.rs"]
mod list;
#[path = "sweep_v2/run.rs"]
mod run;
#[path = "../../wxpay-api/tests/support/sample.rs"]
mod sample;
#[path = "sweep_v2/sense.rs"]
mod sense;
#[path = "sandbox/world.rs"]
mod world;

use std::collections::BTreeSet;

use serde_json::json;

use run::Run;

#[test]
fn every_operation_goes_there_and_comes_back() {
    let facts = facts::read();
    let mut run = Run::open(&facts);
    list::all(&mut run);
    run.by_hand();
    let catalogue: BTreeSet<&str> = facts.iter().map(|facts| facts.name.as_str()).collect();
    assert_eq!(run.names, catalogue);

    let mut seen = BTreeSet::new();
    for entry in run.close() {
        let operation = entry["operation"].as_str().unwrap_or_default();
        assert_eq!(entry["verdict"], "accepted", "{entry:#}");
        assert_eq!(entry["problems"], json!([]), "{entry:#}");
        seen.insert(operation.to_owned());
    }
    let unseen: Vec<_> = facts
        .iter()
        .filter(|facts| !seen.contains(&facts.name))
        // The test systems stand in for the interfaces of the same name.
        .filter(|facts| !facts.path.starts_with("/sandboxnew") && !facts.path.starts_with("/xdc"))
        .map(|facts| facts.name.as_str())
        .collect();
    assert!(
        unseen.is_empty(),
        "the journal holds all of it, but {unseen:?}"
    );
}
