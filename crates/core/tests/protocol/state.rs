//! What there is: a primary with its journal, perhaps a replica, nodes, and what an observer from outside knows.
//!
//! Time is only ever the age of something, in ticks, and an age stops where nothing depends on it any longer. So time
//! has no end in the model, and the number of states is finite all the same.

use crate::store::{Position, Store};
use stateright::Representative;

/// Tokens: 0 is the first session's, 2 is the one that it gets by rotation or renewal, 1 is the second session's.
pub const KEYS: usize = 3;

pub type Key = usize;
pub type Age = u8;
pub type Revision = u8;

/// The tokens that a session has, had or may get.
pub fn keys_of(session: usize) -> &'static [Key] {
    if session == 0 { &[0, 2] } else { &[1] }
}

/// A small set of numbers below 32: keys, or entries by their id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Set(pub u32);

impl Set {
    pub fn insert(&mut self, member: usize) {
        self.0 |= 1 << member;
    }

    pub fn contains(self, member: usize) -> bool {
        self.0 & 1 << member != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub primary: Store,
    /// What has been replicated, where that is modelled.
    pub replica: Option<Store>,
    pub nodes: Vec<Node>,
    pub truth: Truth,
}

/// What an observer knows who sees everything at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Truth {
    /// How long ago a token was revoked: its session closed, or the token rotated out. It counts from the journal's
    /// entry, which is no later than the acknowledgement, so whatever holds of it holds of that, and of `settled`.
    pub revoked: [Option<Age>; KEYS],
    /// The acknowledged changes to the first session.
    pub changes: Revision,
    /// Tokens whose acknowledged revocation a fail-over has lost.
    pub brought_back: Set,
    /// Whether a fail-over has lost an acknowledged change to the first session.
    pub changes_lost: bool,
    pub fail_overs: u8,
    /// The first session has got its next token, in whatever history; it gets no other.
    pub rotated: bool,
    /// The last id that was given to an entry, in whatever history.
    pub last_id: u8,
}

/// A process with a near cache.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Cut off from the primary: none of its calls arrives.
    pub cut_off: bool,
    /// The revision that is held of each record.
    pub cache: [Option<Revision>; KEYS],
    pub fill: Option<Fill>,
    pub reader: Reader,
    pub lease: Lease,
    /// Sights of cached sessions that wait to be written.
    pub touches: Set,
    pub write: Option<Write>,
    /// Tokens whose end it has read of.
    pub saw_revoked: Set,
    /// It has found its place anew and has yet to say again what it saw revoked.
    pub must_say_again: bool,
}

/// A record on its way from the store into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fill {
    pub key: Key,
    /// The generation has risen since it was noted.
    pub overtaken: bool,
    /// What the store said, once it was asked.
    pub found: Option<Revision>,
}

/// A change that is based on a revision which may be an old one by the time it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Write {
    pub key: Key,
    pub based_on: Revision,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reader {
    /// Everything up to here has been applied. Nothing: the place is lost, and has to be found anew.
    pub position: Option<Position>,
    /// Where to begin anew, as the primary said; not yet done.
    pub finding: Option<Finding>,
    /// What was read and is being applied.
    pub page: Option<Page>,
    /// Known to the observer only: the entries that were applied, or made up for by forgetting everything.
    pub heard: Set,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    pub end: Position,
    /// Known to the observer only: the entries up to there.
    pub covers: Set,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Page {
    pub from: Position,
    /// What is not applied yet.
    pub rest: Vec<crate::store::Entry>,
    pub next: Position,
    /// Only where the safeguard is taken out: the position was published before all was applied.
    pub published: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    /// How long ago the moment is as of which everything is known; nothing when that is longer than the lease.
    pub confirmed: Option<Age>,
    /// The confirmation that is under way.
    pub asking: Option<Asking>,
    /// What was promised and waits for the reader, oldest first.
    pub promises: Vec<(Age, Position)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asking {
    /// How long ago the node noted its clock.
    pub age: Age,
    /// Where the reader stood then.
    pub before: Position,
    /// What the primary said, once it was asked.
    pub end: Option<Position>,
}

/// Nodes are alike; which of them is called the first makes no difference.
impl Representative for State {
    fn representative(&self) -> Self {
        let mut state = self.clone();
        state.nodes.sort();
        state
    }
}
