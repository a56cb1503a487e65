//! Logging a subject out everywhere.

use super::close::close;
use super::sweep::EPOCH_KEPT;
use super::{Tx, id_bytes};
use crate::errors::Outcome;
use crate::rows::{self, epoch, millis, record};
use cloakroom_core::{Cause, CloseReason, EndedAll, Epoch, Key, SessionId, Subject};

/// Ends all sessions of a subject but one, and raises the epoch.
pub(crate) fn close_subject(
    tx: &Tx<'_>,
    subject: &Subject,
    except: Option<SessionId>,
    reason: CloseReason,
    cause: &Cause,
) -> Outcome<EndedAll> {
    let epoch = epoch(tx.connection, subject)?.raised(cause.at);
    let mut raise = tx.run(
        "INSERT INTO subjects (subject, epoch, look_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (subject) DO UPDATE SET epoch = excluded.epoch, look_at = excluded.look_at",
    )?;
    raise.execute((
        subject.as_str(),
        epoch.0.cast_signed(),
        millis(cause.at + EPOCH_KEPT),
    ))?;
    let mut ended = Vec::new();
    for key in outdated(tx, subject, except, epoch)? {
        ended.extend(close(tx, &key, reason, cause)?);
    }
    Ok(EndedAll { ended, epoch })
}

/// Sessions from before the epoch. What can not be read is not known to be newer, and ends as well.
fn outdated(tx: &Tx<'_>, subject: &Subject, except: Option<SessionId>, epoch: Epoch) -> Outcome<Vec<Key>> {
    let mut query = tx.run("SELECT key, seen_at, body FROM sessions WHERE subject = ?1 AND id IS NOT ?2")?;
    let mut found = query.query((subject.as_str(), except.as_ref().map(id_bytes)))?;
    let mut keys = Vec::new();
    while let Some(row) = found.next()? {
        let key = rows::key(row, 0)?;
        let newer = record(key, row, 1, 2)
            .is_ok_and(|record| record.identity.as_ref().is_some_and(|who| who.epoch >= epoch));
        if !newer {
            keys.push(key);
        }
    }
    Ok(keys)
}
