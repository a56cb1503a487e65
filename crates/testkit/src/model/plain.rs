//! The model: what a store promises, said with plain lists and no thought of speed.
//!
//! Where a store may choose (who goes of two that were seen at the same moment; which lapsed sessions a short sweep
//! takes) the model takes the store's answer, and checks that it was one of those allowed.

use super::Checked;
use cloakroom_core::{
    Cause, CloseReason, Ended, EndedAll, Epoch, Event, Found, Key, Kind, Moved, Opened, Opening, Record,
    Rotation, SessionId, Slot, Subject, Swap, Swept, Timestamp, Touch, WhenFull, Write,
};
use proptest::{prop_assert, prop_assert_eq};

/// A session that is open.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) key: Key,
    pub(super) record: Record,
    deadline: Timestamp,
}

/// All that a store knows.
#[derive(Default)]
pub(super) struct Plain {
    pub(super) held: Vec<Held>,
    left: Vec<(Key, Moved)>,
    epochs: Vec<(Subject, Epoch)>,
}

impl Held {
    fn lapse(&self, now: Timestamp) -> Option<CloseReason> {
        let reason = if self.record.expires_at <= now {
            CloseReason::Absolute
        } else {
            CloseReason::Idle
        };
        (self.deadline <= now).then_some(reason)
    }

    pub(super) fn found(&self) -> Found {
        Found {
            key: self.key,
            record: self.record.clone(),
        }
    }
}

impl Plain {
    pub(super) fn epoch(&self, subject: &Subject) -> Epoch {
        self.epochs
            .iter()
            .find(|(name, _)| name == subject)
            .map(|(_, epoch)| *epoch)
            .unwrap_or_default()
    }

    pub(super) fn under(&self, key: &Key) -> Option<&Held> {
        self.held.iter().find(|held| held.key == *key)
    }

    pub(super) fn of(&self, subject: &Subject) -> Vec<Found> {
        self.held
            .iter()
            .filter(|held| held.record.subject() == Some(subject))
            .map(Held::found)
            .collect()
    }

    /// The trace of a renewed token; and whether a store may have forgotten it: when its time has come or its session ended.
    fn trace(&self, key: &Key, now: Timestamp) -> Option<(&Moved, bool)> {
        let (_, moved) = self.left.iter().find(|(left, _)| left == key)?;
        let alive = self.held.iter().any(|held| held.record.id == moved.id);
        Some((moved, !alive || moved.expires_at <= now))
    }

    pub(super) fn load(&self, key: &Key, now: Timestamp, answer: Option<&Slot>) -> Checked {
        if let Some(held) = self.under(key) {
            prop_assert_eq!(answer, Some(&Slot::Live(held.record.clone())));
        } else if let Some((moved, forgettable)) = self.trace(key, now) {
            if answer.is_some() || !forgettable {
                prop_assert_eq!(answer, Some(&Slot::Moved(moved.clone())));
            }
        } else {
            prop_assert_eq!(answer, None);
        }
        Ok(())
    }

    pub(super) fn open(&mut self, opening: &Opening, answer: &Opened) -> Checked<Vec<Event>> {
        let Opening {
            key, record, cause, ..
        } = opening;
        if record
            .identity
            .as_ref()
            .is_some_and(|who| self.epoch(&who.subject) > who.epoch)
        {
            prop_assert_eq!(answer, &Opened::StaleEpoch);
            return Ok(Vec::new());
        }
        let (mut going, staying) = self.divide(opening);
        let most = opening.max_sessions as usize;
        let limited = most > 0 && record.identity.is_some() && staying.len() >= most;
        if limited && opening.when_full == WhenFull::Reject {
            prop_assert_eq!(answer, &Opened::Full);
            return Ok(vec![
                Event::of(Kind::LimitRefused, cause.clone()).about(record.subject().cloned()),
            ]);
        }
        let Opened::Opened(ended) = answer else {
            prop_assert!(false, "{:?} instead of opened", answer);
            return Ok(Vec::new());
        };
        let surplus = if limited { staying.len() + 1 - most } else { 0 };
        going.extend(evicted(ended, &staying, surplus)?);
        let mut events = self.end(&going, ended, cause)?;
        events.push(event(Kind::Opened, *key, record, cause));
        self.hold(*key, record, opening.deadline);
        Ok(events)
    }

