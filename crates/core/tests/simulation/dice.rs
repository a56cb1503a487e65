//! All that is random in a world, from its seed.

use parking_lot::Mutex;
use std::ops::Range;
use std::time::Duration;

/// `SplitMix64`: small, and good enough to shake a world.
pub struct Dice(Mutex<u64>);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed))
    }

    pub fn throw(&self) -> u64 {
        let mut state = self.0.lock();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = *state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub fn below(&self, most: usize) -> usize {
        usize::try_from(self.throw() % most.max(1) as u64).unwrap()
    }

    /// Whether something happens that happens so often in a hundred times.
    pub fn percent(&self, often: usize) -> bool {
        self.below(100) < often
    }

    pub fn between(&self, millis: Range<u64>) -> Duration {
        let micros = (millis.end - millis.start) * 1000;
        Duration::from_micros(millis.start * 1000 + self.throw() % micros.max(1))
    }

    pub fn pick<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}
