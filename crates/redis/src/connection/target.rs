//! Where a connection goes: always to the same address, or to whichever server is the primary at the moment. And which replicas
//! may take a primary's place: nobody tells, the primary does, or Sentinels do.

use crate::connection::sentinel::Sentinels;
use crate::connection::slots::count_replicas;
use redis::{Client, Cmd, RedisError};
use std::time::Duration;

pub(crate) enum Target {
    Address(Client),
    /// A server of a cluster.
    Member(Client),
    Sentinels(Sentinels),
}

impl Target {
    /// Where to dial now.
    pub(crate) async fn find(&self, limit: Duration) -> Result<Client, RedisError> {
        match self {
            Self::Address(client) | Self::Member(client) => Ok(client.clone()),
            Self::Sentinels(sentinels) => sentinels.primary(limit).await,
        }
    }

    /// Whether the primary may be another one without a connection breaking.
    pub(crate) fn moves(&self) -> bool {
        matches!(self, Self::Sentinels(_))
    }

    /// What a primary is asked to learn who may take its place; nothing where that is not told.
    pub(crate) fn question_of_heirs(&self) -> Option<Cmd> {
        let (command, argument) = match self {
            Self::Address(_) => return None,
            Self::Member(_) => ("CLUSTER", "NODES"),
            Self::Sentinels(_) => ("INFO", "replication"),
        };
        let mut question = redis::cmd(command);
        question.arg(argument);
        Some(question)
    }

    /// How many may, by its answer.
    pub(crate) fn count_heirs(&self, answer: &str) -> u32 {
        match self {
            Self::Address(_) => 0,
            Self::Member(_) => count_replicas(answer),
            Self::Sentinels(sentinels) => sentinels.count_heirs(answer),
        }
    }
}
