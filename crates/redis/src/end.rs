//! Ending sessions: one, all of a subject, and those that have lapsed.

use crate::call::{Call, millis};
use crate::error::{sort, unexpected};
use crate::journal::entry;
use crate::read::buckets;
use crate::reply::Reply;
use crate::scripts::{CLOSE, CLOSE_SUBJECT, SWEEP};
use crate::store::RedisStore;
use crate::value;
use cloakroom_core::{
    Bucket, Cause, CloseReason, Durability, Ended, EndedAll, Epoch, Key, SessionId, StoreError, Subject,
    Swept, Term, Timestamp,
};
use std::time::Duration;

/// How long an epoch is remembered. A log-in takes minutes; after that forgetting is safe, because the next epoch is the
/// time in milliseconds.
const EPOCH_LIFE: Duration = Duration::from_hours(48);

/// How many sessions one call of the sweep ends and looks at: some 3 ms of the server's time.
const ENDS_PER_CALL: usize = 100;
const LOOKS_PER_CALL: usize = 300;

impl RedisStore {
    pub(crate) async fn end(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        let bucket = key.bucket();
        let mut call = Call::caused(&CLOSE, &self.names, &self.options, bucket, cause);
        call.arg(key.hash_bytes()).arg(entry::reason_number(reason));
        match self.run("close", &call).await?.outcome()? {
            (0, Some(ended)) => Ok(ended.ended(bucket)?.pop()),
            (4, Some(bytes)) => Err(value::unreadable(key, &bytes.bytes()?.unwrap_or_default())),
            _ => Err(unexpected("close")),
        }
    }

    pub(crate) async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        let bucket = Bucket::of(subject);
        let mut call = Call::caused(&CLOSE_SUBJECT, &self.names, &self.options, bucket, cause);
        call.arg(subject.as_str())
            .arg(except.as_ref().map_or(&[][..], |id| id.as_bytes()));
        call.arg(entry::reason_number(reason)).arg(millis(EPOCH_LIFE));
        match self.run("close_subject", &call).await?.outcome()? {
            (epoch, Some(ended)) => Ok(EndedAll {
                ended: ended.ended(bucket)?,
                epoch: Epoch(epoch),
            }),
            _ => Err(unexpected("close_subject")),
        }
    }

    /// Whether replicas have what was done in a bucket before.
    pub(crate) async fn durability_of(&self, bucket: Bucket, term: Term) -> Result<Durability, StoreError> {
        let wanted = self.options.replicas;
        if wanted == 0 {
            return Ok(Durability::PrimaryOnly);
        }
        let link = self.routes.link(bucket).await?;
        let have_it = link
            .replicas_have_it(&self.names.alive(bucket), wanted, term.0)
            .await;
        Ok(if have_it.map_err(sort)? {
            Durability::Durable
        } else {
            Durability::PrimaryOnly
        })
    }

    /// Asks all buckets in one go whether anything is due, and calls the script for those where it is.
    pub(crate) async fn sweep_all(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError> {
        let cause = Cause {
            at: now,
            ..Cause::default()
        }
        .encode();
        let mut swept = Swept::default();
        for bucket in self.due(now).await? {
            loop {
                if swept.ended >= at_most {
                    return Ok(Swept { more: true, ..swept });
                }
                let mut call = Call::new(&SWEEP, &self.names, &self.options, bucket, now, &cause);
                call.arg((at_most - swept.ended).min(ENDS_PER_CALL))
                    .arg(LOOKS_PER_CALL);
                let (ended, more) = self.run("sweep", &call).await?.outcome()?;
                swept.ended += usize::try_from(ended).unwrap_or(0);
                if more.map_or(Ok(0), Reply::number)? == 0 {
                    break;
                }
            }
        }
        Ok(swept)
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Bucket>, StoreError> {
        let asking = |bucket| {
            let mut first = redis::cmd("ZRANGEBYSCORE");
            first
                .arg(self.names.wheel(bucket))
                .arg("-inf")
                .arg(now.as_millis());
            first.arg("LIMIT").arg(0).arg(1);
            (bucket, first)
        };
        let answers = self.routes.read_all(buckets().map(asking).collect()).await?;
        let mut due = Vec::new();
        for (bucket, value) in buckets().zip(answers) {
            if !Reply::new("sweep", value).many()?.is_empty() {
                due.push(bucket);
            }
        }
        Ok(due)
    }
}
