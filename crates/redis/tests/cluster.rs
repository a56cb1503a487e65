//! A cluster whose slots move and whose primaries die.

// A failed expectation is a test's way of speaking; helpers outside `#[test]` speak it, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use cloakroom_core::{Bucket, CloseReason, Durability, Kind, Position, Store, StoreError, Subject};
use cloakroom_redis::{Options, RedisStore};
use cloakroom_testkit::{Draft, START, Sample, after, cause};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{Cluster, Node, comes_to_be_durable, deafen, durability, let_hear, now};

/// A subject whose sessions live in a bucket.
fn subject_in(bucket: Bucket) -> Subject {
    let names = (0..).map(|number| format!("user {number}").parse().unwrap());
    names.into_iter().find(|name| Bucket::of(name) == bucket).unwrap()
}

fn slot_of(cluster: &Cluster, bucket: Bucket) -> u16 {
    let name = format!("cr:{{{:02x}}}:m", bucket.0);
    cluster
        .ask(0, &["CLUSTER", "KEYSLOT", &name])
        .trim()
        .parse()
        .unwrap()
}

/// Moves a slot a few keys at a time, as an operator's tools do.
fn move_slot(cluster: &Cluster, slot: u16, from: usize, to: usize) {
    let (slot, port) = (slot.to_string(), cluster.servers[to].port().to_string());
    let (source, target) = (cluster.id(from), cluster.id(to));
    cluster.ask(to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source]);
    cluster.ask(from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target]);
    while migrate_some(cluster.servers[from].port(), &slot, &port) > 0 {
        std::thread::sleep(Duration::from_millis(4));
    }
    for server in [to, from] {
        cluster.ask(server, &["CLUSTER", "SETSLOT", &slot, "NODE", &target]);
    }
}

/// Moves up to three keys; their names are bytes. The index goes first, so that half of every session is on each side.
fn migrate_some(from: u16, slot: &str, to: &str) -> usize {
    let client = redis::Client::open(format!("redis://127.0.0.1:{from}/")).unwrap();
    let mut connection = client.get_connection().unwrap();
    let mut keys: Vec<Vec<u8>> = redis::cmd("CLUSTER")
        .arg("GETKEYSINSLOT")
        .arg(slot)
        .arg(1000)
        .query(&mut connection)
        .unwrap();
    keys.sort_by_key(|name| !name.starts_with(b"cr:{3a}:i:"));
    keys.truncate(3);
    if !keys.is_empty() {
        let mut migrate = redis::cmd("MIGRATE");
        migrate
            .arg("127.0.0.1")
            .arg(to)
            .arg("")
            .arg(0)
            .arg(5000)
            .arg("KEYS")
            .arg(&keys);
        migrate.exec(&mut connection).unwrap();
    }
    keys.len()
}

/// What became of the sessions that one worker had.
#[derive(Default)]
struct Kept {
    open: Vec<Draft>,
    ended: Vec<Draft>,
    /// Whose ending was not acknowledged.
    unsure: Vec<Draft>,
    refused: usize,
}

