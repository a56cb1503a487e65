//! Prints how the rules, at their defaults, do on the labelled histories:
//! `cargo run --release -p cloakroom-watch --example corpus [SEEDS]`

#![allow(clippy::expect_used)]

mod atlas;
mod measure;

use cloakroom_testkit::histories::{Plan, draw};
use cloakroom_watch::{Audience, Rule};
use measure::{Measure, measure};

/// How complete the operator's lists are: none, poor, good, perfect.
const LISTED: [f64; 4] = [0.0, 0.9, 0.98, 1.0];
const GOOD: usize = 2;

fn main() {
    let seeds = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(20);
    let (atlas, database) = (atlas::atlas(), atlas::database());
    let mut measures = LISTED.map(|_| Measure::default());
    for seed in 1_000..1_000 + seeds {
        let plan = Plan {
            seed,
            people: 1_000,
            days: 30,
            attacks: 2,
            listed: LISTED[GOOD],
        };
        measures[GOOD].add(measure(&draw(plan, &atlas), &database));
        for (sum, listed) in measures.iter_mut().zip(LISTED) {
            let ordinary = Plan {
                seed: seed + 100_000,
                attacks: 0,
                listed,
                ..plan
            };
            sum.add(measure(&draw(ordinary, &atlas), &database));
        }
    }
    attacks(&measures[GOOD]);
    rules(&measures);
    if std::env::var_os("SHOW").is_some() {
        show(&measures[GOOD]);
    }
}

fn attacks(measure: &Measure) {
    println!("| attack | of | alert | alert or notice |\n| --- | --- | --- | --- |");
    for (method, caught) in &measure.methods {
        let share = |count: usize| 100.0 * number(count) / number(caught.attacks);
        let (alerted, told) = (share(caught.alerted), share(caught.told));
        println!(
            "| {method:?} | {} | {alerted:.1} % | {told:.1} % |",
            caught.attacks
        );
    }
}

fn rules(measures: &[Measure]) {
    println!(
        "\nWrong ones in 10,000 user-days, of {} user-days without an attack:\n",
        measures[GOOD].user_days
    );
    print!("| rule, with so much listed |");
    for listed in LISTED {
        print!(" {:.0} % |", listed * 100.0);
    }
    println!("\n| --- |{}", " --- |".repeat(LISTED.len()));
    for (audience, name) in [(Audience::Operator, "alerts"), (Audience::User, "notices")] {
        for rule in Rule::ALL {
            let counts: Vec<_> = measures
                .iter()
                .map(|measure| measure.wrong.get(&(rule, audience)).copied().unwrap_or_default())
                .collect();
            if audience == rule.audience() || counts.iter().any(|count| *count > 0) {
                print!("| {rule} ({name}) |");
                for (measure, count) in measures.iter().zip(counts) {
                    print!(" {:.2} |", measure.per_10_000_user_days(count));
                }
                println!();
            }
        }
    }
    print!("| **all alerts** |");
    for measure in measures {
        print!(
            " **{:.2}** |",
            measure.per_10_000_user_days(measure.false_alerts())
        );
    }
    println!();
}

fn show(measure: &Measure) {
    for alert in &measure.examples {
        println!("\n{alert}");
    }
    for attack in &measure.missed {
        let (from, until) = (attack.from.as_millis(), attack.until.as_millis());
        println!(
            "missed: {:?} of {:?}, {from} to {until}",
            attack.method,
            attack.subjects.first()
        );
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("few"))
}
