//! What a server answers to who reads a log: the entries after a place, and whether that place is in its history.

use super::entry;
use super::place::{Place, text};
use crate::error::unexpected;
use crate::reply::Reply;
use crate::scripts::THERE;
use cloakroom_core::{Entry, Event, Page, StoreError};
use redis::{Cmd, Value};
use std::time::Duration;

/// Asks for what comes after an id.
pub(super) fn reading(log: &[u8], from: &str, at_most: usize, wait: Duration) -> Cmd {
    let mut command = redis::cmd("XREAD");
    command.arg("COUNT").arg(at_most);
    if !wait.is_zero() {
        // Zero would mean for ever.
        command.arg("BLOCK").arg(crate::call::millis(wait).max(1));
    }
    command.arg("STREAMS").arg(log).arg(from);
    command
}

/// Asks whether an id is there. To be sent after `reading`.
pub(super) fn asking_whether_there(log: &[u8], id: &str) -> Cmd {
    let mut command = THERE.with_source(1);
    command.arg(log).arg(id);
    command
}

/// What was read after a place.
pub(super) struct Read {
    pub(super) entries: Reply,
    /// The server's history.
    pub(super) history: String,
    /// Whether the entry of the place itself is in it.
    pub(super) there: bool,
}

impl Read {
    /// From the answers to both questions.
    pub(super) fn of(answers: &mut impl Iterator<Item = Value>) -> Result<Self, StoreError> {
        let mut next = || answers.next().ok_or_else(|| unexpected("journal"));
        let (entries, place) = (Reply::new("journal", next()?), Reply::new("journal", next()?));
        let mut place = place.many()?.into_iter();
        let mut next = || place.next().ok_or_else(|| unexpected("journal"));
        Ok(Self {
            entries,
            history: text(next()?)?,
            there: next()?.number()? > 0,
        })
    }

    /// What happened, each with its place; `place`, where it was read from, moves along and into the server's history.
    pub(super) fn events(
        self,
        place: &mut Place,
    ) -> Result<impl ExactSizeIterator<Item = (Place, Event)>, StoreError> {
        place.history = self.history;
        let events = events(self.entries)?;
        Ok(events.into_iter().map(|(id, event)| {
            place.id = id;
            place.ordinal += 1;
            (place.clone(), event)
        }))
    }

    /// A page of the only log there is.
    pub(super) fn page(self, mut place: Place, gap: bool) -> Result<Page, StoreError> {
        let entries = self.events(&mut place)?.map(|(place, event)| Entry {
            position: place.position(),
            event,
        });
        Ok(Page {
            entries: entries.collect(),
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
