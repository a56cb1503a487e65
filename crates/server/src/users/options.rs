//! What a directory needs from outside.

use std::sync::Arc;
use std::time::Duration;

/// The random source failed; nothing weaker is used in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the random source failed")]
pub struct RandomFailed;

type Random = dyn Fn(&mut [u8]) -> Result<(), RandomFailed> + Send + Sync;
type Now = dyn Fn() -> u64 + Send + Sync;

/// How a directory works.
#[derive(Clone)]
pub struct Options {
    random: Arc<Random>,
    now: Arc<Now>,
    /// How many passwords are hashed at the same time; each takes a processor and 19 MiB for some 20 ms. Default half
    /// of the processors and at least one, so that log-ins leave room for session checks.
    pub workers: usize,
    /// How many log-ins may wait for a worker; more are told that the directory is busy. Default 64 per worker, which
    /// is about two seconds of waiting.
    pub queue: usize,
    /// How long a write waits for another process. Default 2 seconds.
    pub busy_timeout: Duration,
}

impl Options {
    /// The defaults. `random` fills the bytes from a cryptographically secure source or fails; `now` tells the
    /// milliseconds since 1970-01-01T00:00:00Z.
    pub fn new(
        random: impl Fn(&mut [u8]) -> Result<(), RandomFailed> + Send + Sync + 'static,
        now: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = (processors / 2).max(1);
        Self {
            random: Arc::new(random),
            now: Arc::new(now),
            workers,
            queue: workers * 64,
            busy_timeout: Duration::from_secs(2),
        }
    }

    /// Random bytes.
    pub(super) fn random<const N: usize>(&self) -> Result<[u8; N], RandomFailed> {
        let mut bytes = [0; N];
        (self.random)(&mut bytes)?;
        Ok(bytes)
    }

    /// The present moment, as a number that `SQLite` can hold.
    pub(super) fn now(&self) -> i64 {
        i64::try_from((self.now)()).unwrap_or(i64::MAX)
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("workers", &self.workers)
            .field("queue", &self.queue)
            .field("busy_timeout", &self.busy_timeout)
            .finish_non_exhaustive()
    }
}
