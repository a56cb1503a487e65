//! A whole check in the process, from the cookie's value to the verdict, when the near cache holds the session: with ten
//! thousand cached sessions and with a million, on one thread and on two, beside verifying an HS256 token.
//!
//! Run: `cargo run --release -p cloakroom-benches --bin a_hit`

use anyhow::{Context as _, Result};
use cloakroom::{
    Activity, Client, LogIn, MemoryStore, NearOptions, OsRandom, Policy, Sessions, SystemClock, Token,
};
use cloakroom_benches::jwt::Jwt;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// Checks that are timed together; one alone is shorter than what a clock can tell.
const BATCH: usize = 32;
const CHECKS: usize = 1 << 20;
const LEASE: Duration = Duration::from_secs(10);
const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

#[tokio::main]
async fn main() -> Result<()> {
    let jwt = Jwt::hs256("alice")?;
    let reference = median(1, CHECKS / 16, |_, _| assert!(jwt.verifies()));
    println!("{:<44} {:>8} {:>10}", "one whole check", "p50, ns", "to HS256");
    println!(
        "{:<44} {reference:>8.0} {:>10.2}",
        "HS256, verified by jsonwebtoken", 1.0
    );
    for count in [10_000, 1_000_000] {
        let cached = Cached::of(count).await?;
        for threads in [1, 2] {
            let name = format!("near cache of {count} sessions, threads: {threads}");
            let (p50, rate) = cached.measure(threads);
            println!(
                "{name:<44} {p50:>8.0} {:>10.2}   {:.2} million a second",
                p50 / reference,
                rate / 1e6
            );
        }
    }
    Ok(())
}

struct Cached {
    sessions: Sessions,
    client: Client,
    cookies: Vec<String>,
}

impl Cached {
    async fn of(count: usize) -> Result<Self> {
        let client = Client::at([192, 0, 2, 7].into()).with_user_agent(AGENT);
        let bare = Sessions::new(
            Arc::new(MemoryStore::new()),
            Policy::default(),
            SystemClock,
            OsRandom,
        );
        let mut cookies = Vec::with_capacity(count);
        for n in 0..count {
            let log_in = LogIn::of(format!("user-{n}").parse()?).with("password".parse()?);
            let active = bare.log_in(log_in, &client, None).await?;
            cookies.push(active.token().expose().to_string());
        }
        // Twice the room, so that none is pushed out of a shard that got more than its share.
        let (sessions, following) = bare.near(NearOptions::new(count * 2, LEASE)?).await?;
        tokio::spawn(following);
        while sessions.near_stats().and_then(|stats| stats.lease_age).is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for cookie in &cookies {
            let token = Token::parse(cookie)?;
            let active = sessions.resolve(&token, &client, Activity::User).await?;
            active.context("a session is gone")?;
        }
        let mut seed = 7_u64;
        for at in (1..cookies.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            cookies.swap(at, usize::try_from(seed >> 33)? % (at + 1));
        }
        Ok(Self {
            sessions,
            client,
            cookies,
        })
    }

    /// The median of a check on one of the threads, and how many there were a second on all.
    #[allow(clippy::cast_precision_loss, reason = "millions, not 2^52")]
    fn measure(&self, threads: usize) -> (f64, f64) {
        let began = Instant::now();
        let p50 = median(threads, CHECKS, |thread, n| {
            let at = (n + thread * self.cookies.len() / 2) % self.cookies.len();
            let token = Token::parse(&self.cookies[at]).ok();
            let found = token.and_then(|token| self.sessions.glance(&token, &self.client, Activity::User));
            assert!(found.is_some(), "the near cache holds it");
        });
        (p50, (threads * CHECKS) as f64 / began.elapsed().as_secs_f64())
    }
}

/// The median of `check`, in nanoseconds, over batches on so many threads at once.
#[allow(clippy::cast_precision_loss, reason = "nanoseconds of a batch, not 2^52")]
fn median(threads: usize, checks: usize, check: impl Fn(usize, usize) + Sync) -> f64 {
    let start = Barrier::new(threads);
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        let (check, start) = (&check, &start);
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    start.wait();
                    (0..checks / BATCH)
                        .map(|batch| {
                            let began = Instant::now();
                            (0..BATCH).for_each(|n| check(thread, batch * BATCH + n));
                            began.elapsed().as_nanos() as f64 / BATCH as f64
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .flatten()
            .collect()
    });
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
