//! What each operation costs the server, counted by the server itself.

// A failed expectation is a test's way of speaking; helpers outside `#[test]` speak it, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use cloakroom_core::{Bucket, CloseReason, Slot, Store, Write};
use cloakroom_testkit::{START, Sample, after, cause};
use redis::aio::MultiplexedConnection;
use std::collections::BTreeMap;
use support::{Server, raw, store};

/// Commands since the last reset, those inside scripts included.
async fn commands(raw: &mut MultiplexedConnection) -> BTreeMap<String, u64> {
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(raw)
        .await
        .unwrap();
    let lines = info
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(':'));
    let counts = lines.map(|(name, rest)| {
        let calls = rest
            .strip_prefix("calls=")
            .and_then(|rest| rest.split(',').next());
        (name.to_owned(), calls.unwrap().parse().unwrap())
    });
    counts
        .filter(|(name, _)| name != "info" && name != "config|resetstat")
        .collect()
}

async fn reset(raw: &mut MultiplexedConnection) {
    redis::cmd("CONFIG")
        .arg("RESETSTAT")
        .exec_async(raw)
        .await
        .unwrap();
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
        assert!(matches!(
            store.load(&session.key).await.unwrap(),
            Some(Slot::Live(_))
        ));
    }
    assert_eq!(commands(&mut raw).await, just("get", 10));
    reset(&mut raw).await;
    assert_eq!(store.load(&sample.key(Bucket(7))).await.unwrap(), None);
    assert_eq!(
        commands(&mut raw).await,
        just("get", 1),
        "an unknown token costs as much"
    );
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
    assert_eq!(
        (counted["setrange"], counted["pexpire"], counted["getrange"]),
        (19, 19, 19)
    );
    assert_eq!(
        counted["exists"], 2,
        "whether the slot moves is asked once in each call"
    );
    assert_eq!(counted.len(), 5, "{counted:?}");
    reset(&mut raw).await;
    store.touch(&touches).await.unwrap();
    assert!(
        !commands(&mut raw).await.contains_key("setrange"),
        "nothing new was written again"
    );
}

/// What each step does inside its one script, as printed for the book.
#[tokio::test]
async fn every_step_is_one_script() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(3));
    let alice = "alice".parse().unwrap();
    // The first round teaches the server the scripts.
    for round in 0..2 {
        let session = sample.session(&alice, START);
        let other = sample.session(&alice, START);
        let mut spent = Vec::new();
        for step in [
            "open",
            "open the second",
            "list",
            "swap",
            "rotate",
            "close",
            "close all",
        ] {
            reset(&mut raw).await;
            match step {
                "open" => drop(store.open(&session.opening()).await.unwrap()),
                "open the second" => drop(store.open(&other.opening()).await.unwrap()),
                "list" => assert_eq!(store.list(&alice).await.unwrap().len(), 2),
                "swap" => assert_eq!(store.swap(&session.swap(b"x")).await.unwrap(), Write::Done),
                "rotate" => {
                    let rotation = other.rotation(sample.key(other.key.bucket()));
                    assert_eq!(store.rotate(&rotation).await.unwrap(), Write::Done);
                }
                "close" => {
                    let ended = store
                        .close(&session.key, CloseReason::Logout, &cause(START))
                        .await;
                    assert!(ended.unwrap().is_some());
                }
                _ => {
                    let all = store
                        .close_subject(&alice, None, CloseReason::Revoked, &cause(START))
                        .await;
                    assert_eq!(all.unwrap().ended.len(), 1);
                }
            }
            spent.push((step, commands(&mut raw).await));
        }
        for (step, mut counted) in spent.into_iter().filter(|_| round == 1) {
            assert_eq!(counted.remove("evalsha"), Some(1), "{step}: {counted:?}");
            let inside: u64 = counted.values().sum();
            assert!(inside <= 25, "{step}: {counted:?}");
            println!("{step}: one script of {inside} commands: {counted:?}");
        }
        redis::cmd("DEL")
            .arg(format!("cr:{{{:02x}}}:e:alice", session.key.bucket().0))
            .exec_async(&mut raw)
            .await
            .unwrap();
    }
}

/// Issues commands that the server counts, and answers how many.
async fn inside<F: Future>(raw: &mut MultiplexedConnection, step: F) -> u64 {
    reset(raw).await;
    step.await;
    commands(raw).await.values().sum()
}

#[tokio::test]
async fn listing_and_ending_all_grow_with_the_users_own_sessions_alone() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(4));
    let mut measured = Vec::new();
    // The first round teaches the server the scripts.
    for (round, (own, others)) in [(10, 0), (10, 0), (10, 500), (40, 500)].into_iter().enumerate() {
        for other in 0..others {
            let other = format!("other {round} {other}").parse().unwrap();
            let _ = store
                .open(&sample.session(&other, START).opening())
                .await
                .unwrap();
        }
        let user = format!("user {round}").parse().unwrap();
        let mut spared = None;
        for _ in 0..own {
            let session = sample.session(&user, START);
            let _ = store.open(&session.opening()).await.unwrap();
            spared = Some(session.id());
        }
        let listed = inside(&mut raw, async {
            assert_eq!(store.list(&user).await.unwrap().len(), own);
        });
        let listed = listed.await;
        let cause = cause(after(1));
        let ended = inside(&mut raw, async {
            let all = store
                .close_subject(&user, spared, CloseReason::Revoked, &cause)
                .await;
            assert_eq!(all.unwrap().ended.len(), own - 1);
        });
        measured.push((own, listed, ended.await));
        let left = store.list(&user).await.unwrap();
        assert_eq!(
            left.iter().map(|found| Some(found.record.id)).collect::<Vec<_>>(),
            [spared]
        );
    }
    println!("sessions, commands to list them, to end them: {measured:?}");
    let [_, few, among_others, many] = measured[..] else {
        panic!("four rounds")
    };
    assert_eq!(
        (few.1, few.2),
        (among_others.1, among_others.2),
        "others cost nothing"
    );
    assert!(many.1 <= 4 * few.1 && many.2 <= 4 * few.2, "{measured:?}");
}
