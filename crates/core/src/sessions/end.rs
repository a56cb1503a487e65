//! How sessions end.

use super::{Active, SessionError, Sessions, TRIES};
use crate::client::Client;
use crate::event::{Actor, Cause, CloseReason, Kind};
use crate::id::SessionId;
use crate::key::{Bucket, Key};
use crate::record::Slot;
use crate::store::{Durability, Ended, EndedAll, StoreError};
use crate::subject::Subject;

/// How many renewals an old key is followed through one by one. Asking for the id costs a store more than a step, but it
/// is one question, however often the session was renewed since.
const STEPS: usize = 3;

/// What is left after all others were ended.
#[derive(Clone, Debug)]
pub struct EndedOthers {
    /// The session that stays, under a new token.
    pub kept: Active,
    /// How many others ended.
    pub ended: usize,
}

impl Sessions {
    /// The user logs out here. When it returns, the session is gone from the store, whatever other requests do with it.
    pub async fn log_out(&self, active: &Active, client: &Client) -> Result<(), SessionError> {
        self.end_at(active, CloseReason::Logout, &self.user(client))
            .await?;
        self.replicate(active.key().bucket()).await;
        Ok(())
    }

    /// Ends one session by its handle. Answers whether there was one.
    ///
    /// Like every ending it returns when the store's primary has done it and as many replicas have it as the store waits
    /// for, or its time limit has passed; [`durability`](Self::durability) tells which.
    pub async fn end(
        &self,
        id: &SessionId,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<bool, SessionError> {
        Ok(self.close(id, reason, cause).await?.is_some())
    }

    /// As [`end`](Self::end), and answers what ended.
    pub async fn close(
        &self,
        id: &SessionId,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, SessionError> {
        let ended = self.close_by_id(id, reason, cause).await?;
        if let Some(ended) = &ended {
            self.replicate(ended.key.bucket()).await;
        }
        Ok(ended)
    }

    /// Whether what was done to a subject's sessions before outlives the store's primary. Waits for the replicas, if there
    /// are any to be waited for, until the store's time limit.
    ///
    /// One that is on the primary only is done all the same, and holds unless that primary is lost this moment: ask again
    /// later, or raise an alarm.
    pub async fn durability(&self, subject: &Subject) -> Result<Durability, SessionError> {
        Ok(self.0.bare.durability(Bucket::of(subject)).await?)
    }

    /// Waits for the replicas. That they can not be waited for does not undo what was done.
    async fn replicate(&self, bucket: Bucket) {
        if let Err(error) = self.0.bare.durability(bucket).await {
            tracing::warn!(%error, "an ending is on the primary only, as far as is known");
        }
    }

    /// Ends one of a subject's own sessions. Unknown and somebody else's are the same: not found.
    pub async fn end_own(
        &self,
        subject: &Subject,
        id: &SessionId,
        client: &Client,
    ) -> Result<bool, SessionError> {
        let cause = self.user(client);
        for _ in 0..TRIES {
            let all = self.store().list(subject).await?;
            let Some(found) = all.into_iter().find(|found| found.record.id == *id) else {
                return Ok(false);
            };
            let ended = self
                .close_wherever(&found.key, CloseReason::Revoked, &cause)
                .await?;
            if let Some(ended) = ended {
                self.replicate(ended.key.bucket()).await;
                return Ok(true);
            }
        }
        Err(SessionError::Contended)
    }

    /// Ends all other sessions of the user; this one gets a new token.
    pub async fn end_others(&self, active: &Active, client: &Client) -> Result<EndedOthers, SessionError> {
        self.end_others_for(active, CloseReason::Revoked, client).await
    }

    /// Ends all sessions of a subject, also those whose log-in is under way.
    pub async fn end_all(
        &self,
        subject: &Subject,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, SessionError> {
        let all = self.store().close_subject(subject, None, reason, cause).await?;
        self.replicate(Bucket::of(subject)).await;
        Ok(all)
    }

    pub(super) async fn end_others_for(
        &self,
        active: &Active,
        reason: CloseReason,
        client: &Client,
    ) -> Result<EndedOthers, SessionError> {
        let subject = &Self::identity(active)?.subject;
        let all = self
            .store()
            .close_subject(subject, Some(active.id()), reason, &self.user(client))
            .await?;
        let kept = self
            .reissue(active, Kind::Rotated, client, |record| {
                if let Some(who) = &mut record.identity {
                    who.epoch = all.epoch;
                }
            })
            .await?;
        self.replicate(Bucket::of(subject)).await;
        Ok(EndedOthers {
            kept,
            ended: all.ended.len(),
        })
    }

    /// Ends the session of a request, wherever it has moved to meanwhile.
    pub(super) async fn end_at(
        &self,
        active: &Active,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, SessionError> {
        if let Some(ended) = self.close_wherever(active.key(), reason, cause).await? {
            return Ok(Some(ended));
        }
        // Nothing there: ended already, or rotated by another request, which leaves no way to follow.
        self.close_by_id(&active.id(), reason, cause).await
    }

    /// Ends the session under a key, or where renewal has moved it from there.
    pub(super) async fn close_wherever(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, SessionError> {
        let (mut key, mut steps) = (*key, 0);
        for _ in 0..TRIES {
            if let Some(ended) = self.store().close(&key, reason, cause).await? {
                return Ok(Some(ended));
            }
            match self.read(&key).await? {
                None => return Ok(None),
                Some(Slot::Live(_)) => {}
                Some(Slot::Moved(moved)) if steps == STEPS => {
                    return self.close_by_id(&moved.id, reason, cause).await;
                }
                Some(Slot::Moved(moved)) => {
                    key = moved.to;
                    steps += 1;
                }
            }
        }
        Err(SessionError::Contended)
    }

    /// Ends a session by its handle. It may move between being found and being ended; then it is looked for again.
    async fn close_by_id(
        &self,
        id: &SessionId,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, SessionError> {
        for _ in 0..TRIES {
            let Some(key) = self.place(id).await? else {
                return Ok(None);
            };
            if let Some(ended) = self.store().close(&key, reason, cause).await? {
                return Ok(Some(ended));
            }
        }
        Err(SessionError::Contended)
    }

    /// Where a session is. What is to be ended need not be readable.
    async fn place(&self, id: &SessionId) -> Result<Option<Key>, SessionError> {
        match self.store().find(id).await {
            Ok(found) => Ok(found.map(|found| found.key)),
            Err(StoreError::Corrupt { key, .. }) => Ok(Some(*key)),
            Err(error) => Err(error.into()),
        }
    }

    /// A cause for what an operator does now.
    #[must_use]
    pub fn operator(&self, name: &str) -> Cause {
        self.cause(Actor::Operator(name.to_owned()), &Client::default())
    }
}
