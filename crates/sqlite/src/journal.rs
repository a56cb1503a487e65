//! Reading the journal. A position is the history of the file and the number of an entry in it: `5f0c…-42`.

use crate::errors::{Fault, Outcome};
use cloakroom_core::{Cause, CloseReason, Entry, Event, Key, Kind, Page, Position, SessionId, Subject};
use rusqlite::{Connection, Row, TransactionBehavior};

/// The end of the journal at this moment.
pub(crate) fn end(connection: &Connection) -> Outcome<Position> {
    let (history, last) = whereabouts(connection)?;
    Ok(position(&history, last))
}

/// What comes after a position, as one consistent picture.
pub(crate) fn page(connection: &Connection, after: &Position, at_most: usize) -> Outcome<Page> {
    let tx = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let (history, last) = whereabouts(&tx)?;
    let known = number_in(after, &history);
    let limit = i64::try_from(at_most.max(1)).unwrap_or(i64::MAX);
    let from = known.filter(|number| *number <= last).unwrap_or(0);
    let entries = entries(&tx, &history, from, limit)?;
    // Numbers have no holes, so if the next one is missing, it is gone.
    let complete = match entries.first() {
        Some((number, _)) => known.is_some_and(|known| known + 1 == *number),
        None => known == Some(last),
    };
    let gap = !complete && *after != Position::start();
    let next = entries
        .last()
        .map_or_else(|| position(&history, last), |(_, entry)| entry.position.clone());
    Ok(Page {
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        next,
        gap,
    })
}

/// The history's name, and the number that was given last (the entry itself may have been trimmed).
fn whereabouts(connection: &Connection) -> Outcome<(String, i64)> {
    let sql = "SELECT id, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'journal'), 0) FROM history";
    Ok(connection
        .prepare_cached(sql)?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn position(history: &str, number: i64) -> Position {
    // Hexadecimal digits, a hyphen and digits are within the alphabet of positions.
    format!("{history}-{number}").parse().unwrap_or_default()
}

/// The number of a position, if it belongs to this history.
fn number_in(position: &Position, history: &str) -> Option<i64> {
    let number = position.as_str().strip_prefix(history)?.strip_prefix('-')?;
    number.parse().ok().filter(|number| *number >= 0)
}

fn entries(connection: &Connection, history: &str, from: i64, limit: i64) -> Outcome<Vec<(i64, Entry)>> {
    let mut query = connection.prepare_cached(
        "SELECT seq, kind, reason, session, key, subject, cause FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = query.query((from, limit))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let event = event(row)?.ok_or(Fault::Refused("an entry of the journal is unreadable"))?;
        entries.push((
            number,
            Entry {
                position: position(history, number),
                event,
            },
        ));
    }
    Ok(entries)
}

/// The event of a row; nothing if this version can not read it. It is never skipped: who follows must miss nothing.
fn event(row: &Row<'_>) -> rusqlite::Result<Option<Event>> {
    let text = |column| {
        row.get_ref(column)
            .map(|value| value.as_str_or_null().ok().flatten())
    };
    let bytes = |column| {
        row.get_ref(column)
            .map(|value| value.as_blob_or_null().ok().flatten())
    };
    let read = |kind: Option<&str>, cause: Option<&[u8]>| Some((kind?.parse().ok()?, Cause::decode(cause?)?));
    let parsed: Option<(Kind, Cause)> = read(text(1)?, bytes(6)?);
    let Some((kind, cause)) = parsed else {
        return Ok(None);
    };
    let reason: Option<Option<CloseReason>> = some_or_unreadable(text(2)?, |it| it.parse().ok());
    let session = some_or_unreadable(bytes(3)?, SessionId::from_stored);
    let key = some_or_unreadable(bytes(4)?, Key::from_stored);
    let subject: Option<Option<Subject>> = some_or_unreadable(text(5)?, |it| it.parse().ok());
    let (Some(reason), Some(session), Some(key), Some(subject)) = (reason, session, key, subject) else {
        return Ok(None);
    };
    Ok(Some(Event {
        kind,
        reason,
        session,
        key,
        subject,
        cause,
    }))
}

/// What is absent stays absent; what is there must be readable.
fn some_or_unreadable<A, T>(value: Option<A>, read: impl FnOnce(A) -> Option<T>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}
