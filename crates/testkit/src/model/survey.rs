//! At the end: everything the store holds against everything the model holds.

use super::Checked;
use super::drive::{Driver, answered, sorted, subject};
use crate::order::in_order;
use cloakroom_core::{Entry, Position, Timestamp};
use proptest::{prop_assert, prop_assert_eq};
use std::time::Duration;

impl Driver {
    /// Compares every way to read, on both handles.
    pub(super) async fn survey(&self) -> Checked {
        for there in [false, true] {
            let store = self.store(there);
            prop_assert_eq!(
                answered(store.count().await)?,
                self.plain.held.len() as u64,
                "the count"
            );
            self.scan(&*store, 3).await?;
            for who in 0..3 {
                let subject = subject(who);
                prop_assert_eq!(answered(store.epoch(&subject).await)?, self.plain.epoch(&subject));
                prop_assert_eq!(
                    sorted(answered(store.list(&subject).await)?),
                    sorted(self.plain.of(&subject))
                );
            }
            for (key, record) in &self.known {
                self.plain
                    .load(key, self.now, answered(store.load(key).await)?.as_ref())?;
                let held = self.plain.held.iter().find(|held| held.record.id == record.id);
                prop_assert_eq!(
                    answered(store.find(&record.id).await)?,
                    held.map(super::plain::Held::found)
                );
            }
            let whole = answered(store.journal(&Position::start(), 10_000, Duration::ZERO).await)?;
            let sorted = |entries: &[Entry]| in_order(self.one_log, entries.to_vec(), |entry| &entry.event);
            prop_assert_eq!(
                sorted(&whole.entries),
                sorted(&self.journal),
                "the journal, read again from its start"
            );
        }
        Ok(())
    }

    /// Lets all deadlines pass: sweeping has to end every session, and leave nothing.
    pub(super) async fn outlive(mut self) -> Checked {
        self.now = Timestamp::from_millis(self.now.as_millis() + 1_000_000);
        let store = self.store(true);
        // As many as there can be rows, were each swept alone.
        for _ in 0..=self.known.len() {
            self.sweep(&*store, 2).await?;
        }
        prop_assert!(self.plain.held.is_empty(), "sweeping does not come to an end");
        self.survey().await
    }
}
