//! A whole check in the process, from the cookie's value to the verdict, when the near cache holds the session: with ten
//! thousand cached sessions and with a million, on one thread and on two, beside verifying an HS256 token and beside a bare
//! look-up in a cache of as many small things, which is what the memory of this machine allows.
//!
//! Run: `cargo run --release -p cloakroom-benches --bin a_hit [COUNT…]`

use anyhow::{Context as _, Result, ensure};
use cloakroom::{
    Activity, Client, LogIn, MemoryStore, NearOptions, OsRandom, Policy, Sessions, SystemClock, Token,
};
use cloakroom_benches::figures::Figures;
use cloakroom_benches::jwt::Jwt;
use cloakroom_benches::shuffle::shuffle;
use cloakroom_benches::visitor;
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// Checks that are timed together; one alone is shorter than what a clock can tell.
const BATCH: usize = 32;
/// Batches of which the median is taken: some milliseconds, after which a machine may have other things to do.
const WINDOW: usize = 512;
const CHECKS: usize = 1 << 20;
/// For so long it runs unmeasured. A machine under this one may put two processors that were idle on one core at first, and
/// needs a while to part them.
const SETTLING: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<()> {
    let jwt = Jwt::hs256("alice")?;
    let reference = time(1, &[jwt.token()], |token| assert!(jwt.accepts(token)));
    println!(
        "{:<44} {:>16} {:>8} {:>9} {:>16}",
        "one whole check", "undisturbed, ns", "p50", "to HS256", "million a second"
    );
    let line = |name: &str, times: &Times| {
        println!(
            "{name:<44} {:>16.0} {:>8.0} {:>9.2} {:>16.2}",
            times.undisturbed,
            times.p50,
            times.undisturbed / reference.undisturbed,
            times.rate / 1e6
        );
    };
    line("HS256, an access token (RFC 9068)", &reference);
    let small = Jwt::hs256_few_claims("alice")?;
    let few = time(1, &[small.token()], |token| assert!(small.accepts(token)));
    line("HS256, subject and end alone", &few);
    let asked: Vec<usize> = std::env::args()
        .skip(1)
        .map(|n| n.parse())
        .collect::<Result<_, _>>()?;
    let counts = if asked.is_empty() {
        vec![10_000, 1_000_000]
    } else {
        asked
    };
    for count in counts {
        line(&format!("a bare look-up among {count}"), &look_up(count));
        let cached = Cached::of(count).await?;
        for threads in [1, 2] {
            let name = format!("near cache of {count} sessions, threads: {threads}");
            line(&name, &cached.measure(threads));
        }
    }
    Ok(())
}

/// One look-up by a random key of 32 bytes in `quick_cache`, which counts among the fastest.
fn look_up(count: usize) -> Times {
    let cache = quick_cache::sync::Cache::new(count * 2);
    let mut keys = Vec::with_capacity(count);
    for number in 0..count {
        let key: [u8; 32] = Sha256::digest(number.to_le_bytes()).into();
        cache.insert(key, Arc::new(number));
        keys.push(key);
    }
    shuffle(&mut keys);
    time(1, &keys, |key| assert!(cache.get(key).is_some(), "it is there"))
}

struct Cached {
    sessions: Sessions,
    client: Client,
    /// Side by side in the order in which they come: a server finds each in the buffer that was just read.
    cookies: Vec<[u8; Token::TEXT_LEN]>,
}

impl Cached {
    async fn of(count: usize) -> Result<Self> {
        let client = visitor::client();
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
            cookies.push(active.token().expose().as_bytes().try_into()?);
        }
        // A little more room, so that none is pushed out of a shard that got more than its share.
        let (sessions, following) = bare.near(NearOptions::new(count * 5 / 4, LEASE)?).await?;
        tokio::spawn(following);
        while sessions.near_stats().and_then(|stats| stats.lease_age).is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for cookie in &cookies {
            let token = Token::parse(cookie)?;
            let active = sessions.resolve(&token, &client, Activity::User).await?;
            active.context("a session is gone")?;
        }
        // A handful in a million find no place all the same.
        cookies.retain(|cookie| glance(&sessions, &client, cookie));
        ensure!(cookies.len() * 1000 > count * 999, "{} are cached", cookies.len());
        shuffle(&mut cookies);
        Ok(Self {
            sessions,
            client,
            cookies,
        })
    }

    /// What a check costs on each of so many threads at once.
    fn measure(&self, threads: usize) -> Times {
        time(threads, &self.cookies, |cookie| {
            assert!(
                glance(&self.sessions, &self.client, cookie),
                "the near cache holds it"
            );
        })
    }
}

/// The whole check.
fn glance(sessions: &Sessions, client: &Client, cookie: &[u8; Token::TEXT_LEN]) -> bool {
    let token = Token::parse(cookie).ok();
    let found = token.and_then(|token| sessions.glance(&token, client, Activity::User));
    found.is_some()
}

struct Times {
    /// The median, in nanoseconds, of a window that only one in twenty undercuts.
    undisturbed: f64,
    /// The median of all.
    p50: f64,
    /// How many there are a second, on all threads together, while they do nothing else.
    rate: f64,
}

/// Times `check` in batches on so many threads at once. The cookies of a batch are copied before it is timed: in a server
/// the request has just been read.
#[allow(clippy::cast_precision_loss, reason = "nanoseconds of a batch, not 2^52")]
fn time<C: Copy + Sync>(threads: usize, cookies: &[C], check: impl Fn(&C) + Sync) -> Times {
    let start = Barrier::new(threads);
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        let (check, start) = (&check, &start);
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    start.wait();
                    let from = thread * cookies.len() / 2;
                    let mut cookies = cookies.iter().cycle().skip(from);
                    let settled = Instant::now() + SETTLING;
                    while Instant::now() < settled {
                        cookies.by_ref().take(BATCH).for_each(check);
                    }
                    (0..CHECKS / BATCH)
                        .map(|_| {
                            let batch: Vec<C> = cookies.by_ref().take(BATCH).copied().collect();
                            let began = Instant::now();
                            for cookie in &batch {
                                check(cookie);
                            }
                            began.elapsed().as_nanos() as f64 / BATCH as f64
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let finished = workers.into_iter().filter_map(|worker| worker.join().ok());
        finished.flatten().collect()
    });
    let mut windows = Figures::default();
    for window in times.chunks_mut(WINDOW) {
        window.sort_by(f64::total_cmp);
        windows.push(window[window.len() / 2]);
    }
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    times.sort_by(f64::total_cmp);
    Times {
        undisturbed: windows.undisturbed(),
        p50: times[times.len() / 2],
        rate: threads as f64 * 1e9 / mean,
    }
}
