//! A store whose writes are forgotten by the cache of this process at once, without waiting for the journal to say so.
//!
//! Other processes learn of a write by the journal, within milliseconds. In this one, the request after a write must see
//! it. So whatever a write came to, done, failed or given up half-way, its key is forgotten when the call ends.

use super::Near;
use super::revoked::Revocation;
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
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Forgetting {
    pub(super) store: Arc<dyn Store>,
    pub(super) near: Arc<Near>,
}

/// Forgets a key when the call ends, also when its caller has gone away.
struct Afterwards<'a> {
    near: &'a Near,
    key: Key,
}

impl Drop for Afterwards<'_> {
    fn drop(&mut self) {
        self.near.forget(&self.key);
    }
}

impl Forgetting {
    fn afterwards(&self, key: &Key) -> Afterwards<'_> {
        Afterwards {
            near: &self.near,
            key: *key,
        }
    }

    /// Remembered at once, and not only when the journal says it: the primary may be gone before it is read.
    fn revoked(&self, revocation: Revocation) {
        self.near.revoked.remember(revocation, self.near.clock.steady());
    }

    fn ended(&self, ended: &[Ended]) {
        for ended in ended {
            self.near.forget(&ended.key);
            self.revoked(Revocation::Key(ended.key, ended.reason));
        }
    }
}

#[async_trait]
impl Store for Forgetting {
    /// What this node saw end stays ended: a primary that took over may not have heard of it, and it takes a moment until it
    /// has been told.
    async fn load(&self, key: &Key) -> Result<Option<Slot>, StoreError> {
        let slot = self.store.load(key).await?;
        Ok(slot.filter(|slot| !matches!(slot, Slot::Live(_)) || !self.near.revoked.holds(key)))
    }

    async fn epoch(&self, subject: &Subject) -> Result<Epoch, StoreError> {
        self.store.epoch(subject).await
    }

    async fn open(&self, opening: &Opening) -> Result<Opened, StoreError> {
        let _replaced = opening.replaces.as_ref().map(|key| self.afterwards(key));
        let opened = self.store.open(opening).await?;
        if let Opened::Opened(ended) = &opened {
            self.ended(ended);
        }
        Ok(opened)
    }

    async fn swap(&self, swap: &Swap) -> Result<Write, StoreError> {
        let _written = self.afterwards(&swap.key);
        self.store.swap(swap).await
    }

    async fn touch(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError> {
        self.store.touch(touches).await
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Write, StoreError> {
        let key = &rotation.swap.key;
        let _left = self.afterwards(key);
        let written = self.store.rotate(rotation).await?;
        if written == Write::Done && rotation.leave.is_none() {
            self.revoked(Revocation::Key(*key, CloseReason::Replaced));
        }
        Ok(written)
    }

    async fn close(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        let _closed = self.afterwards(key);
        let ended = self.store.close(key, reason, cause).await?;
        self.ended(ended.as_slice());
        Ok(ended)
    }

    async fn close_subject(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        let all = self.store.close_subject(subject, except, reason, cause).await?;
        self.ended(&all.ended);
        self.revoked(Revocation::Epoch {
            subject: subject.clone(),
            epoch: all.epoch,
            except,
            reason,
        });
        Ok(all)
    }

    fn term(&self, bucket: Bucket) -> Term {
        self.store.term(bucket)
    }

    async fn durability(&self, bucket: Bucket, term: Term) -> Result<Durability, StoreError> {
        self.store.durability(bucket, term).await
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        self.store.find(id).await
    }

    async fn list(&self, subject: &Subject) -> Result<Vec<Found>, StoreError> {
        self.store.list(subject).await
    }

    async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError> {
        self.store.scan(from, at_most).await
    }

    async fn sweep(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError> {
        self.store.sweep(now, at_most).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.store.count().await
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        self.store.append(event).await
    }

    async fn journal_end(&self) -> Result<Position, StoreError> {
        self.store.journal_end().await
    }

    async fn confirm(&self) -> Result<Position, StoreError> {
        self.store.confirm().await
    }

    async fn lease(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError> {
        self.store.lease(wanted, now).await
    }

    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError> {
        self.store.journal(after, at_most, wait).await
    }

    fn shared(&self) -> &dyn Shared {
        self.store.shared()
    }

    async fn examine(&self, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        self.store.examine(now).await
    }

    fn describe(&self) -> String {
        self.store.describe()
    }
}
