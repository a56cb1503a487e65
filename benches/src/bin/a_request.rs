//! Processor time per request of an axum handler: with no session, with a session layer that nobody asks, with a session
//! that the near cache holds, with a signed token (HS256), with one raw Redis `GET`, with a session read from the same
//! Redis every time, and from SQLite.
//!
//! Each server is a process of its own; they take turns, and the figures are medians over the rounds, so that a machine
//! that changes its speed changes all alike. Run: `cargo run --release -p cloakroom-benches --bin a_request`

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::routing::get;
use cloakroom::{Client, CookieConfig, LogIn, NearOptions, Policy, SessionLayer, Sessions, User};
use cloakroom_benches::client::load;
use cloakroom_benches::cpu;
use cloakroom_benches::jwt::Jwt;
use cloakroom_benches::redis_server::RedisServer;
use redis::AsyncCommands as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

const ROUNDS: usize = 7;
const REQUESTS: usize = 40_000;
const CONNECTIONS: usize = 16;
const RAW: usize = 4;
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) bench";
const KINDS: [&str; 7] = [
    "no session",
    "layer, nobody asks",
    "near cache",
    "HS256",
    "raw GET",
    "session on Redis",
    "session on SQLite",
];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [kind, store] => serve(kind, store).await,
        _ => compare().await,
    }
}

struct Server {
    child: Child,
    port: u16,
    /// One for each connection: users do not share a session.
    cookies: Vec<String>,
}

impl Server {
    fn start(kind: &str, store: &str) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([kind, store])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let (port, tokens) = line.trim().split_once(' ').context("the server said nothing")?;
        let name = CookieConfig::default().name().to_owned();
        let header = |token: &str| match token {
            "-" => String::new(),
            token => format!("Cookie: {name}={token}\r\n"),
        };
        let cookies: Vec<_> = tokens.split(' ').map(header).collect();
        let cookies = cookies.into_iter().cycle().take(CONNECTIONS).collect();
        Ok(Self {
            child,
            port: port.parse()?,
            cookies,
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "thousands of requests, not 2^52")]
    async fn microseconds(&self, requests: usize) -> Result<f64> {
        let before = cpu::used(self.child.id())?;
        load(self.port, &self.cookies, requests).await?;
        let used = cpu::used(self.child.id())?.saturating_sub(before);
        Ok(used.as_secs_f64() * 1e6 / requests as f64)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn compare() -> Result<()> {
    let redis = RedisServer::start()?;
    let folder = tempfile::tempdir()?;
    let sqlite = format!("sqlite:{}", folder.path().join("bench.db").display());
    let store = |kind: &str| {
        if kind.ends_with("SQLite") {
            sqlite.clone()
        } else {
            redis.url()
        }
    };
    let servers: Vec<Server> = KINDS
        .iter()
        .map(|kind| Server::start(kind, &store(kind)))
        .collect::<Result<_>>()?;
    let mut figures = vec![Vec::new(); KINDS.len()];
    for round in 0..=ROUNDS {
        for (server, figures) in servers.iter().zip(&mut figures) {
            let figure = server.microseconds(REQUESTS).await?;
            // The first round warms up.
            if round > 0 {
                figures.push(figure);
            }
        }
    }
    report(&mut figures);
    Ok(())
}

fn report(figures: &mut [Vec<f64>]) {
    let medians: Vec<f64> = figures
        .iter_mut()
        .map(|figures| {
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        })
        .collect();
    println!(
        "{:<20} {:>8} {:>8} {:>8} {:>12} {:>10}",
        "µs of CPU a request", "median", "min", "max", "above none", "to raw GET"
    );
    for ((kind, figures), median) in KINDS.iter().zip(figures.iter()).zip(&medians) {
        let (least, most) = (figures[0], figures[figures.len() - 1]);
        let (above, ratio) = (median - medians[0], median / medians[RAW]);
        println!("{kind:<20} {median:>8.2} {least:>8.2} {most:>8.2} {above:>12.2} {ratio:>10.2}");
    }
    println!(
        "a near-cache hit costs {:+.2} µs beside no session, {:.2} of verifying HS256",
        medians[2] - medians[0],
        (medians[2] - medians[0]) / (medians[3] - medians[0])
    );
    println!(
        "a session on Redis costs {:+.2} µs beside one raw GET",
        medians[RAW + 1] - medians[RAW]
    );
}

async fn serve(kind: &str, store: &str) -> Result<()> {
    let (router, token) = match kind {
        "no session" => (Router::new().route("/", get(async || "ok\n")), None),
        "raw GET" => (raw(store).await?, None),
        "HS256" => signed()?,
        "layer, nobody asks" => {
            let (sessions, token) = session(store, None).await?;
            let router = Router::new().route("/", get(async || "ok\n"));
            (router.layer(SessionLayer::new(sessions)), Some(token))
        }
        _ => {
            let near = (kind == "near cache").then(NearOptions::default);
            let (sessions, token) = session(store, near).await?;
            let router = Router::new().route("/", get(async |_: User| "ok\n"));
            (router.layer(SessionLayer::new(sessions)), Some(token))
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!(
        "{} {}",
        listener.local_addr()?.port(),
        token.as_deref().unwrap_or("-")
    );
    axum::serve(listener, router).await?;
    Ok(())
}

async fn raw(url: &str) -> Result<Router> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    // As many bytes as the record of the session has.
    let () = connection.set("raw", vec![7_u8; 160]).await?;
    let handler = async |State(mut connection): State<redis::aio::MultiplexedConnection>| {
        let value: redis::RedisResult<Vec<u8>> = connection.get("raw").await;
        if value.is_ok_and(|value| value.len() == 160) {
            "ok\n"
        } else {
            "failed\n"
        }
    };
    Ok(Router::new().route("/", get(handler)).with_state(connection))
}

fn signed() -> Result<(Router, Option<String>)> {
    let jwt = Arc::new(Jwt::hs256("alice")?);
    let token = jwt.token().to_owned();
    let handler = async |State(jwt): State<Arc<Jwt>>, headers: HeaderMap| {
        let cookie = headers.get(COOKIE).and_then(|value| value.to_str().ok());
        let token = cookie.and_then(|cookie| cookie.strip_prefix("__Host-sid="));
        if token.is_some_and(|token| jwt.accepts(token)) {
            "ok\n"
        } else {
            "failed\n"
        }
    };
    Ok((
        Router::new().route("/", get(handler)).with_state(jwt),
        Some(token),
    ))
}

async fn session(url: &str, near: Option<NearOptions>) -> Result<(Sessions, String)> {
    let sessions = cloakroom::open_with(url, Policy::default(), near).await?;
    let client = Client::default().with_user_agent(AGENT);
    let mut tokens = Vec::new();
    for user in 0..CONNECTIONS {
        let log_in = LogIn::of(format!("user-{user}").parse()?);
        let active = sessions.log_in(log_in, &client, None).await?;
        tokens.push(active.token().expose().to_string());
    }
    Ok((sessions, tokens.join(" ")))
}
