//! Reading the journal: pages of a stream, and whether anything is missing between them.
//!
//! A position is the id of the last entry that was read. It holds while that entry is still there: then nothing after it
//! can have been trimmed, and no other history (a restored snapshot, a replica that had not heard everything) has taken
//! this one's place. Whether it is still there is asked *after* reading, on the same connection.

use crate::entry;
use crate::error::{sort, unexpected};
use crate::reply::Reply;
use crate::store::RedisStore;
use cloakroom_core::{Entry, Event, Page, Position, StoreError};
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, Value};
use std::time::Duration;

/// Before everything: the position of a journal that nothing was written to.
const ORIGIN: &str = "0-0";

/// How many connections are kept for followers that will come back.
const IDLE: usize = 4;

/// Connections for reads that wait. One that waits answers nobody else, so the shared connection is never used for it.
#[derive(Default)]
pub(crate) struct Followers(Mutex<Vec<MultiplexedConnection>>);

impl RedisStore {
    pub(crate) async fn add_to_journal(&self, event: &Event) -> Result<(), StoreError> {
        let mut command = redis::cmd("XADD");
        command
            .arg(self.names.journal())
            .arg("MAXLEN")
            .arg("~")
            .arg(self.options.journal_length);
        command.arg("*").arg("e").arg(entry::encode(event));
        self.link.ask(&command).await.map(drop)
    }

    pub(crate) async fn end_of_journal(&self) -> Result<Position, StoreError> {
        Ok(position(&self.extent().await?.last))
    }

    pub(crate) async fn page_of_journal(
        &self,
        after: &Position,
        at_most: usize,
        wait: Duration,
    ) -> Result<Page, StoreError> {
        let at_most = at_most.max(1);
        let from = match after.as_str() {
            "" => ORIGIN,
            text if is_id(text) => text,
            _ => return self.after_gap(at_most).await,
        };
        let mut asking = Pipeline::new();
        asking.add_command(self.reading(from, at_most, wait));
        asking.cmd("XRANGE").arg(self.names.journal()).arg(from).arg(from);
        let answers = if wait.is_zero() {
            self.link.ask_all(&asking).await?
        } else {
            self.wait_for(&asking, wait).await?
        };
        let mut answers = answers.into_iter().map(|value| Reply::new("journal", value));
        let (Some(read), Some(known)) = (answers.next(), answers.next()) else {
            return Err(unexpected("journal"));
        };
        if known.many()?.is_empty() && !after.as_str().is_empty() && !self.still_holds(from).await? {
            return self.after_gap(at_most).await;
        }
        let entries = entries(read)?;
        let next = entries
            .last()
            .map_or_else(|| position(from), |entry| entry.position.clone());
        Ok(Page {
            entries,
            next,
            gap: false,
        })
    }

    fn reading(&self, from: &str, at_most: usize, wait: Duration) -> Cmd {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(at_most);
        if !wait.is_zero() {
            // Zero would mean for ever.
            command.arg("BLOCK").arg(crate::call::millis(wait).max(1));
        }
        command.arg("STREAMS").arg(self.names.journal()).arg(from);
        command
    }

    /// Reads with a connection of one's own. It is kept for the next time only if all went well, and closed if the
    /// caller goes away.
    async fn wait_for(&self, asking: &Pipeline, wait: Duration) -> Result<Vec<Value>, StoreError> {
        let kept = self.followers.0.lock().pop();
        let (mut connection, fresh) = match kept {
            Some(connection) => (connection, false),
            None => (self.link.private().await?, true),
        };
        match self.wait_on(&mut connection, asking, wait).await {
            // It broke while nobody used it.
            Err(error) if !fresh && error.is_connection_dropped() => {
                connection = self.link.private().await?;
                self.wait_on(&mut connection, asking, wait).await.map_err(sort)
            }
            answer => answer.map_err(sort),
        }
        .inspect(|_| {
            let mut idle = self.followers.0.lock();
            if idle.len() < IDLE {
                idle.push(connection);
            }
        })
    }

