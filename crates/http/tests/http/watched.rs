//! A store that counts what it is asked, and fails when it is told to.

use cloakroom_core::{
    Bucket, Cause, CloseReason, Durability, Ended, EndedAll, Epoch, Event, Finding, Found, Key, Listing,
    MemoryStore, Opened, Opening, Page, Position, Rotation, SessionId, Shared, Slot, Store, StoreError,
    Subject, Swap, Swept, Term, Timestamp, Touch, Write,
};
use cloakroom_testkit::async_trait;
use parking_lot::Mutex;
use std::time::Duration;

pub struct Watched {
    inner: MemoryStore,
    calls: Mutex<Vec<&'static str>>,
    failing: Mutex<Vec<&'static str>>,
}

impl Watched {
    pub fn new(inner: MemoryStore) -> Self {
        Self {
            inner,
            calls: Mutex::default(),
            failing: Mutex::default(),
        }
    }

    /// What was asked since the last time, in order.
    pub fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock())
    }

    /// From now on these calls fail, as if the store could not be reached.
    pub fn fail(&self, names: &[&'static str]) {
        *self.failing.lock() = names.to_vec();
    }

    fn asked(&self, name: &'static str) -> Result<(), StoreError> {
        self.calls.lock().push(name);
        if self.failing.lock().contains(&name) {
            return Err(StoreError::Unavailable(
                "redis://user:hunter2@db timed out".into(),
            ));
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Watched {
    async fn load(&self, key: &Key) -> Result<Option<Slot>, StoreError> {
        self.asked("load")?;
        self.inner.load(key).await
    }

    async fn epoch(&self, subject: &Subject) -> Result<Epoch, StoreError> {
        self.asked("epoch")?;
        self.inner.epoch(subject).await
    }

    async fn open(&self, opening: &Opening) -> Result<Opened, StoreError> {
        self.asked("open")?;
        self.inner.open(opening).await
    }

    async fn swap(&self, swap: &Swap) -> Result<Write, StoreError> {
        self.asked("swap")?;
        self.inner.swap(swap).await
    }

    async fn touch(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError> {
        self.asked("touch")?;
        self.inner.touch(touches).await
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Write, StoreError> {
        self.asked("rotate")?;
        self.inner.rotate(rotation).await
    }

    async fn close(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        self.asked("close")?;
        self.inner.close(key, reason, cause).await
    }

    async fn close_subject(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        self.asked("close_subject")?;
        self.inner.close_subject(subject, except, reason, cause).await
    }

    fn term(&self, bucket: Bucket) -> Term {
        self.inner.term(bucket)
    }

    async fn durability(&self, bucket: Bucket, term: Term) -> Result<Durability, StoreError> {
        self.inner.durability(bucket, term).await
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        self.asked("find")?;
        self.inner.find(id).await
    }

    async fn list(&self, subject: &Subject) -> Result<Vec<Found>, StoreError> {
        self.asked("list")?;
        self.inner.list(subject).await
    }

    async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError> {
        self.asked("scan")?;
        self.inner.scan(from, at_most).await
    }

    async fn sweep(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError> {
        self.asked("sweep")?;
        self.inner.sweep(now, at_most).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.asked("count")?;
        self.inner.count().await
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        self.asked("append")?;
        self.inner.append(event).await
    }

    async fn journal_end(&self) -> Result<Position, StoreError> {
        self.asked("journal_end")?;
        self.inner.journal_end().await
    }

    async fn confirm(&self) -> Result<Position, StoreError> {
        self.asked("confirm")?;
        self.inner.confirm().await
    }

    async fn lease(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError> {
        self.asked("lease")?;
        self.inner.lease(wanted, now).await
    }

    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError> {
        self.asked("journal")?;
        self.inner.journal(after, at_most, wait).await
    }

    fn shared(&self) -> &dyn Shared {
        self.inner.shared()
    }

    async fn examine(&self, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        self.asked("examine")?;
        self.inner.examine(now).await
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}
