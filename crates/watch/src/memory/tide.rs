//! What goes on altogether, hour by hour.

use super::tally::Tally;
use crate::sight::Sight;
use std::collections::{HashMap, VecDeque};

/// The last hour in stretches of ten minutes, and what is usual.
#[derive(Default)]
pub(crate) struct Tide {
    now: u64,
    /// Accounts that failed and have not got in since, and those that got in, with the stretch in which they did.
    failing: HashMap<u64, u64>,
    entered: HashMap<u64, u64>,
    guesses_by_stretch: VecDeque<u32>,
    usual_failing: Usual,
    usual_guesses: Usual,
    late: u32,
    pub failures: Tally,
    pub guesses: Tally,
}

/// In ms.
const STRETCH: u64 = 600_000;
const HOUR: usize = 6;
/// The most names that are kept of an hour, of either kind. More than that is a flood whatever it is.
const NAMES: usize = 12_288;
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
        // An attack must not become usual: once something is, no hour counts for more than twice that.
        let most = if self.seen < 72 {
            u32::MAX
        } else {
            round(self.mean).saturating_mul(2).saturating_add(4)
        };
        let value = value.min(most);
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
        if let Some(back) = self.reach(sight.at) {
            note(&mut self.failing, name, self.now - back);
        }
    }

    pub fn entered(&mut self, name: u64, at: u64) {
        if let Some(back) = self.reach(at) {
            self.failing.remove(&name);
            note(&mut self.entered, name, self.now - back);
        }
    }

    pub fn guessed(&mut self, sight: &Sight) {
        self.guesses.note(sight);
        let back = self.reach(sight.at).and_then(|back| usize::try_from(back).ok());
        if let Some(count) = back.and_then(|back| self.guesses_by_stretch.get_mut(back)) {
            *count = count.saturating_add(1);
        }
    }

    /// How many accounts failed within the hour, and have not got in since.
    pub fn failing(&self) -> u32 {
        super::count(self.failing.len())
    }

    pub fn entering(&self) -> u32 {
        super::count(self.entered.len())
    }

    pub fn guesses_in_the_hour(&self) -> u32 {
        self.guesses_by_stretch
            .iter()
            .copied()
            .fold(0, u32::saturating_add)
    }

    pub fn usual_failing(&self) -> u32 {
        self.usual_failing.value()
    }

    pub fn usual_guesses(&self) -> u32 {
        self.usual_guesses.value()
    }

    /// How many stretches back a moment lies, if it is not long past.
    fn reach(&mut self, at: u64) -> Option<u64> {
        let index = at / STRETCH;
        if self.guesses_by_stretch.is_empty() {
            self.begin(index);
        }
        if index > self.now {
            self.advance(index);
        }
        let back = self.now - index;
        if back < HOUR as u64 {
            self.late = 0;
            return Some(back);
        }
        self.late += 1;
        (self.late >= LATE).then(|| {
            self.begin(index);
            0
        })
    }

    fn begin(&mut self, index: u64) {
        self.failing.clear();
        self.entered.clear();
        self.guesses_by_stretch = VecDeque::from([0; HOUR]);
        self.now = index;
        self.late = 0;
    }

    /// The hour that ends here is one more of what is usual.
    fn advance(&mut self, index: u64) {
        self.usual_failing.see(self.failing());
        self.usual_guesses.see(self.guesses_in_the_hour());
        let steps = usize::try_from(index - self.now).unwrap_or(usize::MAX).min(HOUR);
        for _ in 0..steps {
            self.guesses_by_stretch.pop_back();
            self.guesses_by_stretch.push_front(0);
        }
        self.now = index;
        let oldest = (index + 1).saturating_sub(HOUR as u64);
        self.failing.retain(|_, stretch| *stretch >= oldest);
        self.entered.retain(|_, stretch| *stretch >= oldest);
    }
}

fn note(names: &mut HashMap<u64, u64>, name: u64, stretch: u64) {
    if names.len() < NAMES || names.contains_key(&name) {
        names.insert(name, stretch);
    }
}
