//! Where a connection goes: always to the same address, or to whichever server is the primary at the moment.

use crate::connection::sentinel::Sentinels;
use redis::{Client, RedisError};
use std::time::Duration;

pub(crate) enum Target {
    Address(Client),
    Sentinels(Sentinels),
}

/// Where to dial.
pub(crate) struct Primary {
    pub(crate) client: Client,
    /// How many replicas may take its place, as far as that is told.
    pub(crate) heirs: u32,
}

impl Target {
    /// Where to dial now.
    pub(crate) async fn find(&self, limit: Duration) -> Result<Primary, RedisError> {
        match self {
            Self::Address(client) => Ok(Primary {
                client: client.clone(),
                heirs: 0,
            }),
            Self::Sentinels(sentinels) => sentinels.primary(limit).await,
        }
    }

    /// Whether the primary may be another one without a connection breaking.
    pub(crate) fn moves(&self) -> bool {
        matches!(self, Self::Sentinels(_))
    }
}
