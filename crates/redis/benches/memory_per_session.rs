//! How many bytes of the server a session takes, part by part, beside what others keep on the same server.
//!
//! `cargo bench -p cloakroom-redis --bench memory_per_session [-- 100000 1000000]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss
)]

mod layouts;
#[path = "../tests/support/server.rs"]
#[allow(dead_code)]
mod server;

use cloakroom_core::{Client, Data, LogIn, Policy, Random, Sessions, Timestamp};
use cloakroom_redis::{Options, RedisStore};
use cloakroom_testkit::{HandClock, START, SeededRandom};
use futures_util::{StreamExt, stream};
use layouts::{LAYOUTS, TEXTS, Visit, Write};
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
    let mut others = Vec::new();
    for (name, write) in LAYOUTS {
        let empty = settled(&mut raw).await;
        fill(&mut raw, count, write).await;
        others.push((name, settled(&mut raw).await - empty));
        redis::cmd("FLUSHALL").exec_async(&mut raw).await.unwrap();
    }

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
    for (name, bytes) in &others {
        println!("  {name:<27} {:>7.1}", per(*bytes));
    }
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
    println!("  whole but the journal       {:>7.1}, which is", per(sessions));
    for (name, bytes) in others {
        println!("    {:.2} times {name}", sessions as f64 / bytes as f64);
    }
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
        let visit = visit(number, count);
        clock.set(Timestamp::from_millis(visit.at));
        let user = LogIn::of(visit.user().parse().unwrap()).with("password".parse().unwrap());
        let log_in = user.data(values(&visit));
        let (sessions, client) = (sessions.clone(), client.clone());
        async move { drop(sessions.log_in(log_in, &client, None).await.unwrap()) }
    });
    opening.buffer_unordered(64).collect::<()>().await;
}

/// As if they had come over half an hour.
fn visit(number: usize, count: usize) -> Visit {
    let after = Duration::from_secs_f64(1800.0 * number as f64 / count as f64);
    Visit {
        number,
        at: (START + after).as_millis(),
    }
}

fn values(visit: &Visit) -> Data {
    let mut data = Data::default();
    for (name, text) in TEXTS {
        data.set_named(name, text).unwrap();
    }
    data.set_named("cart", &visit.cart()).unwrap();
    data.set_named("returnTo", &visit.return_to()).unwrap();
    data
}

async fn fill(raw: &mut MultiplexedConnection, count: usize, write: Write) {
    let random = SeededRandom::new(9);
    for first in (0..count).step_by(1000) {
        let mut some = redis::pipe();
        for number in first..(first + 1000).min(count) {
            let mut id = [0; 16];
            random.fill(&mut id).unwrap();
            write(&mut some, u128::from_be_bytes(id), &visit(number, count));
        }
        some.exec_async(raw).await.unwrap();
    }
}
