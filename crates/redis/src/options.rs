//! What can be set about a store.

use std::time::Duration;

/// Settings of a [`RedisStore`](crate::RedisStore); the defaults fit most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What all keys begin with: 1 to 64 letters, digits, `-`, `_`, `.` or `:`. Default `cr`. A `?prefix=` in the URL
    /// wins over it. Stores with different prefixes on one server know nothing of each other.
    pub prefix: String,
    /// How long a command may take, and a connection to come up. Default 500 ms. After it, at most an eighth later, the
    /// answer is [`StoreError::Unavailable`](cloakroom_core::StoreError::Unavailable); no operation takes longer than twice
    /// this.
    pub command_limit: Duration,
    /// About how many entries the journal keeps. Default 100,000, some 24 MB. A reader that falls farther behind is told
    /// of a gap.
    pub journal_length: u32,
    /// How long the server keeps what has lapsed, if no [`sweep`](cloakroom_core::Store::sweep) comes by to journal and
    /// remove it. Default 7 days; only while no process of the application runs does anything stay that long.
    pub grace: Duration,
    /// How many replicas an ending waits for, so that a fail-over can not undo it: 0 to 9. Default 0, which waits for
    /// none. Under Sentinel and in a cluster, anything else waits for all that are up; elsewhere one that was not waited for
    /// may take over without the ending. A `?replicas=` in the URL wins over it.
    pub replicas: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: "cr".to_owned(),
            command_limit: Duration::from_millis(500),
            journal_length: 100_000,
            grace: Duration::from_hours(7 * 24),
            replicas: 0,
        }
    }
}
