//! What the tests of this crate share.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a failed expectation is how a test speaks")]

use cloakroom_core::{CloseReason, Entry, Kind, Opened, Position, SessionId, Store, Subject};
use cloakroom_testkit::{Draft, START, Sample};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// A folder that goes away with the test, and the path of a file in it.
pub fn fresh() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloakroom.db");
    (folder, path)
}

pub fn subject(name: &str) -> Subject {
    name.parse().unwrap()
}

/// Opens a session of this subject, without a limit.
pub async fn log_in(store: &dyn Store, sample: &Sample, name: &str) -> Draft {
    let draft = sample.session(&subject(name), START);
    assert_eq!(
        store.open(&draft.opening()).await.unwrap(),
        Opened::Opened(vec![])
    );
    draft
}

/// The whole journal.
pub async fn journal(store: &dyn Store) -> Vec<Entry> {
    let mut after = Position::start();
    let mut entries = Vec::new();
    loop {
        let page = store.journal(&after, 1000, Duration::ZERO).await.unwrap();
        assert!(!page.gap, "nothing is missing");
        if page.entries.is_empty() {
            return entries;
        }
        entries.extend(page.entries);
        after = page.next;
    }
}

/// The sessions that live according to the journal. Fails where it says what can not be.
pub fn replay(entries: &[Entry]) -> BTreeSet<SessionId> {
    let mut live = BTreeSet::new();
    for entry in entries {
        let id = entry.event.session;
        match entry.event.kind {
            Kind::Opened => assert!(live.insert(id.unwrap()), "opened twice"),
            Kind::Closed => assert!(live.remove(&id.unwrap()), "closed, but not open"),
            Kind::Updated | Kind::Renewed | Kind::Rotated => {
                assert!(live.contains(&id.unwrap()), "changed, but not open");
            }
            _ => {}
        }
    }
    live
}

/// The sessions that live according to the table.
pub async fn live(store: &dyn Store) -> BTreeSet<SessionId> {
    let listing = store.scan(None, usize::MAX).await.unwrap();
    assert_eq!(store.count().await.unwrap(), listing.found.len() as u64);
    listing.found.iter().map(|found| found.record.id).collect()
}

/// Fails unless table, count and journal tell the same.
pub async fn agrees_with_itself(store: &dyn Store) -> BTreeSet<SessionId> {
    let live = live(store).await;
    assert_eq!(live, replay(&journal(store).await));
    live
}

pub fn ended(reason: CloseReason, entries: &[Entry]) -> usize {
    entries
        .iter()
        .filter(|entry| entry.event.reason == Some(reason))
        .count()
}

/// A connection of somebody else.
pub fn by_hand(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

/// How many times this process has the file open.
#[cfg(target_os = "linux")]
pub fn times_open(path: &Path) -> usize {
    let all = std::fs::read_dir("/proc/self/fd").unwrap();
    all.filter_map(|file| file.ok()?.path().read_link().ok())
        .filter(|file| file == path)
        .count()
}

/// Waits until a store that was dropped has closed the file.
pub async fn closed(path: &Path) {
    for _ in 0..250 {
        #[cfg(target_os = "linux")]
        if times_open(path) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    #[cfg(target_os = "linux")]
    assert_eq!(times_open(path), 0, "the file is still open");
}
