//! A real cluster: three primaries, with or without a replica each.
//!
//! The tests of the server include this file.

use super::{Server, Settings};
use std::net::TcpListener;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub struct Cluster {
    pub servers: Vec<Server>,
}

impl Cluster {
    pub fn start(replicas: usize) -> Self {
        Self::with(replicas, Vec::new)
    }

    /// Each server with more arguments, of its own.
    pub fn with(replicas: usize, more: impl Fn() -> Vec<String>) -> Self {
        let servers: Vec<_> = (0..3 * (1 + replicas)).map(|_| start(&more)).collect();
        let created = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(servers.iter().map(address))
            .args(["--cluster-replicas", &replicas.to_string(), "--cluster-yes"])
            .output()
            .expect("redis-cli is missing: apt-get install redis-tools");
        assert!(created.status.success(), "{created:?}");
        let cluster = Self { servers };
        cluster.until("the cluster is whole", |cluster| {
            let mut asked = (0..cluster.servers.len()).map(|at| cluster.ask(at, &["CLUSTER", "INFO"]));
            asked.all(|info| info.contains("cluster_state:ok")) && cluster.followers_are_fed()
        });
        cluster
    }

    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.servers[..3].iter().map(address).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }

    /// What a server answers to `redis-cli`; nothing if it is away.
    pub fn ask(&self, server: usize, command: &[&str]) -> String {
        ask(self.servers[server].port(), command)
    }

    /// The server that has a slot, by the word of those that are up.
    pub fn owner(&self, slot: u16) -> usize {
        let tell = |at| {
            let nodes = self.ask(at, &["CLUSTER", "NODES"]);
            let line = nodes.lines().find(|line| {
                let mut fields = line.split(' ');
                let flags = fields.nth(2).unwrap_or_default();
                let mut ranges = fields.skip(5).filter_map(range);
                !flags.contains("fail") && ranges.any(|(first, last)| (first..=last).contains(&slot))
            })?;
            port_in(line.split(' ').nth(1)?)
        };
        let told = (0..self.servers.len())
            .find_map(tell)
            .expect("somebody has the slot");
        self.servers
            .iter()
            .position(|server| server.port() == told)
            .unwrap()
    }

    /// A server's name in the cluster.
    pub fn id(&self, server: usize) -> String {
        self.ask(server, &["CLUSTER", "MYID"]).trim().to_owned()
    }

    #[track_caller]
    pub fn until(&self, what: &str, mut is_true: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !is_true(self) {
            assert!(Instant::now() < end, "not within half a minute: {what}");
            sleep(Duration::from_millis(50));
        }
    }

    /// Whether all that follow a primary have heard everything.
    fn followers_are_fed(&self) -> bool {
        (0..self.servers.len()).all(|at| {
            let info = self.ask(at, &["INFO", "replication"]);
            info.contains("role:master") || info.contains("master_link_status:up")
        })
    }
}

fn start(more: &impl Fn() -> Vec<String>) -> Server {
    for _ in 0..5 {
        // The usual bus port, 10000 higher, may not exist.
        let bus = free_port();
        let arguments = [
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            &bus.to_string(),
            "--cluster-node-timeout",
            "1500",
            "--cluster-require-full-coverage",
            "no",
            "--cluster-replica-validity-factor",
            "0",
            "--repl-diskless-sync-delay",
            "0",
        ];
        let settings = Settings {
            arguments: arguments
                .iter()
                .map(|it| (*it).to_owned())
                .chain(more())
                .collect(),
            tls: None,
        };
        if let Some(server) = Server::try_with(settings) {
            return server;
        }
    }
    panic!("no server of a cluster starts");
}

/// A port that nobody has at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn address(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}

pub fn ask(port: u16, command: &[&str]) -> String {
    // One that is frozen does not answer.
    let answer = Command::new("timeout")
        .args(["2", "redis-cli", "-p", &port.to_string()])
        .args(command)
        .output()
        .expect("redis-cli is missing: apt-get install redis-tools");
    String::from_utf8_lossy(&answer.stdout).into_owned()
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn port_in(address: &str) -> Option<u16> {
    address.split('@').next()?.rsplit_once(':')?.1.parse().ok()
}
