//! Reading the journal: pages of a stream, and whether anything is missing between them.
//!
//! Whether a place still holds (`place.rs`) is asked *after* reading: a trim in between must not go unnoticed. So is the
//! server's history: a caller whose next position belongs to another one knows that a fail-over or a restart lies between.

use crate::call::Call;
use crate::entry;
use crate::error::{sort, unexpected};
use crate::place::{Extent, Place, text};
use crate::reply::Reply;
use crate::scripts::{END, THERE};
use crate::store::RedisStore;
use cloakroom_core::{Entry, Event, Page, Position, StoreError};
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, Value};
use std::time::Duration;

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
        Ok(self.extent().await?.last.position())
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
        let read = self.read_after(&place.id, at_most.max(1), wait).await?;
        if read.there {
            return read.page(place, false);
        }
        self.page_now(&page.next, at_most.max(1)).await
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
        let journal = self.names.journal();
        let mut asking = Pipeline::new();
        asking.add_command(self.reading(id, at_most, wait));
        let there = asking.cmd("EVAL").arg(THERE.source).arg(1);
        there.arg(journal).arg(id);
        let answers = if wait.is_zero() {
            self.link.ask_all(&asking).await?
        } else {
            self.wait_for(&asking, wait).await?
        };
        Read::of(answers)
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

    async fn extent(&self) -> Result<Extent, StoreError> {
        let mut call = Call::bare(&END, 1);
        call.arg(self.names.journal());
        Extent::read(self.run("journal", &call).await?)
    }
}

/// What was read after a place.
struct Read {
    entries: Reply,
    /// The server's history.
    history: String,
    /// Whether the entry of the place itself is in it.
    there: bool,
}

impl Read {
    fn of(answers: Vec<Value>) -> Result<Self, StoreError> {
        let mut answers = answers.into_iter().map(|value| Reply::new("journal", value));
        let mut next = || answers.next().ok_or_else(|| unexpected("journal"));
        let (entries, place) = (next()?, next()?);
        let mut place = place.many()?.into_iter();
        let mut next = || place.next().ok_or_else(|| unexpected("journal"));
        Ok(Self {
            entries,
            history: text(next()?)?,
            there: next()?.number()? > 0,
        })
    }

    fn page(self, mut place: Place, gap: bool) -> Result<Page, StoreError> {
        place.history = self.history;
        let mut entries = Vec::new();
        for (id, event) in events(self.entries)? {
            place.id = id;
            place.ordinal += 1;
            entries.push(Entry {
                position: place.position(),
                event,
            });
        }
        Ok(Page {
            entries,
            next: place.position(),
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
