//! How sessions end.

use super::{Active, SessionError, Sessions, TRIES};
use crate::client::Client;
use crate::event::{Actor, Cause, CloseReason, Kind};
use crate::id::SessionId;
use crate::key::{Bucket, Key};
use crate::record::Slot;
use crate::store::{Durability, Ended, StoreError, Term};
use crate::subject::Subject;

/// How many renewals an old key is followed through one by one. Asking for the id costs a store more than a step, but it
/// is one question, however often the session was renewed since.
const STEPS: usize = 3;

/// What an ending came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What ended.
    pub ended: Vec<Ended>,
    /// Whether that outlives the store's primary. It has ended all the same if only the primary is known to have it, and stays
    /// so unless that is lost this moment: end it again later, or raise an alarm.
    pub durability: Durability,
}

/// A session that has ended, and in which term of the store.
pub(super) struct Closed {
    ended: Ended,
    term: Term,
}

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
        let closed = self
            .end_at(active, CloseReason::Logout, &self.user(client))
            .await?;
        self.outlives(closed).await;
        Ok(())
    }

    /// Ends one session by its handle. Answers whether there was one.
    ///
    /// Like every ending it returns when the store's primary has done it and as many replicas have it as the store waits
    /// for, or its time limit has passed; [`close`](Self::close) tells which.
    pub async fn end(
        &self,
        id: &SessionId,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<bool, SessionError> {
        Ok(!self.close(id, reason, cause).await?.ended.is_empty())
    }

    /// As [`end`](Self::end), and answers what ended and whether it outlives the store's primary.
    pub async fn close(
        &self,
        id: &SessionId,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Ending, SessionError> {
        let closed = self.close_by_id(id, reason, cause).await?;
        Ok(self.outlives(closed).await)
    }

    async fn outlives(&self, closed: Option<Closed>) -> Ending {
        let durability = match &closed {
            Some(closed) => self.replicate(closed.ended.key.bucket(), closed.term).await,
            None => Durability::PrimaryOnly,
        };
        Ending {
            ended: closed.into_iter().map(|closed| closed.ended).collect(),
            durability,
        }
    }

    /// Waits for the replicas. That they can not be waited for does not undo what was done.
    async fn replicate(&self, bucket: Bucket, term: Term) -> Durability {
        match self.0.bare.durability(bucket, term).await {
            Ok(durability) => durability,
            Err(error) => {
                tracing::warn!(%error, "an ending is on the primary only, as far as is known");
                Durability::PrimaryOnly
            }
        }
    }

    /// Ends one of a subject's own sessions. Unknown and somebody else's are the same: not found.
    pub async fn end_own(
        &self,
        subject: &Subject,
        id: &SessionId,
        client: &Client,
    ) -> Result<bool, SessionError> {
        self.end_of(subject, id, &self.user(client)).await
    }

    /// As [`end_own`](Self::end_own), and the journal says that the user disowns it: somebody else was logged in as them
    /// ([`Event::is_disowned`](crate::Event::is_disowned)).
    pub async fn disown(
        &self,
        subject: &Subject,
        id: &SessionId,
        client: &Client,
    ) -> Result<bool, SessionError> {
        self.end_of(subject, id, &self.user(client).disowning()).await
    }

    async fn end_of(&self, subject: &Subject, id: &SessionId, cause: &Cause) -> Result<bool, SessionError> {
        for _ in 0..TRIES {
            let all = self.store().list(subject).await?;
            let Some(found) = all.into_iter().find(|found| found.record.id == *id) else {
                return Ok(false);
            };
            let closed = self
                .close_wherever(&found.key, CloseReason::Revoked, cause)
                .await?;
            if closed.is_some() {
                self.outlives(closed).await;
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
    ) -> Result<Ending, SessionError> {
        let bucket = Bucket::of(subject);
        let term = self.0.bare.term(bucket);
        let all = self.store().close_subject(subject, None, reason, cause).await?;
        Ok(Ending {
            ended: all.ended,
            durability: self.replicate(bucket, term).await,
        })
    }

    pub(super) async fn end_others_for(
        &self,
        active: &Active,
        reason: CloseReason,
        client: &Client,
    ) -> Result<EndedOthers, SessionError> {
        let subject = &Self::identity(active)?.subject;
        let bucket = Bucket::of(subject);
        let term = self.0.bare.term(bucket);
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
        self.replicate(bucket, term).await;
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
    ) -> Result<Option<Closed>, SessionError> {
        if let Some(closed) = self.close_wherever(active.key(), reason, cause).await? {
            return Ok(Some(closed));
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
    ) -> Result<Option<Closed>, SessionError> {
        let (mut key, mut steps) = (*key, 0);
        for _ in 0..TRIES {
            if let Some(closed) = self.close_here(&key, reason, cause).await? {
                return Ok(Some(closed));
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

    /// Ends what is under a key.
    async fn close_here(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Closed>, SessionError> {
        let term = self.0.bare.term(key.bucket());
        let ended = self.store().close(key, reason, cause).await?;
        Ok(ended.map(|ended| Closed { ended, term }))
    }

    /// Ends a session by its handle. It may move between being found and being ended; then it is looked for again.
    async fn close_by_id(
        &self,
        id: &SessionId,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Closed>, SessionError> {
        for _ in 0..TRIES {
            let Some(key) = self.place(id).await? else {
                return Ok(None);
            };
            if let Some(closed) = self.close_here(&key, reason, cause).await? {
                return Ok(Some(closed));
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
