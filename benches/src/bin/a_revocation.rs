//! How long a revocation takes to reach the near caches of other nodes: one at a time, and ten thousand in a burst into ten
//! followers, on a Redis of its own over loopback.
//!
//! Run: `cargo run --release -p cloakroom-benches --bin a_revocation`

use anyhow::{Context as _, Result};
use cloakroom::{Activity, Client, LogIn, NearOptions, OsRandom, Policy, Sessions, SystemClock, Token};
use cloakroom_benches::redis_server::RedisServer;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const SINGLE: usize = 2000;
const BURST: usize = 10_000;
const FOLLOWERS: usize = 10;
/// Between two looks whether a session is still accepted.
const PAUSE: Duration = Duration::from_micros(20);
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) bench";

#[tokio::main]
async fn main() -> Result<()> {
    let redis = RedisServer::start()?;
    let revoker = node(&redis.url()).await?;
    // Alone: news that many wait for takes turns on the processors of one machine.
    let follower = node(&redis.url()).await?;
    let one = one_at_a_time(&revoker, &follower).await?;
    report("one at a time, one follower", one);
    let mut followers = vec![follower];
    while followers.len() < FOLLOWERS {
        followers.push(node(&redis.url()).await?);
    }
    let burst = burst(&revoker, &followers).await?;
    let took = burst.took;
    report("a burst, each of ten followers", burst.delays);
    #[allow(clippy::cast_precision_loss, reason = "thousands, not 2^52")]
    let rate = BURST as f64 / took.as_secs_f64();
    println!("the burst: {BURST} revocations in {took:.2?}, {rate:.0} a second");
    Ok(())
}

async fn node(url: &str) -> Result<Sessions> {
    let store = cloakroom::open_store(url).await?;
    let sessions = Sessions::new(store, Policy::default(), SystemClock, OsRandom);
    let (sessions, following) = sessions.near(NearOptions::default()).await?;
    tokio::spawn(following);
    while sessions.near_stats().and_then(|stats| stats.lease_age).is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(sessions)
}

fn client() -> Client {
    Client::default().with_user_agent(AGENT)
}

fn holds(sessions: &Sessions, token: &Token, client: &Client) -> bool {
    sessions.glance(token, client, Activity::User).is_some()
}

async fn hold(sessions: &Sessions, token: &Token) -> Result<()> {
    let client = client();
    // News of the log-in itself may be on its way and refuse what was just read.
    while !holds(sessions, token, &client) {
        let found = sessions.resolve_strictly(token, &client, Activity::User).await?;
        found.context("a session is gone")?;
    }
    Ok(())
}

/// From the call that ends a session to the first look-up on another node that no longer finds it.
async fn one_at_a_time(revoker: &Sessions, follower: &Sessions) -> Result<Vec<Duration>> {
    let client = client();
    let mut delays = Vec::with_capacity(SINGLE);
    for n in 0..SINGLE {
        let log_in = LogIn::of(format!("user-{n}").parse()?);
        let active = revoker.log_in(log_in, &client, None).await?;
        hold(follower, active.token()).await?;
        let (follower, token, looker) = (follower.clone(), active.token().clone(), client.clone());
        let gone = tokio::task::spawn_blocking(move || {
            // Who looks without a pause takes the processor from the one that brings the news.
            while holds(&follower, &token, &looker) {
                std::thread::sleep(PAUSE);
            }
            Instant::now()
        });
        let began = Instant::now();
        revoker.log_out(&active, &client).await?;
        delays.push(gone.await?.saturating_duration_since(began));
    }
    Ok(delays)
}

struct Burst {
    delays: Vec<Duration>,
    took: Duration,
}

/// Many at once: how far behind each follower is while they come.
async fn burst(revoker: &Sessions, followers: &[Sessions]) -> Result<Burst> {
    let client = client();
    let mut open = Vec::with_capacity(BURST);
    for n in 0..BURST {
        let log_in = LogIn::of(format!("guest-{n}").parse()?);
        open.push(revoker.log_in(log_in, &client, None).await?);
    }
    // One in a hundred is held by every follower, and looked for.
    for active in open.iter().step_by(100) {
        for follower in followers {
            hold(follower, active.token()).await?;
        }
    }
    let began = Instant::now();
    let (mut ending, mut watching) = (JoinSet::new(), JoinSet::new());
    for (n, active) in open.into_iter().enumerate() {
        if n.is_multiple_of(64) {
            while ending.len() > 64 {
                ending.join_next().await.context("nothing is ending")???;
            }
        }
        let (sessions, client) = (revoker.clone(), client.clone());
        let watchers = if n.is_multiple_of(100) {
            followers.to_vec()
        } else {
            Vec::new()
        };
        let token = active.token().clone();
        ending.spawn(async move {
            sessions.log_out(&active, &client).await?;
            anyhow::Ok(())
        });
        if !watchers.is_empty() {
            // Ended when the record is gone from the store.
            while ending.join_next().await.transpose()?.transpose()?.is_some() {}
            let ended = Instant::now();
            for follower in watchers {
                let token = token.clone();
                watching.spawn(async move {
                    let client = self::client();
                    while holds(&follower, &token, &client) {
                        tokio::time::sleep(Duration::from_micros(200)).await;
                    }
                    ended.elapsed()
                });
            }
        }
    }
    while let Some(done) = ending.join_next().await {
        done??;
    }
    let took = began.elapsed();
    Ok(Burst {
        delays: watching.join_all().await,
        took,
    })
}

fn report(name: &str, mut delays: Vec<Duration>) {
    delays.sort();
    let at = |percent: usize| delays[(delays.len() - 1) * percent / 100];
    println!(
        "{name:<34} p50 {:>9.2?}  p99 {:>9.2?}  max {:>9.2?}",
        at(50),
        at(99),
        at(100)
    );
}
