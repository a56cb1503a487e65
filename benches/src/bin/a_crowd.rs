//! Whether anything costs more the more sessions there are: a check that asks Redis, listing a user's sessions and ending
//! all of them, among ten thousand sessions, a million and five million.
//!
//! Each number of sessions has a Redis server of its own. They take turns, so that a machine that changes its speed
//! changes all alike; five million take some 3 GB. Run: `cargo run --release -p cloakroom-benches --bin a_crowd
//! [--sessions COUNT…]`

use anyhow::{Context as _, Result, bail};
use cloakroom::{
    Activity, Actor, Client, CloseReason, OsRandom, Policy, Sessions, Subject, SystemClock, Token,
};
use cloakroom_benches::cpu;
use cloakroom_benches::figures::Figures;
use cloakroom_benches::redis_server::RedisServer;
use cloakroom_benches::shuffle::shuffle;
use cloakroom_benches::visitor;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const COUNTS: [usize; 3] = [10_000, 1_000_000, 5_000_000];
const ROUNDS: usize = 7;
/// Checks of a turn that are under way 16 at a time, as requests of a busy server are.
const CHECKS: usize = 80_000;
const AT_ONCE: usize = 16;
/// Checks of a turn that come one after another.
const ALONE: usize = 4_000;
/// Most sessions that are asked about: more than a processor's caches hold.
const ASKED: usize = 200_000;
/// Sessions of the users whose sessions are listed and ended, and how many such users come in a turn.
const DEVICES: [(usize, usize); 2] = [(5, 40), (50, 20)];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let counts = match arguments.split_first() {
        None => COUNTS.to_vec(),
        Some((option, counts)) if option == "--sessions" && !counts.is_empty() => {
            counts.iter().map(|n| n.parse()).collect::<Result<_, _>>()?
        }
        _ => bail!("a_crowd [--sessions COUNT…]"),
    };
    let mut crowds = Vec::new();
    for count in counts {
        crowds.push((Crowd::of(count).await?, Costs::default()));
    }
    for round in 0..=ROUNDS {
        for (crowd, costs) in &mut crowds {
            // The first round warms up.
            let mut unheeded = Costs::default();
            let costs = if round > 0 { costs } else { &mut unheeded };
            crowd.check(costs).await?;
            crowd.check_alone(costs).await?;
            crowd.list_and_end(round, costs).await?;
        }
    }
    report(&crowds);
    Ok(())
}

#[derive(Default)]
struct Costs {
    client: Figures,
    redis: Figures,
    alone: Figures,
    list: [Figures; DEVICES.len()],
    end: [Figures; DEVICES.len()],
}

struct Crowd {
    count: usize,
    redis: RedisServer,
    sessions: Sessions,
    tokens: Vec<Token>,
}

impl Crowd {
    async fn of(count: usize) -> Result<Self> {
        let redis = RedisServer::start()?;
        // That they were seen is not written before all is measured, however long filling takes: a check is one `GET`.
        let policy = Policy::builder()
            .idle_timeout(Duration::from_hours(8))
            .touch_every(Duration::from_hours(1))
            .renew_after(None)
            .max_sessions(50)
            .build()?;
        let store = cloakroom::open_store(&redis.url()).await?;
        let sessions = Sessions::new(store, policy, SystemClock, OsRandom);
        let began = Instant::now();
        let mut tokens = visitor::many(&sessions, count, count.div_ceil(ASKED).max(1)).await?;
        eprintln!("{count} sessions opened in {:.1?}", began.elapsed());
        shuffle(&mut tokens);
        Ok(Self {
            count,
            redis,
            sessions,
            tokens,
        })
    }

    async fn check(&self, costs: &mut Costs) -> Result<()> {
        let pids = [std::process::id(), self.redis.pid()];
        let before = [cpu::used(pids[0])?, cpu::used(pids[1])?];
        let mut tasks = JoinSet::new();
        for task in 0..AT_ONCE {
            let sessions = self.sessions.clone();
            let from = task * self.tokens.len() / AT_ONCE;
            let tokens = self.tokens.iter().cycle().skip(from).take(CHECKS / AT_ONCE);
            let tokens: Vec<Token> = tokens.cloned().collect();
            tasks.spawn(async move {
                let client = visitor::client();
                for token in &tokens {
                    check(&sessions, token, &client).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        for (at, figures) in [&mut costs.client, &mut costs.redis].into_iter().enumerate() {
            let used = cpu::used(pids[at])?.saturating_sub(before[at]);
            figures.push(used.as_secs_f64() * 1e6 / f64::from(u32::try_from(CHECKS)?));
        }
        Ok(())
    }

    async fn check_alone(&self, costs: &mut Costs) -> Result<()> {
        let client = visitor::client();
        for token in self.tokens.iter().cycle().take(ALONE) {
            let began = Instant::now();
            check(&self.sessions, token, &client).await?;
            costs.alone.push(microseconds(began));
        }
        Ok(())
    }

    async fn list_and_end(&self, round: usize, costs: &mut Costs) -> Result<()> {
        let client = visitor::client();
        let cause = self.sessions.cause(Actor::User, &client);
        for (kind, (devices, users)) in DEVICES.into_iter().enumerate() {
            for user in 0..users {
                let user = format!("devices-{devices}-{round}-{user}");
                for device in 0..devices {
                    let log_in = visitor::log_in(&user, device)?;
                    self.sessions.log_in(log_in, &client, None).await?;
                }
                let user: Subject = user.parse()?;
                let began = Instant::now();
                let listed = self.sessions.list(&user).await?.len();
                costs.list[kind].push(microseconds(began));
                let began = Instant::now();
                let ended = self.sessions.end_all(&user, CloseReason::Revoked, &cause).await?;
                costs.end[kind].push(microseconds(began));
                if (listed, ended.ended.len()) != (devices, devices) {
                    bail!(
                        "{listed} sessions listed and {} ended of {devices}",
                        ended.ended.len()
                    );
                }
            }
        }
        Ok(())
    }
}

async fn check(sessions: &Sessions, token: &Token, client: &Client) -> Result<()> {
    let found = sessions.resolve(token, client, Activity::User).await?;
    found.context("a session is gone")?;
    Ok(())
}

fn microseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e6
}

fn report(crowds: &[(Crowd, Costs)]) {
    print!("{:<34}", "µs, medians (to the first)");
    for (crowd, _) in crowds {
        print!(" {:>18}", crowd.count);
    }
    println!();
    let line = |name: &str, of: &dyn Fn(&Costs) -> &Figures| {
        print!("{name:<34}");
        let medians: Vec<f64> = crowds.iter().map(|(_, costs)| of(costs).median()).collect();
        for median in &medians {
            print!(" {median:>10.2} ({:>5.2})", median / medians[0]);
        }
        println!();
    };
    line("a check: CPU of this process", &|costs| &costs.client);
    line("a check: CPU of redis-server", &|costs| &costs.redis);
    line("a check alone: time", &|costs| &costs.alone);
    for (kind, (devices, _)) in DEVICES.into_iter().enumerate() {
        line(&format!("list {devices} sessions: time"), &|costs| {
            &costs.list[kind]
        });
        line(&format!("end all {devices} sessions: time"), &|costs| {
            &costs.end[kind]
        });
    }
}
