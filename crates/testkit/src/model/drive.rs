//! Takes the steps on the store, tells the model, and compares answers and journal after each.

use super::Checked;
use super::plain::Plain;
use super::step::{Begun, Op, Pick, Step, Times, Who};
use crate::clock::START;
use crate::fixture::Fixture;
use crate::sample::{Sample, cause};
use cloakroom_core::{
    Bucket, Cause, CloseReason, Entry, Epoch, Event, Found, Key, Kind, Moved, Opening, Position, Record,
    Rotation, Store, StoreError, Subject, Swap, Timestamp, Touch, WhenFull,
};
use proptest::prop_assert_eq;
use proptest::test_runner::TestCaseError;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Driver {
    handles: [Arc<dyn Store>; 2],
    sample: Sample,
    pub(super) plain: Plain,
    pub(super) now: Timestamp,
    /// Every key there has been, and the record that was last known under it.
    pub(super) known: Vec<(Key, Record)>,
    pub(super) journal: Vec<Entry>,
    read_to: Position,
    pub(super) one_log: bool,
}

/// A store that fails is a difference, too.
pub(super) fn answered<T>(answer: Result<T, StoreError>) -> Checked<T> {
    answer.map_err(|error| TestCaseError::fail(format!("the store failed: {error:?}")))
}

pub(super) fn subject(who: Who) -> Subject {
    ["alice", "bob", "Zoë ✓"][usize::from(who)].parse().unwrap()
}

impl Driver {
    pub(super) async fn new(fixture: &dyn Fixture) -> Self {
        Self {
            handles: [fixture.store().await, fixture.again().await],
            sample: Sample::new(7),
            plain: Plain::default(),
            now: START,
            known: Vec::new(),
            journal: Vec::new(),
            read_to: Position::start(),
            one_log: fixture.one_log(),
        }
    }

    pub(super) fn store(&self, there: bool) -> Arc<dyn Store> {
        self.handles[usize::from(there)].clone()
    }

    fn cause(&self) -> Cause {
        cause(self.now)
    }

    fn later(&self, seconds: u64) -> Timestamp {
        self.now + Duration::from_secs(seconds)
    }

    fn ago(&self, seconds: u64) -> Timestamp {
        Timestamp::from_millis(self.now.as_millis() - seconds * 1000)
    }

    /// A key there has been and what is or was there; if there has been none, one that was never used.
    fn picked(&self, pick: Pick) -> (Key, Record) {
        let Some(last) = self.known.len().checked_sub(1) else {
            let draft = self.sample.session(&subject(0), self.now);
            return (draft.key, draft.record);
        };
        let (key, record) = &self.known[last - usize::from(pick) % self.known.len()];
        let present = self.plain.under(key).map_or(record, |held| &held.record);
        (*key, present.clone())
    }

    pub(super) async fn take(&mut self, step: &Step) -> Checked {
        let store = self.store(step.there);
        let events = match &step.op {
            Op::Wait(seconds) => {
                self.now = self.later(*seconds);
                Vec::new()
            }
            Op::Open { .. } => self.open(&*store, &step.op).await?,
            Op::Swap {
                pick,
                outdated,
                times,
                anew,
            } => {
                let swap = self.swap(*pick, *outdated, *times, *anew);
                self.plain.swap(&swap, answered(store.swap(&swap).await)?)?
            }
            Op::Touch(touches) => self.touch(&*store, touches).await?,
            Op::Rotate {
                pick,
                outdated,
                times,
                leave,
            } => {
                let rotation = self.rotation(*pick, *outdated, *times, *leave);
                self.known.push((rotation.to, rotation.swap.record.clone()));
                self.plain
                    .rotate(&rotation, answered(store.rotate(&rotation).await)?)?
            }
            Op::Close { pick, reason } => self.close(&*store, *pick, *reason).await?,
            Op::EndAll { who, except, reason } => self.end_all(&*store, *who, *except, *reason).await?,
            Op::Sweep { at_most } => return self.sweep(&*store, *at_most).await,
            Op::Append => self.append(&*store).await?,
            Op::Look(_) | Op::List(_) | Op::Scan { .. } | Op::Count => {
                self.look(&*store, &step.op).await?;
                Vec::new()
            }
        };
        let written = self.news(&*store).await?;
        Self::expect(written, events)
    }

