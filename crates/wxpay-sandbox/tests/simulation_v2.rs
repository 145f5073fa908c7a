//! A merchant of v2 and the sandbox's core in one thread on a clock that is only a number: orders,
//! payments by code, refunds, payments to users and notices over a line that drops, cuts short, forges
//! and puts HTML in the place of answers, through restarts. In the end both have to agree, and nothing
//! may have been believed that was not so.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

#[path = "simulation_v2/line.rs"]
mod line;
#[path = "simulation_v2/story.rs"]
mod story;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use line::Counts;
use story::World;

const SEEDS: std::ops::Range<u64> = 1..7;

#[test]
fn both_agree_whatever_the_line_does() {
    let mut all = Counts::default();
    for seed in SEEDS {
        let run = catch_unwind(AssertUnwindSafe(|| {
            let mut world = World::new(seed);
            world.live();
            world.settle();
            world.audit();
            world.line.counts
        }));
        match run {
            Ok(counts) => all.add(&counts),
            Err(panic) => {
                #[expect(clippy::print_stderr, reason = "the seed is what repeats the failure")]
                {
                    eprintln!("the simulation failed with seed {seed}");
                }
                resume_unwind(panic);
            }
        }
    }
    // A simulation in which nothing happens proves nothing.
    all.assert_eventful();
}
