//! The near cache: what it answers, and what it must never answer.
//!
//! Two nodes on one store: `near` has a cache and a store that can be made to fail, hang or answer late; `other` has
//! neither. Tasks run on paused time, so waiting for news takes no time; the lease goes by the hand-wound clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is how a test speaks"
)]

mod support;

use cloakroom_core::{
    Active, Activity, Cause, CloseReason, MemoryStore, NearError, NearOptions, Opened, Opening, Policy,
    PolicyBuilder, SessionError, Sessions, Slot, Store as _, Token, WhenFull,
};
use cloakroom_testkit::{At, Fault, FaultyStore, Gate, HandClock, SeededRandom, Step};
use std::sync::Arc;
use std::time::Duration;
use support::{NOTE, client, hit, hourly, note, noted, set, subject, who};
use tokio::task::JoinHandle;

const LEASE: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

struct Town {
    clock: HandClock,
    memory: Arc<MemoryStore>,
    link: Arc<FaultyStore>,
    near: Sessions,
    other: Sessions,
}

impl Town {
    async fn new() -> Self {
        Self::under(hourly()).await
    }

    async fn under(policy: PolicyBuilder) -> Self {
        let (clock, policy) = (HandClock::new(), policy.build().unwrap());
        let memory = Arc::new(MemoryStore::new());
        let link = FaultyStore::over(memory.clone());
        let node = |store, seed| Sessions::new(store, policy.clone(), clock.clone(), SeededRandom::new(seed));
        let other = node(memory.clone(), 1);
        let (near, following) = node(link.clone(), 2).near(options()).await.unwrap();
        tokio::spawn(following);
        let town = Self {
            clock,
            memory,
            link,
            near,
            other,
        };
        town.news().await;
        town
    }

    /// Lets the follower do all that it can do.
    async fn news(&self) {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }

    /// Alice's session, held in the cache of `near`.
    async fn held(&self) -> Active {
        let active = self.other.log_in(who("alice"), &client(), None).await.unwrap();
        self.news().await;
        assert!(self.accepts(active.token()).await, "it was opened");
        assert!(
            self.near
                .glance(active.token(), &client(), Activity::User)
                .is_some(),
            "it is held"
        );
        active
    }

    /// Alice's session while `near` reads it for the first time: the store has answered, and the answer is under way.
    async fn read_slowly(&self) -> (Active, Gate, JoinHandle<Result<Option<Active>, SessionError>>) {
        let active = self.other.log_in(who("alice"), &client(), None).await.unwrap();
        self.news().await;
        let mut gate = self.link.stop_next(Step::Load, At::Answer);
        let (near, token) = (self.near.clone(), active.token().clone());
        let slow = tokio::spawn(async move { near.resolve(&token, &client(), Activity::User).await });
        gate.reached().await;
        (active, gate, slow)
    }

    async fn accepts(&self, token: &Token) -> bool {
        self.show(token).await.unwrap().is_some()
    }

    async fn show(&self, token: &Token) -> Result<Option<Active>, SessionError> {
        self.near.resolve(token, &client(), Activity::User).await
    }

    async fn revoke_elsewhere(&self, active: &Active) {
        let cause = Cause {
            at: self.other.now(),
            ..Cause::default()
        };
        assert!(
            self.other
                .end(&active.id(), CloseReason::Revoked, &cause)
                .await
                .unwrap()
        );
    }
}

