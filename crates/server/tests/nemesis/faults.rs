//! What can break, how it is broken, and how it is mended.

use crate::deployment::Kind;
use crate::network::{Flow, Member};
use crate::nodes::{NODES, member};
use crate::world::World;
use std::fmt;
use std::time::Duration;

/// Something that breaks. Nodes and servers go by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9`, and a start at the end.
    KillNode(usize),
    /// `SIGSTOP`, and `SIGCONT` at the end: a machine that sleeps, a long pause.
    FreezeNode(usize),
    KillServer(usize),
    FreezeServer(usize),
    /// Nothing passes between a node and the store. At the end, what was sent arrives after all.
    CutOff(usize),
    /// The same, but connections do not survive it.
    CutOffForGood(usize),
    /// The store hears the node, and the node does not hear the store: what it asks for is done, and it never knows.
    Deaf(usize),
    /// The node hears the store, and the store does not hear the node.
    Mute(usize),
    /// Connections break, and new ones are refused.
    Refused(usize),
    /// Each byte between a node and the store takes so much longer.
    SlowNode(usize, Duration),
    /// The same for all nodes.
    SlowStore(Duration),
    /// The servers have no room left: what stands for a full disk.
    Full,
    /// A server that nobody reaches, and that reaches nobody.
    Isolated(usize),
    /// A server and one of our nodes that hear each other and nobody else.
    Split {
        server: usize,
        node: usize,
    },
    /// A replica is told to take this primary's place; nothing is broken.
    FailOver(usize),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillNode(node) => write!(f, "node {node} is killed"),
            Self::FreezeNode(node) => write!(f, "node {node} is frozen"),
            Self::KillServer(server) => write!(f, "redis {server} is killed"),
            Self::FreezeServer(server) => write!(f, "redis {server} is frozen"),
            Self::CutOff(node) => write!(f, "node {node} is cut off"),
            Self::CutOffForGood(node) => write!(f, "node {node} is cut off and its connections break"),
            Self::Deaf(node) => write!(f, "node {node} does not hear the store"),
            Self::Mute(node) => write!(f, "the store does not hear node {node}"),
            Self::Refused(node) => write!(f, "node {node} is refused by the store"),
            Self::SlowNode(node, by) => write!(f, "node {node} reaches the store {by:?} later"),
            Self::SlowStore(by) => write!(f, "all nodes reach the store {by:?} later"),
            Self::Full => f.write_str("the store is full"),
            Self::Isolated(server) => write!(f, "redis {server} is isolated"),
            Self::Split { server, node } => write!(f, "redis {server} and node {node} are alone together"),
            Self::FailOver(server) => write!(f, "redis {server} is to be replaced"),
        }
    }
}

impl Fault {
    /// Whether a primary may be lost by it, with what no replica has.
    pub fn loses_primary(&self, primaries: &[usize]) -> bool {
        match self {
            Self::KillServer(server)
            | Self::FreezeServer(server)
            | Self::Isolated(server)
            | Self::Split { server, .. }
            | Self::FailOver(server) => primaries.contains(server),
            _ => false,
        }
    }

    /// Nodes that it keeps from hearing of the store.
    pub fn silences(&self, kind: Kind) -> Vec<usize> {
        match self {
            Self::CutOff(node)
            | Self::CutOffForGood(node)
            | Self::Deaf(node)
            | Self::Mute(node)
            | Self::Refused(node) => vec![*node],
            Self::KillServer(_) | Self::FreezeServer(_) if kind == Kind::Alone => (0..NODES).collect(),
            _ => Vec::new(),
        }
    }

    /// The kind of thing that it strikes, so that two at once strike different ones.
    pub fn strikes_a_node(&self) -> bool {
        match self {
            Self::KillNode(_)
            | Self::FreezeNode(_)
            | Self::CutOff(_)
            | Self::CutOffForGood(_)
            | Self::Deaf(_)
            | Self::Mute(_)
            | Self::Refused(_)
            | Self::SlowNode(..) => true,
            Self::KillServer(_)
            | Self::FreezeServer(_)
            | Self::SlowStore(_)
            | Self::Full
            | Self::Isolated(_)
            | Self::Split { .. }
            | Self::FailOver(_) => false,
        }
    }

