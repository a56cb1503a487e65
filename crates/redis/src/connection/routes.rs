//! Which connection a command takes: the only one there is, or that of the server that has the command's bucket.

use crate::connection::cluster::Cluster;
use crate::connection::link::Link;
use crate::error::sort;
use crate::scripts::Script;
use cloakroom_core::{Bucket, StoreError};
use redis::{Cmd, Pipeline, RedisError, Value};
use std::sync::Arc;

/// A command, and what may be done when it does not go as hoped.
#[derive(Clone, Copy)]
pub(crate) enum Ask<'a> {
    /// Changes nothing, so it may be sent again and to others.
    Read(&'a Cmd),
    /// May change something.
    Write(&'a Cmd),
    /// A script; it does all or nothing on the server that has all of the bucket.
    Script(&'a Script, &'a Cmd),
}

impl Ask<'_> {
    pub(crate) async fn of(self, link: &Arc<Link>) -> Result<Value, RedisError> {
        match self {
            Self::Read(command) => link.read(command).await,
            Self::Write(command) => link.write(command).await,
            Self::Script(script, command) => link.run(script, command).await,
        }
    }
}

pub(crate) enum Routes {
    One(Arc<Link>),
    Cluster(Arc<Cluster>),
}

impl Routes {
    /// Sends a command about a bucket.
    pub(crate) async fn ask(&self, bucket: Bucket, ask: Ask<'_>) -> Result<Value, StoreError> {
        match self {
            Self::One(link) => ask.of(link).await.map_err(sort),
            // In a box: most stores are no clusters, and need not carry the room for all that may happen there.
            Self::Cluster(cluster) => Box::pin(cluster.ask(bucket, ask)).await.map_err(sort),
        }
    }

    /// Sends a command about a bucket that changes nothing.
    pub(crate) async fn read(&self, bucket: Bucket, command: &Cmd) -> Result<Value, StoreError> {
        match self {
            Self::One(link) => link.read(command).await.map_err(sort),
            Self::Cluster(cluster) => Box::pin(cluster.ask(bucket, Ask::Read(command)))
                .await
                .map_err(sort),
        }
    }

    /// Sends one command about each of several buckets, none of which changes anything. The answers are in order.
    pub(crate) async fn read_all(&self, commands: Vec<(Bucket, Cmd)>) -> Result<Vec<Value>, StoreError> {
        match self {
            Self::One(link) => {
                let mut together = Pipeline::with_capacity(commands.len());
                for (_, command) in commands {
                    together.add_command(command);
                }
                let answers = link.send_all(&together).await.map_err(sort)?;
                answers.into_iter().map(|answer| answer.map_err(sort)).collect()
            }
            Self::Cluster(cluster) => cluster.read_all(&commands).await.map_err(sort),
        }
    }

    /// The connection to the server that has a bucket.
    pub(crate) async fn link(&self, bucket: Bucket) -> Result<Arc<Link>, StoreError> {
        match self {
            Self::One(link) => Ok(Arc::clone(link)),
            Self::Cluster(cluster) => Ok(cluster.owner(bucket).await.map_err(sort)?.0),
        }
    }

    /// Which connection a command about a bucket would take now; 0 if there is none.
    pub(crate) fn term(&self, bucket: Bucket) -> u64 {
        match self {
            Self::One(link) => link.number(),
            Self::Cluster(cluster) => cluster.term(bucket),
        }
    }

    /// A connection to each primary, with the buckets it has.
    pub(crate) async fn primaries(&self) -> Result<Vec<(Arc<Link>, Vec<Bucket>)>, StoreError> {
        match self {
            Self::One(link) => Ok(vec![(Arc::clone(link), (0..=u8::MAX).map(Bucket).collect())]),
            Self::Cluster(cluster) => cluster.primaries().await.map_err(sort),
        }
    }
}
