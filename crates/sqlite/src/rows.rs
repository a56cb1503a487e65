//! Reading sessions.

use crate::errors::{Fault, Outcome};
use crate::place::place;
use cloakroom_core::{Epoch, Found, Key, Listing, Record, SessionId, Slot, Subject, Timestamp, Undecodable};
use rusqlite::{Connection, OptionalExtension, Row};

/// What is under a key, of either kind.
pub(crate) fn load(connection: &Connection, key: &Key) -> Outcome<Option<Slot>> {
    let mut query = connection.prepare_cached(
        "SELECT seen_at, body FROM sessions WHERE place = ?1 AND key = ?2
         UNION ALL SELECT 0, body FROM moved WHERE key = ?2",
    )?;
    let mut rows = query.query((place(key), &key.as_bytes()[..]))?;
    rows.next()?.map(|row| decode(*key, row, 0, 1)).transpose()
}

/// The epoch of a subject; the first one if they were never logged out everywhere.
pub(crate) fn epoch(connection: &Connection, subject: &Subject) -> Outcome<Epoch> {
    let mut query = connection.prepare_cached("SELECT epoch FROM subjects WHERE subject = ?1")?;
    let epoch: Option<i64> = query.query_row([subject.as_str()], |row| row.get(0)).optional()?;
    Ok(Epoch(epoch.unwrap_or_default().cast_unsigned()))
}

pub(crate) fn find(connection: &Connection, id: &SessionId) -> Outcome<Option<Found>> {
    let mut query = connection.prepare_cached("SELECT key, seen_at, body FROM sessions WHERE id = ?1")?;
    let mut rows = query.query([&id.as_bytes()[..]])?;
    rows.next()?.map(found).transpose()
}

pub(crate) fn list(connection: &Connection, subject: &Subject) -> Outcome<Vec<Found>> {
    let mut query =
        connection.prepare_cached("SELECT key, seen_at, body, id FROM sessions WHERE subject = ?1")?;
    let mut rows = query.query([subject.as_str()])?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        sessions.extend(readable(row)?);
    }
    Ok(sessions)
}

/// A stretch of all sessions, by id: a session whose key changes in between is neither missed nor met twice.
pub(crate) fn scan(connection: &Connection, from: Option<SessionId>, at_most: usize) -> Outcome<Listing> {
    let mut query =
        connection.prepare_cached("SELECT key, seen_at, body, id FROM sessions WHERE id > ?1 ORDER BY id")?;
    let mut rows = query.query([from.as_ref().map_or(&[][..], |id| id.as_bytes())])?;
    let mut listing = Listing::default();
    let (mut met, mut last) = (0, None);
    while let Some(row) = rows.next()? {
        if met == at_most {
            listing.next = last.as_ref().map(SessionId::to_string);
            break;
        }
        listing.found.extend(readable(row)?);
        // What can not be read is passed over and counts all the same, but only from an id can one go on.
        if let Some(id) = id(row, 3) {
            (met, last) = (met + 1, Some(id));
        }
    }
    Ok(listing)
}

pub(crate) fn count(connection: &Connection) -> Outcome<u64> {
    let count: i64 = connection
        .prepare_cached("SELECT n FROM live")?
        .query_row([], |row| row.get(0))?;
    Ok(count.max(0).cast_unsigned())
}

/// A moment as the tables hold it.
pub(crate) fn millis(at: Timestamp) -> i64 {
    at.as_millis().cast_signed()
}

/// A moment from a column.
pub(crate) fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let millis: i64 = row.get(column)?;
    Ok(Timestamp::from_millis(millis.max(0).cast_unsigned()))
}

/// A key from a column.
pub(crate) fn key(row: &Row<'_>, column: usize) -> Outcome<Key> {
    let bytes = row.get_ref(column)?.as_blob().ok();
    bytes
        .and_then(Key::from_stored)
        .ok_or(Fault::Refused("a key in the file is no key"))
}

/// A session from key, `seen_at` and body in this order.
pub(crate) fn found(row: &Row<'_>) -> Outcome<Found> {
    let key = key(row, 0)?;
    Ok(Found {
        key,
        record: record(key, row, 1, 2)?,
    })
}

/// The record of a row of `sessions`.
pub(crate) fn record(key: Key, row: &Row<'_>, seen_at: usize, body: usize) -> Outcome<Record> {
    match decode(key, row, seen_at, body)? {
        Slot::Live(record) => Ok(record),
        Slot::Moved(_) => Err(Fault::Corrupt {
            key,
            source: Undecodable::Damaged("not a session"),
        }),
    }
}

fn decode(key: Key, row: &Row<'_>, seen_at: usize, body: usize) -> Outcome<Slot> {
    let bytes = row.get_ref(body)?.as_blob().unwrap_or_default();
    Slot::decode(bytes, moment(row, seen_at)?).map_err(|source| Fault::Corrupt { key, source })
}

/// A session from key, `seen_at`, body and id in this order; nothing if it is unreadable, so that one damaged record does
/// not hide all others. It is reported, and is still there for whoever asks for it by key or id.
fn readable(row: &Row<'_>) -> Outcome<Option<Found>> {
    let session = id(row, 3).map(tracing::field::display);
    match found(row) {
        Ok(found) => Ok(Some(found)),
        Err(Fault::Corrupt { key, source }) => {
            tracing::error!(session, ?key, error = %source, "a record in the session store is unreadable");
            Ok(None)
        }
        Err(Fault::Refused(error)) => {
            tracing::error!(session, error, "a record in the session store is unreadable");
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

/// A session id from a column, if it is one.
fn id(row: &Row<'_>, column: usize) -> Option<SessionId> {
    row.get_ref(column)
        .ok()?
        .as_blob()
        .ok()
        .and_then(SessionId::from_stored)
}
