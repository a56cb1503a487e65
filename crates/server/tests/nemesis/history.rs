//! What everybody asked and was answered, and when, by one clock that never steps.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// A session was opened, or renewed: written without being ended.
    Open,
    /// Whether a session may pass.
    Check,
    /// That a session ends.
    End,
    /// That a session ends, to be answered when no node accepts it.
    EndSettled,
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Accepted, opened, ended.
    Done,
    /// Ended, but so far only the primary has it: a fail-over may undo it.
    DoneByPrimaryOnly,
    /// 401 to a check, 404 to an ending: there is no such session.
    NoSession,
    /// 503. What was asked may have been done, or may yet be.
    Unavailable,
    /// The connection broke, or nothing came for too long; the same is true of it.
    NoAnswer,
    /// Anything else, which nobody may ever see.
    Odd(u16),
}

impl Outcome {
    /// The same, whether a replica has it or not.
    pub fn or_by_primary_only(self) -> Self {
        match self {
            Self::DoneByPrimaryOnly => Self::Done,
            outcome => outcome,
        }
    }
}

/// A question and its answer. Times count from the beginning of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// Before the question was sent.
    pub start: Duration,
    /// After the answer had come.
    pub end: Duration,
    pub session: u32,
    pub node: usize,
    pub act: Act,
    pub outcome: Outcome,
    /// Whether the answer brought a new token.
    pub renewed: bool,
}

/// What was done to the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub name: String,
    /// When it began to strike.
    pub start: Duration,
    /// While all of it was in force; nothing before it was.
    pub in_force: Option<(Duration, Duration)>,
    /// Nodes that could not hear from the store while it was.
    pub silenced: Vec<usize>,
    /// When everything was mended; nothing while it is not.
    pub healed: Option<Duration>,
    /// When every node served again.
    pub recovered: Option<Duration>,
    /// Whether a primary may have been lost with what only it had.
    pub lost_primary: bool,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub ops: Vec<Op>,
    pub faults: Vec<Fault>,
}

/// A history that is being written.
#[derive(Clone)]
pub struct Recorder {
    began: Instant,
    history: Arc<Mutex<History>>,
}

impl Recorder {
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            history: Arc::default(),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub fn note(&self, op: Op) {
        self.history.lock().unwrap().ops.push(op);
    }

    pub fn fault(&self, name: String, silenced: Vec<usize>, lost_primary: bool) {
        let start = self.now();
        self.history.lock().unwrap().faults.push(Fault {
            name,
            start,
            in_force: None,
            silenced,
            healed: None,
            recovered: None,
            lost_primary,
        });
    }

    /// All of what began to strike last was in force from then until now.
    pub fn in_force_since(&self, struck: Duration) {
        let now = self.now();
        if let Some(fault) = self.history.lock().unwrap().faults.last_mut() {
            fault.in_force = Some((struck, now));
        }
    }

    /// What struck last is mended.
    pub fn healed(&self) -> Duration {
        let now = self.now();
        if let Some(fault) = self.history.lock().unwrap().faults.last_mut() {
            fault.healed = Some(now);
        }
        now
    }

    pub fn recovered(&self) {
        let now = self.now();
        if let Some(fault) = self.history.lock().unwrap().faults.last_mut() {
            fault.recovered = Some(now);
        }
    }

    /// Looks at what has been answered so far, in the order in which the answers came.
    pub fn recently<T>(&self, look: impl FnOnce(&[Op]) -> T) -> T {
        look(&self.history.lock().unwrap().ops)
    }

    /// What has been written so far.
    pub fn take(&self) -> History {
        self.history.lock().unwrap().clone()
    }
}
