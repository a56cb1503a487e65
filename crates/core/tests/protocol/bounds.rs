//! How large the model is: what is in it, and how much of it.

/// What there is to explore. Every interleaving of the steps that it allows is.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is there or not, whatever the others are"
)]
pub struct Bounds {
    pub nodes: usize,
    /// One, or two of the same subject.
    pub sessions: usize,
    /// In ticks.
    pub lease: u8,
    /// Entries that a journal gets at most.
    pub entries: usize,
    /// The first session is rotated: its old token is dead at once.
    pub rotation: bool,
    /// The first session is renewed: its old token leads to the next one.
    pub renewal: bool,
    /// The first session is changed by somebody.
    pub changes: bool,
    /// The journal loses its oldest entries.
    pub trims: bool,
    /// Nodes note that they saw a session, and write it later.
    pub touches: bool,
    /// Nodes change the first session, based on what they hold or load.
    pub edits: bool,
    /// Nodes are cut off, and back, as a state of its own. Without it they are just as well: a node that is cut off is
    /// one whose calls do not happen for a while, and that they do not is among the interleavings.
    pub cuts: bool,
    /// There is a replica, somewhat behind.
    pub replica: bool,
    /// How often it takes the primary's place, and loses what it has not heard.
    pub fail_overs: u8,
    /// The clock of the replica is so far behind that it gives ids which are lower than those that were lost.
    pub clock_behind: bool,
}

impl Bounds {
    /// One session that is closed, and its journal.
    pub const fn least() -> Self {
        Self {
            nodes: 1,
            sessions: 1,
            lease: 1,
            entries: 1,
            rotation: false,
            renewal: false,
            changes: false,
            trims: false,
            touches: false,
            edits: false,
            cuts: false,
            replica: false,
            fail_overs: 0,
            clock_behind: false,
        }
    }

    /// Whether a token can be there at all.
    pub fn has(&self, key: usize) -> bool {
        key < self.sessions || key == 2 && (self.rotation || self.renewal)
    }
}
