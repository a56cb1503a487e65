//! What was seen revoked of late, to be said again to a primary that took over without having heard of it.
//!
//! To end what has ended already changes nothing, so a node says everything it remembers and need not know what was lost.

use crate::event::{Actor, Cause, CloseReason, Event, Kind};
use crate::id::SessionId;
use crate::key::Key;
use crate::record::{Epoch, Slot};
use crate::store::{Store, StoreError};
use crate::subject::Subject;
use crate::time::Timestamp;
use futures_util::stream::{self, TryStreamExt as _};
use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a revocation is remembered. A replica that is farther behind than this should not take over.
const KEPT: Duration = Duration::from_mins(10);
/// At most so many, some 10 MB; the oldest go first.
const MOST: usize = 100_000;
/// The longest overlap that a policy may have.
const LONGEST_OVERLAP: Duration = Duration::from_secs(30);
/// How often a token may have been renewed since.
const STEPS: usize = 8;
/// How many are said at a time.
const AT_ONCE: usize = 32;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Revocation {
    /// What is under this key is not to be accepted any more.
    Key(Key, CloseReason),
    /// A token was renewed: it serves for the overlap and no longer.
    Renewed(Key),
    /// The subject's sessions of earlier epochs, but for one.
    Epoch {
        subject: Subject,
        epoch: Epoch,
        except: Option<SessionId>,
        reason: CloseReason,
    },
}

/// Those that are remembered, and whether they are to be said again.
#[derive(Default)]
pub(super) struct Revoked {
    memory: Mutex<Memory>,
    owed: AtomicBool,
    wake: tokio::sync::Notify,
}

#[derive(Default)]
struct Memory {
    /// With the moment of the steady clock at which each was seen, oldest first.
    seen: VecDeque<(Duration, Revocation)>,
    /// Those of [`Revocation::Key`]: this node may learn of one twice, by what it did and by the journal.
    keys: HashSet<Key>,
}

impl Revoked {
    /// Remembers what an entry of the journal says, if it is a revocation. What lapsed is none: it is dead anyway.
    pub(super) fn hear(&self, event: &Event, now: Duration) {
        let Some(key) = event.key else { return };
        let revocation = match (event.kind, event.reason) {
            (Kind::Closed, Some(CloseReason::Idle | CloseReason::Absolute)) => return,
            (Kind::Closed, reason) => Revocation::Key(key, reason.unwrap_or(CloseReason::Revoked)),
            (Kind::Rotated | Kind::Elevated, _) => Revocation::Key(key, CloseReason::Replaced),
            (Kind::Renewed, _) => Revocation::Renewed(key),
            _ => return,
        };
        self.remember(revocation, now);
    }

    pub(super) fn remember(&self, revocation: Revocation, now: Duration) {
        let mut memory = self.memory.lock();
        if let Revocation::Key(key, _) = &revocation
            && !memory.keys.insert(*key)
        {
            return;
        }
        memory.seen.push_back((now, revocation));
        while memory.seen.len() > MOST || memory.is_stale(now) {
            memory.forget_oldest();
        }
    }

    /// Whether what was under this key is remembered as ended.
    pub(super) fn holds(&self, key: &Key) -> bool {
        self.memory.lock().keys.contains(key)
    }

    /// Another primary took over.
    pub(super) fn owe(&self) {
        self.owed.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Waits until something is owed.
    pub(super) async fn owed(&self) {
        while !self.owed.load(Ordering::Acquire) {
            self.wake.notified().await;
        }
    }

    /// Says everything again. What could not be said is owed still.
    pub(super) async fn say(
        &self,
        store: &dyn Store,
        steady: Duration,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.owed.store(false, Ordering::Release);
        let all = self.recent(steady);
        let said = stream::iter(all.iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, |revocation| say_one(store, revocation, now))
            .await;
        if said.is_err() {
            self.owed.store(true, Ordering::Release);
        }
        said.map(|()| all.len())
    }

    /// The latest first, since the primary that took over is likelier to have heard of the others.
    fn recent(&self, now: Duration) -> Vec<Revocation> {
        let memory = self.memory.lock();
        let recent = memory
            .seen
            .iter()
            .rev()
            .take_while(|(seen, _)| now.saturating_sub(*seen) <= KEPT);
        let counts = recent.filter(|(seen, it)| {
            !matches!(it, Revocation::Renewed(_)) || now.saturating_sub(*seen) > LONGEST_OVERLAP
        });
        counts.map(|(_, revocation)| revocation.clone()).collect()
    }
}

impl Memory {
    fn is_stale(&self, now: Duration) -> bool {
        self.seen
            .front()
            .is_some_and(|(seen, _)| now.saturating_sub(*seen) > KEPT)
    }

    fn forget_oldest(&mut self) {
        if let Some((_, Revocation::Key(key, _))) = self.seen.pop_front() {
            self.keys.remove(&key);
        }
    }
}

async fn say_one(store: &dyn Store, revocation: &Revocation, now: Timestamp) -> Result<(), StoreError> {
    let cause = |at| Cause {
        at,
        actor: Actor::System,
        detail: Some("said again to a primary that took over".into()),
        ..Cause::default()
    };
    match revocation {
        Revocation::Key(key, reason) => end_wherever(store, *key, *reason, &cause(now)).await,
        Revocation::Renewed(key) => match store.close(key, CloseReason::Revoked, &cause(now)).await {
            Err(StoreError::Corrupt { .. }) => Ok(()),
            ended => ended.map(drop),
        },
        Revocation::Epoch {
            subject,
            epoch,
            except,
            reason,
        } => {
            // Raised as of then, so that it becomes the same epoch, and log-ins that came after it stay.
            let cause = cause(Timestamp::from_millis(epoch.0));
            if store.epoch(subject).await? < *epoch {
                store.close_subject(subject, *except, *reason, &cause).await?;
            }
            Ok(())
        }
    }
}

/// Ends what is under a key, or where it went from there: the new primary may have renewed the token meanwhile.
async fn end_wherever(
    store: &dyn Store,
    mut key: Key,
    reason: CloseReason,
    cause: &Cause,
) -> Result<(), StoreError> {
    for _ in 0..STEPS {
        let left = match store.close(&key, reason, cause).await {
            Ok(None) => store.load(&key).await,
            Ok(Some(_)) => return Ok(()),
            Err(error) => Err(error),
        };
        match left {
            Ok(Some(Slot::Moved(moved))) => key = moved.to,
            Ok(Some(Slot::Live(_))) => {}
            // What can not be read is accepted nowhere.
            Ok(None) | Err(StoreError::Corrupt { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
