//! Two nodes on one store, with one clock.

use crate::clock::HandClock;
use crate::fixture::Fixture;
use crate::random::SeededRandom;
use crate::suite::Stage;
use cloakroom_core::{
    Active, Activity, Changes, Client, CloseReason, Event, Field, LogIn, NearOptions, Policy, PolicyBuilder,
    Position, SessionError, Sessions, Store, Subject, Token, Word,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

pub(super) const NOTE: Field<String> = Field::new("note");
pub(super) const HITS: Field<u32> = Field::new("hits");
pub(super) const CART: Field<Vec<String>> = Field::new("cart").survives_log_in();

/// A fresh store, two handles on it as two processes have them, and sessions over each.
pub(super) struct House {
    pub(super) clock: HandClock,
    stores: [Arc<dyn Store>; 2],
    _fixture: Box<dyn Fixture>,
}

/// The sessions of both nodes under one policy.
#[derive(Clone)]
pub(super) struct Nodes([Sessions; 2]);

impl Stage for House {
    async fn set(fixture: Box<dyn Fixture>) -> Self {
        let stores = [fixture.store().await, fixture.again().await];
        Self {
            clock: HandClock::new(),
            stores,
            _fixture: fixture,
        }
    }
}

impl House {
    /// Both nodes, renewing hourly and idle after two, unless the policy says otherwise.
    pub(super) fn nodes(&self, policy: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Nodes {
        let policy = policy(Policy::builder().idle_timeout(Duration::from_hours(2)))
            .build()
            .unwrap();
        let mut seed = 0;
        Nodes(self.stores.clone().map(|store| {
            seed += 1;
            let random = SeededRandom::new(seed);
            Sessions::new(store, policy.clone(), self.clock.clone(), random)
        }))
    }

    pub(super) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Everything that happened, oldest first.
    pub(super) async fn journal(&self) -> Vec<Event> {
        let mut all = Vec::new();
        let mut after = Position::start();
        loop {
            let page = self.stores[0].journal(&after, 500, Duration::ZERO).await.unwrap();
            if page.entries.is_empty() {
                return all;
            }
            all.extend(page.entries.into_iter().map(|entry| entry.event));
            after = page.next;
        }
    }

    /// How sessions ended, in order.
    pub(super) async fn endings(&self) -> Vec<CloseReason> {
        let journal = self.journal().await;
        journal.into_iter().filter_map(|event| event.reason).collect()
    }
}

impl Nodes {
    /// The same nodes behind near caches. The clock stands still, so the lease never runs out: only the journal tells.
    pub(super) async fn near(self) -> Self {
        let mut nearer = Vec::new();
        for node in self.0 {
            let (node, following) = node.near(NearOptions::default()).await.unwrap();
            tokio::spawn(following);
            nearer.push(node);
        }
        let [one, other] = nearer
            .try_into()
            .unwrap_or_else(|_| unreachable!("two came, two went"));
        Self([one, other])
    }

    /// One and the other in turn.
    pub(super) fn of(&self, turn: usize) -> Sessions {
        self.0[turn % 2].clone()
    }

    pub(super) fn one(&self) -> &Sessions {
        &self.0[0]
    }

    pub(super) fn other(&self) -> &Sessions {
        &self.0[1]
    }

    pub(super) async fn log_in(&self, name: &str) -> Active {
        self.one().log_in(who(name), &client(), None).await.unwrap()
    }

    /// How many live sessions a subject has.
    pub(super) async fn live(&self, name: &str) -> usize {
        self.other().list(&subject(name)).await.unwrap().len()
    }

    /// Whether a token is dead on both nodes.
    pub(super) async fn refuse(&self, token: &Token) -> bool {
        show(self.one(), token).await.is_none() && show(self.other(), token).await.is_none()
    }
}

pub(super) fn client() -> Client {
    Client::at([192, 0, 2, 7].into()).with_user_agent("Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0")
}

pub(super) fn subject(name: &str) -> Subject {
    name.parse().unwrap()
}

pub(super) fn word(text: &str) -> Word {
    text.parse().unwrap()
}

pub(super) fn who(name: &str) -> LogIn {
    LogIn::of(subject(name)).with(word("password"))
}

/// What a request gets that shows a token.
pub(super) async fn show(sessions: &Sessions, token: &Token) -> Option<Active> {
    sessions.resolve(token, &client(), Activity::User).await.unwrap()
}

pub(super) async fn commit(
    sessions: &Sessions,
    active: &Active,
    changes: &Changes,
) -> Result<Active, SessionError> {
    sessions.commit(active, changes, &client()).await
}

pub(super) fn note(text: &str) -> Changes {
    let mut changes = Changes::none();
    changes.set(NOTE, &text.to_owned()).unwrap();
    changes
}

pub(super) fn hit() -> Changes {
    let mut changes = Changes::none();
    changes.update(HITS, |hits| *hits += 1);
    changes
}

pub(super) fn add_to_cart(article: &'static str) -> Changes {
    let mut changes = Changes::none();
    changes.update(CART, move |cart| cart.push(article.to_owned()));
    changes
}

pub(super) fn noted(active: &Active) -> Option<String> {
    active.data().unwrap().get(NOTE).unwrap()
}

pub(super) fn hits(active: &Active) -> u32 {
    active.data().unwrap().get(HITS).unwrap().unwrap_or_default()
}

pub(super) fn cart(active: &Active) -> Vec<String> {
    active.data().unwrap().get(CART).unwrap().unwrap_or_default()
}

/// Runs so many tasks, each begun only when all are ready to begin. Answers in order.
pub(super) async fn at_once<T, F>(tasks: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(tasks));
    let mut running = JoinSet::new();
    for turn in 0..tasks {
        let (gate, task) = (gate.clone(), task(turn));
        running.spawn(async move {
            gate.wait().await;
            (turn, task.await)
        });
    }
    let mut done = running.join_all().await;
    done.sort_by_key(|(turn, _)| *turn);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}