    async fn wait_on(
        &self,
        connection: &mut MultiplexedConnection,
        asking: &Pipeline,
        wait: Duration,
    ) -> Result<Vec<Value>, RedisError> {
        let limit = wait + self.link.limit();
        let answers = connection.send_packed_commands(asking, 0, asking.len());
        let answers = tokio::time::timeout(limit, answers).await;
        let late = || std::io::Error::new(std::io::ErrorKind::TimedOut, "the server did not answer in time");
        let answers = answers.unwrap_or_else(|_| Err(late().into()))?;
        answers.into_iter().map(Value::extract_error).collect()
    }

    /// Whether a position without an entry of its own is good: the end of a journal that was trimmed to nothing, or the
    /// origin of one that never was trimmed.
    async fn still_holds(&self, from: &str) -> Result<bool, StoreError> {
        let extent = self.extent().await?;
        Ok(from == extent.last || from == ORIGIN && extent.added == extent.kept)
    }

    /// The oldest entries that are kept, for a reader that missed some.
    async fn after_gap(&self, at_most: usize) -> Result<Page, StoreError> {
        let command = self.reading(ORIGIN, at_most, Duration::ZERO);
        let entries = entries(Reply::new("journal", self.link.read(&command).await?))?;
        let next = match entries.last() {
            Some(entry) => entry.position.clone(),
            None => self.end_of_journal().await?,
        };
        Ok(Page {
            entries,
            next,
            gap: true,
        })
    }

    async fn extent(&self) -> Result<Extent, StoreError> {
        let mut asking = redis::cmd("XINFO");
        asking.arg("STREAM").arg(self.names.journal());
        match self.link.read(&asking).await {
            Ok(value) => Ok(Extent::of(value)),
            // There is no stream before the first entry.
            Err(StoreError::Refused(error)) if error.to_string().contains("no such key") => {
                Ok(Extent::default())
            }
            Err(error) => Err(error),
        }
    }
}

/// How far the journal reaches.
struct Extent {
    last: String,
    kept: u64,
    added: u64,
}

impl Default for Extent {
    fn default() -> Self {
        Self {
            last: ORIGIN.to_owned(),
            kept: 0,
            added: 0,
        }
    }
}

impl Extent {
    fn of(value: Value) -> Self {
        let mut extent = Self::default();
        let Some(fields) = value.into_map_iter().ok() else {
            return extent;
        };
        for (name, value) in fields {
            let Value::BulkString(name) = name else { continue };
            let reply = Reply::new("journal", value);
            match name.as_slice() {
                b"last-generated-id" => {
                    let id = reply
                        .bytes()
                        .ok()
                        .flatten()
                        .and_then(|id| String::from_utf8(id).ok());
                    extent.last = id.unwrap_or_default();
                }
                b"length" => extent.kept = reply.number().unwrap_or(0),
                b"entries-added" => extent.added = reply.number().unwrap_or(0),
                _ => {}
            }
        }
        extent
    }
}

/// Whether the text is a stream id.
fn is_id(text: &str) -> bool {
    let number = |part: &str| part.parse::<u64>().is_ok_and(|number| number.to_string() == part);
    text.split_once('-')
        .is_some_and(|(time, count)| number(time) && number(count))
}

fn position(id: &str) -> Position {
    // Ids are digits and a dash, which positions may hold.
    id.parse().unwrap_or_default()
}

/// What `XREAD` answered: a map of one stream (or nothing), each entry its id and its fields.
fn entries(read: Reply) -> Result<Vec<Entry>, StoreError> {
    let bad = || unexpected("journal");
    let stream = match read.value {
        Value::Nil => return Ok(Vec::new()),
        value => value.into_map_iter().map_err(|_| bad())?.next(),
    };
    let Some((_, value)) = stream else {
        return Ok(Vec::new());
    };
    let mut entries = Vec::new();
    for item in Reply::new("journal", value).many()? {
        let mut parts = item.many()?.into_iter();
        let id = parts.next().ok_or_else(bad)?.bytes()?.ok_or_else(bad)?;
        let fields = parts.next().ok_or_else(bad)?.many()?;
        let packed = fields
            .into_iter()
            .nth(1)
            .ok_or_else(bad)?
            .bytes()?
            .ok_or_else(bad)?;
        let id = String::from_utf8(id).map_err(|_| bad())?;
        let event = entry::decode(&packed).ok_or_else(bad)?;
        entries.push(Entry {
            position: position(&id),
            event,
        });
    }
    Ok(entries)
}
