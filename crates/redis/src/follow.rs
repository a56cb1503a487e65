//! Reading the journal: pages of a stream, and whether anything is missing between them.
//!
//! A position is the id of the last entry that was read, and which one it was of all that were ever written. It holds
//! while that entry is still there: then nothing after it can have been trimmed, and no other history (a restored
//! snapshot, a replica that had not heard everything) has taken this one's place. If the entry was trimmed, it holds if
//! it was the last one that was. Whether it holds is asked *after* reading: a trim in between must not go unnoticed.

use crate::entry;
use crate::error::{sort, unexpected};
use crate::reply::Reply;
use crate::store::RedisStore;
use cloakroom_core::{Entry, Event, Page, Position, StoreError};
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, Value};
use std::time::Duration;

/// The id before all others.
const ORIGIN: &str = "0-0";

/// How often a read begins anew because the journal was trimmed under it.
const ATTEMPTS: usize = 5;

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
        let extent = self.extent().await?;
        Ok(Place {
            id: extent.last,
            ordinal: extent.added,
        }
        .position())
    }

    pub(crate) async fn page_of_journal(
        &self,
        after: &Position,
        at_most: usize,
        wait: Duration,
    ) -> Result<Page, StoreError> {
        let page = self.page_now(after, at_most.max(1)).await?;
        if page.gap || !page.entries.is_empty() || wait.is_zero() {
            return Ok(page);
        }
        // Only who is known to be at the end waits, so that a gap is told at once.
        let Some(place) = Place::parse(page.next.as_str()) else {
            return Err(unexpected("journal"));
        };
        let (read, there) = self.read_after(&place.id, at_most.max(1), wait).await?;
        if there {
            return place.page(read, false);
        }
        self.page_now(&page.next, at_most.max(1)).await
    }

    async fn page_now(&self, after: &Position, at_most: usize) -> Result<Page, StoreError> {
        let from_start = after.as_str().is_empty();
        let known = Place::parse(after.as_str());
        let mut gap = known.is_none() && !from_start;
        let mut place = match known {
            Some(place) => place,
            None => self.oldest().await?,
        };
        for _ in 0..ATTEMPTS {
            let (read, there) = self.read_after(&place.id, at_most, Duration::ZERO).await?;
            if there || self.was_trimmed_last(&place).await? {
                return place.page(read, gap);
            }
            gap |= !from_start;
            place = self.oldest().await?;
        }
        Err(unexpected("journal"))
    }

    /// What comes after an id, and whether that entry itself is there.
    async fn read_after(
        &self,
        id: &str,
        at_most: usize,
        wait: Duration,
    ) -> Result<(Reply, bool), StoreError> {
        let mut asking = Pipeline::new();
        asking.add_command(self.reading(id, at_most, wait));
        asking.cmd("XRANGE").arg(self.names.journal()).arg(id).arg(id);
        let answers = if wait.is_zero() {
            self.link.ask_all(&asking).await?
        } else {
            self.wait_for(&asking, wait).await?
        };
        let mut answers = answers.into_iter().map(|value| Reply::new("journal", value));
        let (Some(read), Some(there)) = (answers.next(), answers.next()) else {
            return Err(unexpected("journal"));
        };
        Ok((read, !there.many()?.is_empty()))
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

    /// Just before the oldest entry that is kept.
    async fn oldest(&self) -> Result<Place, StoreError> {
        let extent = self.extent().await?;
        Ok(Place {
            id: ORIGIN.to_owned(),
            ordinal: extent.trimmed(),
        })
    }

    /// Whether everything that was written after a place is kept, though its own entry is not.
    async fn was_trimmed_last(&self, place: &Place) -> Result<bool, StoreError> {
        Ok(self.extent().await?.trimmed() == place.ordinal)
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
    /// How many entries are gone.
    fn trimmed(&self) -> u64 {
        self.added.saturating_sub(self.kept)
    }

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

/// A place in the journal: `1760000000000-0-42` as a position.
pub(crate) struct Place {
    pub(crate) id: String,
    /// How many entries were ever written up to here.
    pub(crate) ordinal: u64,
}

impl Place {
    /// Before the first entry.
    pub(crate) fn origin() -> Self {
        Self {
            id: ORIGIN.to_owned(),
            ordinal: 0,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (id, ordinal) = text.rsplit_once('-')?;
        let (time, count) = id.split_once('-')?;
        let all_digits = [time, count].iter().all(|part| part.parse::<u64>().is_ok());
        let ordinal = ordinal.parse().ok()?;
        all_digits.then(|| Self {
            id: id.to_owned(),
            ordinal,
        })
    }

    pub(crate) fn position(&self) -> Position {
        // Digits and dashes, which positions may hold.
        format!("{}-{}", self.id, self.ordinal)
            .parse()
            .unwrap_or_default()
    }

    /// What was read after this place.
    fn page(mut self, read: Reply, gap: bool) -> Result<Page, StoreError> {
        let mut entries = Vec::new();
        for (id, event) in events(read)? {
            self = Self {
                id,
                ordinal: self.ordinal + 1,
            };
            entries.push(Entry {
                position: self.position(),
                event,
            });
        }
        Ok(Page {
            entries,
            next: self.position(),
            gap,
        })
    }
}

/// What `XREAD` answered: a map of one stream or nothing, with id and fields of each entry.
fn events(read: Reply) -> Result<Vec<(String, Event)>, StoreError> {
    let bad = || unexpected("journal");
    let stream = match read.value {
        Value::Nil => return Ok(Vec::new()),
        value => value.into_map_iter().map_err(|_| bad())?.next(),
    };
    let Some((_, value)) = stream else {
        return Ok(Vec::new());
    };
    let mut events = Vec::new();
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
        events.push((id, event));
    }
    Ok(events)
}
