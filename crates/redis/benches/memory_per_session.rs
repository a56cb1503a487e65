//! How many bytes of the server a session takes, part by part, beside express-session's layout on the same server.
//!
//! `cargo bench -p cloakroom-redis --bench memory_per_session [-- 100000 1000000]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss
)]

#[path = "../tests/support/server.rs"]
#[allow(dead_code)]
mod server;

use cloakroom_core::{Client, Data, LogIn, Policy, Random, Sessions};
use cloakroom_redis::{Options, RedisStore};
use cloakroom_testkit::{HandClock, START, SeededRandom};
use futures_util::{StreamExt, stream};
use redis::aio::MultiplexedConnection;
use server::Server;
use std::sync::Arc;
use std::time::Duration;

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/142.0.0.0 Safari/537.36";
const LANGUAGES: &str = "en-GB,en;q=0.9,de;q=0.8";

/// The parts, by what their keys look like.
const PARTS: [(&str, &str); 6] = [
    ("records", "cr:{??}:s:*"),
    ("index of ids and users", "cr:{??}:i:*"),
    ("deadlines: lists", "cr:{??}:x:*"),
    ("deadlines: times", "cr:{??}:w"),
    ("numbers of sessions", "cr:{??}:m"),
    ("journal", "cr:{journal}"),
];

fn main() {
    let measuring = std::env::args().any(|argument| argument == "--bench");
    let mut counts: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    if counts.is_empty() {
        // Without `cargo bench` (under `cargo test --all-targets`) only that it runs.
        counts = if measuring {
            vec![100_000, 1_000_000]
        } else {
            vec![1000]
        };
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for count in counts {
        runtime.block_on(compare(count));
    }
}

async fn compare(count: usize) {
    let server = Server::with_arguments(&["--appendonly", "no"]);
    let client = redis::Client::open(server.url()).unwrap();
    let patient = redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(30)));
    let mut raw = client
        .get_multiplexed_async_connection_with_config(&patient)
        .await
        .unwrap();
    let empty = settled(&mut raw).await;
    fill_express(&mut raw, count).await;
    let express = settled(&mut raw).await - empty;
    redis::cmd("FLUSHALL").exec_async(&mut raw).await.unwrap();

    let options = Options {
        command_limit: Duration::from_secs(30),
        ..Options::default()
    };
    let store = Arc::new(RedisStore::connect_with(&server.url(), options).await.unwrap());
    fill_ours(&store, 1).await;
    redis::cmd("FLUSHALL").exec_async(&mut raw).await.unwrap();
    let empty = settled(&mut raw).await;
    fill_ours(&store, count).await;
    let whole = settled(&mut raw).await - empty;

    let per = |bytes: u64| bytes as f64 / count as f64;
    println!("\n{count} sessions, one for each user, five values, bytes for each session");
    println!("  express-session, JSON       {:>7.1}", per(express));
    let (mut parts, mut journal) = (0, 0);
    for (part, pattern) in PARTS {
        let (keys, bytes) = weigh(&mut raw, pattern).await;
        println!("  {part:<27} {:>7.1}   ({keys} keys)", per(bytes));
        parts += bytes;
        if part == "journal" {
            journal = bytes;
        }
    }
    let tables = whole.saturating_sub(parts);
    println!(
        "  the server's tables of keys {:>7.1}   (and of their times to live)",
        per(tables)
    );
    println!("  whole                       {:>7.1}", per(whole));
    let sessions = whole - journal;
    println!(
        "  whole but the journal       {:>7.1}, {:.2} times express-session",
        per(sessions),
        sessions as f64 / express as f64
    );
    println!(
        "  the journal                 {:.1} MB, whatever the number of sessions",
        journal as f64 / 1e6
    );
}

/// What the server uses, once it has tidied up after the last command.
async fn settled(raw: &mut MultiplexedConnection) -> u64 {
    let mut before = 0;
    loop {
        let info: String = redis::cmd("INFO").arg("memory").query_async(raw).await.unwrap();
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("used_memory:"))
            .unwrap();
        let now: u64 = line.trim().parse().unwrap();
        if now.abs_diff(before) < 4096 {
            return now;
        }
        before = now;
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
}

/// How many keys a part has, and what the server says they take.
async fn weigh(raw: &mut MultiplexedConnection, pattern: &str) -> (usize, u64) {
    let (mut keys, mut bytes, mut cursor) = (0, 0, 0);
    loop {
        let scan = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(5000)
            .take();
        let (next, some): (u64, Vec<Vec<u8>>) = scan.query_async(raw).await.unwrap();
        let mut asking = redis::pipe();
        for key in &some {
            asking.cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(0);
        }
        if !some.is_empty() {
            let sizes: Vec<u64> = asking.query_async(raw).await.unwrap();
            keys += some.len();
            bytes += sizes.iter().sum::<u64>();
        }
        cursor = next;
        if cursor == 0 {
            return (keys, bytes);
        }
    }
}

async fn fill_ours(store: &Arc<RedisStore>, count: usize) {
    let clock = HandClock::new();
    let random = SeededRandom::new(count as u64);
    let sessions = Sessions::new(store.clone(), Policy::default(), clock.clone(), random);
    let client = Client::at([203, 0, 113, 7].into())
        .with_user_agent(BROWSER)
        .with_language(LANGUAGES);
    let opening = stream::iter(0..count).map(|number| {
        // As if they had come over half an hour.
        clock.set(START + Duration::from_secs_f64(1800.0 * number as f64 / count as f64));
        let user = LogIn::of(user(number).parse().unwrap()).with("password".parse().unwrap());
        let log_in = user.data(values(number));
        let (sessions, client) = (sessions.clone(), client.clone());
        async move { drop(sessions.log_in(log_in, &client, None).await.unwrap()) }
    });
    opening.buffer_unordered(64).collect::<()>().await;
}

fn user(number: usize) -> String {
    format!("user-{number:08}")
}

fn values(number: usize) -> Data {
    let mut data = Data::default();
    data.set_named("name", "Ada Lovelace").unwrap();
    data.set_named("locale", "en-GB").unwrap();
    data.set_named("theme", "dark").unwrap();
    data.set_named("cart", &[number, number + 1, number + 2]).unwrap();
    data.set_named("returnTo", &format!("/orders/{number}")).unwrap();
    data
}

async fn fill_express(raw: &mut MultiplexedConnection, count: usize) {
    let random = SeededRandom::new(9);
    for first in (0..count).step_by(1000) {
        let mut some = redis::pipe();
        for number in first..(first + 1000).min(count) {
            let mut id = [0; 16];
            random.fill(&mut id).unwrap();
            let id = format!("{:032x}", u128::from_be_bytes(id));
            some.cmd("SET")
                .arg(format!("sess:{id}"))
                .arg(express(number))
                .arg("EX")
                .arg(1800)
                .ignore();
        }
        some.exec_async(raw).await.unwrap();
    }
}

/// What express-session's `MemoryStore` and connect-redis write for the same session.
fn express(number: usize) -> String {
    serde_json::json!({
        "cookie": {
            "originalMaxAge": 1_800_000, "expires": "2026-11-21T03:30:00.000Z",
            "secure": true, "httpOnly": true, "path": "/", "sameSite": "lax",
        },
        "user": user(number),
        "name": "Ada Lovelace",
        "locale": "en-GB",
        "theme": "dark",
        "cart": [number, number + 1, number + 2],
        "returnTo": format!("/orders/{number}"),
    })
    .to_string()
}
