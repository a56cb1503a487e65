//! What every property starts from: a fresh store, a source of sessions, and the questions that are asked all the time.

use super::parallel::Nodes;
use crate::fixture::Fixture;
use crate::order::in_order;
use crate::sample::{Draft, Sample};
use crate::suite::Stage;
use cloakroom_core::{
    Bucket, Ended, Entry, Event, Found, Key, Opened, Opening, Page, Position, Record, SessionId, Slot, Store,
    Subject, Timestamp,
};
use std::sync::Arc;
use std::time::Duration;

/// A fresh store and what a test does with it.
pub(super) struct Scene {
    pub(super) fixture: Box<dyn Fixture>,
    pub(super) store: Arc<dyn Store>,
    pub(super) sample: Sample,
}

impl Stage for Scene {
    async fn set(fixture: Box<dyn Fixture>) -> Self {
        let store = fixture.store().await;
        Self {
            fixture,
            store,
            sample: Sample::new(1),
        }
    }
}

impl Scene {
    /// The store as another process has it.
    pub(super) async fn again(&self) -> Arc<dyn Store> {
        self.fixture.again().await
    }

    /// Two handles on the store, for tasks to use in turn.
    pub(super) async fn nodes(&self) -> Nodes {
        Nodes([self.store.clone(), self.again().await])
    }

    /// A new session of this subject, open. An hour idle, a day at most.
    pub(super) async fn opened(&self, subject: &Subject, now: Timestamp) -> Draft {
        let draft = self.sample.session(subject, now);
        self.open(&draft).await;
        draft
    }

    /// Opens without a limit; fails if anything ended for it.
    pub(super) async fn open(&self, draft: &Draft) {
        assert_eq!(self.try_open(&draft.opening()).await, Opened::Opened(Vec::new()));
    }

    pub(super) async fn try_open(&self, opening: &Opening) -> Opened {
        self.store.open(opening).await.unwrap()
    }

    /// Opens, and says who ended for it.
    pub(super) async fn admit(&self, opening: &Opening) -> Vec<Ended> {
        match self.try_open(opening).await {
            Opened::Opened(ended) => ended,
            refused => panic!("{refused:?} instead of opened"),
        }
    }

    pub(super) async fn slot(&self, key: &Key) -> Option<Slot> {
        self.store.load(key).await.unwrap()
    }

    /// The session under a key. Fails if there is none.
    pub(super) async fn record(&self, key: &Key) -> Record {
        match self.slot(key).await {
            Some(Slot::Live(record)) => record,
            other => panic!("{other:?} instead of a session under {key:?}"),
        }
    }

    pub(super) async fn count(&self) -> u64 {
        self.store.count().await.unwrap()
    }

    /// Ids of a subject's sessions, sorted.
    pub(super) async fn ids(&self, subject: &Subject) -> Vec<SessionId> {
        sorted_ids(&self.store.list(subject).await.unwrap())
    }

    /// The whole journal, from the oldest entry that is kept.
    pub(super) async fn journal(&self) -> Vec<Event> {
        self.journal_after(&Position::start())
            .await
            .into_iter()
            .map(|entry| entry.event)
            .collect()
    }

    /// Events in the order in which a journal has to tell them, whatever it does with those that have none.
    pub(super) fn in_order(&self, events: Vec<Event>) -> Vec<Event> {
        in_order(self.fixture.one_log(), events, |event| event)
    }

    /// The same for entries.
    pub(super) fn entries_in_order(&self, entries: Vec<Entry>) -> Vec<Entry> {
        in_order(self.fixture.one_log(), entries, |entry| &entry.event)
    }

    /// Where to read on after each entry, from the first that is kept.
    pub(super) async fn places(&self) -> Vec<Position> {
        let (mut places, mut after) = (Vec::new(), Position::start());
        loop {
            let page = self.page(&after, 1).await;
            if page.entries.is_empty() {
                return places;
            }
            if self.fixture.one_log() {
                assert_eq!(
                    page.next, page.entries[0].position,
                    "where to read on is after the last entry"
                );
            }
            after = page.next;
            places.push(after.clone());
        }
    }

    /// The journal after a position, in small pages.
    pub(super) async fn journal_after(&self, after: &Position) -> Vec<Entry> {
        let mut all = Vec::new();
        let mut after = after.clone();
        loop {
            let page = self.page(&after, 7).await;
            assert!(!page.gap, "a gap after {after:?}");
            assert!(page.entries.len() <= 7, "more entries than asked for");
            if page.entries.is_empty() {
                return all;
            }
            all.extend(page.entries);
            after = page.next;
        }
    }

    pub(super) async fn page(&self, after: &Position, at_most: usize) -> Page {
        self.store.journal(after, at_most, Duration::ZERO).await.unwrap()
    }

    /// All sessions, by scanning in stretches.
    pub(super) async fn scan(&self, at_most: usize) -> Vec<Found> {
        let mut all = Vec::new();
        let mut from = None;
        loop {
            let listing = self.store.scan(from.as_deref(), at_most).await.unwrap();
            all.extend(listing.found);
            match listing.next {
                Some(next) => from = Some(next),
                None => return all,
            }
        }
    }

    /// Sweeps until there is nothing more to do. Answers how many sessions had lapsed.
    pub(super) async fn sweep(&self, now: Timestamp) -> usize {
        sweep(&*self.store, now).await
    }
}

/// Sweeps until there is nothing more to do. Answers how many sessions had lapsed.
pub(super) async fn sweep(store: &dyn Store, now: Timestamp) -> usize {
    let mut ended = 0;
    loop {
        let swept = store.sweep(now, 100).await.unwrap();
        ended += swept.ended;
        if !swept.more {
            return ended;
        }
    }
}

/// The ids of what was found, sorted.
pub(super) fn sorted_ids(found: &[Found]) -> Vec<SessionId> {
    let mut ids: Vec<_> = found.iter().map(|found| found.record.id).collect();
    ids.sort();
    ids
}

pub(super) fn subject(name: &str) -> Subject {
    name.parse().unwrap()
}

/// The usual subject.
pub(super) fn alice() -> Subject {
    subject("alice")
}

/// The bucket in which the usual subject's sessions live.
pub(super) fn home() -> Bucket {
    Bucket::of(&alice())
}
