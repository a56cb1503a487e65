//! The journal: a bounded queue whose entries are numbered from one.

use crate::event::Event;
use crate::journal::{Entry, Page, Position};
use std::collections::VecDeque;

pub(super) struct Log {
    events: VecDeque<Event>,
    /// The number of the oldest entry that is kept, or of the next one if none is.
    first: u64,
    capacity: usize,
}

/// A number as a position.
pub(super) fn position(number: u64) -> Position {
    // Digits are within the alphabet of positions.
    number.to_string().parse().unwrap_or_default()
}

impl Log {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            events: VecDeque::new(),
            first: 1,
            capacity,
        }
    }

    /// The number of the newest entry; 0 before the first.
    pub(super) fn end(&self) -> u64 {
        self.first + self.events.len() as u64 - 1
    }

    pub(super) fn push(&mut self, event: Event) {
        self.events.push_back(event);
        self.trim(self.capacity);
    }

    pub(super) fn trim(&mut self, keep: usize) {
        let surplus = self.events.len().saturating_sub(keep);
        self.events.drain(..surplus);
        self.first += surplus as u64;
    }

    /// What comes after a position. One that is too old, lies ahead or is no number belongs to another history: a gap.
    pub(super) fn after(&self, after: &Position, at_most: usize) -> Page {
        let oldest = self.first - 1;
        let known = match after.as_str() {
            "" => Some(oldest),
            text => text
                .parse()
                .ok()
                .filter(|number| (oldest..=self.end()).contains(number)),
        };
        let from = known.unwrap_or(oldest);
        let skip = usize::try_from(from - oldest).unwrap_or(usize::MAX);
        let events = self.events.iter().skip(skip).take(at_most);
        let entries: Vec<_> = (from + 1..)
            .zip(events)
            .map(|(n, event)| Entry {
                position: position(n),
                event: event.clone(),
            })
            .collect();
        let next = entries
            .last()
            .map_or_else(|| position(from), |entry| entry.position.clone());
        Page {
            entries,
            next,
            gap: known.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Cause, Kind};

    fn log(entries: u64, capacity: usize) -> Log {
        let mut log = Log::new(capacity);
        for _ in 0..entries {
            log.push(Event::of(Kind::Guess, Cause::default()));
        }
        log
    }

    #[test]
    fn a_position_that_is_too_old_ahead_or_foreign_is_a_gap() {
        let log = log(10, 4);
        for (after, gap, first) in [
            ("", false, "7"),
            ("6", false, "7"),
            ("9", false, "10"),
            ("5", true, "7"),
            ("0", true, "7"),
            ("11", true, "7"),
            ("1-0", true, "7"),
            ("99999999999999999999999", true, "7"),
        ] {
            let page = log.after(&after.parse().unwrap(), 2);
            assert_eq!(
                (page.gap, page.entries[0].position.as_str()),
                (gap, first),
                "after {after:?}"
            );
        }
    }

    #[test]
    fn an_empty_journal_has_an_end_to_read_on_from() {
        let empty = log(0, 4).after(&Position::start(), 2);
        assert_eq!((empty.next.as_str(), empty.gap), ("0", false));
        assert!(!log(4, 4).after(&empty.next, 2).gap);
        assert!(log(5, 4).after(&empty.next, 2).gap);
    }
}
