//! Where the logs of a cluster end, as every primary confirms it.

use super::{Logs, position};
use crate::call::{ALIVE, millis};
use crate::connection::link::Link;
use crate::error::{sort, unexpected};
use crate::journal::pages::reading;
use crate::journal::place::{Extent, Place};
use crate::reply::Reply;
use crate::scripts::CONFIRM;
use cloakroom_core::{Bucket, Position, StoreError};
use futures_util::future::try_join_all;
use redis::{Pipeline, Value};
use std::sync::Arc;
use std::time::Duration;

impl Logs {
    /// Each primary is asked by a write, then where its logs end now. Most end where they did the last time, and say so
    /// with nothing.
    pub(in crate::journal) async fn confirmed_end(&self) -> Result<Position, StoreError> {
        let known = self.ends.lock().clone();
        let known = if known.is_empty() {
            vec![Place::nowhere(); 256]
        } else {
            known
        };
        let primaries = self.cluster.primaries().await.map_err(sort)?;
        let asked = primaries
            .iter()
            .map(|(link, buckets)| self.confirmed_ends(link, buckets, &known));
        let asked = try_join_all(asked)
            .await
            .inspect_err(|_| self.cluster.draw_soon())?;
        let mut ends = known.clone();
        for (bucket, end) in asked.into_iter().flatten() {
            if let Some(known) = ends.get_mut(usize::from(bucket.0)) {
                *known = end;
            }
        }
        let position = position(&ends);
        *self.ends.lock() = ends;
        Ok(position)
    }

    async fn confirmed_ends(
        &self,
        link: &Arc<Link>,
        buckets: &[Bucket],
        known: &[Place],
    ) -> Result<Vec<(Bucket, Place)>, StoreError> {
        let Some(first) = buckets.first() else {
            return Ok(Vec::new());
        };
        let mut asking = Pipeline::new();
        let confirm = asking.add_command(CONFIRM.with_source(2));
        confirm
            .arg(self.names.alive(*first))
            .arg(self.names.journal_of(*first))
            .arg(millis(ALIVE));
        for bucket in buckets {
            let end = &known[usize::from(bucket.0)];
            asking.add_command(reading(
                &self.names.journal_of(*bucket),
                &end.id,
                1,
                Duration::ZERO,
            ));
        }
        let mut answers = link.send_all(&asking).await.map_err(sort)?.into_iter();
        let confirmed = answers
            .next()
            .ok_or_else(|| unexpected("confirm"))?
            .map_err(sort)?;
        let history = Extent::read(Reply::new("confirm", confirmed))?.last.history;
        let (mut same, mut other) = (Vec::new(), Vec::new());
        for (bucket, answer) in buckets.iter().zip(answers) {
            let end = &known[usize::from(bucket.0)];
            if answer.map_err(sort)? == Value::Nil && end.history == history {
                same.push((*bucket, end.clone()));
            } else {
                other.push(*bucket);
            }
        }
        same.extend(self.present_ends(link, &other).await?);
        Ok(same)
    }

    async fn present_ends(
        &self,
        link: &Arc<Link>,
        buckets: &[Bucket],
    ) -> Result<Vec<(Bucket, Place)>, StoreError> {
        if buckets.is_empty() {
            return Ok(Vec::new());
        }
        let mut asking = Pipeline::new();
        for bucket in buckets {
            asking.add_command(self.asking_for_extent(*bucket).1);
        }
        let answers = link.send_all(&asking).await.map_err(sort)?;
        let ends = buckets.iter().zip(answers).map(|(bucket, answer)| {
            let extent = Extent::read(Reply::new("confirm", answer.map_err(sort)?))?;
            Ok((*bucket, extent.last))
        });
        ends.collect()
    }
}
