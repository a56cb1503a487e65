//! The journal of one server: pages of a stream, and whether anything is missing between them.
//!
//! Whether a place still holds (`place.rs`) is asked *after* reading: a trim in between must not go unnoticed. So is the
//! server's history: a caller whose next position belongs to another one knows that a fail-over or a restart lies between.

use super::pages::{Read, asking_whether_there, reading};
use super::place::{Extent, Place};
use crate::call::{ALIVE, Call, millis};
use crate::connection::link::Link;
use crate::error::{out_of_time, sort, unexpected};
use crate::names::Names;
use crate::reply::Reply;
use crate::scripts::{CONFIRM, END};
use cloakroom_core::{Bucket, Page, Position, StoreError};
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, PushInfo, RedisError, Value};
use std::sync::Arc;
use std::time::Duration;

/// How often a read begins anew because the journal was trimmed under it.
const ATTEMPTS: usize = 5;

/// How many connections are kept for followers that will come back.
const IDLE: usize = 4;

/// The log.
pub(crate) struct Log {
    link: Arc<Link>,
    name: Vec<u8>,
    alive: Vec<u8>,
    /// Connections for reads that wait, each to the server of the link's n-th connection. One that waits answers nobody
    /// else, so the shared connection is never used for it.
    idle: Mutex<Vec<(MultiplexedConnection, u64)>>,
}

impl Log {
    pub(super) fn new(link: Arc<Link>, names: &Names) -> Self {
        Self {
            link,
            name: names.journal_of(Bucket(0)),
            alive: names.alive(Bucket(0)),
            idle: Mutex::default(),
        }
    }

    pub(super) async fn end(&self) -> Result<Position, StoreError> {
        Ok(self.extent().await?.last.position())
    }

    pub(super) async fn confirmed_end(&self) -> Result<Position, StoreError> {
        let mut call = Call::bare(&CONFIRM, Bucket(0), 2);
        call.arg(&self.alive[..]).arg(&self.name[..]).arg(millis(ALIVE));
        Ok(self.ask_extent("confirm", &call).await?.last.position())
    }

    pub(super) async fn page(
        &self,
        after: &Position,
        at_most: usize,
        wait: Duration,
    ) -> Result<Page, StoreError> {
        let page = self.page_now(after, at_most).await?;
        if page.gap || !page.entries.is_empty() || wait.is_zero() {
            return Ok(page);
        }
        // Only who is known to be at the end waits, so that a gap is told at once.
        let Some(place) = Place::parse(page.next.as_str()) else {
            return Err(unexpected("journal"));
        };
        let read = self.read_after(&place.id, at_most, wait).await?;
        if read.there {
            return read.page(place, false);
        }
        self.page_now(&page.next, at_most).await
    }

    async fn page_now(&self, after: &Position, at_most: usize) -> Result<Page, StoreError> {
        let from_start = after.as_str().is_empty();
        let known = Place::parse(after.as_str());
        let mut gap = known.is_none() && !from_start;
        let mut place = match known {
            Some(place) => place,
            None => self.extent().await?.oldest(),
        };
        for _ in 0..ATTEMPTS {
            let read = self.read_after(&place.id, at_most, Duration::ZERO).await?;
            if read.there {
                return read.page(place, gap);
            }
            let extent = self.extent().await?;
            if extent.follows(&place) {
                return read.page(place, gap);
            }
            gap |= !from_start;
            place = extent.oldest();
        }
        Err(unexpected("journal"))
    }

    async fn read_after(&self, id: &str, at_most: usize, wait: Duration) -> Result<Read, StoreError> {
        let mut asking = Pipeline::new();
        asking.add_command(reading(&self.name, id, at_most, wait));
        asking.add_command(asking_whether_there(&self.name, id));
        let answers = if wait.is_zero() {
            self.link.send_all(&asking).await
        } else {
            self.wait_for(&asking, wait).await
        };
        let answers: Result<Vec<_>, _> = answers.map_err(sort)?.into_iter().collect();
        Read::of(&mut answers.map_err(sort)?.into_iter())
    }

    /// Reads with a connection of one's own. It is kept for the next time only if all went well, and closed if the
    /// caller goes away. Who waits for a server that the link has given up would wait in vain.
    async fn wait_for(
        &self,
        asking: &Pipeline,
        wait: Duration,
    ) -> Result<Vec<Result<Value, RedisError>>, RedisError> {
        let number = self.link.number();
        let (mut connection, fresh) = match self.kept(number) {
            Some(connection) => (connection, false),
            None => (self.dial().await?, true),
        };
        let answers = tokio::select! {
            answers = self.wait_on(&mut connection, asking, wait) => answers,
            () = self.link.given_up(number) => Err(out_of_time()),
        };
        let answers = match answers {
            // It broke while nobody used it.
            Err(error) if !fresh && error.is_connection_dropped() => {
                connection = self.dial().await?;
                self.wait_on(&mut connection, asking, wait).await?
            }
            answer => answer?,
        };
        // One that was told of a failure may be to a server that is no primary any more.
        if answers.iter().all(Result::is_ok) {
            let mut idle = self.idle.lock();
            if idle.len() < IDLE {
                idle.push((connection, number));
            }
        }
        Ok(answers)
    }

    /// One to the server that is connected now; those to others are closed.
    fn kept(&self, number: u64) -> Option<MultiplexedConnection> {
        let mut idle = self.idle.lock();
        idle.retain(|(_, of)| *of == number);
        idle.pop().map(|(connection, _)| connection)
    }

    async fn dial(&self) -> Result<MultiplexedConnection, RedisError> {
        self.link
            .private(|_: PushInfo| Ok::<(), redis::aio::SendError>(()))
            .await
    }

    async fn wait_on(
        &self,
        connection: &mut MultiplexedConnection,
        asking: &Pipeline,
        wait: Duration,
    ) -> Result<Vec<Result<Value, RedisError>>, RedisError> {
        let limit = wait + self.link.limit();
        let answers = connection.send_packed_commands(asking, 0, asking.len());
        let answers = tokio::time::timeout(limit, answers).await;
        let answers = answers.unwrap_or_else(|_| Err(out_of_time()))?;
        Ok(answers.into_iter().map(Value::extract_error).collect())
    }

    async fn extent(&self) -> Result<Extent, StoreError> {
        let mut call = Call::bare(&END, Bucket(0), 1);
        call.arg(&self.name[..]);
        self.ask_extent("journal", &call).await
    }

    async fn ask_extent(&self, step: &'static str, call: &Call) -> Result<Extent, StoreError> {
        let answer = self.link.run(call.script, &call.command).await.map_err(sort)?;
        Extent::read(Reply::new(step, answer))
    }
}
