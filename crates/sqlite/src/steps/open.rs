//! Opening a session, under the limit and in the present epoch.

use super::close::{close, lapse};
use super::{Tx, bytes};
use crate::errors::{Fault, Outcome};
use crate::rows::{self, moment};
use cloakroom_core::{CloseReason, Event, Key, Kind, Opened, Opening, Subject, Timestamp, WhenFull};

pub(crate) fn open(tx: &Tx<'_>, opening: &Opening) -> Outcome<Opened> {
    let Opening {
        key, record, cause, ..
    } = opening;
    if let Some(who) = &record.identity
        && who.epoch < rows::epoch(tx.connection, &who.subject)?
    {
        return Ok(Opened::StaleEpoch);
    }
    if tx.is_taken(key)? {
        return Err(Fault::Refused(
            "a session is to be opened under a key that is in use",
        ));
    }
    let Some(leaving) = make_room(tx, opening)? else {
        tx.journal(&Event::of(Kind::LimitRefused, cause.clone()).about(record.subject().cloned()))?;
        return Ok(Opened::Full);
    };
    let mut ended = Vec::with_capacity(leaving.len());
    for (key, reason) in leaving {
        ended.extend(close(tx, &key, reason, cause)?);
    }
    tx.insert(key, record, opening.deadline)?;
    tx.note(Kind::Opened, *key, record, cause)?;
    Ok(Opened::Opened(ended))
}

/// Who has to go for an opening, and why; nothing if it is to be refused instead.
fn make_room(tx: &Tx<'_>, opening: &Opening) -> Outcome<Option<Vec<(Key, CloseReason)>>> {
    let now = opening.cause.at;
    let mut leaving: Vec<_> = opening
        .replaces
        .iter()
        .map(|key| (*key, CloseReason::Replaced))
        .collect();
    let Some(subject) = opening.record.subject() else {
        return Ok(Some(leaving));
    };
    let mut live = Vec::new();
    for other in others(tx, subject, opening.replaces.as_ref())? {
        if other.deadline <= now {
            leaving.push((other.key, lapse(other.expires_at, now)));
        } else {
            live.push(other.key);
        }
    }
    let most = usize::try_from(opening.max_sessions).unwrap_or(usize::MAX);
    if most == 0 || live.len() < most {
        return Ok(Some(leaving));
    }
    if opening.when_full == WhenFull::Reject {
        return Ok(None);
    }
    let surplus = live.len() + 1 - most;
    leaving.extend(
        live.into_iter()
            .take(surplus)
            .map(|key| (key, CloseReason::Evicted)),
    );
    Ok(Some(leaving))
}

/// What the limit looks at in a session. The body is not needed, so a damaged one locks nobody out.
struct Other {
    key: Key,
    deadline: Timestamp,
    expires_at: Timestamp,
}

/// The subject's sessions but the one that is replaced, those seen least recently first.
fn others(tx: &Tx<'_>, subject: &Subject, replaced: Option<&Key>) -> Outcome<Vec<Other>> {
    let mut query = tx.run(
        "SELECT key, deadline, expires_at FROM sessions WHERE subject = ?1 AND key IS NOT ?2 ORDER BY seen_at, id",
    )?;
    let mut found = query.query((subject.as_str(), replaced.map(bytes)))?;
    let mut others = Vec::new();
    while let Some(row) = found.next()? {
        others.push(Other {
            key: rows::key(row, 0)?,
            deadline: moment(row, 1)?,
            expires_at: moment(row, 2)?,
        });
    }
    Ok(others)
}
