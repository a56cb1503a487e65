//! The ordered log of everything that changed.

use crate::event::Event;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A place in the journal: after which entry to read on. Opaque; only the store that gave it can tell what it means.
///
/// What is known of it here: it consists of *strands*, joined by `_`, one for each log that the journal is made of (a
/// cluster has many). A strand is the name of a history and a dot (both may be missing), then decimal numbers with dashes
/// between them. Another history of the same log is what a restored backup has, or a replica that took over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position(Option<Arc<str>>);

/// Text that no store gave out as a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a journal position")]
pub struct MalformedPosition;

/// The longest position: 256 strands of 64 characters each.
const LONGEST: usize = 256 * 65;

impl Position {
    /// Before the oldest entry that is still kept.
    #[must_use]
    pub fn start() -> Self {
        Self::default()
    }

    /// Whether this place is no earlier than another one of the same history. A place of another history is neither
    /// earlier nor later, so it reaches nothing there.
    ///
    /// ```
    /// # use cloakroom_core::Position;
    /// let at = |text: &str| text.parse::<Position>().unwrap();
    /// assert!(at("7-3").reached(&at("7-1")) && at("7-3").reached(&Position::start()));
    /// assert!(!at("a.7-3").reached(&at("b.7-1")), "another history");
    /// assert!(!at("a.7_b.2").reached(&at("a.6_b.3")), "one strand is behind");
    /// ```
    #[must_use]
    pub fn reached(&self, other: &Self) -> bool {
        if other.is_start() {
            return true;
        }
        let mut theirs = other.strands();
        let all = self
            .strands()
            .all(|ours| theirs.next().is_some_and(|theirs| ours.reached(&theirs)));
        all && theirs.next().is_none()
    }

    /// Whether both places belong to the same histories. The start belongs to every one.
    #[must_use]
    pub fn same_history(&self, other: &Self) -> bool {
        self.is_start()
            || other.is_start()
            || self
                .strands()
                .map(|it| it.history)
                .eq(other.strands().map(|it| it.history))
    }

    fn is_start(&self) -> bool {
        self.as_str().is_empty()
    }

    fn strands(&self) -> impl Iterator<Item = Strand<'_>> {
        self.as_str().split('_').map(Strand::of)
    }

    /// As text; empty at the [`start`](Self::start).
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

/// A place in one log.
struct Strand<'a> {
    history: &'a str,
    numbers: &'a str,
}

impl<'a> Strand<'a> {
    fn of(text: &'a str) -> Self {
        let (history, numbers) = text.split_once('.').unwrap_or(("", text));
        Self { history, numbers }
    }

    fn reached(&self, other: &Self) -> bool {
        self.history == other.history && numbers(self.numbers).cmp(numbers(other.numbers)).is_ge()
    }
}

fn numbers(text: &str) -> impl Iterator<Item = u64> {
    text.split('-').filter_map(|number| number.parse().ok())
}

impl FromStr for Position {
    type Err = MalformedPosition;

    fn from_str(text: &str) -> Result<Self, MalformedPosition> {
        let fits = text.len() <= LONGEST
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if fits {
            Ok(Self((!text.is_empty()).then(|| text.into())))
        } else {
            Err(MalformedPosition)
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An event and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log that it stands in; serves as the event's id. Where the journal is one log, one can read on
    /// after it; [`Page::next`] serves everywhere.
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
