//! What near caches ask: how far the journal reaches, and how long they may go without hearing of it.

use crate::call::{Call, millis};
use crate::place::Extent;
use crate::scripts::{CONFIRM, LEASE};
use crate::store::RedisStore;
use cloakroom_core::{LEASE_KEPT, Position, StoreError, Timestamp};
use std::time::Duration;

/// How long the key stays that is written to confirm. Nobody reads it; it is there for operators to see.
const ALIVE: Duration = Duration::from_mins(1);

impl RedisStore {
    /// The end of the journal, by a write: a primary that lost its replicas refuses it, where `min-replicas-to-write` is
    /// set, and so does a replica.
    pub(crate) async fn confirmed_end(&self) -> Result<Position, StoreError> {
        let mut call = Call::bare(&CONFIRM, 2);
        call.arg(self.names.alive()).arg(self.names.journal());
        call.arg(millis(ALIVE));
        Ok(Extent::read(self.run("confirm", &call).await?)?.last.position())
    }

    pub(crate) async fn agreed_lease(
        &self,
        wanted: Duration,
        now: Timestamp,
    ) -> Result<Duration, StoreError> {
        let mut call = Call::bare(&LEASE, 1);
        call.arg(self.names.lease());
        call.arg(millis(wanted))
            .arg(now.as_millis())
            .arg(millis(LEASE_KEPT));
        self.run("lease", &call)
            .await?
            .number()
            .map(Duration::from_millis)
    }
}
