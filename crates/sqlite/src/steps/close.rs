//! Ending one session.

use super::{Tx, bytes};
use crate::errors::{Fault, Outcome};
use crate::place::place;
use cloakroom_core::{Cause, CloseReason, Ended, Event, Key, Kind, SessionId, Timestamp};
use rusqlite::Row;

/// Ends the session under a key, if there is one. Its body is not looked at, so a damaged one can be ended, too.
pub(crate) fn close(tx: &Tx<'_>, key: &Key, reason: CloseReason, cause: &Cause) -> Outcome<Option<Ended>> {
    let mut delete = tx.run("DELETE FROM sessions WHERE place = ?1 AND key = ?2 RETURNING id, subject")?;
    let mut rows = delete.query((place(key), bytes(key)))?;
    let Some(ended) = rows.next()?.map(|row| ended(row, *key, reason)).transpose()? else {
        return Ok(None);
    };
    // The deletion is done when there are no more rows.
    while rows.next()?.is_some() {}
    tx.journal(&Event {
        kind: Kind::Closed,
        reason: Some(reason),
        session: Some(ended.id),
        key: Some(*key),
        subject: ended.subject.clone(),
        cause: cause.clone(),
    })?;
    Ok(Some(ended))
}

fn ended(row: &Row<'_>, key: Key, reason: CloseReason) -> Outcome<Ended> {
    let id = row.get_ref(0)?.as_blob().ok().and_then(SessionId::from_stored);
    let id = id.ok_or(Fault::Refused("a session id in the file is no session id"))?;
    let subject = row
        .get_ref(1)?
        .as_str_or_null()
        .ok()
        .flatten()
        .map(str::parse)
        .transpose();
    let subject = subject.map_err(|_| Fault::Refused("a subject in the file can be none"))?;
    Ok(Ended {
        id,
        key,
        subject,
        reason,
    })
}

/// Why a session that is past its deadline ended.
pub(super) fn lapse(expires_at: Timestamp, now: Timestamp) -> CloseReason {
    if now >= expires_at {
        CloseReason::Absolute
    } else {
        CloseReason::Idle
    }
}
