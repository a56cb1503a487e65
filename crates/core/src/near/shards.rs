//! The cached records, in shards that each count what they were told to forget.
//!
//! A record may come from the store while the news that it is void is on its way. So whoever fills the cache notes the
//! shard's generation *before* asking the store, and the record is taken only if the shard has forgotten nothing since.
//! Both happen under the shard's lock. A lock is held for one look-up or one change, never across anything that waits.

use super::second_chance::SecondChance;
use crate::key::Key;
use crate::store::Found;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most shards; with fewer entries than this there are fewer.
const MOST: usize = 64;
/// A shard should have room for as many at least, or it would forget what is used often.
const ROOM: usize = 64;

pub(super) struct Shards(Box<[Shard]>);

/// Aligned, so that threads at work on different shards do not get into each other's way.
#[repr(align(128))]
struct Shard {
    /// Counted here rather than in one place, which all threads would have to write to on every hit.
    hits: AtomicU64,
    misses: AtomicU64,
    held: RwLock<Held>,
}

struct Held {
    /// Rises with everything that is to be forgotten here, whether it was held or not.
    generation: u64,
    records: SecondChance,
}

/// Permission to fill, noted before the store is asked.
#[derive(Clone, Copy, Debug)]
#[must_use = "a fill without it could bring back what was revoked meanwhile"]
pub struct Ticket {
    key: Key,
    generation: u64,
}

impl Shards {
    pub(super) fn new(entries: usize) -> Self {
        let count = (entries / ROOM).next_power_of_two().min(MOST);
        let room = entries.div_ceil(count);
        let shard = || Shard {
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            held: RwLock::new(Held {
                generation: 0,
                records: SecondChance::of(room),
            }),
        };
        Self((0..count).map(|_| shard()).collect())
    }

    /// What `look` makes of the record under a key, at the moment that `moment` tells; nothing if it says that none may be
    /// handed out now. It reads a clock, which takes as long as a good part of a fetch from memory, so the line is sent for before.
    /// `look` looks while the shard is locked: whether the record is worth handing out is seen before its count of owners is
    /// written to, so that the processor fetches all of it at once.
    pub(super) fn get<M, T>(
        &self,
        key: &Key,
        moment: impl FnOnce() -> Option<M>,
        look: impl FnOnce(&Arc<Found>, M) -> T,
    ) -> Option<T> {
        let shard = self.shard(key);
        let held = shard.held.read();
        held.records.send_for(key);
        let moment = moment()?;
        let found = held.records.get(key).map(|found| look(found, moment));
        drop(held);
        let count = if found.is_some() {
            &shard.hits
        } else {
            &shard.misses
        };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// How many look-ups found what they looked for, and how many did not.
    pub(super) fn look_ups(&self) -> (u64, u64) {
        self.0.iter().fold((0, 0), |(hits, misses), shard| {
            let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
            (hits + read(&shard.hits), misses + read(&shard.misses))
        })
    }

    /// To be asked for before the store is.
    pub(super) fn ticket(&self, key: &Key) -> Ticket {
        Ticket {
            key: *key,
            generation: self.shard(key).held.read().generation,
        }
    }

    /// Takes what the store said, unless something was to be forgotten meanwhile. Answers whether it was taken.
    pub(super) fn fill(&self, ticket: Ticket, found: Arc<Found>) -> bool {
        let mut shard = self.shard(&ticket.key).held.write();
        let unchanged = shard.generation == ticket.generation;
        if unchanged {
            shard.records.insert(found);
        }
        unchanged
    }

    /// Puts a later sight of the same version in its place, if that is still what is held.
    pub(super) fn replace(&self, old: &Arc<Found>, new: Arc<Found>) {
        let mut shard = self.shard(&old.key).held.write();
        if shard
            .records
            .get(&old.key)
            .is_some_and(|held| Arc::ptr_eq(held, old))
        {
            shard.records.insert(new);
        }
    }

    /// Forgets what is under a key, and refuses whatever was read before.
    pub(super) fn forget(&self, key: &Key) {
        let mut shard = self.shard(key).held.write();
        shard.generation += 1;
        shard.records.remove(key);
    }

    /// Forgets everything, and refuses whatever was read before.
    pub(super) fn clear(&self) {
        for shard in &self.0 {
            let mut shard = shard.held.write();
            shard.generation += 1;
            shard.records.clear();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| shard.held.read().records.len()).sum()
    }

    fn shard(&self, key: &Key) -> &Shard {
        // Another byte than those that the map within the shard goes by; the number of shards is a power of two.
        let at = usize::from(key.hash_bytes()[31]) & (self.0.len() - 1);
        &self.0[at]
    }
}
