//! What happened, and whether it may have: every node's acceptances against what the journal says and when it said so.

use cloakroom_core::{Event, Key, Kind, SessionId, Subject};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// What a world came to, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub worlds: usize,
    pub accepted_near: usize,
    pub accepted_strictly: usize,
    pub refused: usize,
    pub failed: usize,
    pub ended: usize,
    pub committed: usize,
    pub settled: usize,
    pub seconds: u64,
}

impl Sum {
    pub fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.accepted_near += other.accepted_near;
        self.accepted_strictly += other.accepted_strictly;
        self.refused += other.refused;
        self.failed += other.failed;
        self.ended += other.ended;
        self.committed += other.committed;
        self.settled += other.settled;
        self.seconds += other.seconds;
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} worlds, {} minutes: {} checks answered by near caches and {} by the store, {} refused, {} failed; \
             {} sessions ended, {} commits, {} times settled; no violation",
            self.worlds,
            self.seconds / 60,
            self.accepted_near,
            self.accepted_strictly,
            self.refused,
            self.failed,
            self.ended,
            self.committed,
            self.settled
        )
    }
}

/// How a check was answered.
#[derive(Clone, Copy, Debug)]
pub enum By {
    Near,
    Store,
}

/// Kept by somebody who sees the whole world and its true time.
pub struct History {
    seed: u64,
    /// A token may be accepted this long after the primary said that it is dead.
    bound: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    dead: HashMap<Key, Instant>,
    opened: HashSet<SessionId>,
    closed: HashSet<SessionId>,
    subjects: HashMap<SessionId, Subject>,
    refused: HashSet<SessionId>,
    /// Commits of each session: those that were acknowledged, and those that were tried.
    commits: HashMap<SessionId, (u32, u32)>,
    sum: Sum,
}

impl History {
    pub fn new(seed: u64, bound: Duration) -> Self {
        let state = Mutex::default();
        Self { seed, bound, state }
    }

    /// The primary has just written this into its journal.
    pub fn journal(&self, event: &Event) {
        let mut state = self.state.lock();
        let now = Instant::now();
        if let (Some(key), Kind::Closed | Kind::Rotated | Kind::Elevated) = (event.key, event.kind) {
            state.dead.entry(key).or_insert(now);
        }
        let Some(id) = event.session else { return };
        match event.kind {
            Kind::Opened => {
                assert!(state.opened.insert(id), "{}: opened twice: {id}", self.replay());
                if let Some(subject) = event.subject.clone() {
                    state.subjects.insert(id, subject);
                }
            }
            Kind::Closed => {
                let fresh = state.closed.insert(id);
                assert!(
                    fresh && state.opened.contains(&id),
                    "{}: closed twice or never opened: {id}",
                    self.replay()
                );
                state.sum.ended += 1;
            }
            _ => assert!(
                !state.closed.contains(&id),
                "{}: {} after the end: {id}",
                self.replay(),
                event.kind
            ),
        }
    }

    /// A node accepted a token in a check that began then.
    pub fn accepted(&self, node: usize, key: &Key, began: Instant, by: By) {
        let mut state = self.state.lock();
        match by {
            By::Near => state.sum.accepted_near += 1,
            By::Store => state.sum.accepted_strictly += 1,
        }
        if let Some(dead) = state.dead.get(key) {
            let late = began.saturating_duration_since(*dead);
            assert!(
                late <= self.bound,
                "{}: invariant 1: node {node} accepted (by {by:?}) a token that had been dead for {late:?}",
                self.replay()
            );
        }
    }

    /// `settled` has just returned for this token: from now on nobody may accept it.
    pub fn settled(&self, key: &Key, accepted: impl FnOnce() -> Option<usize>) {
        self.state.lock().sum.settled += 1;
        if let Some(node) = accepted() {
            panic!(
                "{}: invariant 1: node {node} accepted {key:?} after `settled`",
                self.replay()
            );
        }
    }

    /// A node said that there is no such session.
    pub fn refused(&self, id: SessionId) {
        let mut state = self.state.lock();
        state.sum.refused += 1;
        state.refused.insert(id);
    }

    pub fn failed(&self) {
        self.state.lock().sum.failed += 1;
    }

    pub fn tries_to_commit(&self, id: SessionId) {
        self.state.lock().commits.entry(id).or_default().1 += 1;
    }

    pub fn committed(&self, id: SessionId) {
        let mut state = self.state.lock();
        state.sum.committed += 1;
        state.commits.entry(id).or_default().0 += 1;
    }

    /// How many commits of a session were acknowledged, and how many were tried.
    pub fn commits(&self, id: SessionId) -> (u32, u32) {
        self.state.lock().commits.get(&id).copied().unwrap_or_default()
    }

    /// How many sessions of a subject are open, by the journal.
    pub fn open_of(&self, subject: &Subject) -> usize {
        let state = self.state.lock();
        let open = state.opened.difference(&state.closed);
        open.filter(|id| state.subjects.get(id) == Some(subject)).count()
    }

    pub fn open(&self) -> HashSet<SessionId> {
        let state = self.state.lock();
        state.opened.difference(&state.closed).copied().collect()
    }

    /// At the end: whoever was refused had been ended.
    pub fn close(&self, lived: Duration) -> Sum {
        let mut state = self.state.lock();
        for id in &state.refused {
            assert!(
                state.closed.contains(id),
                "{}: refused, but never ended: {id}",
                self.replay()
            );
        }
        state.sum.worlds = 1;
        state.sum.seconds = lived.as_secs();
        state.sum.clone()
    }

    pub fn replay(&self) -> String {
        format!("SIMULATION_SEED={}", self.seed)
    }
}
