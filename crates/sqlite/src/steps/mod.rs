//! The atomic steps, each a function on an open transaction: it decides first, then changes rows and journal together.

mod close;
mod lease;
mod open;
mod rotate;
mod shared;
mod subject;
mod swap;
mod sweep;
mod touch;

pub(crate) use close::close;
pub(crate) use lease::lease;
pub(crate) use open::open;
pub(crate) use rotate::rotate;
pub(crate) use shared::{keep_memo, memo, spend};
pub(crate) use subject::close_subject;
pub(crate) use swap::swap;
pub(crate) use sweep::sweep;
pub(crate) use touch::touch;

use crate::errors::Outcome;
use crate::place::place;
use crate::rows::{millis, moment, record};
use cloakroom_core::{Cause, CloseReason, Event, Key, Kind, Moved, Record, SessionId, Subject, Timestamp};
use rusqlite::{CachedStatement, Connection, Row};
use std::cell::Cell;

/// The transaction that a step is part of.
pub(crate) struct Tx<'a> {
    connection: &'a Connection,
    written: Cell<u64>,
}

/// A session, where it is, and when inactivity ends it.
struct Session {
    key: Key,
    record: Record,
    deadline: Timestamp,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            written: Cell::new(0),
        }
    }

    /// How many entries the journal got.
    pub(crate) fn written(&self) -> u64 {
        self.written.get()
    }

    /// A step was rolled back; so many entries are left.
    pub(crate) fn forget_written(&self, left: u64) {
        self.written.set(left);
    }

    /// Forgets all but the newest entries of the journal.
    pub(crate) fn trim_journal(&self, keep: u32) -> Outcome<()> {
        self.run("DELETE FROM journal WHERE seq <= (SELECT max(seq) FROM journal) - ?1")?
            .execute([keep])?;
        Ok(())
    }

    /// Writes into the journal.
    pub(crate) fn journal(&self, event: &Event) -> Outcome<()> {
        let mut insert = self.run(
            "INSERT INTO journal (kind, reason, session, key, subject, cause) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        insert.execute((
            event.kind.as_str(),
            event.reason.map(CloseReason::as_str),
            event.session.as_ref().map(|id| &id.as_bytes()[..]),
            event.key.as_ref().map(|key| &key.as_bytes()[..]),
            event.subject.as_ref().map(Subject::as_str),
            event.cause.encode(),
        ))?;
        self.written.set(self.written.get() + 1);
        Ok(())
    }

    /// What happened to a session, in the journal.
    fn note(&self, kind: Kind, key: Key, record: &Record, cause: &Cause) -> Outcome<()> {
        let (session, subject) = (Some(record.id), record.subject().cloned());
        self.journal(&Event {
            kind,
            reason: None,
            session,
            key: Some(key),
            subject,
            cause: cause.clone(),
        })
    }

    fn run(&self, sql: &str) -> Outcome<CachedStatement<'_>> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    /// The session under a key, if one lives there.
    fn session(&self, key: Key) -> Outcome<Option<Session>> {
        let mut query =
            self.run("SELECT seen_at, body, deadline FROM sessions WHERE place = ?1 AND key = ?2")?;
        let mut rows = query.query((place(&key), bytes(&key)))?;
        let read = |row: &Row<'_>| -> Outcome<Session> {
            Ok(Session {
                key,
                record: record(key, row, 0, 1)?,
                deadline: moment(row, 2)?,
            })
        };
        rows.next()?.map(read).transpose()
    }

    /// Whether nothing can be put under a key: a session, or the trace of a renewed token, is where it would stand.
    fn is_taken(&self, key: &Key) -> Outcome<bool> {
        let mut query = self.run("SELECT 1 FROM sessions WHERE place = ?1")?;
        Ok(query.exists([place(key)])? || self.has_moved(key)?)
    }

    /// Whether the trace of a renewed token is under a key.
    fn has_moved(&self, key: &Key) -> Outcome<bool> {
        Ok(self
            .run("SELECT 1 FROM moved WHERE key = ?1")?
            .exists([bytes(key)])?)
    }

    fn is_live(&self, key: &Key) -> Outcome<bool> {
        let mut query = self.run("SELECT 1 FROM sessions WHERE place = ?1 AND key = ?2")?;
        Ok(query.exists((place(key), bytes(key)))?)
    }

    fn insert(&self, key: &Key, record: &Record, deadline: Timestamp) -> Outcome<()> {
        let mut insert = self.run(
            "INSERT INTO sessions (place, key, id, subject, seen_at, deadline, expires_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        insert.execute((
            place(key),
            bytes(key),
            id_bytes(&record.id),
            record.subject().map(Subject::as_str),
            millis(record.seen_at),
            millis(deadline.min(record.expires_at)),
            millis(record.expires_at),
            record.encode(),
        ))?;
        Ok(())
    }

    /// Writes a new version, perhaps to a new place. What touches have noted since its writer read the old one stays.
    fn replace(&self, present: &Session, to: &Key, record: &Record, deadline: Timestamp) -> Outcome<()> {
        let mut update = self.run(
            "UPDATE sessions SET place = ?3, key = ?4, subject = ?5, seen_at = ?6, deadline = ?7, expires_at = ?8,
             body = ?9 WHERE place = ?1 AND key = ?2",
        )?;
        update.execute((
            place(&present.key),
            bytes(&present.key),
            place(to),
            bytes(to),
            record.subject().map(Subject::as_str),
            millis(record.seen_at.max(present.record.seen_at)),
            millis(deadline.max(present.deadline).min(record.expires_at)),
            millis(record.expires_at),
            record.encode(),
        ))?;
        Ok(())
    }

    fn leave(&self, key: &Key, moved: &Moved) -> Outcome<()> {
        let mut insert = self.run("INSERT INTO moved (key, expires_at, body) VALUES (?1, ?2, ?3)")?;
        insert.execute((bytes(key), millis(moved.expires_at), moved.encode()))?;
        Ok(())
    }
}

fn bytes(key: &Key) -> &[u8] {
    key.as_bytes()
}

fn id_bytes(id: &SessionId) -> &[u8] {
    id.as_bytes()
}
