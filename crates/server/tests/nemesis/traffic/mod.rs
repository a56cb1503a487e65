//! Users and operators at work on all nodes: sessions are opened, checked without pause, renewed and ended.

mod checking;
mod ending;
mod opening;
mod sessions;

use crate::client::Client;
use crate::dice::Dice;
use crate::history::{Act, Op, Outcome, Recorder};
use crate::nodes::{Address, Addresses, NODES};
use crate::world::World;
use sessions::{Session, Sessions};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How many users and operators end sessions at the same time.
const ENDERS: usize = 6;
/// How many log in at the same time.
const OPENERS: usize = 3;
/// How many check at the same time, on each node: one that hangs holds up nobody at another.
const CHECKERS: usize = 2;

/// What all of them share.
#[derive(Clone)]
struct Shared {
    client: Client,
    addresses: Addresses,
    recorder: Recorder,
    sessions: Arc<Sessions>,
    stop: watch::Receiver<bool>,
}

/// The traffic. It goes on until it is stopped.
pub struct Traffic {
    shared: Shared,
    stop: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
}

impl Traffic {
    pub fn start(world: &World, recorder: Recorder, mut dice: Dice) -> Self {
        let runtime = &world.runtime;
        let (stop, stopped) = watch::channel(false);
        let shared = Shared {
            client: Client::new(world.deployment.has_replicas()),
            addresses: world.nodes.addresses(),
            recorder,
            sessions: Arc::default(),
            stop: stopped,
        };
        let mut workers = Vec::new();
        for _ in 0..OPENERS {
            workers.push(runtime.spawn(opening::work(shared.clone(), dice.fork())));
        }
        for _ in 0..ENDERS {
            workers.push(runtime.spawn(ending::work(shared.clone(), dice.fork())));
        }
        for node in (0..NODES).flat_map(|node| [node; CHECKERS]) {
            workers.push(runtime.spawn(checking::work(shared.clone(), dice.fork(), node)));
        }
        Self {
            shared,
            stop,
            workers,
        }
    }

    /// Lets everybody finish what they are at, and asks every node about every session there ever was, once more.
    pub fn finish(self, runtime: &Runtime) {
        self.stop.send_replace(true);
        runtime.block_on(async {
            for worker in self.workers {
                worker.await.unwrap();
            }
            checking::everything(&self.shared).await;
        });
    }
}

impl Shared {
    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    fn address(&self, node: usize) -> Address {
        *self.addresses[node].read().unwrap()
    }

    /// Has a node check a session, notes what it answered, and keeps the new token if there is one.
    async fn check(&self, session: &Session, node: usize) -> Outcome {
        let token = session.token();
        let start = self.recorder.now();
        let (outcome, successor) = self.client.check(self.address(node).public, &token).await;
        let renewed = successor.is_some();
        if let Some(successor) = successor {
            session.keep(&token, successor);
        }
        self.note(start, session.number, node, Act::Check, outcome, renewed);
        outcome
    }

    fn note(&self, start: Duration, session: u32, node: usize, act: Act, outcome: Outcome, renewed: bool) {
        self.recorder.note(Op {
            start,
            end: self.recorder.now(),
            session,
            node,
            act,
            outcome,
            renewed,
        });
    }
}
