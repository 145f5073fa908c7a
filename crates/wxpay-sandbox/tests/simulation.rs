//! A merchant and the sandbox's core in one thread on a clock that is only a number: weeks of
//! orders, payments, refunds and notifications over a line that drops, repeats, reorders and forges,
//! through a change of certificates and restarts on both sides. In the end both books have to agree
//! to the fen, and nothing may have been believed that was not so.
//!
//! Everything that happens follows from the seed, except what cryptography draws for itself.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

#[path = "simulation/bills.rs"]
mod bills;
#[path = "simulation/calls.rs"]
mod calls;
#[path = "simulation/line.rs"]
mod line;
#[path = "simulation/shop.rs"]
mod shop;
#[path = "simulation/story.rs"]
mod story;
#[path = "simulation/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use world::{Counts, World};

const SEEDS: std::ops::Range<u64> = 1..9;

#[test]
fn both_books_agree_whatever_the_line_does() {
    let mut all = Counts::default();
    for seed in SEEDS {
        let run = catch_unwind(AssertUnwindSafe(|| {
            let mut world = World::new(seed);
            world.live();
            world.settle();
            world.audit();
            world.counts
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

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = |seed| {
        let mut world = World::new(seed);
        world.live();
        world.settle();
        format!("{:?} {:?} {:?}", world.now, world.counts, world.shop.orders)
    };
    let first = story(1);
    assert_eq!(first, story(1));
    assert_ne!(first, story(2));
}
