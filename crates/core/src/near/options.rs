//! How large a near cache may grow, and how long it may answer unheard.

use crate::policy::Shown;
use std::time::Duration;

/// The size and the lease of a near cache. One that is out of bounds can not be built.
///
/// ```
/// use cloakroom_core::NearOptions;
/// use std::time::Duration;
///
/// let options = NearOptions::default();
/// assert_eq!((options.entries(), options.lease()), (100_000, Duration::from_secs(1)));
///
/// let error = NearOptions::new(100_000, Duration::from_secs(3600)).unwrap_err();
/// assert_eq!(error.to_string(), "cache.lease = 1h: must be 10ms to 10s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearOptions {
    entries: usize,
    lease: Duration,
}

/// A near cache that is too small, too large, or would answer unheard for too short or too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cache.{field} = {value}: must be {bound}")]
pub struct NearOptionsError {
    /// The field, by the name it has in the configuration.
    pub field: &'static str,
    /// The value that was given.
    pub value: String,
    /// What it has to be.
    pub bound: &'static str,
}

impl NearOptions {
    /// The shortest lease: below it, confirming it would be all the work there is.
    pub const SHORTEST: Duration = Duration::from_millis(10);
    /// The longest lease: beyond it, nobody would call a session revoked.
    pub const LONGEST: Duration = Duration::from_secs(10);
    /// The most sessions, some 6 GB of memory.
    pub const MOST: usize = 10_000_000;

    /// A cache of at most so many sessions that answers for at most so long after the journal was last heard from.
    pub fn new(entries: usize, lease: Duration) -> Result<Self, NearOptionsError> {
        if !(1..=Self::MOST).contains(&entries) {
            return Err(NearOptionsError {
                field: "entries",
                value: entries.to_string(),
                bound: "1 to 10000000",
            });
        }
        if !(Self::SHORTEST..=Self::LONGEST).contains(&lease) {
            return Err(NearOptionsError {
                field: "lease",
                value: Shown(lease).to_string(),
                bound: "10ms to 10s",
            });
        }
        Ok(Self { entries, lease })
    }

    /// How many sessions it holds at most; the one used least makes room.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.entries
    }

    /// How long it may answer without having heard from the journal: the bound within which a revocation holds
    /// everywhere, whatever breaks.
    #[must_use]
    pub const fn lease(&self) -> Duration {
        self.lease
    }
}

impl Default for NearOptions {
    fn default() -> Self {
        Self {
            entries: 100_000,
            lease: Duration::from_secs(1),
        }
    }
}
