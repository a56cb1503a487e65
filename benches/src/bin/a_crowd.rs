//! Whether anything costs more the more sessions there are: a request whose session is asked for in Redis, listing a user's
//! sessions and ending all of them, among ten thousand sessions, a million and five million.
//!
//! Each number of sessions has a Redis server and an axum server of its own, the latter with a core to itself. They take
//! turns, so that a machine that changes its speed changes all alike; five million take some 3 GB. Run:
//! `cargo run --release -p cloakroom-benches --bin a_crowd [--sessions COUNT…]`

use anyhow::{Context as _, Result, bail, ensure};
use cloakroom::{Activity, Actor, Client, CloseReason, OsRandom, Sessions, Subject, SystemClock, Token};
use cloakroom_benches::client::CONNECTIONS;
use cloakroom_benches::cores::{leave_the_first, only_on};
use cloakroom_benches::cpu;
use cloakroom_benches::figures::Figures;
use cloakroom_benches::ours::{self, SELDOM_WRITTEN};
use cloakroom_benches::redis_server::RedisServer;
use cloakroom_benches::served::Served;
use cloakroom_benches::shuffle::shuffle;
use cloakroom_benches::visitor;
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use std::process::Command;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const COUNTS: [usize; 3] = [10_000, 1_000_000, 5_000_000];
const ROUNDS: usize = 15;
/// Requests and `GET`s of a turn, [`CONNECTIONS`] of them under way at a time.
const CHECKS: usize = 80_000;
/// Checks of a turn that come one after another.
const ALONE: usize = 4_000;
/// How many sessions are asked about, over and over: as many at every size, and so many that no processor's caches hold
/// what Redis has to look at.
const FEW: usize = 10_000;
const MANY: usize = CHECKS;
/// Sessions of the users whose sessions are listed and ended, and how many such users come in a turn.
const DEVICES: [(usize, usize); 2] = [(5, 40), (50, 20)];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, redis] = arguments.as_slice()
        && serve == "serve"
    {
        return Runtime::new()?.block_on(ours::serve(SELDOM_WRITTEN, redis));
    }
    let counts = match arguments.split_first() {
        None => COUNTS.to_vec(),
        Some((option, counts)) if option == "--sessions" && !counts.is_empty() => {
            counts.iter().map(|n| n.parse()).collect::<Result<_, _>>()?
        }
        _ => bail!("a_crowd [--sessions COUNT…]"),
    };
    // Before there are threads.
    let core = leave_the_first()?;
    let one_thread = Builder::new_current_thread().enable_all().build()?;
    one_thread.block_on(compare(&counts, core))
}

