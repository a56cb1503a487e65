//! Prints how the rules, at their defaults, do on the labelled histories:
//! `cargo run --release -p cloakroom-watch --example corpus [SEEDS]`

#![allow(clippy::expect_used)]

mod atlas;
mod measure;

use cloakroom_testkit::histories::{Plan, draw};
use cloakroom_watch::{Audience, Rule};
use measure::{Measure, measure};

fn main() {
    let seeds = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(10);
    let (atlas, database) = (atlas::atlas(), atlas::database());
    let mut with_lists = Measure::default();
    let mut without = Measure::default();
    for seed in 1_000..1_000 + seeds {
        let attacked = draw(
            Plan {
                seed,
                people: 1_000,
                days: 30,
                attacks: 12,
            },
            &atlas,
        );
        with_lists.add(measure(&attacked, &database, true));
        let ordinary = draw(
            Plan {
                seed: seed + 100_000,
                people: 1_000,
                days: 30,
                attacks: 0,
            },
            &atlas,
        );
        with_lists.add(measure(&ordinary, &database, true));
        without.add(measure(&ordinary, &database, false));
    }
    println!(
        "{} entries, {} user-days, {seeds} seeds\n",
        with_lists.entries, with_lists.user_days
    );
    println!("| attack | of | alerts | or notices |\n| --- | --- | --- | --- |");
    for (method, caught) in &with_lists.methods {
        let share = |count: usize| 100.0 * percent(count, caught.attacks);
        println!(
            "| {method:?} | {} | {:.1} % | {:.1} % |",
            caught.attacks,
            share(caught.alerted),
            share(caught.told)
        );
    }
    println!("\n| rule | false | in 10,000 user-days | without lists |\n| --- | --- | --- | --- | --- |");
    for rule in Rule::ALL {
        let wrong = |measure: &Measure| measure.wrong.get(&rule).copied().unwrap_or_default();
        let notice = if rule.audience() == Audience::User {
            " (notice)"
        } else {
            ""
        };
        println!(
            "| {rule}{notice} | {} | {:.2} | {:.2} |",
            wrong(&with_lists),
            with_lists.per_10_000_user_days(wrong(&with_lists)),
            without.per_10_000_user_days(wrong(&without))
        );
    }
    for (name, measure) in [("with lists", &with_lists), ("without lists", &without)] {
        let count = measure.false_alerts();
        println!(
            "\nfalse alerts to the operator, {name}: {count}, {:.2} in 10,000 user-days",
            measure.per_10_000_user_days(count)
        );
    }
    if std::env::var_os("SHOW").is_some() {
        for alert in &with_lists.examples {
            println!("\n{alert}");
        }
        for attack in &with_lists.missed {
            println!(
                "missed: {:?} {:?} {} to {}",
                attack.method,
                attack.subjects.first(),
                attack.from.as_millis(),
                attack.until.as_millis()
            );
        }
    }
}

fn percent(part: usize, of: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap_or(u32::MAX))
        / f64::from(u32::try_from(of.max(1)).unwrap_or(u32::MAX))
}
