//! What is left on the server: for how long, and what a thief of all of it gets.

// A failed expectation is a test's way of speaking; helpers outside `#[test]` speak it, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use cloakroom_core::{Bucket, Changes, Client, CloseReason, Field, LogIn, Policy, Sessions, Store, Token};
use cloakroom_testkit::{HandClock, START, Sample, SeededRandom, after, cause};
use redis::aio::MultiplexedConnection;
use std::sync::Arc;
use support::{Server, raw, store};

async fn keys(raw: &mut MultiplexedConnection) -> Vec<Vec<u8>> {
    redis::cmd("KEYS").arg("*").query_async(raw).await.unwrap()
}

#[tokio::test]
async fn everything_but_the_journal_goes_by_itself_in_the_end() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(1));
    for number in 0..60 {
        let user = format!("user {}", number % 7).parse().unwrap();
        let session = sample.session(&user, after(number)).idle(1 + number * 40);
        let _ = store.open(&session.opening()).await.unwrap();
        match number % 5 {
            0 => drop(store.touch(&[session.touch(after(number + 90))]).await.unwrap()),
            1 => drop(store.swap(&session.swap(b"x")).await.unwrap()),
            2 => drop(
                store
                    .rotate(&session.rotation(sample.key(session.key.bucket())))
                    .await
                    .unwrap(),
            ),
            3 => drop(
                store
                    .close_subject(&user, None, CloseReason::Revoked, &cause(after(number)))
                    .await
                    .unwrap(),
            ),
            _ => drop(
                store
                    .open(&sample.anonymous(Bucket(3), after(number)).opening())
                    .await
                    .unwrap(),
            ),
        }
        store.sweep(after(number), 10).await.unwrap();
    }
    let mut mortal = 0;
    for key in keys(&mut raw).await {
        let life: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut raw).await.unwrap();
        let name = String::from_utf8_lossy(&key).into_owned();
        // The journal is bounded by its length.
        assert!(life > 0 || name == "cr:{journal}", "{name} lives for ever");
        mortal += usize::from(life > 0);
    }
    assert!(mortal > 50, "{mortal} keys");
}

#[tokio::test]
async fn ending_everything_leaves_the_journal_and_little_else() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(1));
    for number in 0..200 {
        let user = format!("user {}", number % 11).parse().unwrap();
        let _ = store.open(&sample.session(&user, START).opening()).await.unwrap();
    }
    while store.sweep(after(1_000_000), 50).await.unwrap().more {}
    assert_eq!(store.count().await.unwrap(), 0);
    let left: Vec<_> = keys(&mut raw)
        .await
        .into_iter()
        .map(|key| String::from_utf8(key).unwrap())
        .collect();
    assert!(
        left.iter()
            .all(|name| name == "cr:{journal}" || name.ends_with("}:m")),
        "{left:?}"
    );
}

/// Everything that a thief of the whole server would have, keys and values.
async fn dump(raw: &mut MultiplexedConnection) -> Vec<u8> {
    let mut all = Vec::new();
    for key in keys(raw).await {
        let kind: String = redis::cmd("TYPE").arg(&key).query_async(raw).await.unwrap();
        let read = match kind.as_str() {
            "string" => redis::cmd("GET").arg(&key).take(),
            "hash" => redis::cmd("HGETALL").arg(&key).take(),
            "list" => redis::cmd("LRANGE").arg(&key).arg(0).arg(-1).take(),
            "zset" => redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).take(),
            _ => redis::cmd("XRANGE").arg(&key).arg("-").arg("+").take(),
        };
        all.extend(key);
        flatten(read.query_async(raw).await.unwrap(), &mut all);
    }
    all
}

fn flatten(value: redis::Value, all: &mut Vec<u8>) {
    match value {
        redis::Value::BulkString(bytes) => all.extend(bytes),
        redis::Value::Array(values) => values.into_iter().for_each(|value| flatten(value, all)),
        _ => {}
    }
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// Invariant 4: no token, in any spelling, is in a store.
#[tokio::test]
async fn a_stolen_dump_holds_no_token_and_no_data() {
    const NOTE: Field<String> = Field::new("note");
    let server = Server::start();
    let (store, mut raw) = (Arc::new(store(&server).await), raw(&server).await);
    let sessions = Sessions::new(store, Policy::default(), HandClock::new(), SeededRandom::new(7));
    let client = Client::at([192, 0, 2, 1].into()).with_user_agent("Mozilla/5.0");
    let mut tokens: Vec<Token> = Vec::new();
    for name in ["alice", "bob"] {
        let user = LogIn::of(name.parse().unwrap());
        let active = sessions.log_in(user, &client, None).await.unwrap();
        let mut changes = Changes::none();
        changes
            .set(NOTE, &"the cat is called Schnurri".to_owned())
            .unwrap();
        let active = sessions.commit(&active, &changes, &client).await.unwrap();
        tokens.push(active.token().clone());
        tokens.push(sessions.rotate(&active, &client).await.unwrap().token().clone());
    }
    let all = dump(&mut raw).await;
    assert!(contains(&all, b"alice"), "the dump is a dump");
    assert!(!contains(&all, b"Schnurri"));
    for token in tokens {
        let text = token.expose();
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).unwrap();
        let secret = &bytes[1..];
        let hex: Vec<_> = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let hex = hex.concat();
        let spellings = [
            text.as_bytes().to_vec(),
            secret.to_vec(),
            hex.to_uppercase().into_bytes(),
            hex.into_bytes(),
            STANDARD.encode(secret).into_bytes(),
            STANDARD_NO_PAD.encode(&bytes).into_bytes(),
            URL_SAFE_NO_PAD.encode(secret).into_bytes(),
        ];
        for spelling in spellings {
            assert!(!contains(&all, &spelling), "a token is in the store");
            assert!(!contains(&all, &spelling[..16]), "half a token is in the store");
        }
    }
}
