//! How much memory of a process a session takes in its near cache: what the process grows by in resident memory when it
//! comes to hold a hundred thousand sessions with five values, and a million.
//!
//! Run: `cargo run --release -p cloakroom-benches --bin a_cached_session [COUNT…]`

use anyhow::{Context as _, Result, bail};
use cloakroom::{Activity, NearOptions, OsRandom, Sessions, SystemClock, Token};
use cloakroom_benches::redis_server::RedisServer;
use cloakroom_benches::visitor;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const COUNTS: [usize; 2] = [100_000, 1_000_000];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [step, redis, tokens, count] if step == "open" => open(redis, tokens.as_ref(), count.parse()?).await,
        [step, redis, tokens, count] if step == "hold" => hold(redis, tokens.as_ref(), count.parse()?).await,
        counts => measure(counts).await,
    }
}

/// Opening and holding are processes of their own: what opening leaves behind in the allocator would serve the cache.
async fn measure(counts: &[String]) -> Result<()> {
    let mut counts: Vec<usize> = counts.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
    if counts.is_empty() {
        counts = COUNTS.to_vec();
    }
    for count in counts {
        let redis = RedisServer::start()?;
        let folder = tempfile::tempdir()?;
        for step in ["open", "hold"] {
            let mut command = tokio::process::Command::from(Command::new(std::env::current_exe()?));
            command
                .args([step, &redis.url()])
                .arg(folder.path().join("tokens"))
                .arg(count.to_string());
            if !command.kill_on_drop(true).status().await?.success() {
                bail!("{step} failed");
            }
        }
    }
    Ok(())
}

async fn sessions(redis: &str) -> Result<Sessions> {
    let store = cloakroom::open_store(redis).await?;
    Ok(Sessions::new(store, visitor::policy()?, SystemClock, OsRandom))
}

async fn open(redis: &str, tokens: &Path, count: usize) -> Result<()> {
    let opened = visitor::many(&sessions(redis).await?, count, 1).await?;
    let mut file = std::io::BufWriter::new(std::fs::File::create(tokens)?);
    for token in opened {
        writeln!(file, "{}", *token.expose())?;
    }
    Ok(file.flush()?)
}

async fn hold(redis: &str, tokens: &Path, count: usize) -> Result<()> {
    // A little more room, so that none is pushed out of a shard that gets more than its share.
    let options = NearOptions::new(count * 5 / 4, NearOptions::LONGEST)?;
    let (sessions, following) = sessions(redis).await?.near(options).await?;
    tokio::spawn(following);
    while sessions.near_stats().and_then(|stats| stats.lease_age).is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let client = visitor::client();
    let mut lines = BufReader::new(std::fs::File::open(tokens)?).lines();
    let mut read = async |most: usize| -> Result<()> {
        for line in lines.by_ref().take(most) {
            let token = Token::parse(&line?)?;
            let found = sessions.resolve(&token, &client, Activity::User).await?;
            found.context("a session is gone")?;
        }
        Ok(())
    };
    let held = || sessions.near_stats().map_or(0, |stats| stats.entries);
    // What is needed once is there after the first few.
    read(100).await?;
    let (before, first) = (resident()?, held());
    read(count).await?;
    let (after, all) = (resident()?, held());
    if all * 100 < count * 99 {
        bail!("the near cache holds {all} of {count}");
    }
    let each = (after - before) / (all - first);
    println!(
        "{all} cached sessions: {each} bytes each, {} MB in all",
        after >> 20
    );
    Ok(())
}

/// Bytes of this process that are in memory.
fn resident() -> Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.context("no VmRSS")?.parse::<usize>()? * 1024)
}