async fn compare(counts: &[usize], core: Option<usize>) -> Result<()> {
    let mut crowds = Vec::new();
    for &count in counts {
        crowds.push((Crowd::of(count, core).await?, Costs::default()));
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

/// Microseconds of processor time.
#[derive(Default)]
struct Asking {
    asker: Figures,
    redis: Figures,
    both: Figures,
}

impl Asking {
    fn push(&mut self, [asker, redis]: [f64; 2]) {
        self.asker.push(asker);
        self.redis.push(redis);
        self.both.push(asker + redis);
    }
}

#[derive(Default)]
struct Costs {
    few: Asking,
    many: Asking,
    /// What a bare `GET` of the same records costs: what lies in memory far apart takes longer to fetch, whoever asks.
    get: Asking,
    alone: Figures,
    list: [Figures; DEVICES.len()],
    end: [Figures; DEVICES.len()],
}

struct Crowd {
    count: usize,
    redis: RedisServer,
    sessions: Sessions,
    served: Served,
    raw: MultiplexedConnection,
    tokens: Vec<Token>,
    /// The header lines that carry them.
    cookies: Vec<String>,
    /// Where their records are.
    names: Vec<Vec<u8>>,
}

impl Crowd {
    async fn of(count: usize, core: Option<usize>) -> Result<Self> {
        let redis = RedisServer::start()?;
        let store = cloakroom::open_store(&redis.url()).await?;
        let sessions = Sessions::new(store, visitor::policy()?, SystemClock, OsRandom);
        let began = Instant::now();
        let mut tokens = visitor::many(&sessions, count, count.div_ceil(MANY).max(1)).await?;
        eprintln!("{count} sessions opened in {:.1?}", began.elapsed());
        shuffle(&mut tokens);
        let cookie = |token: &Token| format!("Cookie: __Host-sid={}\r\n", *token.expose());
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", &redis.url()]);
        let raw = redis::Client::open(redis.url())?;
        Ok(Self {
            count,
            raw: raw.get_multiplexed_async_connection().await?,
            served: Served::start(only_on(core, command))?,
            redis,
            sessions,
            cookies: tokens.iter().map(cookie).collect(),
            names: tokens.iter().map(name).collect(),
            tokens,
        })
    }

    async fn check(&self, costs: &mut Costs) -> Result<()> {
        let few = &self.cookies[..self.cookies.len().min(FEW)];
        for (asking, cookies) in [(&mut costs.few, few), (&mut costs.many, &self.cookies)] {
            let pids = [self.served.pid(), self.redis.pid()];
            let asked = self.served.load(cookies, CHECKS);
            asking.push(cpu::used_while(pids, CHECKS, asked).await?);
        }
        let pids = [std::process::id(), self.redis.pid()];
        costs.get.push(cpu::used_while(pids, CHECKS, self.get()).await?);
        Ok(())
    }

    /// Gets the records, so many at a time as there are requests, and `CHECKS` in all.
    async fn get(&self) -> Result<()> {
        let mut tasks = JoinSet::new();
        for task in 0..CONNECTIONS {
            let names = self.names.iter().skip(task).step_by(CONNECTIONS).cycle();
            let names: Vec<_> = names.take(CHECKS / CONNECTIONS).cloned().collect();
            let mut redis = self.raw.clone();
            tasks.spawn(async move {
                for name in &names {
                    let value: Vec<u8> = redis.get(name).await?;
                    ensure!(!value.is_empty(), "a session is not where it should be");
                }
                Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
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

/// As the documentation of `cloakroom-redis` has it.
fn name(token: &Token) -> Vec<u8> {
    let key = token.key();
    let mut name = format!("cr:{{{:02x}}}:s:", key.bucket().0).into_bytes();
    name.extend_from_slice(key.hash_bytes());
    name
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
    print!("{:<36}", "µs (to the first)");
    for (crowd, _) in crowds {
        print!(" {:>18}", crowd.count);
    }
    println!();
    let line = |name: &str, of: &dyn Fn(&Costs) -> f64| {
        print!("{name:<36}");
        let figures: Vec<f64> = crowds.iter().map(|(_, costs)| of(costs)).collect();
        for figure in &figures {
            print!(" {figure:>10.2} ({:>5.2})", figure / figures[0]);
        }
        println!();
    };
    // Of processor time, what a turn takes that nothing disturbs; of time, medians.
    let lines = |name: &str, of: &dyn Fn(&Costs) -> &Asking| {
        line(name, &|costs| of(costs).both.undisturbed());
        line("  of whoever asks", &|costs| of(costs).asker.undisturbed());
        line("  of redis-server", &|costs| of(costs).redis.undisturbed());
    };
    lines(&format!("a request of one of {FEW}: CPU"), &|costs| &costs.few);
    lines(&format!("a request of one of {MANY}: CPU"), &|costs| &costs.many);
    lines(&format!("a bare GET of one of {MANY}: CPU"), &|costs| &costs.get);
    line("a check alone: time", &|costs| costs.alone.median());
    for (kind, (devices, _)) in DEVICES.into_iter().enumerate() {
        line(&format!("list {devices} sessions: time"), &|costs| {
            costs.list[kind].median()
        });
        line(&format!("end all {devices} sessions: time"), &|costs| {
            costs.end[kind].median()
        });
    }
}
