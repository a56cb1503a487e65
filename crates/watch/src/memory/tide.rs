//! What goes on altogether, hour by hour.

use super::tally::Tally;
use crate::sight::Sight;
use std::collections::{HashSet, VecDeque};

/// The last hour in stretches of ten minutes, and what is usual.
#[derive(Default)]
pub(crate) struct Tide {
    now: u64,
    stretches: VecDeque<Stretch>,
    usual_failing: Usual,
    usual_guesses: Usual,
    late: u32,
    pub failures: Tally,
    pub guesses: Tally,
}

#[derive(Default)]
struct Stretch {
    failed: HashSet<u64>,
    entered: HashSet<u64>,
    guesses: u32,
}

/// In ms.
const STRETCH: u64 = 600_000;
const HOUR: usize = 6;
/// The most names that are kept of a stretch.
const NAMES: usize = 2_048;
/// So many late ones in a row, and it was the clock before that was wrong.
const LATE: u32 = 64;

/// A mean that takes a day to change, and is not known before.
#[derive(Default)]
struct Usual {
    mean: f64,
    seen: u32,
}

impl Usual {
    fn see(&mut self, value: u32) {
        self.seen = self.seen.saturating_add(1);
        let share = 1.0 / f64::from(self.seen.min(144));
        self.mean += (f64::from(value) - self.mean) * share;
    }

    fn value(&self) -> u32 {
        // At least what half a day has shown: before, nothing is usual.
        if self.seen < 72 { 0 } else { round(self.mean) }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn round(mean: f64) -> u32 {
    mean.clamp(0.0, 1e9) as u32
}

impl Tide {
    pub fn failed(&mut self, name: u64, sight: &Sight) {
        self.failures.note(sight);
        if let Some(stretch) = self.stretch(sight.at)
            && stretch.failed.len() < NAMES
        {
            stretch.failed.insert(name);
        }
    }

    pub fn entered(&mut self, name: u64, at: u64) {
        if let Some(stretch) = self.stretch(at)
            && stretch.entered.len() < NAMES
        {
            stretch.entered.insert(name);
        }
    }

    pub fn guessed(&mut self, sight: &Sight) {
        self.guesses.note(sight);
        if let Some(stretch) = self.stretch(sight.at) {
            stretch.guesses = stretch.guesses.saturating_add(1);
        }
    }

    /// How many accounts failed within the hour, and did not get in in the ten minutes in which they failed or after.
    pub fn failing(&self) -> u32 {
        let mut entered: HashSet<u64> = HashSet::new();
        let mut failing: HashSet<u64> = HashSet::new();
        for stretch in self.stretches.iter().rev() {
            entered.extend(&stretch.entered);
            failing.extend(stretch.failed.iter().filter(|name| !entered.contains(name)));
        }
        super::count(failing.len())
    }

    /// At most how many that can be, which is quick to tell.
    pub fn failing_at_most(&self) -> u32 {
        super::count(self.stretches.iter().map(|stretch| stretch.failed.len()).sum())
    }

    pub fn entering(&self) -> u32 {
        super::count(self.stretches.iter().map(|stretch| stretch.entered.len()).sum())
    }

    pub fn guesses_in_the_hour(&self) -> u32 {
        self.stretches
            .iter()
            .map(|stretch| stretch.guesses)
            .fold(0, u32::saturating_add)
    }

    pub fn usual_failing(&self) -> u32 {
        self.usual_failing.value()
    }

    pub fn usual_guesses(&self) -> u32 {
        self.usual_guesses.value()
    }

    /// The stretch of a moment, if it is not long past.
    fn stretch(&mut self, at: u64) -> Option<&mut Stretch> {
        let index = at / STRETCH;
        if self.stretches.is_empty() {
            self.begin(index);
        }
        if index > self.now {
            self.advance(index);
        }
        let back = usize::try_from(self.now - index).unwrap_or(usize::MAX);
        if back < self.stretches.len() {
            self.late = 0;
        } else {
            self.late += 1;
            if self.late < LATE {
                return None;
            }
            self.begin(index);
            return self.stretches.back_mut();
        }
        let place = self.stretches.len() - 1 - back;
        self.stretches.get_mut(place)
    }

    fn begin(&mut self, index: u64) {
        self.stretches = (0..HOUR).map(|_| Stretch::default()).collect();
        self.now = index;
        self.late = 0;
    }

    fn advance(&mut self, index: u64) {
        // The hour that ends here is one more of what is usual. One in which nothing happened is not worth the walk.
        let failing = self.failing();
        let guesses = self.guesses_in_the_hour();
        self.usual_failing.see(failing);
        self.usual_guesses.see(guesses);
        let steps = usize::try_from(index - self.now).unwrap_or(usize::MAX).min(HOUR);
        for _ in 0..steps {
            self.stretches.pop_front();
            self.stretches.push_back(Stretch::default());
        }
        self.now = index;
    }
}