    pub fn strike(&self, world: &mut World) {
        let network = world.network.clone();
        match self {
            Self::KillNode(node) => world.nodes.kill(*node),
            Self::FreezeNode(node) => world.nodes.freeze(*node),
            Self::KillServer(server) => world.deployment.servers[*server].kill(),
            Self::FreezeServer(server) => world.deployment.servers[*server].freeze(),
            Self::CutOff(node) | Self::CutOffForGood(node) => {
                each_server(world, *node, |node, server| network.cut(node, server));
            }
            Self::Deaf(node) => each_server(world, *node, |node, server| {
                network.set(server, node, Flow::Held);
            }),
            Self::Mute(node) => each_server(world, *node, |node, server| {
                network.set(node, server, Flow::Held);
            }),
            Self::Refused(node) => each_server(world, *node, |node, server| network.refuse(node, server)),
            Self::SlowNode(node, by) => slow(world, *node, *by),
            Self::SlowStore(by) => (0..NODES).for_each(|node| slow(world, node, *by)),
            Self::Full => each_primary(world, "1"),
            Self::Isolated(server) => {
                let server = world.deployment.servers[*server].member();
                others(world, &[server]).for_each(|other| network.cut(server, other));
            }
            Self::Split { server, node } => {
                let pair = [world.deployment.servers[*server].member(), member(*node)];
                for other in others(world, &pair) {
                    pair.iter().for_each(|one| network.cut(*one, other));
                }
            }
            Self::FailOver(server) => world.deployment.order_fail_over(*server),
        }
    }

    pub fn mend(&self, world: &mut World) {
        let network = world.network.clone();
        match self {
            Self::KillNode(node) => world.nodes.restart(*node),
            Self::FreezeNode(node) => world.nodes.thaw(*node),
            Self::KillServer(server) => world.deployment.servers[*server].restart(),
            Self::FreezeServer(server) => world.deployment.servers[*server].thaw(),
            Self::CutOffForGood(node) => each_server(world, *node, |node, server| {
                network.sever(node, server);
                network.mend(node, server);
            }),
            Self::CutOff(node)
            | Self::Deaf(node)
            | Self::Mute(node)
            | Self::Refused(node)
            | Self::SlowNode(node, _) => each_server(world, *node, |node, server| network.mend(node, server)),
            Self::SlowStore(_) => (0..NODES).for_each(|node| {
                each_server(world, node, |node, server| network.mend(node, server));
            }),
            Self::Full => each_primary(world, "0"),
            Self::Isolated(server) => {
                let server = world.deployment.servers[*server].member();
                others(world, &[server]).for_each(|other| network.mend(server, other));
            }
            Self::Split { server, node } => {
                let pair = [world.deployment.servers[*server].member(), member(*node)];
                for other in others(world, &pair) {
                    pair.iter().for_each(|one| network.mend(*one, other));
                }
            }
            Self::FailOver(_) => {}
        }
    }
}

fn each_server(world: &World, node: usize, act: impl Fn(Member, Member)) {
    world
        .store()
        .into_iter()
        .for_each(|server| act(member(node), server));
}

fn slow(world: &World, node: usize, by: Duration) {
    each_server(world, node, |node, server| {
        world.network.set(node, server, Flow::Slow(by / 2));
        world.network.set(server, node, Flow::Slow(by / 2));
    });
}

fn others(world: &World, those: &[Member]) -> impl Iterator<Item = Member> {
    let those = those.to_vec();
    let everybody = world.everybody().into_iter();
    everybody.filter(move |member| !those.contains(member))
}

/// Sets how much memory the primaries may take; 0 is any. One that does not answer was struck by something else, too.
fn each_primary(world: &World, most: &str) {
    let servers = &world.deployment.servers;
    // At the end it may be another one than at the beginning.
    let those = if most == "0" || world.deployment.kind == Kind::Alone {
        (0..servers.len()).collect()
    } else {
        world.deployment.primaries()
    };
    for server in those {
        let _ = servers[server].ask(&["CONFIG", "SET", "maxmemory", most]);
    }
}
