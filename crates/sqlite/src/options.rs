//! What can be set.

use std::time::Duration;

/// How a [`SqliteStore`](crate::SqliteStore) works. [`Options::default`] is good for most.
///
/// ```
/// use cloakroom_sqlite::Options;
///
/// let small = Options { journal_keep: 1_000, ..Options::default() };
/// assert_eq!(small.time_limit.as_millis(), 900);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// How many entries of the journal are kept, at least 1. Up to a tenth more (at most 1,000) may be there at times.
    /// Whoever follows the journal and falls further behind finds a gap. Default: 100,000, some 15 MB.
    pub journal_keep: u32,
    /// How long one operation may take, waiting for other processes and for the disk included, before it answers
    /// [`Unavailable`](cloakroom_core::StoreError::Unavailable). Default: 900 ms, so that a client hears of it within
    /// a second.
    pub time_limit: Duration,
    /// How many threads read, at least 1, each with a connection of its own. Default: as many as there are cores, 2 to 4.
    pub reader_threads: usize,
    /// How long one idle reader thread looks out for the next read before it sleeps. Waking a thread costs more than a
    /// read; looking out costs a core for that long. Where reads are too far apart for it to pay, it is only tried
    /// now and then. Default: 50 µs, or none on a single core.
    pub linger: Duration,
    /// Whether what ends a session waits until the disk confirms it, so that not even a power cut brings the session
    /// back. Everything else survives the end of a process at once, and a power cut after the next checkpoint.
    /// Default: yes.
    pub sync_endings: bool,
    /// The size in bytes beyond which the file may not grow, rounded to pages of 4 KiB; then writes answer
    /// [`Full`](cloakroom_core::StoreError::Full), but for those that end sessions: 1 MiB is held back for them. The
    /// write-ahead log beside it (4 MB and a little) does not count.
    /// Default: as much as the disk holds.
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        let cores = cores();
        Self {
            journal_keep: 100_000,
            time_limit: Duration::from_millis(900),
            reader_threads: cores.clamp(2, 4),
            linger: if cores > 1 {
                Duration::from_micros(50)
            } else {
                Duration::ZERO
            },
            sync_endings: true,
            max_bytes: None,
        }
    }
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
