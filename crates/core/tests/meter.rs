//! Counting failures, here and across nodes.

#![allow(clippy::unwrap_used)] // these are tests

use cloakroom_core::{Budget, MemoryStore, Meter, Rate, Store, Timestamp};
use cloakroom_testkit::{Fault, FaultyStore};
use std::sync::Arc;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn budget(name: &str) -> [Budget; 1] {
    let rate = Rate::new(3, Duration::from_secs(2));
    [Budget {
        name: name.to_owned(),
        rate,
    }]
}

#[tokio::test]
async fn a_burst_then_a_steady_rate_and_others_are_not_affected() {
    let meter = Meter::new(None);
    let (one, other) = (budget("one"), budget("other"));
    for _ in 0..3 {
        assert_eq!(meter.wait(&one, NOW).await, None);
        meter.charge(&one, NOW).await;
    }
    assert_eq!(meter.wait(&one, NOW).await, Some(Duration::from_secs(2)));
    assert_eq!(meter.wait(&other, NOW).await, None);
    let both = [&one[..], &other[..]].concat();
    assert_eq!(
        meter.wait(&both, NOW).await,
        Some(Duration::from_secs(2)),
        "the longest"
    );
    assert_eq!(meter.wait(&one, NOW + Duration::from_secs(2)).await, None);
}

#[tokio::test]
async fn nodes_on_one_store_count_together_and_each_alone_while_it_is_down() {
    let store = FaultyStore::new(MemoryStore::new());
    let node = || Meter::new(Some(store.clone() as Arc<dyn Store>));
    let (a, b) = (node(), node());
    for _ in 0..3 {
        a.charge(&budget("x"), NOW).await;
    }
    assert!(b.wait(&budget("x"), NOW).await.is_some());
    store.fail_all(Fault::Unavailable);
    assert!(
        a.wait(&budget("x"), NOW).await.is_some(),
        "what a counted holds on"
    );
    assert_eq!(b.wait(&budget("x"), NOW).await, None);
    for _ in 0..3 {
        b.charge(&budget("x"), NOW).await;
    }
    assert!(b.wait(&budget("x"), NOW).await.is_some(), "the gate is not open");
}

#[test]
fn a_flood_of_names_does_not_free_a_victim() {
    let meter = Meter::new(None);
    let victim = budget("victim");
    let slow = Rate::new(3, Duration::from_hours(1));
    let victim = Budget {
        rate: slow,
        ..victim[0].clone()
    };
    for _ in 0..3 {
        meter.charge_here(&victim, NOW);
    }
    for n in 0..101_000 {
        meter.charge_here(&budget(&n.to_string())[0], NOW);
    }
    assert!(!meter.charge_here(&victim, NOW), "still held up");
}
