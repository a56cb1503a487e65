//! Random lives: whatever users, thieves and operators do in whatever order, some things stay true.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{Active, Actor, CloseReason, Policy, SessionId, Timestamp, Token};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use support::{Desk, add_to_cart, hit, hours, subject, text, who, word, words};

const USERS: [&str; 2] = ["alice", "bob"];
const LIMIT: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Act {
    Visit,
    LogIn { user: usize, from: Option<usize> },
    Show(usize),
    Poll(usize),
    Commit(usize),
    Rotate(usize),
    StepUp(usize),
    LogOut(usize),
    End(usize),
    EndOthers(usize),
    EndAll(usize),
    SetRoles(usize),
    Wait(u64),
    Sweep,
}

fn act() -> impl Strategy<Value = Act> {
    let any = || 0..40_usize;
    prop_oneof![
        2 => Just(Act::Visit),
        4 => (0..2_usize, proptest::option::of(any())).prop_map(|(user, from)| Act::LogIn { user, from }),
        12 => any().prop_map(Act::Show),
        2 => any().prop_map(Act::Poll),
        4 => any().prop_map(Act::Commit),
        2 => any().prop_map(Act::Rotate),
        2 => any().prop_map(Act::StepUp),
        2 => any().prop_map(Act::LogOut),
        1 => any().prop_map(Act::End),
        1 => any().prop_map(Act::EndOthers),
        1 => (0..2_usize).prop_map(Act::EndAll),
        1 => (0..2_usize).prop_map(Act::SetRoles),
        8 => prop_oneof![Just(1), Just(9), Just(11), Just(60), Just(600), Just(3600)].prop_map(Act::Wait),
        1 => Just(Act::Sweep),
    ]
}

/// What the outside has seen: every token ever given out, which of them were refused, and every session's deadline.
struct World {
    desk: Desk,
    hands: Vec<Active>,
    dead: HashSet<String>,
    deadlines: HashMap<SessionId, Timestamp>,
    hits: HashMap<SessionId, u32>,
}

impl World {
    fn new() -> Self {
        let policy = Policy::builder().idle_timeout(hours(2)).max_sessions(3);
        Self {
            desk: Desk::with(policy),
            hands: Vec::new(),
            dead: HashSet::new(),
            deadlines: HashMap::new(),
            hits: HashMap::new(),
        }
    }

    fn pick(&self, place: usize) -> Option<Active> {
        let most = self.hands.len();
        (most > 0).then(|| self.hands[place % most].clone())
    }

    /// Takes what an act has answered. `proven` if somebody authenticated in it.
    fn take(&mut self, active: Option<Active>, proven: bool) {
        let Some(active) = active else { return };
        let deadline = active.record().expires_at;
        let known = *self.deadlines.entry(active.id()).or_insert(deadline);
        assert!(
            proven || known == deadline,
            "invariant 6: the absolute deadline moved"
        );
        self.deadlines.insert(active.id(), deadline);
        assert!(
            !self.dead.contains(&text(active.token())),
            "a dead token was handed out"
        );
        self.hands.push(active);
    }