    /// Who has to go for an opening in any case, and who of the subject's sessions is alive besides.
    fn divide(&self, opening: &Opening) -> (Vec<(Key, CloseReason)>, Vec<Held>) {
        let subject = opening.record.subject();
        let (mut going, mut staying) = (Vec::new(), Vec::new());
        for held in &self.held {
            if opening.replaces == Some(held.key) {
                going.push((held.key, CloseReason::Replaced));
            } else if subject.is_some() && held.record.subject() == subject {
                match held.lapse(opening.cause.at) {
                    Some(reason) => going.push((held.key, reason)),
                    None => staying.push(held.clone()),
                }
            }
        }
        (going, staying)
    }

    /// Ends these, if the answer says the same. The entries are in the order of ids.
    fn end(&mut self, going: &[(Key, CloseReason)], answer: &[Ended], cause: &Cause) -> Checked<Vec<Event>> {
        let mut expected = Vec::new();
        for (key, reason) in going {
            let Some(at) = self.held.iter().position(|held| held.key == *key) else {
                continue;
            };
            let record = self.held.remove(at).record;
            expected.push(Ended {
                id: record.id,
                key: *key,
                subject: record.subject().cloned(),
                reason: *reason,
            });
        }
        let mut answer = answer.to_vec();
        answer.sort_by_key(|ended| ended.id);
        expected.sort_by_key(|ended| ended.id);
        prop_assert_eq!(&answer, &expected);
        Ok(expected.into_iter().map(|ended| closed(ended, cause)).collect())
    }

    fn hold(&mut self, key: Key, record: &Record, deadline: Timestamp) {
        self.held.push(Held {
            key,
            record: record.clone(),
            deadline: deadline.min(record.expires_at),
        });
    }

    pub(super) fn swap(&mut self, swap: &Swap, answer: Write) -> Checked<Vec<Event>> {
        self.write(swap, swap.key, answer)
    }

    pub(super) fn rotate(&mut self, rotation: &Rotation, answer: Write) -> Checked<Vec<Event>> {
        let events = self.write(&rotation.swap, rotation.to, answer)?;
        if answer == Write::Done {
            self.left
                .extend(rotation.leave.clone().map(|moved| (rotation.swap.key, moved)));
        }
        Ok(events)
    }

    /// A new version, which is then under `to`.
    fn write(&mut self, swap: &Swap, to: Key, answer: Write) -> Checked<Vec<Event>> {
        let now = swap.cause.at;
        let Some(at) = self.held.iter().position(|held| held.key == swap.key) else {
            match self.trace(&swap.key, now) {
                None => prop_assert_eq!(answer, Write::Gone),
                Some((_, false)) => prop_assert_eq!(answer, Write::Conflict),
                Some((_, true)) => prop_assert!(answer != Write::Done),
            }
            return Ok(Vec::new());
        };
        if self.held[at].record.revision != swap.expected {
            prop_assert_eq!(answer, Write::Conflict);
            return Ok(Vec::new());
        }
        prop_assert_eq!(answer, Write::Done);
        let old = self.held.remove(at);
        let mut record = swap.record.clone();
        record.seen_at = record.seen_at.max(old.record.seen_at);
        self.hold(to, &record, swap.deadline.max(old.deadline));
        Ok(vec![event(swap.kind, swap.key, &record, &swap.cause)])
    }

    pub(super) fn touch(&mut self, touch: &Touch) -> bool {
        let Some(held) = self.held.iter_mut().find(|held| held.key == touch.key) else {
            return false;
        };
        held.record.seen_at = held.record.seen_at.max(touch.seen_at);
        held.deadline = held.deadline.max(touch.deadline).min(held.record.expires_at);
        true
    }

