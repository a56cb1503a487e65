//! Writing the next version of a session, and noting that it was seen.

use crate::call::{Call, millis};
use crate::error::unexpected;
use crate::journal::entry;
use crate::scripts::{TOUCH, WRITE};
use crate::store::RedisStore;
use crate::value;
use cloakroom_core::{Bucket, Key, Moved, StoreError, Swap, Touch, Write};
use futures_util::future::try_join_all;

/// How many touches one call of the script takes: some 100 µs of the server's time.
const TOUCHES_PER_CALL: usize = 50;

impl RedisStore {
    /// Swaps, or rotates to another key of the same bucket.
    pub(crate) async fn write(
        &self,
        swap: &Swap,
        to: Option<&Key>,
        leave: Option<&Moved>,
    ) -> Result<Write, StoreError> {
        let Swap { key, record, .. } = swap;
        let bucket = key.bucket();
        let misplaced =
            || StoreError::Refused("a session can move only to a free key of its own bucket".into());
        if to.is_some_and(|to| to.bucket() != bucket) {
            return Err(misplaced());
        }
        let mut call = Call::caused(&WRITE, &self.names, &self.options, bucket, &swap.cause);
        call.arg(key.hash_bytes())
            .arg(&swap.expected.0.to_be_bytes()[..])
            .arg(value::rest(record));
        call.arg(record.seen_at.as_millis())
            .arg(swap.deadline.as_millis());
        call.arg(record.expires_at.as_millis())
            .arg(entry::kind_number(swap.kind));
        call.arg(to.map_or(&[][..], |to| to.hash_bytes()));
        call.arg(leave.map_or_else(Vec::new, value::moved));
        call.arg(leave.map_or(0, |moved| moved.expires_at.as_millis()));
        match self.run("swap or rotate", &call).await?.outcome()? {
            (0, _) => Ok(Write::Done),
            (1, _) => Ok(Write::Conflict),
            (2, _) => Ok(Write::Gone),
            (3, _) => Err(misplaced()),
            (4, Some(bytes)) => Err(value::unreadable(key, &bytes.bytes()?.unwrap_or_default())),
            _ => Err(unexpected("swap or rotate")),
        }
    }

    /// Touches by bucket, all under way at once.
    pub(crate) async fn note_seen(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError> {
        let mut order: Vec<usize> = (0..touches.len()).collect();
        order.sort_by_key(|place| touches[*place].key.bucket().0);
        let same_bucket = order.chunk_by(|a, b| touches[*a].key.bucket() == touches[*b].key.bucket());
        let calls = same_bucket.flat_map(|places| places.chunks(TOUCHES_PER_CALL));
        let answers = try_join_all(calls.clone().map(|places| self.touch_some(touches, places))).await?;
        let mut there = vec![false; touches.len()];
        for (place, answer) in calls.flatten().zip(answers.iter().flatten()) {
            there[*place] = *answer;
        }
        Ok(there)
    }

    async fn touch_some(&self, touches: &[Touch], places: &[usize]) -> Result<Vec<bool>, StoreError> {
        let bucket = places
            .first()
            .map_or(Bucket(0), |place| touches[*place].key.bucket());
        let mut call = Call::bare(&TOUCH, bucket, 1);
        call.arg(self.names.meta(bucket))
            .arg(self.names.base(bucket))
            .arg(millis(self.options.grace));
        for place in places {
            let touch = &touches[*place];
            call.arg(touch.key.hash_bytes())
                .arg(touch.seen_at.as_millis())
                .arg(touch.deadline.as_millis());
        }
        let answers = self.run("touch", &call).await?.many()?;
        if answers.len() != places.len() {
            return Err(unexpected("touch"));
        }
        answers
            .into_iter()
            .map(|answer| answer.number().map(|there| there == 1))
            .collect()
    }
}
