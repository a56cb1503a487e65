//! Chance that can be repeated.

use std::time::Duration;

/// `SplitMix64`: small, and good enough to decide what breaks next.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Other dice with the same seed, for somebody who throws at times of their own.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `sides`.
    pub fn below(&mut self, sides: usize) -> usize {
        let sides = u64::try_from(sides.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % sides).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, cases: usize) -> bool {
        self.below(100) < cases
    }

    /// A span between two others, in whole milliseconds.
    pub fn between(&mut self, least: u64, most: u64) -> Duration {
        let more = self.next() % (most - least + 1);
        Duration::from_millis(least + more)
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, those: &'a [T]) -> Option<&'a T> {
        those.get(self.below(those.len()))
    }
}
