//! The near cache: decoded records held in the process, kept honest by following the journal.
//!
//! What makes it safe to answer from memory, and where each step is:
//!
//! 1. Entries of the journal are applied in order; each drops its key and raises its shard's generation
//!    ([`Near::apply`], `shards`). A gap empties everything (`follow`).
//! 2. A hit counts only within the lease: the journal was heard from, as of a moment that lies no further back
//!    (`lease`). The moment is the one at which the primary was *asked*, by a call that only a primary which may write
//!    can answer ([`Store::confirm`](crate::Store::confirm)), and it counts once the reader has got to where the journal
//!    ended then.
//! 3. A record read from the store is taken only if nothing was to be forgotten in its shard meanwhile (`shards`).
//! 4. What this process writes is forgotten at once (`forgetting`); what it writes is never inserted.
//! 5. That a session was seen is collected and written together (`touches`). It is a lower bound on other nodes, so what
//!    looks dead here is read again from the store before it is believed (`Sessions::resolve`).
//! 6. When another primary takes over, everything is forgotten, and what was seen revoked of late is said again to it
//!    (`revoked`): it may not have heard of it.
//!
//! So a revocation holds on every node as soon as the journal has carried it there, and never later than the lease.

mod follow;
mod forgetting;
mod interned;
mod lease;
mod line;
mod options;
mod revoked;
mod second_chance;
mod shards;
mod touches;

pub use options::{NearOptions, NearOptionsError};
pub(crate) use shards::Ticket;

use crate::event::Event;
use crate::key::Key;
use crate::store::{Found, Store, Touch};
use crate::time::{Clock, Timestamp};
use interned::Interned;
use lease::Lease;
use revoked::Revoked;
use shards::Shards;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use touches::Touches;

/// The cache itself. Readers of requests and the follower of the journal share it.
pub(crate) struct Near {
    options: NearOptions,
    clock: Arc<dyn Clock>,
    shards: Shards,
    lease: Lease,
    touches: Touches,
    revoked: Revoked,
    interned: Interned,
    /// One flush at a time, so that who flushes last has waited for those before.
    flushing: tokio::sync::Mutex<()>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    stood_aside: AtomicU64,
    refused_fills: AtomicU64,
    gaps: AtomicU64,
    applied: AtomicU64,
    lag_ms: AtomicU64,
}

/// How a near cache is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NearStats {
    /// Sessions that it holds.
    pub entries: usize,
    /// Look-ups that found what they looked for.
    pub hits: u64,
    /// Look-ups of sessions that it does not hold.
    pub misses: u64,
    /// Look-ups that it may not answer, because the journal was not heard from within the lease.
    pub stood_aside: u64,
    /// Records that were thrown away because news came while they were read.
    pub refused_fills: u64,
    /// Times that the journal could not be followed without a gap, and everything was forgotten.
    pub gaps: u64,
    /// Entries of the journal that were applied.
    pub applied: u64,
    /// How long the last of them took from the moment it was caused, by the clocks of two machines.
    pub lag: Duration,
    /// How long ago the moment is as of which the journal is known; nothing before the first confirmation.
    pub lease_age: Option<Duration>,
    /// How old that may get before the cache stands aside.
    pub lease: Duration,
}

