//! A primary, two replicas, and three Sentinels that watch them.
//!
//! The tests of the server include this file.

use super::{Server, ask};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What the Sentinels call the primary.
pub const GROUP: &str = "coats";

pub struct Watched {
    pub servers: Vec<Server>,
    sentinels: Vec<Sentinel>,
}

/// One that watches a primary.
pub struct Sentinel {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Watched {
    /// The first server is the primary.
    pub fn start() -> Self {
        let servers: Vec<_> = (0..3)
            .map(|_| Server::with_arguments(&["--repl-diskless-sync-delay", "0"]))
            .collect();
        let primary = servers[0].port();
        for replica in &servers[1..] {
            ask(replica.port(), &["REPLICAOF", "127.0.0.1", &primary.to_string()]);
        }
        until("the replicas are fed", || {
            let info = |server: &Server| ask(server.port(), &["INFO", "replication"]);
            servers[1..]
                .iter()
                .all(|replica| info(replica).contains("master_link_status:up"))
                && info(&servers[0]).contains("connected_slaves:2")
        });
        let sentinels: Vec<_> = (0..3).map(|_| Sentinel::start(primary, 2, "")).collect();
        until("the Sentinels know each other and the replicas", || {
            sentinels.iter().all(|sentinel| {
                let told = ask(sentinel.port, &["SENTINEL", "MASTER", GROUP]);
                let lines: Vec<_> = told.lines().collect();
                let says = |name: &str, value: &str| lines.windows(2).any(|pair| pair == [name, value]);
                says("num-other-sentinels", "2") && says("num-slaves", "2")
            })
        });
        Self { servers, sentinels }
    }

    pub fn url(&self) -> String {
        let hosts: Vec<_> = self
            .sentinels
            .iter()
            .map(|it| format!("127.0.0.1:{}", it.port))
            .collect();
        format!("redis-sentinel://{}/{GROUP}", hosts.join(","))
    }

    /// The server that the Sentinels name.
    pub fn primary(&self) -> usize {
        let told = ask(
            self.sentinels[0].port,
            &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP],
        );
        let port = told.lines().nth(1).and_then(|port| port.parse().ok());
        self.servers
            .iter()
            .position(|server| Some(server.port()) == port)
            .unwrap()
    }

    /// What the first Sentinel says of a replica, by its port.
    pub fn flags(&self, replica: u16) -> String {
        let told = ask(self.sentinels[0].port, &["SENTINEL", "REPLICAS", GROUP]);
        let lines: Vec<_> = told.lines().collect();
        let port = replica.to_string();
        let at = lines.windows(2).position(|pair| pair == ["port", &port]).unwrap();
        let flags = lines[at..].windows(2).find(|pair| pair[0] == "flags").unwrap();
        flags[1].to_owned()
    }

    /// Orders a fail-over of a primary that is well.
    pub fn fail_over(&self) {
        ask(self.sentinels[0].port, &["SENTINEL", "FAILOVER", GROUP]);
    }
}

impl Sentinel {
    /// With more lines for its configuration. So many of them have to find a primary dead.
    pub fn start(primary: u16, quorum: u32, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let file = folder.path().join("sentinel.conf");
        let configuration = format!(
            "bind 127.0.0.1\nport {port}\ndir {}\n{more}sentinel monitor {GROUP} 127.0.0.1 {primary} {quorum}\n\
             sentinel down-after-milliseconds {GROUP} 1000\nsentinel failover-timeout {GROUP} 4000\n",
            folder.path().display()
        );
        std::fs::write(&file, configuration).unwrap();
        let child = Command::new("redis-sentinel")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-sentinel is missing: apt-get install redis-sentinel");
        until("a Sentinel answers", || ask(port, &["PING"]).trim() == "PONG");
        Self {
            child,
            port,
            _folder: folder,
        }
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until it is true.
#[track_caller]
pub fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_true() {
        assert!(Instant::now() < end, "not within half a minute: {what}");
        sleep(Duration::from_millis(50));
    }
}
