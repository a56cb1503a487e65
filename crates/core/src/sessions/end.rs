//! How sessions end.

use super::{Active, SessionError, Sessions, TRIES};
use crate::client::Client;
use crate::event::{Actor, Cause, CloseReason, Kind};
use crate::id::SessionId;
use crate::key::Key;
use crate::record::Slot;
use crate::store::{Ended, EndedAll};
use crate::subject::Subject;

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
        Ok(())
    }

    /// Ends one session by its handle. Answers whether there was one.
    pub async fn end(
        &self,
        id: &SessionId,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<bool, SessionError> {
        for _ in 0..TRIES {
            let Some(found) = self.store().find(id).await? else {
                return Ok(false);
            };
            if self.close_wherever(&found.key, reason, cause).await?.is_some() {
                return Ok(true);
            }
        }
        Err(SessionError::Contended)
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
            if self
                .close_wherever(&found.key, CloseReason::Revoked, &cause)
                .await?
                .is_some()
            {
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
        Ok(self.store().close_subject(subject, None, reason, cause).await?)
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
        for _ in 0..TRIES {
            if let Some(ended) = self.close_wherever(active.key(), reason, cause).await? {
                return Ok(Some(ended));
            }
            // Nothing there: ended already, or rotated by another request, which leaves no way to follow.
            let Some(found) = self.find_again(active.record()).await? else {
                return Ok(None);
            };
            if let Some(ended) = self.close_wherever(&found.key, reason, cause).await? {
                return Ok(Some(ended));
            }
        }
        Err(SessionError::Contended)
    }

    /// Ends the session under a key, or where renewal has moved it from there.
    pub(super) async fn close_wherever(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, SessionError> {
        let mut key = *key;
        for _ in 0..TRIES {
            if let Some(ended) = self.store().close(&key, reason, cause).await? {
                return Ok(Some(ended));
            }
            match self.read(&key).await? {
                None => return Ok(None),
                Some(Slot::Live(_)) => {}
                Some(Slot::Moved(moved)) => key = moved.to,
            }
        }
        Err(SessionError::Contended)
    }

    /// A cause for what an operator does now.
    #[must_use]
    pub fn operator(&self, name: &str) -> Cause {
        self.cause(Actor::Operator(name.to_owned()), &Client::default())
    }
}
