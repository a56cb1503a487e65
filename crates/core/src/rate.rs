//! How often something may happen: a burst, then a steady rate.

use crate::time::Timestamp;
use std::time::Duration;

/// So many at once, then one per interval (the generic cell rate algorithm, ITU-T I.371). All that has to be kept for it
/// is one moment: when the whole burst is there again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    burst: u32,
    every: Duration,
}

impl Rate {
    /// So many at once (at least one), then one per interval (1 ms to a day).
    ///
    /// ```
    /// use cloakroom_core::{Rate, Timestamp};
    /// use std::time::Duration;
    ///
    /// let rate = Rate::new(2, Duration::from_secs(10));
    /// let now = Timestamp::from_millis(1_000_000);
    /// let first = rate.take(Timestamp::default(), now).unwrap();
    /// let second = rate.take(first, now).unwrap();
    /// assert_eq!(rate.take(second, now), Err(Duration::from_secs(10)));
    /// assert!(rate.take(second, now + Duration::from_secs(10)).is_ok());
    /// ```
    #[must_use]
    pub fn new(burst: u32, every: Duration) -> Self {
        let every = every.clamp(Duration::from_millis(1), Duration::from_hours(24));
        let burst = burst.max(1);
        Self { burst, every }
    }

    /// The interval.
    #[must_use]
    pub const fn every(self) -> Duration {
        self.every
    }

    /// How many at once.
    #[must_use]
    pub const fn burst(self) -> u32 {
        self.burst
    }

    /// How far ahead "all there again" may lie for another one to be granted.
    #[must_use]
    pub fn room(self) -> Duration {
        self.every * (self.burst - 1)
    }

    /// Takes one: the new moment at which all will be there again, or how long to wait before the next attempt.
    ///
    /// A moment that lies further ahead than a whole burst was written by a clock that went wrong, and counts as one burst.
    pub fn take(self, full_at: Timestamp, now: Timestamp) -> Result<Timestamp, Duration> {
        let full_at = full_at.max(now).min(now + self.every * self.burst);
        match full_at.since(now).saturating_sub(self.room()) {
            Duration::ZERO => Ok(full_at + self.every),
            wait => Err(wait),
        }
    }
}
