//! The primary: its atomic steps, each with its journal entry, and the journal.

use crate::state::{KEYS, Key, Revision, Set};

/// What is kept under a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Slot {
    #[default]
    Nothing,
    Live(Revision),
    /// Renewed: the session is on under its next token.
    Moved,
}

/// An entry names the token that every cache is to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The place in the stream. Ids only grow, but they have holes.
    pub id: u8,
    pub key: Key,
    /// The token is no good any longer.
    pub revokes: bool,
}

/// A place in the journal: the id of an entry, and which one it was of all that were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Which primary gave it; only where nodes look at that.
    pub term: u8,
    pub id: u8,
    pub ordinal: usize,
}

impl Position {
    /// As `Position::reached` in `journal.rs`.
    pub fn reached(self, other: Self) -> bool {
        (self.id, self.ordinal) >= (other.id, other.ordinal)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    /// Rises when another server becomes the primary.
    pub term: u8,
    pub slots: [Slot; KEYS],
    /// All that was ever written, in order.
    pub journal: Vec<Entry>,
    /// How many of the oldest entries are gone.
    pub trimmed: usize,
    /// Only where the safeguard is taken out: changes whose entries are yet to be written.
    pub unwritten: Vec<(Key, bool)>,
}

impl Store {
    pub fn of(sessions: usize) -> Self {
        let mut slots = [Slot::Nothing; KEYS];
        slots[..sessions].fill(Slot::Live(0));
        Self {
            term: 0,
            slots,
            journal: Vec::new(),
            trimmed: 0,
            unwritten: Vec::new(),
        }
    }

    pub fn live(&self, key: Key) -> Option<Revision> {
        match self.slots[key] {
            Slot::Live(revision) => Some(revision),
            Slot::Nothing | Slot::Moved => None,
        }
    }

    /// The first of these tokens under which a session is kept.
    pub fn live_of(&self, keys: &[Key]) -> Option<Key> {
        keys.iter().copied().find(|key| self.live(*key).is_some())
    }

    /// The end of the journal.
    pub fn end(&self) -> Position {
        Position {
            term: self.term,
            id: self.journal.last().map_or(0, |entry| entry.id),
            ordinal: self.journal.len(),
        }
    }

    /// All entries that were ever written, by their ids.
    pub fn ids(&self) -> Set {
        let mut ids = Set::default();
        for entry in &self.journal {
            ids.insert(usize::from(entry.id));
        }
        ids
    }

    /// Whether everything after a position is kept, as `page_now` in `crates/redis/src/follow.rs` finds out: its entry
    /// is there, or as many entries are gone as were written up to it.
    pub fn follows(&self, position: Position) -> bool {
        self.keeps(position) || self.trimmed == position.ordinal
    }

    /// Whether the entry of a position is still there.
    pub fn keeps(&self, position: Position) -> bool {
        self.kept().iter().any(|entry| entry.id == position.id)
    }

    pub fn kept(&self) -> &[Entry] {
        &self.journal[self.trimmed..]
    }

    /// Whether a place is one in this history, rather than in one that a fail-over has put an end to.
    pub fn has_place(&self, position: Position) -> bool {
        match position.ordinal.checked_sub(1) {
            None => true,
            Some(at) => self.journal.get(at).is_some_and(|entry| entry.id == position.id),
        }
    }
}
