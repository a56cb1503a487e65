//! The atomic steps, as plain functions on the state. Each decides first and then changes rows and journal together.

use super::log::Log;
use super::rows::{Rows, Session};
use super::shared::Notes;
use crate::agreement::Agreement;
use crate::event::{Cause, CloseReason, Event, Kind};
use crate::id::SessionId;
use crate::key::Key;
use crate::policy::WhenFull;
use crate::record::{Epoch, Record};
use crate::store::{Ended, EndedAll, Opened, Opening, Rotation, StoreError, Swap, Swept, Write};
use crate::subject::Subject;
use crate::time::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

pub(super) struct State {
    pub(super) rows: Rows,
    pub(super) log: Log,
    pub(super) notes: Notes,
    epochs: HashMap<Subject, Epoch>,
    lease: Option<Agreement>,
}

impl State {
    pub(super) fn new(journal_capacity: usize) -> Self {
        Self {
            rows: Rows::default(),
            log: Log::new(journal_capacity),
            notes: Notes::default(),
            epochs: HashMap::new(),
            lease: None,
        }
    }

    pub(super) fn lease(&mut self, wanted: Duration, now: Timestamp) -> Duration {
        let (lease, next) = Agreement::next(self.lease, wanted, now);
        self.lease = next.or(self.lease);
        lease
    }

    pub(super) fn epoch(&self, subject: &Subject) -> Epoch {
        self.epochs.get(subject).copied().unwrap_or_default()
    }

    pub(super) fn open(&mut self, opening: &Opening) -> Result<Opened, StoreError> {
        let Opening {
            key, record, cause, ..
        } = opening;
        if record
            .identity
            .as_ref()
            .is_some_and(|who| who.epoch < self.epoch(&who.subject))
        {
            return Ok(Opened::StaleEpoch);
        }
        if self.rows.contains(key) {
            return Err(StoreError::Refused(
                "a session is to be opened under a key that is in use".into(),
            ));
        }
        let Some(leaving) = self.make_room(opening)? else {
            self.log
                .push(Event::of(Kind::LimitRefused, cause.clone()).about(record.subject().cloned()));
            return Ok(Opened::Full);
        };
        let ended = leaving
            .iter()
            .filter_map(|(key, reason)| self.close(key, *reason, cause))
            .collect();
        self.rows.put_session(*key, record, opening.deadline);
        self.note(Kind::Opened, *key, record, cause);
        Ok(Opened::Opened(ended))
    }

