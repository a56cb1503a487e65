//! The rules, at their defaults, on labelled histories: those of seeds that they were made on, and of others.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

#[path = "../examples/corpus/atlas.rs"]
mod atlas;
#[path = "../examples/corpus/measure.rs"]
mod measure;

use cloakroom_testkit::histories::{Plan, draw};
use measure::{Measure, measure};

/// The operator's lists of carriers, VPNs and aircraft are nearly complete.
const LISTED: f64 = 0.98;

fn of(seeds: std::ops::Range<u64>) -> Measure {
    let (atlas, database) = (atlas::atlas(), atlas::database());
    let mut sum = Measure::default();
    for seed in seeds {
        let plan = Plan {
            seed,
            people: 500,
            days: 24,
            attacks: 2,
            listed: LISTED,
        };
        sum.add(measure(&draw(plan, &atlas), &database));
        let ordinary = Plan {
            seed: seed + 100_000,
            people: 1_000,
            days: 30,
            attacks: 0,
            listed: LISTED,
        };
        sum.add(measure(&draw(ordinary, &atlas), &database));
    }
    sum
}

fn holds(measure: &Measure) {
    for (method, caught) in &measure.methods {
        assert!(
            caught.told * 100 >= caught.attacks * 95,
            "{method:?}: {caught:?}; {} missed in all",
            measure.missed.len()
        );
    }
    let false_alerts = measure.per_10_000_user_days(measure.false_alerts());
    assert!(
        false_alerts <= 1.0,
        "{false_alerts} false alerts in 10,000 user-days: {:#?}",
        measure.wrong
    );
}

#[test]
fn attacks_are_told_and_ordinary_people_are_left_alone() {
    holds(&of(1_000..1_010));
}

#[test]
fn the_same_holds_for_seeds_that_were_never_looked_at() {
    holds(&of(77_000..77_010));
}
