//! How long to wait before the next attempt.

use std::time::Duration;

/// Growing pauses: `first`, doubled with each failure up to `longest`, then jittered to between a half and the whole of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
}

impl Default for Backoff {
    /// 5 seconds to an hour, 14 attempts: spread over three to six hours.
    fn default() -> Self {
        Self::new(Duration::from_secs(5), Duration::from_hours(1), 14)
    }
}

impl Backoff {
    /// `first` from 10 ms to an hour, `longest` from `first` to a day, 1 to 100 attempts; what is out of bounds is brought
    /// to the nearest bound.
    #[must_use]
    pub fn new(first: Duration, longest: Duration, attempts: u32) -> Self {
        let first = first.clamp(Duration::from_millis(10), Duration::from_hours(1));
        let longest = longest.clamp(first, Duration::from_hours(24));
        let attempts = attempts.clamp(1, 100);
        Self {
            first,
            longest,
            attempts,
        }
    }

    /// How many attempts there are in all.
    #[must_use]
    pub const fn attempts(self) -> u32 {
        self.attempts
    }

    /// The longest pause.
    #[must_use]
    pub const fn longest(self) -> Duration {
        self.longest
    }

    /// The pause after so many failures (at least one). `dice` is a random byte.
    ///
    /// ```
    /// use cloakroom_outbox::Backoff;
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::new(Duration::from_secs(4), Duration::from_secs(60), 9);
    /// assert_eq!(backoff.pause(1, 255), Duration::from_secs(4));
    /// assert_eq!(backoff.pause(3, 255), Duration::from_secs(16));
    /// assert_eq!(backoff.pause(8, 0), Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn pause(self, failures: u32, dice: u8) -> Duration {
        let doubled = 1_u32.checked_shl(failures.max(1) - 1).unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(doubled).min(self.longest);
        let half = whole / 2;
        half + half * u32::from(dice) / 255
    }

    /// The same, where the receiver said how long to wait: never shorter than its own pause, never longer than the longest.
    #[must_use]
    pub fn pause_as_asked(self, failures: u32, dice: u8, asked: Option<Duration>) -> Duration {
        let own = self.pause(failures, dice);
        asked.map_or(own, |asked| asked.clamp(own, self.longest.max(own)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pauses_stay_within_their_bounds_and_never_shrink(
            first in 1_u64..5_000_000, longest in 1_u64..200_000_000, failures in 0_u32..1000, dice: u8, asked in 0_u64..u64::MAX,
        ) {
            let backoff = Backoff::new(Duration::from_millis(first), Duration::from_millis(longest), 7);
            let pause = backoff.pause(failures, dice);
            prop_assert!(pause >= Duration::from_millis(5) && pause <= backoff.longest());
            prop_assert!(backoff.pause(failures.saturating_add(1), dice) >= pause);
            prop_assert!(backoff.pause(failures, 255) <= pause * 2 + Duration::from_nanos(2));
            let told = backoff.pause_as_asked(failures, dice, Some(Duration::from_secs(asked)));
            prop_assert!(told >= pause && told <= backoff.longest());
        }
    }

    #[test]
    fn the_usual_ones_spread_fourteen_attempts_over_hours() {
        let backoff = Backoff::default();
        let all = |dice| {
            (1..backoff.attempts())
                .map(|n| backoff.pause(n, dice))
                .sum::<Duration>()
        };
        assert!(all(0) > Duration::from_hours(2), "{:?}", all(0));
        assert!(all(255) < Duration::from_hours(6), "{:?}", all(255));
    }

    #[test]
    fn what_a_receiver_asks_for_counts_only_within_bounds() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1), 3);
        for (asked, told) in [(None, 1), (Some(0), 1), (Some(30), 30), (Some(86_400), 60)] {
            let asked = asked.map(Duration::from_secs);
            assert_eq!(backoff.pause_as_asked(1, 255, asked), Duration::from_secs(told));
        }
    }
}
