//! What the nodes on one store share: memos, and how much of a limit is spent.

use crate::call::{Call, millis};
use crate::error::unexpected;
use crate::journal::entry;
use crate::reply::Reply;
use crate::scripts::{MEMO, SPEND};
use crate::store::RedisStore;
use async_trait::async_trait;
use cloakroom_core::{Label, Memo, MemoWrite, Rate, Shared, Spend, StoreError, Timestamp};
use std::time::Duration;

#[async_trait]
impl Shared for RedisStore {
    /// The server forgets it when it lapses, by the span that was left when it was written.
    async fn memo(&self, label: &Label, _now: Timestamp) -> Result<Option<Memo>, StoreError> {
        let mut command = redis::cmd("GET");
        command.arg(self.names.memo(label));
        let value = self.routes.read(label.bucket(), &command).await?;
        let Some(kept) = Reply::new("memo", value).bytes()? else {
            return Ok(None);
        };
        parse(&kept).map(Some).ok_or_else(|| unexpected("memo"))
    }

    async fn keep_memo(&self, write: &MemoWrite) -> Result<Option<u64>, StoreError> {
        write.check()?;
        let bucket = write.label.bucket();
        let mut call = Call::bare(&MEMO, bucket, 2);
        call.arg(self.names.memo(&write.label))
            .arg(self.names.journal_of(bucket));
        call.arg(
            write
                .expected
                .map(|version| version.to_string())
                .unwrap_or_default(),
        );
        call.arg(write.now.as_millis()).arg(write.until.as_millis());
        call.arg(&write.bytes[..]);
        call.arg(write.event.as_ref().map(entry::encode).unwrap_or_default());
        call.arg(self.options.journal_length);
        let version = self.run("keep_memo", &call).await?.number()?;
        Ok((version > 0).then_some(version))
    }

    async fn spend(
        &self,
        label: &Label,
        rate: Rate,
        spend: Spend,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        let mut call = Call::bare(&SPEND, label.bucket(), 1);
        call.arg(self.names.limit(label)).arg(now.as_millis());
        call.arg(millis(rate.every())).arg(rate.burst());
        call.arg(u8::from(spend == Spend::Take));
        let wait = self.run("spend", &call).await?.number()?;
        Ok((wait > 0).then(|| Duration::from_millis(wait)))
    }
}

fn parse(kept: &[u8]) -> Option<Memo> {
    let at = kept.iter().position(|byte| *byte == b' ')?;
    let (version, bytes) = kept.split_at(at);
    Some(Memo {
        version: std::str::from_utf8(version).ok()?.parse().ok()?,
        bytes: bytes[1..].to_vec(),
    })
}
