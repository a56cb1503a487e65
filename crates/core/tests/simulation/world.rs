//! A world: one store, three nodes, some users, and what goes wrong.

use crate::clients::{self, HITS, Ticket, browser};
use crate::dice::Dice;
use crate::history::{History, Sum};
use crate::nemesis;
use crate::node::Node;
use crate::wire::Primary;
use cloakroom_core::{Activity, NearOptions, Policy, Sessions, Slot, Store, Subject};
use cloakroom_testkit::SeededRandom;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const NODES: usize = 3;
const USERS: usize = 6;
const LIMIT: u32 = 3;
const LEASE: Duration = Duration::from_millis(600);
const LIFE: Duration = Duration::from_secs(20);
/// Tickets that each user keeps trying, long after they stopped being good.
const KEPT: usize = 8;

pub struct World {
    seed: u64,
    pub dice: Arc<Dice>,
    pub history: Arc<History>,
    pub nodes: Vec<Node>,
    primary: Arc<Primary>,
    tickets: Mutex<Vec<Ticket>>,
}

impl World {
    pub async fn new(seed: u64) -> Arc<Self> {
        let dice = Arc::new(Dice::new(seed));
        // One percent for clocks that run apart, and a moment for what happens in the same instant.
        let history = Arc::new(History::new(seed, LEASE + LEASE / 100 + Duration::from_millis(1)));
        let primary = Arc::new(Primary::new(history.clone()));
        let policy = Policy::builder()
            .max_sessions(LIMIT)
            .renew_after(None)
            .build()
            .unwrap();
        // Little room, so that sessions are pushed out and come back.
        let near = NearOptions::new(12, LEASE).unwrap();
        let mut nodes = Vec::new();
        for _ in 0..NODES {
            let node = Node::new(primary.clone(), dice.clone(), policy.clone(), near);
            node.start().await;
            nodes.push(node);
        }
        Arc::new(Self {
            seed,
            dice,
            history,
            nodes,
            primary,
            tickets: Mutex::default(),
        })
    }

    /// Lets everybody live for a while, then looks at what is left.
    pub async fn live(self: Arc<Self>) -> Sum {
        let began = Instant::now();
        let mut everybody = JoinSet::new();
        for user in 0..USERS {
            // Two browsers each.
            for _ in 0..2 {
                everybody.spawn(clients::live(self.clone(), subject(user)));
            }
        }
        for _ in 0..2 {
            everybody.spawn(nemesis::haunt(self.clone()));
        }
        let watching = async {
            while began.elapsed() < LIFE {
                sleep(Duration::from_millis(100)).await;
                self.count_sessions();
            }
        };
        tokio::select! {
            biased;
            () = watching => {}
            // A client or the nemesis only ends by failing.
            ended = everybody.join_next() => ended.unwrap().unwrap(),
        }
        everybody.shutdown().await;
        self.primary.report().await;
        self.look_at_what_is_left().await;
        self.history.close(began.elapsed())
    }

    fn count_sessions(&self) {
        for user in 0..USERS {
            let open = self.history.open_of(&subject(user));
            assert!(
                open <= LIMIT as usize,
                "{}: invariant 7: {open} sessions",
                self.history.replay()
            );
        }
    }

    /// The store holds what its journal says, and every change that was acknowledged.
    async fn look_at_what_is_left(&self) {
        let mut left = self.history.open();
        let random = SeededRandom::new(self.seed);
        let sessions = Sessions::new(
            self.primary.memory.clone(),
            Policy::builder().renew_after(None).build().unwrap(),
            self.nodes[0].clock.clone(),
            random,
        );
        let tickets = self.tickets.lock().clone();
        for ticket in tickets {
            let Some(Slot::Live(_)) = self.primary.memory.load(&ticket.token.key()).await.unwrap() else {
                continue;
            };
            left.remove(&ticket.id);
            let browser = browser();
            let resolved = sessions.resolve_strictly(&ticket.token, &browser, Activity::Background);
            let hits = match resolved.await.unwrap() {
                Some(active) => active.data().unwrap().get(HITS).unwrap().unwrap_or(0),
                None => continue,
            };
            let (acknowledged, tried) = self.history.commits(ticket.id);
            assert!(
                (acknowledged..=tried).contains(&hits),
                "{}: invariant 3: {hits} of {acknowledged} acknowledged and {tried} tried commits",
                self.history.replay()
            );
        }
        // Whoever is not known by a ticket was opened, but the answer was lost on the way, or its ticket was thrown away.
        for id in left {
            let found = self.primary.memory.find(&id).await.unwrap();
            assert!(
                found.is_some(),
                "{}: invariant 8: open in the journal, not in the store: {id}",
                self.history.replay()
            );
        }
    }

    pub fn keep(&self, ticket: Ticket) {
        let mut tickets = self.tickets.lock();
        let mine = |it: &&Ticket| it.subject == ticket.subject;
        if tickets.iter().filter(mine).count() >= KEPT {
            let oldest = tickets.iter().position(|it| it.subject == ticket.subject);
            tickets.remove(oldest.unwrap());
        }
        tickets.push(ticket);
    }

    /// A ticket of a user: mostly one that was good when last seen, at times any.
    pub fn any_ticket(&self, subject: &Subject) -> Option<Ticket> {
        let tickets = self.tickets.lock();
        let any = self.dice.percent(15);
        let mine = |it: &&Ticket| it.subject == *subject && (any || !(it.refused || it.replaced));
        let mine: Vec<_> = tickets.iter().filter(mine).collect();
        self.dice.pick(&mine).map(|ticket| (*ticket).clone())
    }

    pub fn replace(&self, ticket: &Ticket) {
        let key = ticket.token.key();
        let mut tickets = self.tickets.lock();
        for it in tickets.iter_mut().filter(|it| it.token.key() == key) {
            it.replaced = true;
        }
    }

    /// A node knew no such session. If the ticket was replaced meanwhile, that is as it should be.
    pub fn refused(&self, ticket: &Ticket) {
        let key = ticket.token.key();
        let mut tickets = self.tickets.lock();
        let held = tickets.iter_mut().find(|it| it.token.key() == key);
        if let Some(held) = held.filter(|it| !it.replaced) {
            held.refused = true;
            self.history.refused(ticket.id);
        }
    }
}

fn subject(user: usize) -> Subject {
    format!("user-{user}").parse().unwrap()
}