impl Near {
    pub(crate) fn new(options: NearOptions, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            shards: Shards::new(options.entries()),
            lease: Lease::new(options.lease()),
            touches: Touches::default(),
            revoked: Revoked::default(),
            interned: Interned::default(),
            flushing: tokio::sync::Mutex::default(),
            counts: Counts::default(),
            options,
            clock,
        })
    }

    /// The store, with all that is written through it forgotten here at once.
    pub(crate) fn forgetting(self: &Arc<Self>, store: Arc<dyn Store>) -> Arc<dyn Store> {
        let near = Arc::clone(self);
        Arc::new(forgetting::Forgetting { store, near })
    }

    /// The task that follows the journal for as long as this is wanted.
    pub(crate) fn follow<F: Fn() -> bool + Send + Sync + 'static>(
        self: &Arc<Self>,
        store: Arc<dyn Store>,
        touch_every: Duration,
        wanted: F,
    ) -> impl Future<Output = ()> + Send + use<F> {
        follow::follow(Arc::clone(self), store, touch_every, wanted)
    }

    /// What `look` makes of the record under a key at this moment, if a hit counts now.
    pub(crate) fn get<T>(&self, key: &Key, look: impl FnOnce(&Arc<Found>, Timestamp) -> T) -> Option<T> {
        let moment = || self.may_answer().then(|| self.clock.now());
        self.shards.get(key, moment, look)
    }

    /// Whether a hit counts at this moment.
    fn may_answer(&self) -> bool {
        let holds = self.lease.holds(self.clock.steady());
        if !holds {
            self.counts.stood_aside.fetch_add(1, Ordering::Relaxed);
        }
        holds
    }

    /// Permission to fill: to be asked for before the store is.
    pub(crate) fn ticket(&self, key: &Key) -> Ticket {
        self.shards.ticket(key)
    }

    /// Shares what a record that was just read has in common with others.
    pub(crate) fn share(&self, found: &mut Arc<Found>) {
        if let Some(found) = Arc::get_mut(found) {
            self.interned.share(&mut found.record.client);
        }
    }

    /// Takes what the store said, unless news came meanwhile.
    pub(crate) fn fill(&self, ticket: Ticket, found: Arc<Found>) {
        if !self.shards.fill(ticket, found) {
            self.counts.refused_fills.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that a cached session was seen; the store is told later. Answers the record that says so.
    pub(crate) fn touch(&self, found: &Arc<Found>, now: Timestamp, deadline: Timestamp) -> Arc<Found> {
        let mut seen = Found::clone(found);
        seen.record.seen_at = now;
        let seen = Arc::new(seen);
        self.shards.replace(found, Arc::clone(&seen));
        self.touches.add(Touch {
            key: seen.key,
            seen_at: now,
            deadline,
        });
        seen
    }

    pub(crate) fn forget(&self, key: &Key) {
        self.shards.forget(key);
    }

    /// One entry of the journal.
    fn apply(&self, event: &Event) {
        if let Some(key) = &event.key {
            self.shards.forget(key);
        }
        self.revoked.hear(event, self.clock.steady());
        let lag = self.clock.now().since(event.cause.at);
        let lag = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
        self.counts.lag_ms.store(lag, Ordering::Relaxed);
        self.counts.applied.fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets everything: nobody can say what was missed.
    fn clear(&self) {
        self.shards.clear();
        self.counts.gaps.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells the store what was seen. What it does not take now waits for the next time.
    pub(crate) async fn flush(&self, store: &dyn Store) {
        const PIPELINE: usize = 500;
        let _flushing = self.flushing.lock().await;
        let waiting = self.touches.take();
        let mut stretches = waiting.chunks(PIPELINE);
        while let Some(stretch) = stretches.next() {
            match store.touch(stretch).await {
                Ok(there) => {
                    let gone = stretch.iter().zip(there).filter(|(_, there)| !there);
                    gone.for_each(|(touch, _)| self.forget(&touch.key));
                }
                Err(error) => {
                    tracing::debug!(%error, "that sessions were seen is written later");
                    self.touches.put_back(stretch, self.options.entries());
                    stretches.for_each(|rest| self.touches.put_back(rest, self.options.entries()));
                    return;
                }
            }
        }
    }

    /// Whether this key is remembered as ended.
    pub(crate) fn ended_lately(&self, key: &Key) -> bool {
        self.revoked.holds(key)
    }

    pub(crate) fn stats(&self) -> NearStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (hits, misses) = self.shards.look_ups();
        NearStats {
            entries: self.shards.len(),
            hits,
            misses,
            stood_aside: read(&self.counts.stood_aside),
            refused_fills: read(&self.counts.refused_fills),
            gaps: read(&self.counts.gaps),
            applied: read(&self.counts.applied),
            lag: Duration::from_millis(read(&self.counts.lag_ms)),
            lease_age: self.lease.age(self.clock.steady()),
            lease: self.lease.span(),
        }
    }
}
