//! A clock that moves when it is told to.

use cloakroom_core::{Clock, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// When tests begin: 2100-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(4_102_444_800_000);

/// So many seconds after [`START`].
#[must_use]
pub fn after(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

/// A clock wound by hand. Clones show the same time.
///
/// ```
/// use cloakroom_core::Clock;
/// use cloakroom_testkit::{HandClock, START};
/// use std::time::Duration;
///
/// let clock = HandClock::new();
/// let engine_clock = clock.clone();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(engine_clock.now().since(START).as_secs(), 60);
/// ```
#[derive(Clone, Debug)]
pub struct HandClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    steady: Duration,
}

impl HandClock {
    /// A clock that shows [`START`].
    #[must_use]
    pub fn new() -> Self {
        Self::at(START)
    }

    /// A clock that shows this time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        // Not zero: real clocks do not begin with the process.
        let steady = Duration::from_hours(1);
        Self(Arc::new(Mutex::new(Hands { now, steady })))
    }

    /// Winds it on.
    pub fn advance(&self, span: Duration) {
        let mut hands = self.0.lock();
        hands.now = hands.now + span;
        hands.steady += span;
    }

    /// Sets it, also backwards, as real clocks do at times. What is steady stays so.
    pub fn set(&self, now: Timestamp) {
        self.0.lock().now = now;
    }
}

impl Default for HandClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        self.0.lock().now
    }

    fn steady(&self) -> Duration {
        self.0.lock().steady
    }
}
