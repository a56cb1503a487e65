//! What happened lately, kept by following the journal: the console's live view.

use super::journal;
use cloakroom::{Entry, Kind, Store, Timestamp};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const MOST_SHOWN: usize = 100;
const MOST_ALERTS: usize = 20;
/// How long an alert is shown.
const ALERTED: Duration = Duration::from_hours(7 * 24);
const HOUR: Duration = Duration::from_hours(1);

/// The latest events, and what the last hour came to.
#[derive(Clone, Debug, Default)]
pub struct Recent(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    latest: VecDeque<Entry>,
    counted: VecDeque<(Timestamp, Kind)>,
    alerts: VecDeque<Entry>,
}

/// What the last hour came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastHour {
    /// Sessions that were opened.
    pub opened: u64,
    /// Log-ins that failed.
    pub failed: u64,
    /// Sessions that ended.
    pub closed: u64,
}

impl Recent {
    /// The latest events, newest first.
    #[must_use]
    pub fn latest(&self) -> Vec<Entry> {
        self.lock().latest.iter().rev().cloned().collect()
    }

    /// The latest alerts that are not too old, newest first.
    #[must_use]
    pub fn alerts(&self, now: Timestamp) -> Vec<Entry> {
        let state = self.lock();
        let young = |entry: &&Entry| now.since(entry.event.cause.at) <= ALERTED;
        state.alerts.iter().rev().filter(young).cloned().collect()
    }

    /// What the hour before `now` came to.
    #[must_use]
    pub fn last_hour(&self, now: Timestamp) -> LastHour {
        let mut sum = LastHour::default();
        for (_, kind) in self
            .lock()
            .counted
            .iter()
            .filter(|(at, _)| now.since(*at) <= HOUR)
        {
            match kind {
                Kind::Opened => sum.opened += 1,
                Kind::LoginFailed => sum.failed += 1,
                Kind::Closed => sum.closed += 1,
                _ => {}
            }
        }
        sum
    }

    fn take(&self, entry: Entry) {
        let mut state = self.lock();
        let now = entry.event.cause.at;
        if matches!(entry.event.kind, Kind::Opened | Kind::LoginFailed | Kind::Closed) {
            state.counted.push_back((now, entry.event.kind));
        }
        while state.counted.front().is_some_and(|(at, _)| now.since(*at) > HOUR) {
            state.counted.pop_front();
        }
        if entry.event.kind == Kind::Alert {
            state.alerts.push_back(entry.clone());
        }
        if state.alerts.len() > MOST_ALERTS {
            state.alerts.pop_front();
        }
        state.latest.push_back(entry);
        if state.latest.len() > MOST_SHOWN {
            state.latest.pop_front();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the journal until the server is gone.
pub fn follow(store: Arc<dyn Store>, recent: &Recent) -> impl Future<Output = ()> + use<> {
    journal::follow(store, Arc::downgrade(&recent.0), async |state, page| {
        let recent = Recent(state);
        page.entries.into_iter().for_each(|entry| recent.take(entry));
    })
}
