//! Where a connection goes: always to the same address, or to whichever server is the primary at the moment. And who tells
//! how many replicas may take a primary's place: nobody, the cluster, or the Sentinels.

use crate::connection::sentinel::Sentinels;
use redis::{Client, RedisError};
use std::time::Duration;

pub(crate) enum Target {
    Address(Client),
    /// A server of a cluster.
    Member(Client),
    Sentinels(Sentinels),
}

/// Where to dial.
pub(crate) struct Primary {
    pub(crate) client: Client,
    /// How many replicas may take its place, if that is told here.
    pub(crate) heirs: Option<u32>,
}

impl Target {
    /// Where to dial now.
    pub(crate) async fn find(&self, limit: Duration) -> Result<Primary, RedisError> {
        match self {
            Self::Address(client) => Ok(Primary {
                client: client.clone(),
                heirs: Some(0),
            }),
            Self::Member(client) => Ok(Primary {
                client: client.clone(),
                heirs: None,
            }),
            Self::Sentinels(sentinels) => sentinels.primary(limit).await,
        }
    }

    /// Whether the primary may be another one without a connection breaking.
    pub(crate) fn moves(&self) -> bool {
        matches!(self, Self::Sentinels(_))
    }

    /// Whether somebody tells how many replicas may take a primary's place.
    pub(crate) fn knows_heirs(&self) -> bool {
        !matches!(self, Self::Address(_))
    }
}
