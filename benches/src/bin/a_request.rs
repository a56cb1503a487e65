//! Processor time per request of an axum handler: with no session, with a session layer that nobody asks, with a session
//! that the near cache holds, with a signed token, with one raw Redis `GET`, with a session read from the same Redis every
//! time, and from SQLite. With `--peers`, of what others use for sessions as well, each on the same Redis.
//!
//! Each server is a process of its own, with a core of its own, and gets the same bytes. They take turns in many rounds.
//! What counts is what each comes to when nothing disturbs it; the median is printed beside it. Run:
//! `cargo run --release -p cloakroom-benches --bin a_request`, or `benches/run`, which builds the peers first.

use anyhow::{Result, bail};
use cloakroom_benches::cores::{leave_the_first, only_on};
use cloakroom_benches::figures::Figures;
use cloakroom_benches::ours;
use cloakroom_benches::peers::{self, PEERS};
use cloakroom_benches::redis_server::RedisServer;
use cloakroom_benches::served::Served;
use std::process::Command;
use tokio::runtime::{Builder, Runtime};

const NONE: &str = "no session";
const NEAR: &str = "near cache";
const HS256: &str = "HS256";
/// A token as small as it gets: subject and end.
const FEW: &str = "HS256, few claims";
const RAW: &str = "raw GET";
const REDIS: &str = "session on Redis";
const SQLITE: &str = "session on SQLite";
const OURS: [&str; 10] = [
    NONE,
    "layer, nobody asks",
    NEAR,
    HS256,
    FEW,
    "EdDSA",
    "ES256",
    RAW,
    REDIS,
    SQLITE,
];

struct Effort {
    rounds: usize,
    requests: usize,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, kind, store] = arguments.as_slice()
        && serve == "serve"
    {
        return Runtime::new()?.block_on(ours::serve(kind, store));
    }
    let mut effort = Effort {
        rounds: 80,
        requests: 8_000,
    };
    let (mut with_peers, mut only) = (false, Vec::new());
    for argument in arguments {
        match argument.as_str() {
            "--peers" => with_peers = true,
            "--quick" => {
                effort = Effort {
                    rounds: 20,
                    requests: 4_000,
                }
            }
            kind if OURS.contains(&kind) => only.push(kind.to_owned()),
            _ => bail!("a_request [--peers] [--quick] [KIND…], kinds are {OURS:?}"),
        }
    }
    // Before there are threads.
    let core = leave_the_first()?;
    let one_thread = Builder::new_current_thread().enable_all().build()?;
    one_thread.block_on(compare(&effort, core, with_peers, &only))
}

/// Compares those that are named; all, if none is.
async fn compare(effort: &Effort, core: Option<usize>, with_peers: bool, only: &[String]) -> Result<()> {
    let redis = RedisServer::start()?;
    let folder = tempfile::tempdir()?;
    let sqlite = format!("sqlite:{}", folder.path().join("bench.db").display());
    let mut servers = Vec::new();
    for kind in OURS {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == kind) {
            continue;
        }
        let store = if kind == SQLITE { &sqlite } else { &redis.url() };
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", kind, store]);
        servers.push((
            kind,
            Served::start(only_on(core, command))?.log_in().await?,
            Figures::default(),
        ));
    }
    for (name, program, kind) in PEERS.into_iter().filter(|_| with_peers) {
        let command = peers::command(program, kind, &redis.url())?;
        servers.push((
            name,
            Served::start(only_on(core, command))?.log_in().await?,
            Figures::default(),
        ));
    }
    for round in 0..=effort.rounds {
        for (_, server, figures) in &mut servers {
            let figure = server.microseconds(effort.requests).await?;
            // The first round warms up.
            if round > 0 {
                figures.push(figure);
            }
        }
    }
    let figures: Vec<_> = servers
        .iter()
        .map(|(kind, _, figures)| (*kind, figures))
        .collect();
    report(&figures);
    Ok(())
}

fn report(figures: &[(&str, &Figures)]) {
    let of = |wanted: &str| {
        let found = figures.iter().find(|(kind, _)| *kind == wanted);
        found.map_or(f64::NAN, |(_, figures)| figures.undisturbed())
    };
    let (none, near, redis) = (of(NONE), of(NEAR), of(REDIS));
    println!(
        "{:<24} {:>11} {:>8} {:>8} {:>12} {:>14} {:>19}",
        "µs of CPU a request",
        "undisturbed",
        "median",
        "most",
        "above none",
        "to near cache",
        "to session on Redis"
    );
    for (kind, figures) in figures {
        let (least, median, most) = (figures.undisturbed(), figures.median(), figures.most());
        println!(
            "{kind:<24} {least:>11.2} {median:>8.2} {most:>8.2} {:>12.2} {:>14.2} {:>19.2}",
            least - none,
            least / near,
            least / redis
        );
    }
    println!(
        "a near-cache hit costs {:+.2} µs beside no session, {:.2} of verifying HS256, {:.2} with few claims",
        near - none,
        (near - none) / (of(HS256) - none),
        (near - none) / (of(FEW) - none)
    );
    println!(
        "a session on Redis costs {:+.2} µs beside one raw GET",
        redis - of(RAW)
    );
}
