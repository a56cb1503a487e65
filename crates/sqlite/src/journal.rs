//! Reading the journal. A position is the history of the file and the number of an entry in it: `5f0c….42`.

use crate::errors::{Fault, Outcome};
use cloakroom_core::{Cause, Entry, Event, Key, Page, Position, SessionId};
use rusqlite::{Connection, Row, TransactionBehavior};

const UNREADABLE: Fault = Fault::Refused("an entry of the journal is unreadable");

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
    // Hexadecimal digits, a dot and digits are within the alphabet of positions.
    format!("{history}.{number}").parse().unwrap_or_default()
}

/// The number of a position, if it belongs to this history.
fn number_in(position: &Position, history: &str) -> Option<i64> {
    let number = position.as_str().strip_prefix(history)?.strip_prefix('.')?;
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
        let event = event(row)?;
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

/// The event of a row. One that this version can not read is an error and never skipped: who follows must miss nothing.
fn event(row: &Row<'_>) -> Outcome<Event> {
    let kind = read(text(row, 1)?, |it| it.parse().ok())?;
    let cause = read(bytes(row, 6)?, Cause::decode)?;
    Ok(Event {
        kind: kind.ok_or(UNREADABLE)?,
        reason: read(text(row, 2)?, |it| it.parse().ok())?,
        session: read(bytes(row, 3)?, SessionId::from_stored)?,
        key: read(bytes(row, 4)?, Key::from_stored)?,
        subject: read(text(row, 5)?, |it| it.parse().ok())?,
        cause: cause.ok_or(UNREADABLE)?,
    })
}

fn text<'row>(row: &'row Row<'_>, column: usize) -> Outcome<Option<&'row str>> {
    row.get_ref(column)?.as_str_or_null().map_err(|_| UNREADABLE)
}

fn bytes<'row>(row: &'row Row<'_>, column: usize) -> Outcome<Option<&'row [u8]>> {
    row.get_ref(column)?.as_blob_or_null().map_err(|_| UNREADABLE)
}

/// What is absent stays absent; what is there must be readable.
fn read<A, T>(value: Option<A>, read: impl FnOnce(A) -> Option<T>) -> Outcome<Option<T>> {
    value.map(|value| read(value).ok_or(UNREADABLE)).transpose()
}