    async fn open(&mut self, store: &dyn Store, op: &Op) -> Checked<Vec<Event>> {
        let Op::Open {
            who,
            anonymous,
            times,
            begun,
            most,
            reject,
            replaces,
        } = op
        else {
            return Ok(Vec::new());
        };
        let subject = subject(*who);
        let mut draft = if *anonymous {
            self.sample.anonymous(Bucket::of(&subject), self.now)
        } else {
            let present = self.plain.epoch(&subject);
            self.sample.session(&subject, self.now).epoch(match begun {
                Begun::Before => Epoch(present.0.saturating_sub(1)),
                Begun::Now => present,
                Begun::After => present.raised(self.now),
            })
        };
        draft.record.seen_at = self.ago(times.ago);
        draft.record.expires_at = self.later(times.life);
        let replaces = replaces
            .map(|pick| self.picked(pick).0)
            .filter(|key| key.bucket() == draft.key.bucket());
        let opening = Opening {
            deadline: self.later(times.idle).min(draft.record.expires_at),
            max_sessions: *most,
            when_full: if *reject {
                WhenFull::Reject
            } else {
                WhenFull::EvictOldest
            },
            replaces,
            cause: self.cause(),
            ..draft.opening()
        };
        self.known.push((draft.key, draft.record));
        self.plain.open(&opening, &answered(store.open(&opening).await)?)
    }

    fn swap(&self, pick: Pick, outdated: bool, times: Times, anew: bool) -> Swap {
        let (key, mut record) = self.picked(pick);
        let mut expected = record.revision;
        if outdated {
            expected.0 -= 1;
        }
        record.revision = expected.next();
        record.seen_at = self.ago(times.ago);
        record.sealed = Some(self.sample.key(key.bucket()).as_bytes()[..usize::from(pick)].into());
        if anew {
            record.expires_at = self.later(times.life);
        }
        let deadline = self.later(times.idle).min(record.expires_at);
        let kind = if anew { Kind::Elevated } else { Kind::Updated };
        Swap {
            key,
            expected,
            record,
            deadline,
            kind,
            cause: self.cause(),
        }
    }

    fn rotation(&self, pick: Pick, outdated: bool, times: Times, leave: Option<u64>) -> Rotation {
        let mut swap = self.swap(pick, outdated, times, leave.is_none());
        swap.kind = if leave.is_some() {
            Kind::Renewed
        } else {
            Kind::Rotated
        };
        let to = self.sample.key(swap.key.bucket());
        let leave = leave.map(|life| Moved {
            id: swap.record.id,
            to,
            successor: to.hash_bytes().into(),
            confirmed_at: (life % 2 == 0).then_some(self.now),
            expires_at: self.later(life),
        });
        Rotation { to, swap, leave }
    }

    async fn touch(&mut self, store: &dyn Store, touches: &[(Pick, u64, u64)]) -> Checked<Vec<Event>> {
        let touches: Vec<_> = touches
            .iter()
            .map(|(pick, ago, idle)| Touch {
                key: self.picked(*pick).0,
                seen_at: self.ago(*ago),
                deadline: self.later(*idle),
            })
            .collect();
        let answers = answered(store.touch(&touches).await)?;
        let expected: Vec<_> = touches.iter().map(|touch| self.plain.touch(touch)).collect();
        prop_assert_eq!(answers, expected);
        Ok(Vec::new())
    }