    async fn show(&mut self, token: &Token, polling: bool) {
        let shown = if polling {
            self.desk.poll(token).await
        } else {
            self.desk.show(token).await
        };
        match &shown {
            Some(active) => {
                assert!(
                    !self.dead.contains(&text(token)),
                    "invariant 2: a dead token came alive"
                );
                assert!(self.desk.sessions.now() < active.record().expires_at);
                let counted = support::hits(active);
                let known = self.hits.get(&active.id()).copied().unwrap_or_default();
                assert_eq!(counted, known, "invariant 3: an acknowledged write is lost");
            }
            None => {
                self.dead.insert(text(token));
            }
        }
        self.take(shown, false);
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each act")]
    async fn act(&mut self, act: Act) {
        let (sessions, client) = (self.desk.sessions.clone(), self.desk.client.clone());
        match act {
            Act::Visit => {
                let visitor = sessions
                    .open_anonymous(&client, &add_to_cart("hat"))
                    .await
                    .unwrap();
                self.take(Some(visitor), true);
            }
            Act::LogIn { user, from } => {
                let from = from.and_then(|place| self.pick(place));
                let user = sessions
                    .log_in(who(USERS[user]), &client, from.as_ref())
                    .await
                    .unwrap();
                assert!(
                    user.data().unwrap().names().all(|name| name == "cart"),
                    "only the cart is carried"
                );
                self.take(Some(user), true);
                if let Some(from) = from {
                    self.show(from.token(), false).await;
                    assert!(
                        self.dead.contains(&text(from.token())),
                        "log-in left the former session"
                    );
                }
            }
            Act::Show(place) | Act::Poll(place) => {
                if let Some(hand) = self.pick(place) {
                    self.show(hand.token(), matches!(act, Act::Poll(_))).await;
                }
            }
            Act::Commit(place) => {
                if let Some(hand) = self.pick(place)
                    && let Ok(written) = self.desk.commit(&hand, &hit()).await
                {
                    *self.hits.entry(hand.id()).or_default() += 1;
                    self.take(Some(written), false);
                }
            }
            Act::Rotate(place) | Act::StepUp(place) => {
                if let Some(hand) = self.pick(place) {
                    let proven = matches!(act, Act::StepUp(_));
                    let changed = if proven {
                        sessions.step_up(&hand, word("otp"), &client).await
                    } else {
                        sessions.rotate(&hand, &client).await
                    };
                    if let Ok(changed) = changed {
                        self.take(Some(changed), proven);
                        self.show(hand.token(), false).await;
                        assert!(
                            self.dead.contains(&text(hand.token())),
                            "the old token outlived it"
                        );
                    }
                }
            }
            Act::LogOut(place) => {
                if let Some(hand) = self.pick(place) {
                    sessions.log_out(&hand, &client).await.unwrap();
                    self.gone(hand.id()).await;
                }
            }
            Act::End(place) => {
                if let Some(hand) = self.pick(place) {
                    let cause = sessions.operator("test");
                    sessions
                        .end(&hand.id(), CloseReason::Revoked, &cause)
                        .await
                        .unwrap();
                    self.gone(hand.id()).await;
                }
            }
            Act::EndOthers(place) => {
                if let Some(hand) = self.pick(place)
                    && let Ok(others) = sessions.end_others(&hand, &client).await
                {
                    let left = sessions.list(others.kept.subject().unwrap()).await.unwrap();
                    assert!(left.len() <= 1 && left.iter().all(|record| record.id == hand.id()));
                    self.take(Some(others.kept), false);
                }
            }
            Act::EndAll(user) => {
                let cause = sessions.operator("test");
                sessions
                    .end_all(&subject(USERS[user]), CloseReason::Revoked, &cause)
                    .await
                    .unwrap();
                assert_eq!(self.desk.live(USERS[user]).await, 0);
            }
            Act::SetRoles(user) => {
                let roles = words([if self.hands.len().is_multiple_of(2) {
                    "editor"
                } else {
                    "admin"
                }]);
                sessions
                    .set_roles(&subject(USERS[user]), roles, Actor::System)
                    .await
                    .unwrap();
            }
            Act::Wait(seconds) => self.desk.wait(seconds),
            Act::Sweep => drop(sessions.sweep().await.unwrap()),
        }
        for user in USERS {
            assert!(
                self.desk.live(user).await <= LIMIT,
                "invariant 7: too many sessions"
            );
        }
    }

    /// Every token of a session that has ended is dead.
    async fn gone(&mut self, id: SessionId) {
        assert!(self.desk.sessions.find(&id).await.unwrap().is_none());
        for hand in self.hands.clone().iter().filter(|hand| hand.id() == id) {
            self.show(hand.token(), false).await;
            assert!(
                self.dead.contains(&text(hand.token())),
                "invariant 1: a token outlived its session"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_invariants_hold(acts in vec(act(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for act in acts {
                world.act(act).await;
            }
            // Invariant 8: the journal tells of each session's end once, and of nothing after it.
            let mut ended = HashSet::new();
            for event in world.desk.journal().await {
                if let Some(session) = event.session {
                    prop_assert!(!ended.contains(&session), "{event:?} after the end");
                    if event.reason.is_some() {
                        ended.insert(session);
                    }
                }
            }
            Ok(())
        })?;
    }
}

/// The walk above would miss this if nothing were ever written.
#[tokio::test]
async fn the_walk_counts_what_it_writes() {
    let mut world = World::new();
    world.act(Act::LogIn { user: 0, from: None }).await;
    world.act(Act::Commit(0)).await;
    world.act(Act::Show(0)).await;
    assert_eq!(world.hits.values().sum::<u32>(), 1);
}
