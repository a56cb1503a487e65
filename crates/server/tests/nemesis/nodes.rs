//! Our three nodes on one store.

use crate::common::{Server, Setup};
use crate::network::{Member, Network};
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

pub const NODES: usize = 3;

/// How long a near cache may answer unheard.
pub const LEASE: Duration = Duration::from_secs(1);

/// Where a node is reached.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    pub public: SocketAddr,
    pub admin: SocketAddr,
}

impl Address {
    fn of(server: &Server) -> Self {
        Self {
            public: server.public,
            admin: server.admin,
        }
    }
}

/// Where the nodes are reached at this moment. One that is dead keeps the address that it had.
pub type Addresses = Arc<[RwLock<Address>]>;

/// The processes.
pub struct Nodes {
    servers: Vec<Option<Server>>,
    addresses: Addresses,
}

/// A node as a member of the network.
pub fn member(node: usize) -> Member {
    Member(u8::try_from(node).unwrap())
}

impl Nodes {
    pub fn start(store: &str, network: &Arc<Network>) -> Self {
        let setup = Setup::default()
            .set("store", store)
            .set("log", "info,cloakroom::access=off")
            .set("cache.lease", &format!("{}ms", LEASE.as_millis()))
            .set("policy.max_sessions", "0")
            .set("policy.touch_every", "1s")
            // Every session that ever ended is asked about again and again, from one address.
            .set("throttle.tokens", "100000/1ms")
            // A request may lie in the socket of a frozen node for as long as that is frozen. Its token is old by then.
            .set("policy.renew_overlap", "12s")
            .set("policy.renew_after", "13s");
        let mut servers: Vec<Server> = Vec::new();
        for node in 0..NODES {
            let network = Arc::clone(network);
            // Before it opens its first connection.
            let setup = setup
                .clone()
                .telling(move |process| network.introduce(process, member(node)));
            let setup = match servers.first() {
                Some(first) => setup.in_folder_of(first),
                None => setup,
            };
            servers.push(setup.start());
        }
        let addresses = servers.iter().map(|server| RwLock::new(Address::of(server)));
        Self {
            addresses: addresses.collect(),
            servers: servers.into_iter().map(Some).collect(),
        }
    }

    pub fn addresses(&self) -> Addresses {
        Arc::clone(&self.addresses)
    }

    pub fn kill(&mut self, node: usize) {
        self.servers[node].as_mut().unwrap().kill();
    }

    /// Starts a killed node again, at another address.
    pub fn restart(&mut self, node: usize) {
        let server = self.servers[node].take().unwrap().restart();
        *self.addresses[node].write().unwrap() = Address::of(&server);
        self.servers[node] = Some(server);
    }

    pub fn freeze(&self, node: usize) {
        self.servers[node].as_ref().unwrap().signal("STOP");
    }

    pub fn thaw(&self, node: usize) {
        self.servers[node].as_ref().unwrap().signal("CONT");
    }

    /// How a node's near cache is doing, since the node was last started.
    pub fn near(&self, node: usize) -> String {
        let server = self.servers[node].as_ref().unwrap();
        let count = |name: &str| {
            server
                .metric(&format!("cloakroom_cache_{name}"))
                .unwrap_or(f64::NAN)
        };
        format!(
            "node {node}: {} checks answered from memory, {} not held, {} stood aside, {} gaps, {} entries of the journal",
            count("hits_total"),
            count("misses_total"),
            count("stand_asides_total"),
            count("gaps_total"),
            count("journal_entries_total")
        )
    }

    /// The last lines of a node's log.
    pub fn log(&self, node: usize) -> String {
        let log = self.servers[node].as_ref().unwrap().log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}