    async fn close(&mut self, store: &dyn Store, pick: Pick, reason: usize) -> Checked<Vec<Event>> {
        let (key, _) = self.picked(pick);
        let reason = CloseReason::ALL[reason];
        let answer = answered(store.close(&key, reason, &self.cause()).await)?;
        self.plain.close(key, reason, &cause(self.now), answer.as_ref())
    }

    async fn end_all(
        &mut self,
        store: &dyn Store,
        who: Who,
        except: Option<Pick>,
        reason: usize,
    ) -> Checked<Vec<Event>> {
        let except = except.map(|pick| self.picked(pick).1.id);
        let (subject, reason, cause) = (subject(who), CloseReason::ALL[reason], self.cause());
        let answer = answered(store.close_subject(&subject, except, reason, &cause).await)?;
        self.plain
            .close_subject(&subject, except, reason, &cause, &answer)
    }

    pub(super) async fn sweep(&mut self, store: &dyn Store, at_most: usize) -> Checked {
        let answer = answered(store.sweep(self.now, at_most).await)?;
        let written = self.news(store).await?;
        let swept: Vec<_> = written.iter().filter_map(|event| event.session).collect();
        let events = self.plain.sweep(self.now, at_most, answer, &swept)?;
        Self::expect(written, events)
    }

    async fn append(&self, store: &dyn Store) -> Checked<Vec<Event>> {
        let event = Event::of(Kind::Guess, self.cause());
        answered(store.append(&event).await)?;
        Ok(vec![event])
    }

    async fn look(&self, store: &dyn Store, op: &Op) -> Checked {
        match op {
            Op::Look(pick) => {
                let (key, record) = self.picked(*pick);
                self.plain
                    .load(&key, self.now, answered(store.load(&key).await)?.as_ref())?;
                let held = self.plain.held.iter().find(|held| held.record.id == record.id);
                prop_assert_eq!(
                    answered(store.find(&record.id).await)?,
                    held.map(super::plain::Held::found)
                );
            }
            Op::List(who) => {
                let subject = subject(*who);
                prop_assert_eq!(
                    sorted(answered(store.list(&subject).await)?),
                    sorted(self.plain.of(&subject))
                );
            }
            Op::Scan { at_most } => self.scan(store, *at_most).await?,
            _ => prop_assert_eq!(answered(store.count().await)?, self.plain.held.len() as u64),
        }
        Ok(())
    }

    pub(super) async fn scan(&self, store: &dyn Store, at_most: usize) -> Checked {
        let mut met = Vec::new();
        let mut from = None;
        loop {
            let listing = answered(store.scan(from.as_deref(), at_most).await)?;
            met.extend(listing.found);
            from = listing.next;
            if from.is_none() {
                break;
            }
        }
        let held = self.plain.held.iter().map(super::plain::Held::found).collect();
        prop_assert_eq!(sorted(met), sorted(held));
        Ok(())
    }

    /// What was written since the last time somebody looked.
    async fn news(&mut self, store: &dyn Store) -> Checked<Vec<Event>> {
        let before = self.journal.len();
        loop {
            let page = answered(store.journal(&self.read_to, 3, Duration::ZERO).await)?;
            prop_assert_eq!(page.gap, false, "a gap in the journal");
            self.read_to = page.next;
            if page.entries.is_empty() {
                break;
            }
            self.journal.extend(page.entries);
        }
        Ok(self.journal[before..]
            .iter()
            .map(|entry| entry.event.clone())
            .collect())
    }

    /// Several that end in one step may end in any order, but before what they ended for.
    fn expect(mut written: Vec<Event>, expected: Vec<Event>) -> Checked {
        let ended = written
            .iter()
            .take_while(|event| event.kind == Kind::Closed)
            .count();
        written[..ended].sort_by_key(|event| event.session);
        prop_assert_eq!(written, expected, "the journal");
        Ok(())
    }
}

pub(super) fn sorted(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| found.record.id);
    found
}
