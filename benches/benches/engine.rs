//! Each benchmark is named after what it protects: `cargo bench -p cloakroom-benches --bench engine`.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::unwrap_used
)]

use base64::Engine as _;
use cloakroom::{
    Activity, Client, LogIn, MemoryStore, OsRandom, Policy, Record, Sessions, Slot, SystemClock, Token,
};
use criterion::{Criterion, criterion_group, criterion_main};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use std::sync::Arc;

const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

fn client() -> Client {
    Client::at([192, 0, 2, 7].into())
        .with_user_agent(AGENT)
        .with_language("en-US,en;q=0.9")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn engine() -> (Sessions, Token, Record) {
    let sessions = Sessions::new(
        Arc::new(MemoryStore::new()),
        Policy::default(),
        SystemClock,
        OsRandom,
    );
    let log_in = LogIn::of("alice".parse().unwrap()).with("password".parse().unwrap());
    let active = runtime()
        .block_on(sessions.log_in(log_in, &client(), None))
        .unwrap();
    (sessions, active.token().clone(), active.record().clone())
}

/// The reference: what any scheme that hashes its tokens pays.
fn reference(c: &mut Criterion) {
    let secret = [7_u8; 32];
    let text = "A".repeat(44);
    c.bench_function("reference: SHA-256 of 32 bytes", |b| {
        b.iter(|| Sha256::digest(black_box(secret)));
    });
    c.bench_function("reference: base64url of 44 characters", |b| {
        b.iter(|| {
            let mut bytes = [0; 33];
            base64::engine::general_purpose::URL_SAFE_NO_PAD
                .decode_slice(black_box(&text), &mut bytes)
                .unwrap();
            bytes
        });
    });
}

fn a_token_is_checked_without_io(c: &mut Criterion) {
    let (_, token, _) = engine();
    let text = token.expose();
    c.bench_function("token to key (under 150 ns)", |b| {
        b.iter(|| Token::parse(black_box(text.as_str())).unwrap().key());
    });
}

fn a_verdict_costs_next_to_nothing(c: &mut Criterion) {
    let (sessions, _, record) = engine();
    let (policy, client, now) = (sessions.policy(), client(), sessions.now());
    c.bench_function("judge (under 50 ns)", |b| {
        b.iter(|| policy.judge(black_box(&record), black_box(&client), None, now));
    });
}

fn a_record_is_read_in_no_time(c: &mut Criterion) {
    let (_, _, record) = engine();
    let (bytes, seen_at) = (record.encode(), record.seen_at);
    c.bench_function("decode a record", |b| {
        b.iter(|| Slot::decode(black_box(&bytes), seen_at).unwrap());
    });
    c.bench_function("encode a record", |b| b.iter(|| black_box(&record).encode()));
}

fn a_check_is_one_load_and_a_verdict(c: &mut Criterion) {
    let (sessions, token, _) = engine();
    let (runtime, client) = (runtime(), client());
    c.bench_function("resolve, in memory", |b| {
        b.iter(|| {
            let resolved = sessions.resolve(black_box(&token), &client, Activity::User);
            runtime.block_on(resolved).unwrap().expect("alive")
        });
    });
}

criterion_group!(
    benches,
    reference,
    a_token_is_checked_without_io,
    a_verdict_costs_next_to_nothing,
    a_record_is_read_in_no_time,
    a_check_is_one_load_and_a_verdict
);
criterion_main!(benches);
