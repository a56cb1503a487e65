//! Whether anything costs more the more sessions there are: a check that asks Redis, listing a user's sessions and ending
//! all of them, among ten thousand sessions, a million and five million.
//!
//! Each number of sessions has a Redis server of its own. They take turns, so that a machine that changes its speed
//! changes all alike; five million take some 3 GB. Run: `cargo run --release -p cloakroom-benches --bin a_crowd
//! [--sessions COUNT…]`

use anyhow::{Context as _, Result, bail, ensure};
use cloakroom::{
    Activity, Actor, Client, CloseReason, OsRandom, Policy, Sessions, Subject, SystemClock, Token,
};
use cloakroom_benches::cpu;
use cloakroom_benches::figures::Figures;
use cloakroom_benches::redis_server::RedisServer;
use cloakroom_benches::shuffle::shuffle;
use cloakroom_benches::visitor;
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const COUNTS: [usize; 3] = [10_000, 1_000_000, 5_000_000];
const ROUNDS: usize = 7;
/// Checks of a turn that are under way 16 at a time, as requests of a busy server are.
const CHECKS: usize = 80_000;
const AT_ONCE: usize = 16;
/// Checks of a turn that come one after another.
const ALONE: usize = 4_000;
/// How many sessions are asked about, over and over: as many at every size, and so many that no processor's caches hold
/// what Redis has to look at.
const FEW: usize = 10_000;
const MANY: usize = CHECKS;
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

/// Microseconds of processor time.
struct Used {
    client: f64,
    redis: f64,
}

#[derive(Default)]
struct Asking {
    client: Figures,
    redis: Figures,
    both: Figures,
}

impl Asking {
    fn push(&mut self, used: &Used) {
        self.client.push(used.client);
        self.redis.push(used.redis);
        self.both.push(used.client + used.redis);
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
    raw: MultiplexedConnection,
    tokens: Vec<Token>,
    /// Where their records are.
    names: Vec<Vec<u8>>,
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
        let mut tokens = visitor::many(&sessions, count, count.div_ceil(MANY).max(1)).await?;
        eprintln!("{count} sessions opened in {:.1?}", began.elapsed());
        shuffle(&mut tokens);
        let names = tokens.iter().map(name).collect();
        let raw = redis::Client::open(redis.url())?;
        Ok(Self {
            count,
            raw: raw.get_multiplexed_async_connection().await?,
            redis,
            sessions,
            tokens,
            names,
        })
    }

    async fn check(&self, costs: &mut Costs) -> Result<()> {
        let few = &self.tokens[..self.tokens.len().min(FEW)];
        for (asking, tokens) in [(&mut costs.few, few), (&mut costs.many, &self.tokens)] {
            let checking = self.busy(tokens, |tokens| {
                let (sessions, client) = (self.sessions.clone(), visitor::client());
                async move {
                    for token in &tokens {
                        check(&sessions, token, &client).await?;
                    }
                    Ok(())
                }
            });
            asking.push(&checking.await?);
        }
        let getting = self.busy(&self.names, |names| {
            let mut redis = self.raw.clone();
            async move {
                for name in &names {
                    let value: Vec<u8> = redis.get(name).await?;
                    ensure!(!value.is_empty(), "a session is not where it should be");
                }
                Ok(())
            }
        });
        costs.get.push(&getting.await?);
        Ok(())
    }

    /// Has so many tasks ask for `CHECKS` of these things in all. Answers what each took of the processors.
    async fn busy<T, F>(&self, all: &[T], ask: impl Fn(Vec<T>) -> F) -> Result<Used>
    where
        T: Clone,
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let parts = (0..AT_ONCE).map(|task| {
            let part = all.iter().cycle().skip(task * all.len() / AT_ONCE);
            part.take(CHECKS / AT_ONCE).cloned().collect()
        });
        let parts: Vec<Vec<T>> = parts.collect();
        let pids = [std::process::id(), self.redis.pid()];
        let before = [cpu::used(pids[0])?, cpu::used(pids[1])?];
        let mut tasks: JoinSet<_> = parts.into_iter().map(ask).collect();
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        let used = |at: usize| -> Result<f64> {
            let used = cpu::used(pids[at])?.saturating_sub(before[at]);
            Ok(used.as_secs_f64() * 1e6 / f64::from(u32::try_from(CHECKS)?))
        };
        Ok(Used {
            client: used(0)?,
            redis: used(1)?,
        })
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
    print!("{:<36}", "µs, medians (to the first)");
    for (crowd, _) in crowds {
        print!(" {:>18}", crowd.count);
    }
    println!();
    let line = |name: &str, of: &dyn Fn(&Costs) -> &Figures| {
        print!("{name:<36}");
        let medians: Vec<f64> = crowds.iter().map(|(_, costs)| of(costs).median()).collect();
        for median in &medians {
            print!(" {median:>10.2} ({:>5.2})", median / medians[0]);
        }
        println!();
    };
    let lines = |name: &str, of: &dyn Fn(&Costs) -> &Asking| {
        line(name, &|costs| &of(costs).both);
        line("  of this process", &|costs| &of(costs).client);
        line("  of redis-server", &|costs| &of(costs).redis);
    };
    lines(&format!("a check of one of {FEW}: CPU"), &|costs| &costs.few);
    lines(&format!("a check of one of {MANY}: CPU"), &|costs| &costs.many);
    lines(&format!("a bare GET of one of {MANY}: CPU"), &|costs| &costs.get);
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
