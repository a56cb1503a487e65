//! Seeing what is there.

use super::{SessionError, Sessions};
use crate::id::SessionId;
use crate::judge::Verdict;
use crate::record::Record;
use crate::store::{Found, Listing};
use crate::subject::Subject;

impl Sessions {
    /// The live sessions of a subject, the one used last first.
    pub async fn list(&self, subject: &Subject) -> Result<Vec<Record>, SessionError> {
        let found = self.store().list(subject).await?;
        let mut live: Vec<Record> = found
            .into_iter()
            .map(|found| found.record)
            .filter(|r| self.is_live(r))
            .collect();
        live.sort_by_key(|record| (std::cmp::Reverse(record.seen_at), record.id));
        Ok(live)
    }

    /// The live session with this handle.
    pub async fn find(&self, id: &SessionId) -> Result<Option<Record>, SessionError> {
        let found = self.store().find(id).await?;
        Ok(found
            .map(|found| found.record)
            .filter(|record| self.is_live(record)))
    }

    /// All live sessions, a stretch at a time.
    pub async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, SessionError> {
        let mut listing = self.store().scan(from, at_most).await?;
        listing.found.retain(|Found { record, .. }| self.is_live(record));
        Ok(listing)
    }

    /// How many sessions are open, those included that lapsed since the last sweep.
    pub async fn count(&self) -> Result<u64, SessionError> {
        Ok(self.store().count().await?)
    }

    fn is_live(&self, record: &Record) -> bool {
        matches!(
            self.policy().judge(record, &record.client, None, self.now()),
            Verdict::Alive(_)
        )
    }
}