fn options() -> NearOptions {
    NearOptions::new(1000, LEASE).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_hit_asks_the_store_nothing() {
    let town = Town::new().await;
    let active = town.held().await;
    let before = town.link.calls(Step::Load);
    for _ in 0..100 {
        assert!(town.accepts(active.token()).await);
    }
    assert_eq!(town.link.calls(Step::Load), before);
    let stats = town.near.near_stats().unwrap();
    assert!(stats.hits >= 100 && stats.entries == 1, "{stats:?}");
}

#[tokio::test(start_paused = true)]
async fn invariant_1_what_another_node_ends_is_refused_as_soon_as_the_journal_says_so() {
    let town = Town::new().await;
    let active = town.held().await;
    town.revoke_elsewhere(&active).await;
    town.news().await;
    assert!(!town.accepts(active.token()).await);
    assert_eq!(town.near.near_stats().unwrap().entries, 0);
}

#[tokio::test(start_paused = true)]
async fn invariant_1_a_node_that_is_cut_off_accepts_no_longer_than_the_lease() {
    let town = Town::new().await;
    let active = town.held().await;
    // What is being asked at this moment is not answered, and nothing else is either.
    let gate = town.link.stop_next(Step::Journal, At::Answer);
    town.link.fail_all(Fault::Unavailable);
    town.revoke_elsewhere(&active).await;
    town.news().await;
    assert!(
        town.accepts(active.token()).await,
        "nobody has told it, and it may say so still"
    );
    town.clock.advance(LEASE + MS);
    let error = town.show(active.token()).await.unwrap_err();
    assert!(
        matches!(error, SessionError::Store(_)),
        "neither let in nor logged out: {error:?}"
    );
    town.link.mend();
    gate.open();
    town.news().await;
    assert!(!town.accepts(active.token()).await);
}

#[tokio::test(start_paused = true)]
async fn invariant_1_a_reader_that_hangs_confirms_nothing_although_the_primary_answers() {
    let town = Town::new().await;
    let active = town.held().await;
    let gate = town.link.stop_next(Step::Journal, At::Answer);
    town.news().await;
    town.revoke_elsewhere(&active).await;
    town.clock.advance(LEASE + MS);
    town.news().await;
    assert!(
        !town.accepts(active.token()).await,
        "strict, since what it has read is not all there is"
    );
    assert!(town.near.near_stats().unwrap().stood_aside > 0);
    gate.open();
    town.news().await;
    assert!(!town.accepts(active.token()).await);
}

#[tokio::test(start_paused = true)]
async fn invariant_1_a_primary_that_may_not_write_confirms_nothing() {
    let town = Town::new().await;
    let active = town.held().await;
    town.link.fail(Step::Confirm, Fault::Unavailable);
    town.clock.advance(LEASE + MS);
    town.news().await;
    assert!(
        town.near
            .glance(active.token(), &client(), Activity::User)
            .is_none()
    );
    assert!(town.accepts(active.token()).await, "strictly it is still good");
}

#[tokio::test(start_paused = true)]
async fn invariant_1_an_answer_counts_from_the_moment_of_asking() {
    let town = Town::new().await;
    let active = town.held().await;
    let gate = town.link.stop_next(Step::Confirm, At::Answer);
    town.news().await;
    town.clock.advance(LEASE + MS);
    gate.open();
    tokio::time::sleep(MS).await;
    assert!(
        town.near
            .glance(active.token(), &client(), Activity::User)
            .is_none(),
        "the answer is as old as its question"
    );
}

#[tokio::test(start_paused = true)]
async fn invariant_1_what_was_read_before_a_change_is_not_kept_after_it() {
    let town = Town::new().await;
    let (active, gate, slow) = town.read_slowly().await;
    town.other.commit(&active, &note("new"), &client()).await.unwrap();
    town.news().await;
    gate.open();
    let read = slow.await.unwrap().unwrap().unwrap();
    assert_eq!(noted(&read), None, "a request that read it before may finish");
    assert_eq!(town.near.near_stats().unwrap().refused_fills, 1);
    let read = town.show(active.token()).await.unwrap().unwrap();
    assert_eq!(noted(&read).as_deref(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn invariant_1_what_ended_while_it_was_read_is_refused_and_not_kept() {
    let town = Town::new().await;
    let (active, gate, slow) = town.read_slowly().await;
    town.revoke_elsewhere(&active).await;
    town.news().await;
    gate.open();
    assert!(slow.await.unwrap().unwrap().is_none());
    assert!(!town.accepts(active.token()).await);
    assert_eq!(town.near.near_stats().unwrap().entries, 0);
}

#[tokio::test(start_paused = true)]
async fn what_this_node_writes_its_next_request_sees_whatever_the_journal_does() {
    let town = Town::new().await;
    let active = town.held().await;
    let _gate = town.link.stop_next(Step::Journal, At::Answer);
    town.news().await;
    town.near.commit(&active, &note("mine"), &client()).await.unwrap();
    let seen = town.show(active.token()).await.unwrap().unwrap();
    assert_eq!(noted(&seen).as_deref(), Some("mine"));
    town.near.log_out(&seen, &client()).await.unwrap();
    assert!(!town.accepts(active.token()).await);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_caller_went_away_is_forgotten_all_the_same() {
    let town = Town::new().await;
    let active = town.held().await;
    let mut gate = town.link.stop_next(Step::Swap, At::Answer);
    let (near, mine) = (town.near.clone(), active.clone());
    let going = tokio::spawn(async move { near.commit(&mine, &hit(), &client()).await });
    gate.reached().await;
    going.abort();
    assert!(going.await.is_err());
    assert!(
        town.near
            .glance(active.token(), &client(), Activity::User)
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn invariant_3_a_change_based_on_a_cached_version_is_made_on_the_present_one() {
    let town = Town::new().await;
    let active = town.held().await;
    let _gate = town.link.stop_next(Step::Journal, At::Answer);
    town.news().await;
    let mut theirs = set(NOTE, "theirs");
    theirs.update(support::HITS, |hits| *hits += 1);
    town.other.commit(&active, &theirs, &client()).await.unwrap();
    let old = town.show(active.token()).await.unwrap().unwrap();
    assert_eq!(noted(&old), None, "the cached version is the old one");
    let both = town.near.commit(&old, &hit(), &client()).await.unwrap();
    assert_eq!(noted(&both).as_deref(), Some("theirs"));
    assert_eq!(support::hits(&both), 2);
}

#[tokio::test(start_paused = true)]
async fn what_looks_idle_here_is_asked_about_before_it_is_believed() {
    let policy = Policy::builder()
        .renew_after(None)
        .idle_timeout(Duration::from_hours(1));
    let town = Town::under(policy).await;
    let active = town.held().await;
    town.clock.advance(Duration::from_mins(50));
    let elsewhere = town
        .other
        .resolve(active.token(), &client(), Activity::User)
        .await;
    assert!(elsewhere.unwrap().is_some());
    town.clock.advance(Duration::from_mins(20));
    town.news().await;
    assert!(
        town.near
            .glance(active.token(), &client(), Activity::User)
            .is_none()
    );
    assert!(town.accepts(active.token()).await);
}

#[tokio::test(start_paused = true)]
async fn that_a_session_is_used_is_written_once_per_interval_and_together() {
    let town = Town::new().await;
    let active = town.held().await;
    let touches = town.link.calls(Step::Touch);
    town.clock.advance(Duration::from_mins(2));
    town.news().await;
    for _ in 0..50 {
        assert!(town.accepts(active.token()).await);
    }
    assert_eq!(town.link.calls(Step::Touch), touches, "nothing yet");
    town.news().await;
    assert_eq!(town.link.calls(Step::Touch), touches + 1);
    let record = town.other.find(&active.id()).await.unwrap().unwrap();
    assert_eq!(record.seen_at, town.near.now());
}

#[tokio::test(start_paused = true)]
async fn invariant_2_a_late_touch_brings_nothing_back() {
    let town = Town::new().await;
    let active = town.held().await;
    town.clock.advance(Duration::from_mins(2));
    town.news().await;
    assert!(town.accepts(active.token()).await);
    town.link.fail(Step::Journal, Fault::Unavailable);
    town.revoke_elsewhere(&active).await;
    town.near.flush().await;
    assert!(town.other.find(&active.id()).await.unwrap().is_none());
    assert!(
        !town.accepts(active.token()).await,
        "the answer to the touch said that it is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn invariant_2_what_a_node_saw_end_it_refuses_though_the_store_has_it_again() {
    let town = Town::new().await;
    let active = town.held().await;
    let key = active.token().key();
    let Some(Slot::Live(record)) = town.memory.load(&key).await.unwrap() else {
        panic!("it is there")
    };
    town.revoke_elsewhere(&active).await;
    town.news().await;
    // As a replica has it that takes over and had not heard of the end.
    let opening = Opening {
        key,
        deadline: record.expires_at,
        record,
        max_sessions: 0,
        when_full: WhenFull::Reject,
        replaces: None,
        cause: Cause {
            at: town.other.now(),
            ..Cause::default()
        },
    };
    let opened = town.memory.open(&opening).await.unwrap();
    assert_eq!(opened, Opened::Opened(Vec::new()));
    let there = town.other.introspect(active.token()).await.unwrap();
    assert!(there.is_some(), "a node that had not heard of it can not know");
    for _ in 0..3 {
        assert!(!town.accepts(active.token()).await);
        town.news().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_touch_that_the_store_did_not_take_is_written_when_it_does() {
    let town = Town::new().await;
    let active = town.held().await;
    town.clock.advance(Duration::from_mins(2));
    town.news().await;
    assert!(town.accepts(active.token()).await);
    let seen = town.near.now();
    town.link.fail(Step::Touch, Fault::Unavailable);
    town.near.flush().await;
    town.link.mend();
    town.near.flush().await;
    assert_eq!(
        town.other.find(&active.id()).await.unwrap().unwrap().seen_at,
        seen
    );
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_the_journal_empties_the_cache() {
    let town = Town::new().await;
    let active = town.held().await;
    let gate = town.link.stop_next(Step::Journal, At::Answer);
    town.news().await;
    town.link.fail(Step::Journal, Fault::Unavailable);
    gate.open();
    town.revoke_elsewhere(&active).await;
    for _ in 0..3 {
        town.other.log_in(who("bob"), &client(), None).await.unwrap();
    }
    town.memory.trim_journal(1);
    town.link.mend();
    town.news().await;
    assert!(!town.accepts(active.token()).await);
    let stats = town.near.near_stats().unwrap();
    assert!(stats.gaps >= 2, "one at the start, one now: {stats:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_wants_a_longer_lease_than_the_others_does_not_start() {
    let town = Town::new().await;
    let node = Sessions::new(
        town.memory.clone(),
        Policy::default(),
        town.clock.clone(),
        SeededRandom::new(3),
    );
    let longer = NearOptions::new(10, 2 * LEASE).unwrap();
    let error = node.clone().near(longer).await.err().unwrap();
    assert!(matches!(error, NearError::LongerLease { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "cache.lease = 2s: the nodes that run on this store agreed on 1s; give this one no more, or stop all of them for three minutes to begin with another"
    );
    assert!(node.near(NearOptions::new(10, LEASE / 2).unwrap()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn settled_waits_for_the_lease_of_the_deployment_and_for_nothing_without_one() {
    let town = Town::new().await;
    let began = tokio::time::Instant::now();
    town.other.settled().await.unwrap();
    let took = began.elapsed();
    assert!(took >= LEASE && took < LEASE * 2, "{took:?}");
    let alone = Sessions::new(
        Arc::new(MemoryStore::new()),
        Policy::default(),
        town.clock.clone(),
        SeededRandom::new(3),
    );
    let began = tokio::time::Instant::now();
    alone.settled().await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn invariant_1_after_settled_not_even_a_node_that_was_cut_off_accepts() {
    let town = Town::new().await;
    let active = town.held().await;
    let _gate = town.link.stop_next(Step::Journal, At::Answer);
    town.link.fail_all(Fault::Unavailable);
    town.revoke_elsewhere(&active).await;
    town.news().await;
    let cached = town.near.glance(active.token(), &client(), Activity::User);
    assert!(cached.is_some(), "nobody has told it");
    let began = tokio::time::Instant::now();
    town.other.settled().await.unwrap();
    town.clock.advance(began.elapsed());
    assert!(
        town.near
            .glance(active.token(), &client(), Activity::User)
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn the_follower_ends_with_the_sessions_and_writes_what_was_seen() {
    let memory = Arc::new(MemoryStore::new());
    let clock = HandClock::new();
    let node = || {
        Sessions::new(
            memory.clone(),
            hourly().build().unwrap(),
            clock.clone(),
            SeededRandom::new(1),
        )
    };
    let (near, following) = node().near(options()).await.unwrap();
    let following = tokio::spawn(following);
    tokio::time::sleep(LEASE).await;
    let active = near.log_in(who("alice"), &client(), None).await.unwrap();
    assert!(
        near.resolve(active.token(), &client(), Activity::User)
            .await
            .unwrap()
            .is_some()
    );
    clock.advance(Duration::from_mins(2));
    tokio::time::sleep(LEASE / 2).await;
    assert!(
        near.resolve(active.token(), &client(), Activity::User)
            .await
            .unwrap()
            .is_some()
    );
    let seen = near.now();
    drop(near);
    following.await.unwrap();
    assert_eq!(node().find(&active.id()).await.unwrap().unwrap().seen_at, seen);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_taken_shows_at_the_next_request() {
    let town = Town::new().await;
    let log_in = who("alice").roles([support::word("admin")]);
    let active = town.near.log_in(log_in, &client(), None).await.unwrap();
    assert!(town.accepts(active.token()).await);
    let operator = cloakroom_core::Actor::Operator("ops".to_owned());
    town.near
        .set_roles(&subject("alice"), [], operator)
        .await
        .unwrap();
    let seen = town.show(active.token()).await.unwrap().unwrap();
    assert!(seen.roles().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_back_to_others_with_a_shorter_lease_keeps_to_it() {
    let town = Town::new().await;
    let active = town.held().await;
    town.link.fail_all(Fault::Unavailable);
    town.clock.advance(Duration::from_mins(4));
    town.news().await;
    let agreed = town.memory.lease(LEASE / 2, town.other.now()).await.unwrap();
    assert_eq!(agreed, LEASE / 2, "nobody has relied on the other for long");
    town.link.mend();
    town.news().await;
    assert_eq!(town.near.near_stats().unwrap().lease, LEASE / 2);
    assert!(town.accepts(active.token()).await);
    let gate = town.link.stop_next(Step::Confirm, At::Start);
    town.news().await;
    town.clock.advance(LEASE / 2 + MS);
    let cached = town.near.glance(active.token(), &client(), Activity::User);
    assert!(cached.is_none(), "longer than what the others wait for");
    drop(gate);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_starts_while_the_store_takes_no_writes_waits_a_little_and_not_for_ever() {
    let store = FaultyStore::new(MemoryStore::new());
    let node = || {
        let policy = hourly().build().unwrap();
        Sessions::new(store.clone(), policy, HandClock::new(), SeededRandom::new(1)).near(options())
    };
    store.fail_all(Fault::Unavailable);
    let (starts, mends) = (node(), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        store.mend();
    });
    let (started, ()) = tokio::join!(starts, mends);
    assert!(started.is_ok(), "it takes writes again");
    store.fail_all(Fault::Unavailable);
    assert!(matches!(node().await, Err(NearError::Store(_))));
}
