//! Points in time, and where they come from.

use std::time::Duration;

/// A moment: milliseconds since 1970-01-01T00:00:00Z, from 0 to 2⁴⁸−1 (the year 10889).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The latest moment that a record can hold.
    pub const MAX: Self = Self((1 << 48) - 1);

    /// A moment from milliseconds since the epoch; later ones than [`MAX`](Self::MAX) become `MAX`.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it lies ahead, so that a clock that steps back ages nothing.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self::from_millis(self.0.saturating_add(millis))
    }
}

/// Tells the time. The engine never looks at a clock of its own.
pub trait Clock: Send + Sync + 'static {
    /// The present moment, in UTC. It may be set, also backwards.
    fn now(&self) -> Timestamp;

    /// How long ago some fixed moment is. It never steps, and time in which the machine slept counts
    /// (`CLOCK_BOOTTIME`): a machine that wakes up must not take what it knows for fresh.
    fn steady(&self) -> Duration;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn steady(&self) -> Duration {
        (**self).steady()
    }
}
