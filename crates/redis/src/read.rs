//! Reading sessions. A check is one `GET`.

use crate::call::Call;
use crate::error::unexpected;
use crate::names::SHARDS;
use crate::reply::{Reply, key};
use crate::scripts::{LIST, SCAN};
use crate::store::RedisStore;
use crate::value;
use cloakroom_core::{
    Bucket, Cause, Epoch, Found, Key, Listing, SessionId, Slot, Store as _, StoreError, Subject,
};
use redis::Cmd;

/// How many moves of one session `find` keeps up with.
const FOLLOWED: usize = 4;

pub(crate) fn get(name: &[u8]) -> Cmd {
    let mut command = Cmd::with_capacity(2, name.len() + 3);
    command.arg("GET").arg(name);
    command
}

/// All buckets.
pub(crate) fn buckets() -> impl Iterator<Item = Bucket> {
    (0..=u8::MAX).map(Bucket)
}

impl RedisStore {
    /// Asks a bucket's index where a session is.
    fn at_home(&self, bucket: Bucket, id: &SessionId) -> Cmd {
        let mut command = redis::cmd("HGET");
        command.arg(self.names.home(bucket, id)).arg(id.as_bytes());
        command
    }

    pub(crate) async fn epoch_of(&self, subject: &Subject) -> Result<Epoch, StoreError> {
        let command = get(&self.names.epoch(subject));
        let value = self.routes.read(Bucket::of(subject), &command).await?;
        Reply::new("epoch", value).number().map(Epoch)
    }

    /// Asks all 256 buckets in one go, a microsecond of the server's time each: an id does not tell its bucket, and an
    /// index by id alone could not be kept in one atomic step with the session in a cluster.
    pub(crate) async fn find_by_id(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        let answers = self.routes.read_all(
            buckets()
                .map(|bucket| (bucket, self.at_home(bucket, id)))
                .collect(),
        );
        for (bucket, value) in buckets().zip(answers.await?) {
            if let Some(hash) = Reply::new("find", value).bytes()? {
                return self.follow(bucket, id, hash).await;
            }
        }
        Ok(None)
    }

    /// The session that the index has under a hash. It may move on between the two questions; then the index is asked
    /// again.
    async fn follow(
        &self,
        bucket: Bucket,
        id: &SessionId,
        mut hash: Vec<u8>,
    ) -> Result<Option<Found>, StoreError> {
        for _ in 0..FOLLOWED {
            let key = key(bucket, &hash).ok_or_else(|| unexpected("find"))?;
            if let Some(Slot::Live(record)) = self.load(&key).await?
                && record.id == *id
            {
                return Ok(Some(Found { key, record }));
            }
            let asking = self.at_home(bucket, id);
            match Reply::new("find", self.routes.read(bucket, &asking).await?).bytes()? {
                Some(next) if next != hash => hash = next,
                _ => break,
            }
        }
        Ok(None)
    }

    pub(crate) async fn sessions_of(&self, subject: &Subject) -> Result<Vec<Found>, StoreError> {
        let bucket = Bucket::of(subject);
        let mut call = Call::caused(&LIST, &self.names, &self.options, bucket, &Cause::default());
        call.arg(subject.as_str());
        let records = self.run("list", &call).await?.records(bucket)?;
        let mut found = live(records);
        // Two subjects may share a tag in the index.
        found.retain(|it| it.record.subject() == Some(subject));
        Ok(found)
    }

    /// Goes through the index, bucket by bucket, and skips those that hold nothing. The position is `BUCKET-SHARD`.
    pub(crate) async fn stretch(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError> {
        let Some((first, mut shard)) = position(from.unwrap_or("0-0")) else {
            return Ok(Listing::default());
        };
        let counts = self.live_by_bucket().await?;
        let at_most = at_most.max(1);
        let mut found = Vec::new();
        for bucket in buckets().skip(usize::from(first)) {
            if counts.get(usize::from(bucket.0)).is_some_and(|count| *count > 0) {
                if found.len() >= at_most {
                    return Ok(Listing {
                        found,
                        next: Some(format!("{}-{shard}", bucket.0)),
                    });
                }
                let (next, records) = self.part(bucket, shard, at_most - found.len()).await?;
                found.extend(live(records));
                if next < SHARDS {
                    return Ok(Listing {
                        found,
                        next: Some(format!("{}-{next}", bucket.0)),
                    });
                }
            }
            shard = 0;
        }
        Ok(Listing { found, next: None })
    }

    async fn part(
        &self,
        bucket: Bucket,
        shard: u8,
        at_most: usize,
    ) -> Result<(u8, Vec<(Key, Vec<u8>)>), StoreError> {
        let mut call = Call::bare(&SCAN, bucket, 1);
        call.arg(self.names.meta(bucket))
            .arg(self.names.base(bucket))
            .arg(shard)
            .arg(at_most);
        let (next, records) = self.run("scan", &call).await?.outcome()?;
        let records = records.map_or_else(|| Ok(Vec::new()), |records| records.records(bucket))?;
        Ok((u8::try_from(next).unwrap_or(SHARDS), records))
    }

    /// How many sessions each bucket holds.
    pub(crate) async fn live_by_bucket(&self) -> Result<Vec<u64>, StoreError> {
        let asking = |bucket| {
            let mut command = redis::cmd("HGET");
            command.arg(self.names.meta(bucket)).arg("n");
            (bucket, command)
        };
        let answers = self.routes.read_all(buckets().map(asking).collect());
        answers
            .await?
            .into_iter()
            .map(|value| Reply::new("count", value).number())
            .collect()
    }
}

/// The sessions among what a list met. What is unreadable is reported and left out, so that it hides none of the others.
fn live(records: Vec<(Key, Vec<u8>)>) -> Vec<Found> {
    let found = records
        .into_iter()
        .filter_map(|(key, bytes)| match value::decode(&key, &bytes) {
            Ok(Slot::Live(record)) => Some(Found { key, record }),
            Ok(Slot::Moved(_)) => None,
            Err(error) => {
                tracing::error!(?key, %error, "a record in the session store is unreadable");
                None
            }
        });
    found.collect()
}

fn position(text: &str) -> Option<(u8, u8)> {
    let (bucket, shard) = text.split_once('-')?;
    Some((bucket.parse().ok()?, shard.parse().ok()?))
}
