//! Hours of traffic on nodes with near caches, simulated: the real engine, a store behind wires that delay, lose and hang,
//! clocks that run apart and step, nodes that freeze and crash. Time is virtual and everything random comes from a seed, so
//! a failure can be seen again.
//!
//! `SIMULATION_SEEDS=5000 cargo test -p cloakroom-core --test simulation` tries as many worlds;
//! `SIMULATION_SEED=17 …` tries that one alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is how a test speaks"
)]

mod clients;
mod dice;
mod history;
mod nemesis;
mod node;
mod wire;
mod world;

use world::World;

/// Worlds that are tried when nobody says how many: some twenty minutes of traffic.
const WORLDS: u64 = 60;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

fn live(seed: u64) -> history::Sum {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async { World::new(seed).await.live().await })
}

#[test]
fn invariants_1_2_3_7_and_8_hold_through_delays_disconnects_freezes_crashes_and_clock_steps() {
    let seeds = match number("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMULATION_SEEDS").unwrap_or(WORLDS),
    };
    let mut sum = history::Sum::default();
    for seed in seeds {
        sum.add(&live(seed));
    }
    println!("{sum}");
    // A simulation in which nothing happens proves nothing.
    assert!(sum.accepted_near > 0 && sum.accepted_strictly > 0 && sum.refused > 0);
    assert!(sum.failed > 0 && sum.ended > 0 && sum.committed > 0 && sum.settled > 0);
}

#[test]
fn a_seed_is_a_world() {
    assert_eq!(live(7), live(7));
}
