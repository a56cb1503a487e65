//! A file of an older version: brought up to date, with everything that was in it.

#![allow(clippy::unwrap_used, reason = "a failed expectation is how a test speaks")]

mod common;

use cloakroom_core::{CloseReason, Moved, Slot, Store, Timestamp, Write};
use cloakroom_sqlite::SqliteStore;
use cloakroom_testkit::{Draft, START, Sample, after, cause};
use common::{by_hand, fresh, subject};
use rusqlite::{Connection, params};
use std::path::Path;

fn millis(at: Timestamp) -> i64 {
    at.as_millis().cast_signed()
}

/// A file as the first version made it.
fn of_version_1(path: &Path) -> Connection {
    let file = by_hand(path);
    file.execute_batch(include_str!("../src/schema/v1.sql")).unwrap();
    file.pragma_update(None, "application_id", 0x436c_6b72).unwrap();
    file.pragma_update(None, "user_version", 1).unwrap();
    file
}

fn insert(file: &Connection, key: &[u8], draft: &Draft) {
    let opening = draft.opening();
    file.execute(
        "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            key,
            &draft.id().as_bytes()[..],
            draft.record.subject().map(ToString::to_string),
            millis(draft.record.seen_at),
            millis(opening.deadline),
            millis(draft.record.expires_at),
            draft.record.encode(),
        ],
    )
    .unwrap();
}

fn leave(file: &Connection, draft: &Draft, moved: &Moved) {
    let row = params![
        &draft.key.as_bytes()[..],
        millis(moved.expires_at),
        moved.encode()
    ];
    file.execute("INSERT INTO moved VALUES (?1, ?2, ?3)", row)
        .unwrap();
}

#[tokio::test]
async fn sessions_of_version_1_live_on() {
    let (_folder, path) = fresh();
    let sample = Sample::new(1);
    let drafts: Vec<_> = (0..50)
        .map(|n| sample.session(&subject(&format!("user {}", n % 5)), START))
        .collect();
    let old = sample.session(&subject("user 0"), START);
    let moved = old.rotation(drafts[0].key).leave;
    {
        let file = of_version_1(&path);
        for draft in &drafts {
            insert(&file, draft.key.as_bytes(), draft);
        }
        if let Some(moved) = &moved {
            leave(&file, &old, moved);
        }
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.count().await.unwrap(), 50);
    for draft in &drafts {
        let slot = store.load(&draft.key).await.unwrap();
        assert_eq!(slot, Some(Slot::Live(draft.record.clone())));
        assert_eq!(store.find(&draft.id()).await.unwrap(), Some(draft.found()));
    }
    assert_eq!(store.load(&old.key).await.unwrap(), moved.map(Slot::Moved));
    assert_eq!(store.list(&subject("user 3")).await.unwrap().len(), 10);

    // And every step works on them.
    assert_eq!(store.swap(&drafts[0].swap(b"new")).await.unwrap(), Write::Done);
    assert_eq!(store.touch(&[drafts[1].touch(after(9))]).await.unwrap(), [true]);
    let all = store
        .close_subject(&subject("user 3"), None, CloseReason::Revoked, &cause(START))
        .await
        .unwrap();
    assert_eq!(all.ended.len(), 10);
    assert_eq!(store.count().await.unwrap(), 40);
    assert_eq!(store.sweep(after(200_000), 100).await.unwrap().ended, 40);
    assert_eq!(store.count().await.unwrap(), 0);
}

#[tokio::test]
async fn what_has_no_key_is_left_behind() {
    let (_folder, path) = fresh();
    let sample = Sample::new(1);
    let (whole, broken) = (
        sample.session(&subject("alice"), START),
        sample.session(&subject("alice"), START),
    );
    {
        let file = of_version_1(&path);
        insert(&file, whole.key.as_bytes(), &whole);
        insert(&file, b"no key", &broken);
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.count().await.unwrap(), 1);
    assert_eq!(store.list(&subject("alice")).await.unwrap(), [whole.found()]);
}
