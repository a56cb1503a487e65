//! A small network between our nodes and the servers of the store, with rules that can be broken and mended.
//!
//! Every server has one door, a port of ours that it announces as its own; behind it stands a relay to the port that it
//! really listens on. Who knocks is found out from the kernel (`peer`), so one door serves everybody and each *pair* of
//! processes has a link of its own that can be cut, slowed or refused. That is what makes partitions possible under
//! Sentinel and in a Cluster, where nodes, replicas and Sentinels all learn the same addresses from the servers: a door for
//! each node would have to be announced differently to each. Network namespaces would do as well, but want root.

mod peer;
mod relay;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// A process in the network: one of our nodes, a server, a Sentinel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member(pub u8);

/// The test itself, and every process that nobody introduced, such as `redis-cli`. Its links are never broken.
pub const TESTER: Member = Member(u8::MAX);

/// What becomes of bytes on their way from one member to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    #[default]
    Passes,
    /// They wait, as in a partition; when it heals they arrive after all, as TCP would have them.
    Held,
    /// Each arrives so much later.
    Slow(Duration),
}

/// Which links are broken, and how.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    flows: HashMap<(Member, Member), Flow>,
    refused: HashSet<(Member, Member)>,
    /// How often the connections of a pair were broken.
    severed: HashMap<(Member, Member), u64>,
}

impl Rules {
    fn flow(&self, from: Member, to: Member) -> Flow {
        self.flows.get(&(from, to)).copied().unwrap_or_default()
    }

    fn severed(&self, one: Member, other: Member) -> u64 {
        self.severed.get(&pair(one, other)).copied().unwrap_or_default()
    }
}

/// The same for both directions.
fn pair(one: Member, other: Member) -> (Member, Member) {
    (one.min(other), one.max(other))
}

/// The network. Its relays end with the runtime that it was made on.
pub struct Network {
    runtime: Handle,
    processes: Mutex<HashMap<u32, Member>>,
    rules: watch::Sender<Rules>,
}

impl Network {
    pub fn new(runtime: Handle) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            processes: Mutex::default(),
            rules: watch::Sender::default(),
        })
    }

    /// This process is that member, from now on. (A restarted one has another id.)
    pub fn introduce(&self, process: u32, member: Member) {
        let mut processes = self.processes.lock().unwrap();
        processes.retain(|_, other| *other != member);
        processes.insert(process, member);
    }

    /// Opens a door to a member that really listens on `real`. Answers the door's port.
    pub fn door(self: &Arc<Self>, member: Member, real: u16) -> u16 {
        let port = super::ports::free();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let listener = self.runtime.block_on(TcpListener::bind(address)).unwrap();
        self.runtime
            .spawn(relay::serve(Arc::clone(self), listener, member, real));
        port
    }

    /// Bytes from one to the other do this from now on. A link that is cut is not slow.
    pub fn set(&self, from: Member, to: Member, flow: Flow) {
        self.rules.send_modify(|rules| {
            let present = rules.flows.entry((from, to)).or_default();
            if *present != Flow::Held {
                *present = flow;
            }
        });
    }

    /// Neither hears the other.
    pub fn cut(&self, one: Member, other: Member) {
        self.set(one, other, Flow::Held);
        self.set(other, one, Flow::Held);
    }

    /// Breaks the connections between the two, and answers new ones with an end at once.
    pub fn refuse(&self, one: Member, other: Member) {
        self.rules.send_modify(|rules| {
            rules.refused.insert(pair(one, other));
        });
        self.sever(one, other);
    }

    /// Breaks the connections between the two; what was on its way is lost.
    pub fn sever(&self, one: Member, other: Member) {
        self.rules.send_modify(|rules| {
            *rules.severed.entry(pair(one, other)).or_default() += 1;
        });
    }

    /// All between the two is as it should be.
    pub fn mend(&self, one: Member, other: Member) {
        self.rules.send_modify(|rules| {
            rules.flows.remove(&(one, other));
            rules.flows.remove(&(other, one));
            rules.refused.remove(&pair(one, other));
        });
    }

    fn who(&self, connection: peer::Connection) -> Member {
        let processes: Vec<(u32, Member)> = self
            .processes
            .lock()
            .unwrap()
            .iter()
            .map(|(process, member)| (*process, *member))
            .collect();
        peer::inode(connection)
            .and_then(|inode| {
                processes
                    .iter()
                    .find(|(process, _)| peer::has_socket(*process, inode))
            })
            .map_or(TESTER, |(_, member)| *member)
    }
}