    /// Who has to go for an opening, and why; nothing if it is to be refused instead.
    fn make_room(&self, opening: &Opening) -> Result<Option<Vec<(Key, CloseReason)>>, StoreError> {
        let now = opening.cause.at;
        let replaced = opening.replaces.filter(|key| self.rows.holder(key).is_some());
        let mut leaving: Vec<_> = replaced.iter().map(|key| (*key, CloseReason::Replaced)).collect();
        let Some(subject) = opening.record.subject() else {
            return Ok(Some(leaving));
        };
        let mut others = self.rows.of(subject)?;
        others.retain(|session| Some(session.found.key) != replaced);
        let (lapsed, mut live): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|session| session.deadline <= now);
        leaving.extend(
            lapsed
                .iter()
                .map(|it| (it.found.key, lapse(it.found.record.expires_at, now))),
        );
        let most = usize::try_from(opening.max_sessions).unwrap_or(usize::MAX);
        if most == 0 || live.len() < most {
            return Ok(Some(leaving));
        }
        if opening.when_full == WhenFull::Reject {
            return Ok(None);
        }
        let surplus = live.len() + 1 - most;
        live.sort_by_key(|session| session.found.record.seen_at);
        leaving.extend(
            live.iter()
                .take(surplus)
                .map(|session| (session.found.key, CloseReason::Evicted)),
        );
        Ok(Some(leaving))
    }

    pub(super) fn swap(&mut self, swap: &Swap) -> Result<Write, StoreError> {
        let present = match self.present(swap)? {
            Ok(present) => present,
            Err(answer) => return Ok(answer),
        };
        self.put_newer(swap.key, swap, &present);
        self.note(swap.kind, swap.key, &swap.record, &swap.cause);
        Ok(Write::Done)
    }

    pub(super) fn rotate(&mut self, rotation: &Rotation) -> Result<Write, StoreError> {
        let Rotation { to, swap, leave } = rotation;
        let from = swap.key;
        if to.bucket() != from.bucket() || self.rows.contains(to) {
            return Err(StoreError::Refused(
                "a session can move only to a free key of its own bucket".into(),
            ));
        }
        let present = match self.present(swap)? {
            Ok(present) => present,
            Err(answer) => return Ok(answer),
        };
        self.rows.remove(&from);
        if let Some(moved) = leave {
            self.rows.put_moved(from, moved);
        }
        self.put_newer(*to, swap, &present);
        self.note(swap.kind, from, &swap.record, &swap.cause);
        Ok(Write::Done)
    }

    /// The session that a write is based on, or the answer to a write that comes too late.
    fn present(&self, swap: &Swap) -> Result<Result<Session, Write>, StoreError> {
        if let Some(session) = self.rows.session(&swap.key)? {
            let current = session.found.record.revision == swap.expected;
            return Ok(if current {
                Ok(session)
            } else {
                Err(Write::Conflict)
            });
        }
        Ok(Err(if self.rows.contains(&swap.key) {
            Write::Conflict
        } else {
            Write::Gone
        }))
    }

    /// Writes a new version. What touches have noted since its writer read the old one stays.
    fn put_newer(&mut self, key: Key, swap: &Swap, present: &Session) {
        let seen_at = swap.record.seen_at.max(present.found.record.seen_at);
        let record = Record {
            seen_at,
            ..swap.record.clone()
        };
        self.rows
            .put_session(key, &record, swap.deadline.max(present.deadline));
    }

    pub(super) fn close(&mut self, key: &Key, reason: CloseReason, cause: &Cause) -> Option<Ended> {
        let holder = self.rows.holder(key)?;
        self.rows.remove(key);
        let ended = Ended {
            id: holder.id,
            key: *key,
            subject: holder.subject,
            reason,
        };
        self.log.push(Event {
            kind: Kind::Closed,
            reason: Some(reason),
            session: Some(ended.id),
            key: Some(*key),
            subject: ended.subject.clone(),
            cause: cause.clone(),
        });
        Some(ended)
    }

    pub(super) fn close_subject(
        &mut self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        let epoch = self.epoch(subject).raised(cause.at);
        let mut sessions = self.rows.of(subject)?;
        sessions.retain(|session| {
            let record = &session.found.record;
            Some(record.id) != except && record.identity.as_ref().is_none_or(|who| who.epoch < epoch)
        });
        self.epochs.insert(subject.clone(), epoch);
        let ended = sessions
            .iter()
            .filter_map(|session| self.close(&session.found.key, reason, cause))
            .collect();
        Ok(EndedAll { ended, epoch })
    }

    pub(super) fn sweep(&mut self, now: Timestamp, at_most: usize) -> Swept {
        let mut lapsed: Vec<_> = self.rows.lapsed(now).take(at_most.saturating_add(1)).collect();
        let more = lapsed.len() > at_most;
        lapsed.truncate(at_most);
        let cause = Cause {
            at: now,
            ..Cause::default()
        };
        let mut ended = 0;
        for key in lapsed {
            match self.rows.holder(&key) {
                Some(holder) => {
                    self.close(&key, lapse(holder.expires_at, now), &cause);
                    ended += 1;
                }
                None => self.rows.remove(&key),
            }
        }
        self.notes.sweep(now);
        Swept { ended, more }
    }

    fn note(&mut self, kind: Kind, key: Key, record: &Record, cause: &Cause) {
        self.log.push(Event {
            kind,
            reason: None,
            session: Some(record.id),
            key: Some(key),
            subject: record.subject().cloned(),
            cause: cause.clone(),
        });
    }
}

/// Why a session that is past its deadline ended.
fn lapse(expires_at: Timestamp, now: Timestamp) -> CloseReason {
    if now >= expires_at {
        CloseReason::Absolute
    } else {
        CloseReason::Idle
    }
}