    pub(super) fn close(
        &mut self,
        key: Key,
        reason: CloseReason,
        cause: &Cause,
        answer: Option<&Ended>,
    ) -> Checked<Vec<Event>> {
        self.end(
            &[(key, reason)],
            answer.map(std::slice::from_ref).unwrap_or_default(),
            cause,
        )
    }

    pub(super) fn close_subject(
        &mut self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
        answer: &EndedAll,
    ) -> Checked<Vec<Event>> {
        let epoch = self.epoch(subject).raised(cause.at);
        prop_assert_eq!(answer.epoch, epoch);
        self.epochs.retain(|(name, _)| name != subject);
        self.epochs.push((subject.clone(), epoch));
        let of_subject = self
            .held
            .iter()
            .filter(|held| held.record.subject() == Some(subject));
        let older =
            of_subject.filter(|held| held.record.identity.as_ref().is_some_and(|who| who.epoch < epoch));
        let going: Vec<_> = older
            .filter(|held| Some(held.record.id) != except)
            .map(|held| (held.key, reason))
            .collect();
        self.end(&going, &answer.ended, cause)
    }

    /// `swept` says which sessions the store's journal names.
    pub(super) fn sweep(
        &mut self,
        now: Timestamp,
        at_most: usize,
        answer: Swept,
        swept: &[SessionId],
    ) -> Checked<Vec<Event>> {
        let lapsed = self
            .held
            .iter()
            .filter_map(|held| Some((held.record.id, held.key, held.lapse(now)?)));
        let lapsed: Vec<_> = lapsed.collect();
        prop_assert!(
            swept.len() <= at_most && answer.ended == swept.len(),
            "{answer:?} for {swept:?}"
        );
        prop_assert!(
            swept.len() == lapsed.len() || answer.more,
            "{} have lapsed, {answer:?}",
            lapsed.len()
        );
        let going: Vec<_> = lapsed.iter().filter(|(id, ..)| swept.contains(id)).collect();
        prop_assert_eq!(
            going.len(),
            swept.len(),
            "swept though it had not lapsed, or twice"
        );
        let ended: Vec<_> = going
            .iter()
            .map(|(id, key, reason)| Ended {
                id: *id,
                key: *key,
                subject: self.under(key).and_then(|held| held.record.subject().cloned()),
                reason: *reason,
            })
            .collect();
        let going: Vec<_> = going.iter().map(|(_, key, reason)| (*key, *reason)).collect();
        self.end(
            &going,
            &ended,
            &Cause {
                at: now,
                ..Cause::default()
            },
        )
    }
}

/// Those evicted, if there are as many as must be and nobody alive was seen before one of them.
fn evicted(ended: &[Ended], alive: &[Held], surplus: usize) -> Checked<Vec<(Key, CloseReason)>> {
    let keys: Vec<_> = ended
        .iter()
        .filter(|it| it.reason == CloseReason::Evicted)
        .map(|it| it.key)
        .collect();
    let (out, kept): (Vec<_>, Vec<_>) = alive.iter().partition(|held| keys.contains(&held.key));
    prop_assert_eq!((keys.len(), out.len()), (surplus, surplus), "evicted");
    let latest_out = out.iter().map(|held| held.record.seen_at).max();
    let earliest_kept = kept.iter().map(|held| held.record.seen_at).min();
    if let (Some(out), Some(kept)) = (latest_out, earliest_kept) {
        prop_assert!(
            out <= kept,
            "evicted was one seen at {:?}, kept one seen at {:?}",
            out,
            kept
        );
    }
    Ok(keys.into_iter().map(|key| (key, CloseReason::Evicted)).collect())
}

fn event(kind: Kind, key: Key, record: &Record, cause: &Cause) -> Event {
    let about = Event::of(kind, cause.clone())
        .about(record.subject().cloned())
        .in_session(record.id);
    Event {
        key: Some(key),
        ..about
    }
}

fn closed(ended: Ended, cause: &Cause) -> Event {
    let about = Event::of(Kind::Closed, cause.clone())
        .about(ended.subject)
        .in_session(ended.id);
    Event {
        key: Some(ended.key),
        reason: Some(ended.reason),
        ..about
    }
}
