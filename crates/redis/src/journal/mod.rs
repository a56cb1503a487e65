//! The journal: one log for all buckets on one server, a log for each bucket in a cluster.

pub(crate) mod entry;
mod many;
mod one;
mod pages;
pub(crate) mod place;

use crate::call::{Call, millis};
use crate::connection::routes::{Ask, Routes};
use crate::names::Names;
use crate::options::Options;
use crate::scripts::LEASE;
use crate::store::RedisStore;
use cloakroom_core::{Event, LEASE_KEPT, Page, Position, StoreError, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// Reading it.
pub(crate) enum Journal {
    One(one::Log),
    Many(many::Logs),
}

impl Journal {
    pub(crate) fn new(routes: &Routes, names: &Names) -> Self {
        match routes {
            Routes::One(link) => Self::One(one::Log::new(Arc::clone(link), names)),
            Routes::Cluster(cluster) => Self::Many(many::Logs::new(Arc::clone(cluster), names.clone())),
        }
    }

    /// The end at this moment.
    pub(crate) async fn end(&self) -> Result<Position, StoreError> {
        match self {
            Self::One(log) => log.end().await,
            Self::Many(logs) => logs.end().await,
        }
    }

    /// The end, by a write: a primary that lost its replicas refuses it, where `min-replicas-to-write` is set, and so does
    /// a replica.
    pub(crate) async fn confirmed_end(&self) -> Result<Position, StoreError> {
        match self {
            Self::One(log) => log.confirmed_end().await,
            Self::Many(logs) => logs.confirmed_end().await,
        }
    }

    /// What comes after a position.
    pub(crate) async fn page(
        &self,
        after: &Position,
        at_most: usize,
        wait: Duration,
    ) -> Result<Page, StoreError> {
        match self {
            Self::One(log) => log.page(after, at_most.max(1), wait).await,
            Self::Many(logs) => logs.page(after, at_most.max(1), wait).await,
        }
    }
}

impl RedisStore {
    pub(crate) async fn add_to_journal(&self, event: &Event) -> Result<(), StoreError> {
        let Options { journal_length, .. } = self.options;
        let bucket = event.bucket();
        let mut command = redis::cmd("XADD");
        command.arg(self.names.journal_of(bucket));
        command.arg("MAXLEN").arg("~").arg(journal_length);
        command.arg("*").arg("e").arg(entry::encode(event));
        self.routes.ask(bucket, Ask::Write(&command)).await.map(drop)
    }

    pub(crate) async fn agreed_lease(
        &self,
        wanted: Duration,
        now: Timestamp,
    ) -> Result<Duration, StoreError> {
        let (bucket, name) = self.names.lease();
        let mut call = Call::bare(&LEASE, bucket, 1);
        call.arg(name).arg(millis(wanted));
        call.arg(now.as_millis()).arg(millis(LEASE_KEPT));
        self.run("lease", &call)
            .await?
            .number()
            .map(Duration::from_millis)
    }
}
