//! What is remembered of a network.

use super::tally::{Tally, lately};
use crate::sight::Sight;
use std::collections::VecDeque;
use std::time::Duration;

/// The last 64 accounts that failed from there, the last 64 that got in, and the tokens that were none.
#[derive(Default)]
pub(crate) struct Source {
    failed: VecDeque<(u64, u64)>,
    entered: VecDeque<(u64, u64)>,
    pub failures: Tally,
    pub guesses: Tally,
}

const NAMES: usize = 64;

impl Source {
    /// An account, by a hash of its name, failed from here.
    pub fn failed(&mut self, name: u64, sight: &Sight) {
        self.failures.note(sight);
        note(&mut self.failed, name, sight.at);
    }

    /// It got in: it was no guess.
    pub fn entered(&mut self, name: u64, at: u64) {
        self.failed.retain(|(failed, _)| *failed != name);
        note(&mut self.entered, name, at);
    }

    /// How many accounts failed and did not get in.
    pub fn failing(&self, now: u64, within: Duration) -> u32 {
        among(&self.failed, now, within)
    }

    /// How many got in.
    pub fn entering(&self, now: u64, within: Duration) -> u32 {
        among(&self.entered, now, within)
    }
}

fn note(names: &mut VecDeque<(u64, u64)>, name: u64, at: u64) {
    if let Some(known) = names.iter().position(|(known, _)| *known == name) {
        names.remove(known);
    } else if names.len() == NAMES {
        names.pop_front();
    }
    names.push_back((name, at));
}

fn among(names: &VecDeque<(u64, u64)>, now: u64, within: Duration) -> u32 {
    super::count(names.iter().filter(|(_, at)| lately(*at, now, within)).count())
}
