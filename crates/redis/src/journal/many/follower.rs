//! Who reads the logs of a cluster: a connection to each primary, kept from one read to the next.

use super::Logs;
use super::news::{News, Teller};
use crate::connection::link::Link;
use crate::error::{out_of_time, sort, unexpected};
use crate::journal::pages::{Read, reading};
use crate::journal::place::{Place, text};
use crate::names::Names;
use crate::reply::Reply;
use crate::scripts::WHICH;
use cloakroom_core::{Bucket, Position, StoreError};
use futures_util::future::{select_all, try_join_all};
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How many followers are kept until they are asked again.
const IDLE: usize = 4;

/// A connection to each primary. It knows which logs have changed since it read them.
pub(super) struct Follower {
    pub(super) lines: Vec<Line>,
    pub(super) news: Arc<News>,
    /// How far it has read, but for what there is news of.
    pub(super) at: Position,
}

pub(super) struct Line {
    link: Arc<Link>,
    /// To the server of the link's n-th connection.
    number: u64,
    connection: MultiplexedConnection,
    pub(super) buckets: BTreeSet<u8>,
}

impl Logs {
    /// A follower that stands at this position, or a new one that has everything to read.
    pub(super) async fn follower(&self, at: &Position) -> Result<Follower, StoreError> {
        if let Some(follower) = self.kept(at) {
            return Ok(follower);
        }
        let news = Arc::new(News::default());
        let primaries = self.cluster.primaries().await.map_err(sort)?;
        let lines = primaries
            .iter()
            .map(|(link, buckets)| Line::dial(link, buckets, &news));
        let lines = try_join_all(lines).await.map_err(sort)?;
        news.add(0..=u8::MAX);
        Ok(Follower {
            lines,
            news,
            at: at.clone(),
        })
    }

    fn kept(&self, at: &Position) -> Option<Follower> {
        let mut idle = self.idle.lock();
        idle.retain(Follower::is_current);
        let place = idle.iter().position(|follower| follower.at == *at)?;
        Some(idle.swap_remove(place))
    }

    pub(super) fn keep(&self, follower: Follower) {
        let mut idle = self.idle.lock();
        if idle.len() >= IDLE {
            idle.remove(0);
        }
        idle.push(follower);
    }
}

impl Follower {
    /// Whether each of its servers is still the one that its link is connected to.
    fn is_current(&self) -> bool {
        !self.news.is_broken() && self.lines.iter().all(|line| line.link.number() == line.number)
    }

    /// Waits until there is something to be read. Answers whether all servers are still the same.
    pub(super) async fn news_come(&self) -> bool {
        let given_up = self
            .lines
            .iter()
            .map(|line| Box::pin(line.link.given_up(line.number)));
        tokio::select! {
            () = self.news.come() => !self.news.is_broken(),
            _ = select_all(given_up) => false,
        }
    }
}

impl Line {
    async fn dial(link: &Arc<Link>, buckets: &[Bucket], news: &Arc<News>) -> Result<Self, RedisError> {
        // Makes sure that the link is up: a server that it has given up is not to be followed.
        link.send(redis::cmd("INFO").arg("replication")).await?;
        let number = link.number();
        let mut connection = link.private(Teller(Arc::clone(news))).await?;
        let mut tracking = redis::cmd("CLIENT");
        tracking.arg("TRACKING").arg("ON");
        let answer = timeout(link.limit(), connection.send_packed_command(&tracking)).await;
        answer.unwrap_or_else(|_| Err(out_of_time()))?.extract_error()?;
        Ok(Self {
            link: Arc::clone(link),
            number,
            connection,
            buckets: buckets.iter().map(|bucket| bucket.0).collect(),
        })
    }

    /// Reads some logs after their places. The server's history comes last: what was read before is in it.
    pub(super) async fn read(
        &mut self,
        buckets: Vec<u8>,
        names: &Names,
        places: &[Place],
        at_most: usize,
        limit: Duration,
    ) -> Result<Vec<(u8, Read)>, StoreError> {
        if buckets.is_empty() {
            return Ok(Vec::new());
        }
        let mut asking = Pipeline::new();
        for bucket in &buckets {
            let (log, id) = (
                names.journal_of(Bucket(*bucket)),
                &places[usize::from(*bucket)].id,
            );
            asking.add_command(reading(&log, id, at_most, Duration::ZERO));
            asking.cmd("XRANGE").arg(log).arg(id).arg(id);
        }
        asking.add_command(WHICH.with_source(0));
        let answers = self.connection.send_packed_commands(&asking, 0, asking.len());
        let answers = timeout(limit, answers)
            .await
            .unwrap_or_else(|_| Err(out_of_time()));
        let answers: Result<Vec<_>, _> = answers
            .map_err(sort)?
            .into_iter()
            .map(Value::extract_error)
            .collect();
        let mut answers = answers.map_err(sort)?;
        let history = text(Reply::new("journal", answers.pop().unwrap_or(Value::Nil)))?;
        let mut answers = answers.into_iter().map(|value| Reply::new("journal", value));
        let mut reads = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            let mut next = || answers.next().ok_or_else(|| unexpected("journal"));
            let read = Read {
                entries: next()?,
                there: !next()?.many()?.is_empty(),
                history: history.clone(),
            };
            reads.push((bucket, read));
        }
        Ok(reads)
    }
}
