//! The ordered log of everything that changed.

use crate::event::Event;
use std::fmt;
use std::str::FromStr;

/// A place in the journal: after which entry to read on. Opaque; only the store that gave it can tell what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position(Box<str>);

/// Text that no store gave out as a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a journal position")]
pub struct MalformedPosition;

impl Position {
    /// Before the oldest entry that is still kept.
    #[must_use]
    pub fn start() -> Self {
        Self::default()
    }

    /// Whether this place is no earlier than another one of the same journal. Positions are decimal numbers, separated
    /// by dashes; a later one is greater in the first number in which they differ.
    #[must_use]
    pub fn reached(&self, other: &Self) -> bool {
        self.numbers().cmp(other.numbers()).is_ge()
    }

    fn numbers(&self) -> impl Iterator<Item = u64> {
        self.0.split('-').filter_map(|number| number.parse().ok())
    }

    /// As text; empty at the [`start`](Self::start).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Position {
    type Err = MalformedPosition;

    fn from_str(text: &str) -> Result<Self, MalformedPosition> {
        let fits = text.len() <= 64
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(MalformedPosition)
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place: read on after it. Serves as the event's id, too.
    pub position: Position,
    /// What happened.
    pub event: Event,
}

/// The next stretch of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What happened, oldest first. Empty is a heartbeat: nothing happened up to the moment of asking.
    pub entries: Vec<Entry>,
    /// Where to read on.
    pub next: Position,
    /// Entries between the position asked for and the first one here are gone (trimmed, or another history).
    pub gap: bool,
}
