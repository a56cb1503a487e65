//! What each operation costs the server, counted by the server itself.

mod support;

use cloakroom_core::{Bucket, Slot, Store};
use cloakroom_testkit::{START, Sample, after, cause};
use redis::aio::MultiplexedConnection;
use std::collections::BTreeMap;
use support::{Server, raw, store};

/// Commands since the last reset, those inside scripts included.
async fn commands(raw: &mut MultiplexedConnection) -> BTreeMap<String, u64> {
    let info: String = redis::cmd("INFO").arg("commandstats").query_async(raw).await.unwrap();
    let lines = info.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(':'));
    let counts = lines.map(|(name, rest)| {
        let calls = rest.strip_prefix("calls=").and_then(|rest| rest.split(',').next());
        (name.to_owned(), calls.unwrap().parse().unwrap())
    });
    counts.filter(|(name, _)| name != "info" && name != "config|resetstat").collect()
}

async fn reset(raw: &mut MultiplexedConnection) {
    redis::cmd("CONFIG").arg("RESETSTAT").exec_async(raw).await.unwrap();
}

fn just(name: &str, calls: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([(name.to_owned(), calls)])
}

#[tokio::test]
async fn a_check_costs_one_round_trip() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(1));
    let session = sample.session(&"alice".parse().unwrap(), START);
    let _ = store.open(&session.opening()).await.unwrap();
    reset(&mut raw).await;
    for _ in 0..10 {
        assert!(matches!(store.load(&session.key).await.unwrap(), Some(Slot::Live(_))));
    }
    assert_eq!(commands(&mut raw).await, just("get", 10));
    reset(&mut raw).await;
    assert_eq!(store.load(&sample.key(Bucket(7))).await.unwrap(), None);
    assert_eq!(commands(&mut raw).await, just("get", 1), "an unknown token costs as much");
}

#[tokio::test]
async fn a_touch_writes_once_and_touches_travel_together() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(2));
    let mut sessions = Vec::new();
    for number in 0..20 {
        let session = sample.anonymous(Bucket(number % 2), START);
        let _ = store.open(&session.opening()).await.unwrap();
        sessions.push(session);
    }
    let touches: Vec<_> = sessions.iter().map(|it| it.touch(after(60))).collect();
    // The first call teaches the server the script.
    store.touch(&touches[..1]).await.unwrap();
    reset(&mut raw).await;
    assert_eq!(store.touch(&touches[1..]).await.unwrap(), [true; 19]);
    let counted = commands(&mut raw).await;
    assert_eq!(counted["evalsha"], 2, "one call for each bucket");
    assert_eq!((counted["setrange"], counted["pexpire"], counted["getrange"]), (19, 19, 19));
    assert_eq!(counted.len(), 4, "{counted:?}");
    reset(&mut raw).await;
    store.touch(&touches).await.unwrap();
    assert!(!commands(&mut raw).await.contains_key("setrange"), "nothing new was written again");
}

/// Nothing here grows with the number of other sessions. Printed for the book.
#[tokio::test]
async fn every_step_is_one_script() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(3));
    let alice = "alice".parse().unwrap();
    let [first, second] = [sample.session(&alice, START), sample.session(&alice, START)];
    let _ = store.open(&first.opening()).await.unwrap();
    let steps: [(&str, u64); 5] = [("open", 1), ("swap", 1), ("rotate", 1), ("list", 1), ("close", 1)];
    for (step, calls) in steps {
        for round in 0..2 {
            reset(&mut raw).await;
            match (step, round) {
                ("open", 0) => drop(store.open(&second.opening()).await.unwrap()),
                ("open", _) => drop(store.open(&sample.session(&alice, START).opening()).await.unwrap()),
                ("swap", _) => drop(store.swap(&first.swap(b"data")).await.unwrap()),
                ("rotate", _) => drop(store.rotate(&second.rotation(sample.key(second.key.bucket()))).await.unwrap()),
                ("list", _) => drop(store.list(&alice).await.unwrap()),
                _ => drop(store.close(&first.key, cloakroom_core::CloseReason::Logout, &cause(START)).await.unwrap()),
            }
        }
        let counted = commands(&mut raw).await;
        assert_eq!(counted["evalsha"], calls, "{step}: {counted:?}");
        let inside: u64 = counted.values().sum::<u64>() - calls;
        println!("{step}: 1 script, {inside} commands in it: {counted:?}");
    }
}
