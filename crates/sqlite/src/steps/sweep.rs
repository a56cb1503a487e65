//! Ending what has lapsed with nobody looking, and forgetting what is no longer needed.

use super::Tx;
use super::close::{close, lapse};
use super::shared;
use crate::errors::Outcome;
use crate::rows::{self, millis, moment};
use cloakroom_core::{Cause, CloseReason, Key, Swept, Timestamp};
use std::time::Duration;

/// How long the epoch of a subject without sessions is remembered: longer than any log-in takes. A later epoch is later
/// than it all the same, because it holds the time.
pub(super) const EPOCH_KEPT: Duration = Duration::from_hours(48);

pub(crate) fn sweep(tx: &Tx<'_>, now: Timestamp, at_most: usize) -> Outcome<Swept> {
    let limit = i64::try_from(at_most.saturating_add(1)).unwrap_or(i64::MAX);
    let mut lapsed = lapsed(tx, now, limit)?;
    let mut more = lapsed.len() > at_most;
    lapsed.truncate(at_most);
    let cause = Cause {
        at: now,
        ..Cause::default()
    };
    let mut ended = 0;
    for (key, reason) in lapsed {
        ended += usize::from(close(tx, &key, reason, &cause)?.is_some());
    }
    more |= forget_moved(tx, now, limit - 1)?;
    more |= forget_epochs(tx, now, limit - 1)?;
    more |= shared::forget(tx, now, limit - 1)?;
    Ok(Swept { ended, more })
}

/// Sessions whose deadline has passed, earliest first.
fn lapsed(tx: &Tx<'_>, now: Timestamp, limit: i64) -> Outcome<Vec<(Key, CloseReason)>> {
    let mut query =
        tx.run("SELECT key, expires_at FROM sessions WHERE deadline <= ?1 ORDER BY deadline LIMIT ?2")?;
    let mut found = query.query((millis(now), limit))?;
    let mut lapsed = Vec::new();
    while let Some(row) = found.next()? {
        lapsed.push((rows::key(row, 0)?, lapse(moment(row, 1)?, now)));
    }
    Ok(lapsed)
}

/// Whether there may be more.
fn forget_moved(tx: &Tx<'_>, now: Timestamp, at_most: i64) -> Outcome<bool> {
    let mut delete = tx.run(
        "DELETE FROM moved WHERE key IN (SELECT key FROM moved WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
    )?;
    Ok(is_all(delete.execute((millis(now), at_most))?, at_most))
}

/// Forgets epochs of subjects without sessions; those with some are looked at again later. Whether there may be more.
fn forget_epochs(tx: &Tx<'_>, now: Timestamp, at_most: i64) -> Outcome<bool> {
    let mut query = tx.run(
        "SELECT subject, EXISTS (SELECT 1 FROM sessions WHERE sessions.subject = subjects.subject)
         FROM subjects WHERE look_at <= ?1 ORDER BY look_at LIMIT ?2",
    )?;
    let due = query.query_map((millis(now), at_most), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let due: Vec<(String, bool)> = due.collect::<Result<_, _>>()?;
    for (subject, has_sessions) in &due {
        if *has_sessions {
            let mut later = tx.run("UPDATE subjects SET look_at = ?2 WHERE subject = ?1")?;
            later.execute((subject, millis(now + EPOCH_KEPT)))?;
        } else {
            tx.run("DELETE FROM subjects WHERE subject = ?1")?
                .execute([subject])?;
        }
    }
    Ok(is_all(due.len(), at_most))
}

pub(super) fn is_all(done: usize, at_most: i64) -> bool {
    i64::try_from(done).is_ok_and(|done| done > 0 && done >= at_most)
}