/// Opens, checks and ends sessions until told to stop. A store that can not do it now says so; it never says anything else.
async fn work(store: RedisStore, subject: Subject, seed: u64, stop: Arc<AtomicBool>) -> Kept {
    let sample = Sample::new(seed);
    let mut kept = Kept::default();
    while !stop.load(Ordering::Relaxed) {
        let draft = sample.session(&subject, START);
        match store.open(&draft.opening()).await {
            Ok(_) => kept.open.push(draft),
            Err(StoreError::Unavailable(_)) => kept.refused += 1,
            Err(error) => panic!("{error:?}"),
        }
        if let Some(draft) = kept.open.first() {
            match store.load(&draft.key).await {
                Ok(slot) => assert!(slot.is_some(), "a live session is not there"),
                Err(StoreError::Unavailable(_)) => kept.refused += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        if kept.open.len() > 20 {
            let draft = kept.open.swap_remove(0);
            match store
                .close(&draft.key, CloseReason::Logout, &cause(after(1)))
                .await
            {
                Ok(ended) => {
                    assert!(ended.is_some(), "a live session is not there");
                    kept.ended.push(draft);
                }
                Err(StoreError::Unavailable(_)) => kept.unsure.push(draft),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariants_2_and_8_nothing_is_lost_or_half_done_while_slots_move_under_load() {
    let cluster = Arc::new(Cluster::start(0));
    let options = Options {
        command_limit: Duration::from_secs(1),
        ..Options::default()
    };
    let store = RedisStore::connect_with(&cluster.url(), options).await.unwrap();
    let bucket = Bucket(0x3a);
    let subject = subject_in(bucket);
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..4)
        .map(|seed| tokio::spawn(work(store.clone(), subject.clone(), seed, Arc::clone(&stop))))
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let slot = slot_of(&cluster, bucket);
    for _ in 0..3 {
        let cluster = Arc::clone(&cluster);
        let moving = tokio::task::spawn_blocking(move || {
            let from = cluster.owner(slot);
            let to = (from + 1) % 3;
            move_slot(&cluster, slot, from, to);
            cluster.until("everybody knows", |cluster| cluster.owner(slot) == to);
        });
        moving.await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let (mut open, mut ended, mut unsure, mut refused) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for worker in workers {
        let kept = worker.await.unwrap();
        open.extend(kept.open);
        ended.extend(kept.ended);
        unsure.extend(kept.unsure);
        refused += kept.refused;
    }
    println!(
        "{} open, {} ended, {} unsure, {refused} calls refused while slots moved",
        open.len(),
        ended.len(),
        unsure.len()
    );
    assert!(ended.len() > 100, "too little was going on");
    let told = journal(&store).await;
    let closed = |draft: &Draft| told.iter().filter(|key| **key == draft.key).count();
    for draft in &open {
        assert!(store.load(&draft.key).await.unwrap().is_some());
        assert_eq!(closed(draft), 0);
    }
    for draft in &ended {
        assert!(
            store.load(&draft.key).await.unwrap().is_none(),
            "an ended session came back"
        );
        assert_eq!(closed(draft), 1, "an ending is in the journal once");
    }
    for draft in &unsure {
        let there = store.load(&draft.key).await.unwrap().is_some();
        assert_eq!(
            closed(draft),
            usize::from(!there),
            "an ending is there as a whole or not at all"
        );
    }
    let listed = store.list(&subject).await.unwrap().len();
    assert_eq!(store.count().await.unwrap(), listed as u64, "the count is right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_2_an_ending_is_durable_only_if_every_replica_of_its_primary_has_it() {
    let cluster = Cluster::start(2);
    cluster.until("everybody knows who follows whom", |cluster| {
        let ports = |at| {
            cluster
                .ask(at, &["CLUSTER", "SLOTS"])
                .matches("127.0.0.1")
                .count()
        };
        (0..cluster.servers.len()).all(|at| ports(at) == cluster.servers.len())
    });
    let url = format!("{}?replicas=1", cluster.url());
    let store = RedisStore::connect(&url).await.unwrap();
    let bucket = Bucket(0x3a);
    comes_to_be_durable(&store, bucket, "both have it").await;
    let findings = store.examine(now()).await.unwrap();
    let mut found = findings.iter().map(|finding| &finding.what);
    assert!(
        !found.any(|what| what.contains("wait for 1 of 2 replicas")),
        "{findings:?}"
    );
    let owner = cluster.owner(slot_of(&cluster, bucket));
    let follows = |at: &usize| {
        cluster
            .ask(*at, &["CLUSTER", "NODES"])
            .contains(&format!("myself,slave {}", cluster.id(owner)))
    };
    let deaf = (0..cluster.servers.len()).find(follows).unwrap();
    let deaf = cluster.servers[deaf].port();
    deafen(deaf);
    for _ in 0..5 {
        assert_eq!(
            durability(&store, bucket).await,
            Durability::PrimaryOnly,
            "one may take over that has not"
        );
    }
    let_hear(deaf);
    comes_to_be_durable(&store, bucket, "it hears the primary again").await;
}

/// The keys that the journal says were closed.
async fn journal(store: &RedisStore) -> Vec<cloakroom_core::Key> {
    let (mut keys, mut after) = (Vec::new(), Position::start());
    loop {
        let page = store.journal(&after, 1000, Duration::ZERO).await.unwrap();
        assert!(!page.gap);
        if page.entries.is_empty() {
            return keys;
        }
        let closed = page
            .entries
            .iter()
            .filter(|entry| entry.event.kind == Kind::Closed);
        keys.extend(closed.filter_map(|entry| entry.event.key));
        after = page.next;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariants_1_and_2_a_durable_ending_holds_when_a_primary_of_a_cluster_dies_the_moment_after() {
    let mut cluster = Cluster::start(1);
    let url = format!("{}?replicas=1", cluster.url());
    let (one, other) = (Node::on(&url).await, Node::on(&url).await);
    let goes = one.log_in("bob").await;
    let mut stay = Vec::new();
    for number in 0..12 {
        stay.push(one.log_in(&format!("user {number}")).await);
    }
    other.holds(goes.token()).await;
    let bob: Subject = "bob".parse().unwrap();
    let owner = cluster.owner(slot_of(&cluster, Bucket::of(&bob)));
    one.ends_for_good("bob").await;
    cluster.servers[owner].kill();
    let killed = Instant::now();
    for node in [&one, &other] {
        node.comes_to("what was ended is refused", goes.token(), false)
            .await;
        for active in &stay {
            node.comes_to("what was not is accepted", active.token(), true)
                .await;
        }
    }
    println!(
        "all is served again {:?} after the primary died",
        killed.elapsed()
    );
    one.holds(stay[0].token()).await;
    cluster.servers[owner].restart();
    for _ in 0..100 {
        assert_ne!(one.accepts(goes.token()).await, Some(true));
        assert_ne!(other.accepts(goes.token()).await, Some(true));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        one.sessions.near_stats().unwrap().gaps > 1,
        "another primary was noticed"
    );
}
