//! How long a check takes that has to ask the file: `load` of a live key, whole, from an async task, beside a bare
//! SELECT through rusqlite in the same run.
//!
//! Besides criterion's numbers it prints the ratios, and what a check takes when the store had nothing to do for a
//! while, so that its threads sleep.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss)]

use cloakroom_core::{
    Bucket, Client, Epoch, Identity, Key, Record, Revision, SessionId, Slot, Store, Subject, Timestamp,
    TokenState,
};
use cloakroom_sqlite::SqliteStore;
use criterion::{Criterion, criterion_group, criterion_main};
use rusqlite::{Connection, params};
use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// How many checks a median is taken of.
const MEDIAN_OF: u64 = 20_000;
const DAY: Duration = Duration::from_hours(24);

/// Numbers that look random and are the same in every run (splitmix64).
fn mix(seed: u64) -> u64 {
    let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn key(number: u64, bucket: Bucket) -> Key {
    let mut bytes = [bucket.0; Key::LEN];
    for (place, chunk) in (0..).zip(bytes[1..].chunks_mut(8)) {
        chunk.copy_from_slice(&mix((number + 1) * 0x9e37_79b9_7f4a_7c15 + place).to_le_bytes());
    }
    Key::from_stored(&bytes).unwrap()
}

/// Where the store keeps a key.
fn place(key: &[u8]) -> i64 {
    u64::from_be_bytes(key[..8].try_into().unwrap())
        .wrapping_sub(1 << 63)
        .cast_signed()
}

/// A session as a log-in leaves it, with some 200 bytes of sealed data.
fn record(number: u64, subject: &Subject) -> Record {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    Record {
        id: SessionId::from_stored(&id).unwrap(),
        revision: Revision(1),
        identity: Some(Identity {
            subject: subject.clone(),
            roles: vec!["editor".parse().unwrap()],
            epoch: Epoch(0),
            authenticated_at: NOW,
            methods: vec!["password".parse().unwrap()],
            remember: false,
        }),
        created_at: NOW,
        seen_at: NOW,
        expires_at: NOW + DAY,
        token_at: NOW,
        token: TokenState::Confirmed { at: None },
        renew_now: false,
        challenged: false,
        client: Client::at([203, 0, 113, 7].into())
            .with_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
            .with_language("en-GB,en;q=0.7"),
        sealed: Some((0..200).map(|n| mix(number * 200 + n).to_le_bytes()[0]).collect()),
    }
}

/// Fills a file without its store: in the order of the keys, so that a million takes seconds. Returns the keys.
fn fill(path: &Path, sessions: u64) -> Vec<Key> {
    drop(SqliteStore::open(path).unwrap());
    let subjects = (0..sessions).map(|number| format!("user-{number:07}").parse::<Subject>().unwrap());
    let mut all: Vec<_> = subjects
        .enumerate()
        .map(|(n, it)| (key(n as u64, Bucket::of(&it)), it))
        .collect();
    all.sort_by_key(|(key, _)| *key.as_bytes());
    let mut connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    let tx = connection.transaction().unwrap();
    let mut insert = tx
        .prepare("INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        .unwrap();
    let millis = |at: Timestamp| at.as_millis().cast_signed();
    for (number, (key, subject)) in (0..).zip(&all) {
        let record = record(number, subject);
        let (id, key, deadline) = (
            &record.id.as_bytes()[..],
            &key.as_bytes()[..],
            record.deadline(DAY),
        );
        let row = params![
            place(key),
            key,
            id,
            subject.as_str(),
            millis(NOW),
            millis(deadline),
            millis(record.expires_at),
            record.encode()
        ];
        insert.execute(row).unwrap();
    }
    drop(insert);
    tx.commit().unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    all.into_iter().map(|(key, _)| key).collect()
}

/// What one measurement adds up to.
#[derive(Default)]
struct Sum(Cell<Duration>, Cell<u64>);

impl Sum {
    fn add(&self, time: Duration, count: u64) -> Duration {
        self.0.set(self.0.get() + time);
        self.1.set(self.1.get() + count);
        time
    }

    fn micros(&self) -> f64 {
        self.0.get().as_secs_f64() * 1e6 / self.1.get().max(1) as f64
    }
}

fn bare(connection: &Connection, key: &Key) -> Vec<u8> {
    let mut query = connection
        .prepare_cached("SELECT seen_at, body FROM sessions WHERE place = ?1 AND key = ?2")
        .unwrap();
    let bytes = &key.as_bytes()[..];
    query.query_row((place(bytes), bytes), |row| row.get(1)).unwrap()
}

async fn checks(store: Arc<SqliteStore>, keys: Arc<Vec<Key>>, count: u64, seed: u64) -> Duration {
    let started = Instant::now();
    for n in 0..count {
        let key = pick(&keys, n ^ seed);
        assert!(matches!(
            black_box(store.load(key).await),
            Ok(Some(Slot::Live(_)))
        ));
    }
    started.elapsed()
}

fn pick(keys: &[Key], n: u64) -> &Key {
    let length = keys.len() as u64;
    &keys[usize::try_from(mix(n.wrapping_add(0x5eed)) % length).unwrap()]
}

fn compare(criterion: &mut Criterion, runtime: &Runtime, sessions: u64, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloakroom.db");
    let started = Instant::now();
    let keys = Arc::new(fill(&path, sessions));
    println!(
        "{name} sessions: made in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    let connection = Connection::open(&path).unwrap();
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    let (reference, check) = (Sum::default(), Sum::default());
    let mut group = criterion.benchmark_group(name);
    group.bench_function("a bare SELECT", |bencher| {
        bencher.iter_custom(|count| {
            let started = Instant::now();
            (0..count).for_each(|n| drop(black_box(bare(&connection, pick(&keys, n)))));
            reference.add(started.elapsed(), count)
        });
    });
    group.bench_function("a check", |bencher| {
        bencher.iter_custom(|count| {
            let task = runtime.spawn(checks(Arc::clone(&store), Arc::clone(&keys), count, 0));
            check.add(runtime.block_on(task).unwrap(), count)
        });
    });
    group.finish();
    let (reference, check) = (reference.micros(), check.micros());
    if reference == 0.0 || check == 0.0 {
        return; // filtered out
    }
    println!("{name} sessions, one after the other: SELECT {reference:.2} µs, check {check:.2} µs");
    println!("{name} sessions, ratio: {:.2}", check / reference);
    println!(
        "{name} sessions, medians: SELECT {:.2} µs, check {:.2} µs",
        median((0..MEDIAN_OF).map(|n| {
            let started = Instant::now();
            drop(black_box(bare(&connection, pick(&keys, n))));
            started.elapsed()
        })),
        one_by_one(runtime, &store, &keys)
    );
    println!(
        "{name} sessions, 16 tasks at once: {:.0} checks a second",
        at_once(runtime, &store, &keys)
    );
    println!(
        "{name} sessions, after 1 ms of silence: {:.0} µs (median)",
        after_silence(runtime, &store, &keys)
    );
}

/// Where others use the machine, too, the means above are mostly theirs; the medians are not.
fn one_by_one(runtime: &Runtime, store: &Arc<SqliteStore>, keys: &Arc<Vec<Key>>) -> f64 {
    let (store, keys) = (Arc::clone(store), Arc::clone(keys));
    let task = runtime.spawn(async move {
        let mut times = Vec::new();
        for seed in 0..MEDIAN_OF {
            times.push(checks(Arc::clone(&store), Arc::clone(&keys), 1, seed << 40).await);
        }
        times
    });
    median(runtime.block_on(task).unwrap())
}

/// In microseconds.
fn median(times: impl IntoIterator<Item = Duration>) -> f64 {
    let mut times: Vec<_> = times.into_iter().collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

fn at_once(runtime: &Runtime, store: &Arc<SqliteStore>, keys: &Arc<Vec<Key>>) -> f64 {
    const EACH: u64 = 10_000;
    let started = Instant::now();
    let tasks: Vec<_> = (1..=16)
        .map(|seed| runtime.spawn(checks(Arc::clone(store), Arc::clone(keys), EACH, seed << 32)))
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    (16 * EACH) as f64 / started.elapsed().as_secs_f64()
}

fn after_silence(runtime: &Runtime, store: &Arc<SqliteStore>, keys: &Arc<Vec<Key>>) -> f64 {
    median((0..500).map(|seed| {
        std::thread::sleep(Duration::from_millis(1));
        let task = runtime.spawn(checks(Arc::clone(store), Arc::clone(keys), 1, seed << 40));
        runtime.block_on(task).unwrap()
    }))
}

fn a_check(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    compare(criterion, &runtime, 10_000, "10 thousand");
    compare(criterion, &runtime, 1_000_000, "1 million");
}

criterion_group!(benches, a_check);
criterion_main!(benches);
