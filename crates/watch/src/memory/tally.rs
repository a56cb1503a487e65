//! How often something happened lately.

use crate::settings::Limit;
use crate::sight::Sight;
use std::collections::VecDeque;
use std::time::Duration;

/// The times of the last 64, and the last 4 in full.
#[derive(Default)]
pub(crate) struct Tally {
    times: VecDeque<u64>,
    latest: VecDeque<Sight>,
}

const TIMES: usize = 64;
const LATEST: usize = 4;
/// How far entries may be out of order, in ms.
const SKEW: u64 = 120_000;

/// Whether a moment lies within a time before another. One that lies ahead does not (a clock was set back), but for what
/// entries may be out of order.
pub(crate) fn lately(then: u64, now: u64, within: Duration) -> bool {
    let within = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    now.saturating_sub(then) <= within && then <= now.saturating_add(SKEW)
}

impl Tally {
    pub fn note(&mut self, sight: &Sight) {
        if self.times.len() == TIMES {
            self.times.pop_front();
        }
        self.times.push_back(sight.at);
        if self.latest.len() == LATEST {
            self.latest.pop_front();
        }
        self.latest.push_back(sight.clone());
    }

    pub fn count(&self, now: u64, within: Duration) -> u32 {
        super::count(self.times.iter().filter(|at| lately(**at, now, within)).count())
    }

    pub fn reached(&self, limit: Limit, now: u64) -> bool {
        self.times.len() >= limit.count as usize && self.count(now, limit.within) >= limit.count
    }

    /// The last ones in full that lie within that time.
    pub fn latest(&self, now: u64, within: Duration) -> impl Iterator<Item = &Sight> {
        self.latest
            .iter()
            .filter(move |sight| lately(sight.at, now, within))
    }
}
