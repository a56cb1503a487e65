//! Writing what a request changed.

use super::active::seal_data;
use super::{Active, SessionError, Sessions, TRIES};
use crate::client::Client;
use crate::data::{Changes, Data};
use crate::event::{Actor, Kind};
use crate::record::Record;
use crate::store::{Found, Swap, Write};
use crate::{Slot, store};

impl Sessions {
    /// Applies changes to the session's data, again and again on what others wrote in between. When it returns, they are
    /// in the store; if the session is gone by then, it fails and brings nothing back.
    pub async fn commit(
        &self,
        active: &Active,
        changes: &Changes,
        client: &Client,
    ) -> Result<Active, SessionError> {
        let mut current = active.clone();
        for _ in 0..TRIES {
            let before = current.data()?;
            let mut data = before.clone();
            changes.apply(&mut data)?;
            if data == before {
                return Ok(current);
            }
            match self.write(&current, &data, client).await? {
                Some(written) => return Ok(written.wanting_step_up(active.mismatch())),
                None => current = self.again(&current).await?,
            }
        }
        Err(SessionError::Contended)
    }

    /// Writes data over the version at hand. Nothing if somebody wrote in between.
    pub(super) async fn write(
        &self,
        current: &Active,
        data: &Data,
        client: &Client,
    ) -> Result<Option<Active>, SessionError> {
        let old = current.record();
        let mut record = old.clone();
        record.revision = old.revision.next();
        record.sealed = seal_data(data, current.token(), old.id, self.random())?;
        let (key, expected, deadline) = (*current.key(), old.revision, self.deadline(&record));
        let swap = Swap {
            key,
            expected,
            record,
            deadline,
            kind: Kind::Updated,
            cause: self.user(client),
        };
        match self.store().swap(&swap).await? {
            Write::Done => {
                let written = Active::new(current.token().clone(), swap.record);
                Ok(Some(if current.is_new_token() {
                    written.reissued()
                } else {
                    written
                }))
            }
            Write::Conflict => Ok(None),
            Write::Gone => Err(SessionError::Gone),
        }
    }

    /// Changes a record from outside, without its token: whatever is sealed stays as it is. `change` says what it did,
    /// or nothing if there was nothing to do. Answers whether anything changed.
    pub(super) async fn amend(
        &self,
        found: Found,
        actor: &Actor,
        change: impl Fn(&mut Record) -> Option<String> + Send,
    ) -> Result<bool, SessionError> {
        let store::Found { mut key, mut record } = found;
        for _ in 0..TRIES {
            let expected = record.revision;
            let Some(detail) = change(&mut record) else {
                return Ok(false);
            };
            record.revision = expected.next();
            let deadline = self.deadline(&record);
            let cause = self.cause(actor.clone(), &Client::default()).saying(detail);
            let swap = Swap {
                key,
                expected,
                record,
                deadline,
                kind: Kind::Updated,
                cause,
            };
            if self.store().swap(&swap).await? == Write::Done {
                return Ok(true);
            }
            match self.present(&key, &swap.record).await? {
                Some(found) => store::Found { key, record } = found,
                None => return Ok(false),
            }
        }
        Err(SessionError::Contended)
    }

    /// Where a session is now that was found under `key` a moment ago: renewal leaves a way, other rotations do not.
    pub(super) async fn present(
        &self,
        key: &crate::Key,
        record: &Record,
    ) -> Result<Option<Found>, SessionError> {
        let mut key = *key;
        for _ in 0..TRIES {
            match self.read(&key).await? {
                Some(Slot::Live(record)) => return Ok(Some(Found { key, record })),
                Some(Slot::Moved(moved)) => key = moved.to,
                None => break,
            }
        }
        self.find_again(record).await
    }

    /// The same session under whatever key it has now.
    pub(super) async fn find_again(&self, record: &Record) -> Result<Option<Found>, SessionError> {
        match record.subject() {
            // Where the subject's sessions live is known; where the session of nobody lives, only the whole store knows.
            Some(subject) => {
                let all = self.store().list(subject).await?;
                Ok(all.into_iter().find(|found| found.record.id == record.id))
            }
            None => Ok(self.store().find(&record.id).await?),
        }
    }
}
