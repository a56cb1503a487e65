//! Draws from one seed.

use crate::SeededRandom;

/// Chance, the same for the same seed.
#[derive(Debug)]
pub(crate) struct Dice(SeededRandom);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// Others for each name, so that what is drawn for one does not move what is drawn for another.
    pub fn for_part(seed: u64, part: u64, of: u64) -> Self {
        let mut dice = Self::new(
            seed ^ part.wrapping_mul(0xa076_1d64_78bd_642f) ^ of.wrapping_mul(0xe703_7ed1_a0b4_28db),
        );
        dice.bits();
        dice
    }

    pub fn bits(&mut self) -> u64 {
        self.0.next()
    }

    pub fn source(&self) -> &SeededRandom {
        &self.0
    }

    /// 0 to 1.
    pub fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// From the first to before the last.
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + self.share() * (to - from)
    }

    /// The same, every order of magnitude as likely.
    pub fn scale(&mut self, from: f64, to: f64) -> f64 {
        self.between(from.ln(), to.ln()).exp()
    }

    pub fn count(&mut self, from: usize, to: usize) -> usize {
        from + (self.bits() % (to - from + 1) as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.count(0, from.len() - 1)]
    }

    /// A waiting time with this mean.
    pub fn wait(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.share()).ln()
    }

    /// As likely as its weight says.
    pub fn weighted<'a, T>(&mut self, from: &'a [(T, f64)]) -> &'a T {
        let mut left = self.share() * from.iter().map(|(_, weight)| weight).sum::<f64>();
        for (item, weight) in from {
            left -= weight;
            if left <= 0.0 {
                return item;
            }
        }
        &from[from.len() - 1].0
    }
}
