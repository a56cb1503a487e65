//! Sessions in the memory of one process: for tests, and for trying things out. A restart logs everybody out.
//!
//! [`state`] holds every step as a plain function; here stand only the lock around it and the wait for news.

mod log;
mod rows;
mod shared;
mod state;

use crate::event::{Cause, CloseReason, Event};
use crate::id::SessionId;
use crate::journal::{Page, Position};
use crate::key::{Bucket, Key};
use crate::record::{Epoch, Slot};
use crate::shared::Shared;
use crate::store::{
    Durability, Ended, EndedAll, Finding, Found, Listing, Opened, Opening, Rotation, Store, StoreError, Swap,
    Swept, Term, Touch, Write,
};
use crate::subject::Subject;
use crate::time::Timestamp;
use async_trait::async_trait;
use parking_lot::Mutex;
use state::State;
use std::time::Duration;
use tokio::sync::watch;

/// A store that keeps everything in memory. What it keeps is encoded, as in every other store.
///
/// Share it in an `Arc`: every clone of that is the same store.
pub struct MemoryStore {
    state: Mutex<State>,
    /// The number of the newest entry of the journal; wakes those who wait for the next one.
    end: watch::Sender<u64>,
}

impl MemoryStore {
    /// How many entries of the journal are kept, unless told otherwise.
    pub const JOURNAL_CAPACITY: usize = 100_000;

    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_journal_capacity(Self::JOURNAL_CAPACITY)
    }

    /// An empty store that keeps this many entries of its journal.
    #[must_use]
    pub fn with_journal_capacity(entries: usize) -> Self {
        Self {
            state: Mutex::new(State::new(entries)),
            end: watch::Sender::new(0),
        }
    }

    /// Forgets all entries of the journal but the newest `keep`. Who has yet to read an older one finds a gap.
    pub fn trim_journal(&self, keep: usize) {
        self.state.lock().log.trim(keep);
    }

    /// Takes one step, and wakes the readers of the journal if it wrote there.
    fn step<T>(&self, step: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let outcome = step(&mut state);
        let end = state.log.end();
        self.end
            .send_if_modified(|known| std::mem::replace(known, end) != end);
        outcome
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, key: &Key) -> Result<Option<Slot>, StoreError> {
        self.state.lock().rows.slot(key)
    }

    async fn epoch(&self, subject: &Subject) -> Result<Epoch, StoreError> {
        Ok(self.state.lock().epoch(subject))
    }

    async fn open(&self, opening: &Opening) -> Result<Opened, StoreError> {
        self.step(|state| state.open(opening))
    }

    async fn swap(&self, swap: &Swap) -> Result<Write, StoreError> {
        self.step(|state| state.swap(swap))
    }

    async fn touch(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError> {
        let mut state = self.state.lock();
        Ok(touches.iter().map(|touch| state.rows.touch(touch)).collect())
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Write, StoreError> {
        self.step(|state| state.rotate(rotation))
    }

    async fn close(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        Ok(self.step(|state| state.close(key, reason, cause)))
    }

    async fn close_subject(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        self.step(|state| state.close_subject(subject, except, reason, cause))
    }

    fn term(&self, _bucket: Bucket) -> Term {
        Term::default()
    }

    async fn durability(&self, _bucket: Bucket, _term: Term) -> Result<Durability, StoreError> {
        Ok(Durability::Durable)
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        self.state.lock().rows.find(id)
    }

    async fn list(&self, subject: &Subject) -> Result<Vec<Found>, StoreError> {
        let sessions = self.state.lock().rows.of(subject)?;
        Ok(sessions.into_iter().map(|session| session.found).collect())
    }

    async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError> {
        let after = from
            .map(str::parse)
            .transpose()
            .map_err(|error| StoreError::Refused(Box::new(error)))?;
        self.state.lock().rows.stretch(after, at_most.max(1))
    }

    async fn sweep(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError> {
        Ok(self.step(|state| state.sweep(now, at_most)))
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.state.lock().rows.count())
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        self.step(|state| state.log.push(event.clone()));
        Ok(())
    }

    async fn journal_end(&self) -> Result<Position, StoreError> {
        Ok(log::position(self.state.lock().log.end()))
    }

    async fn confirm(&self) -> Result<Position, StoreError> {
        self.journal_end().await
    }

    async fn lease(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError> {
        Ok(self.state.lock().lease(wanted, now))
    }

    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError> {
        // Subscribed before the first look: what is written after that look is news.
        let mut news = self.end.subscribe();
        let look = || self.state.lock().log.after(after, at_most.max(1));
        let page = look();
        if !page.entries.is_empty() || page.gap || wait.is_zero() {
            return Ok(page);
        }
        let _ = tokio::time::timeout(wait, news.changed()).await;
        Ok(look())
    }

    fn shared(&self) -> &dyn Shared {
        self
    }

    async fn examine(&self, _now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        Ok(vec![Finding {
            grave: false,
            what: "sessions are kept in the memory of this process: a restart logs everybody out".to_owned(),
            mend: "keep them in SQLite or Redis".to_owned(),
        }])
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}
