//! What is under each key, and the indexes over it, which no step can forget to keep: only `put` and `remove` write.

use crate::id::SessionId;
use crate::key::Key;
use crate::record::{Moved, Record, Slot};
use crate::store::{Found, Listing, StoreError, Touch};
use crate::subject::Subject;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

type KeyBytes = [u8; Key::LEN];

struct Row {
    bytes: Box<[u8]>,
    seen_at: Timestamp,
    deadline: Timestamp,
    /// The session that lives here; nothing for the trace of a renewed token.
    holder: Option<Holder>,
}

/// Whose row it is, known without decoding.
#[derive(Clone)]
pub(super) struct Holder {
    pub(super) id: SessionId,
    pub(super) subject: Option<Subject>,
    pub(super) expires_at: Timestamp,
}

/// A session, where it is, and when inactivity ends it.
pub(super) struct Session {
    pub(super) found: Found,
    pub(super) deadline: Timestamp,
}

#[derive(Default)]
#[expect(
    clippy::struct_field_names,
    reason = "each index is named after what it finds rows by"
)]
pub(super) struct Rows {
    by_key: HashMap<Key, Row>,
    by_id: BTreeMap<SessionId, Key>,
    by_subject: HashMap<Subject, BTreeSet<SessionId>>,
    by_deadline: BTreeSet<(Timestamp, KeyBytes)>,
}

impl Rows {
    pub(super) fn contains(&self, key: &Key) -> bool {
        self.by_key.contains_key(key)
    }

    pub(super) fn slot(&self, key: &Key) -> Result<Option<Slot>, StoreError> {
        let Some(row) = self.by_key.get(key) else {
            return Ok(None);
        };
        let slot = Slot::decode(&row.bytes, row.seen_at);
        slot.map(Some).map_err(|source| StoreError::Corrupt {
            key: Box::new(*key),
            source,
        })
    }

    /// The session under a key, if one lives there.
    pub(super) fn session(&self, key: &Key) -> Result<Option<Session>, StoreError> {
        let Some(Slot::Live(record)) = self.slot(key)? else {
            return Ok(None);
        };
        let deadline = self.by_key.get(key).map_or(record.expires_at, |row| row.deadline);
        Ok(Some(Session {
            found: Found { key: *key, record },
            deadline,
        }))
    }

    /// Whose session it is, if one lives there.
    pub(super) fn holder(&self, key: &Key) -> Option<Holder> {
        self.by_key.get(key)?.holder.clone()
    }

    pub(super) fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        let Some(key) = self.by_id.get(id) else {
            return Ok(None);
        };
        Ok(self.session(key)?.map(|session| session.found))
    }

    /// The sessions of a subject.
    pub(super) fn of(&self, subject: &Subject) -> Result<Vec<Session>, StoreError> {
        let ids = self.by_subject.get(subject).into_iter().flatten();
        let keys = ids.filter_map(|id| self.by_id.get(id));
        keys.filter_map(|key| self.session(key).transpose()).collect()
    }

    /// The sessions after one of this id. Ordered by id, so that a session whose key changes is neither missed nor met twice.
    pub(super) fn stretch(&self, after: Option<SessionId>, at_most: usize) -> Result<Listing, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.by_id.range((from, Bound::Unbounded));
        let taken: Vec<_> = rest.by_ref().take(at_most).collect();
        let last = taken.last().map(|(id, _)| id.to_string());
        let sessions = taken
            .into_iter()
            .filter_map(|(_, key)| self.session(key).transpose());
        let found = sessions
            .map(|session| session.map(|it| it.found))
            .collect::<Result<_, _>>()?;
        Ok(Listing {
            found,
            next: last.filter(|_| rest.next().is_some()),
        })
    }

    pub(super) fn count(&self) -> u64 {
        self.by_id.len() as u64
    }

    /// Keys whose deadline has passed, earliest first: sessions, and traces of renewed tokens.
    pub(super) fn lapsed(&self, now: Timestamp) -> impl Iterator<Item = Key> {
        let all = self
            .by_deadline
            .iter()
            .take_while(move |(deadline, _)| *deadline <= now);
        all.filter_map(|(_, key)| Key::from_stored(key))
    }

    pub(super) fn put_session(&mut self, key: Key, record: &Record, deadline: Timestamp) {
        self.remove(&key);
        let subject = record.subject().cloned();
        self.by_id.insert(record.id, key);
        if let Some(subject) = &subject {
            self.by_subject
                .entry(subject.clone())
                .or_default()
                .insert(record.id);
        }
        let holder = Holder {
            id: record.id,
            subject,
            expires_at: record.expires_at,
        };
        let deadline = deadline.min(record.expires_at);
        self.put(
            key,
            Row {
                bytes: record.encode().into(),
                seen_at: record.seen_at,
                deadline,
                holder: Some(holder),
            },
        );
    }

    pub(super) fn put_moved(&mut self, key: Key, moved: &Moved) {
        self.remove(&key);
        let deadline = moved.expires_at;
        self.put(
            key,
            Row {
                bytes: moved.encode().into(),
                seen_at: Timestamp::default(),
                deadline,
                holder: None,
            },
        );
    }

    fn put(&mut self, key: Key, row: Row) {
        self.by_deadline.insert((row.deadline, *key.as_bytes()));
        self.by_key.insert(key, row);
    }

    pub(super) fn remove(&mut self, key: &Key) {
        let Some(row) = self.by_key.remove(key) else {
            return;
        };
        self.by_deadline.remove(&(row.deadline, *key.as_bytes()));
        let Some(holder) = row.holder else { return };
        self.by_id.remove(&holder.id);
        let Some(subject) = holder.subject else { return };
        if let Some(ids) = self.by_subject.get_mut(&subject) {
            ids.remove(&holder.id);
            if ids.is_empty() {
                self.by_subject.remove(&subject);
            }
        }
    }

    /// Whether a session is there to be touched. Both times only ever grow, the deadline up to the absolute one.
    pub(super) fn touch(&mut self, touch: &Touch) -> bool {
        let Some(row) = self.by_key.get_mut(&touch.key) else {
            return false;
        };
        let Some(holder) = &row.holder else { return false };
        row.seen_at = row.seen_at.max(touch.seen_at);
        let deadline = row.deadline.max(touch.deadline.min(holder.expires_at));
        let before = std::mem::replace(&mut row.deadline, deadline);
        self.by_deadline.remove(&(before, *touch.key.as_bytes()));
        self.by_deadline.insert((deadline, *touch.key.as_bytes()));
        true
    }
}
