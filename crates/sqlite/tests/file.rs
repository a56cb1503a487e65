//! The file: made with tight permissions, ours, of a known version, whole, and still there.

#![allow(clippy::unwrap_used, reason = "a failed expectation is how a test speaks")]

mod common;

use cloakroom_core::{CloseReason, Found, Slot, Store, StoreError};
use cloakroom_sqlite::{OpenError, SqliteStore};
use cloakroom_testkit::{START, Sample, after, cause};
use common::{agrees_with_itself, by_hand, closed, fresh, journal, live, log_in, subject};
use std::error::Error;
use std::fs;
use std::slice;
use std::time::Duration;

fn story(error: &StoreError) -> String {
    format!(
        "{error}: {}",
        error.source().map(ToString::to_string).unwrap_or_default()
    )
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let (_folder, path) = fresh();
    let sample = Sample::new(1);
    let (draft, history, epoch);
    {
        let store = SqliteStore::open(&path).unwrap();
        draft = log_in(&store, &sample, "alice").await;
        epoch = store
            .close_subject(&subject("bob"), None, CloseReason::Revoked, &cause(START))
            .await
            .unwrap()
            .epoch;
        history = journal(&store).await;
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(
        store.load(&draft.key).await.unwrap(),
        Some(Slot::Live(draft.record.clone()))
    );
    assert_eq!(store.epoch(&subject("bob")).await.unwrap(), epoch);
    assert_eq!(journal(&store).await, history);
    agrees_with_itself(&store).await;
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_file_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _) = fresh();
    let path = folder.path().join("new/deep/cloakroom.db");
    let store = SqliteStore::open(&path).unwrap();
    log_in(&store, &Sample::new(1), "alice").await;
    let mode = |path: &str| {
        fs::metadata(folder.path().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("new"), mode("new/deep")), (0o700, 0o700));
    for file in ["", "-wal", "-shm"] {
        assert_eq!(mode(&format!("new/deep/cloakroom.db{file}")), 0o600, "{file}");
    }
    assert_eq!(
        store
            .examine(START)
            .await
            .unwrap()
            .iter()
            .filter(|finding| finding.grave)
            .count(),
        0
    );

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let findings = store.examine(START).await.unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding.grave && finding.mend.contains("chmod 600")),
        "{findings:?}"
    );
}

#[tokio::test]
async fn no_path_is_special() {
    let (folder, _) = fresh();
    for name in [":memory:", "file:x?mode=memory", "a b%20c"] {
        let path = folder.path().join(name);
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.describe(), format!("sqlite {}", path.display()));
        assert!(path.is_file(), "{name}");
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_not_changed() {
    let (_folder, path) = fresh();
    drop(SqliteStore::open(&path).unwrap());
    by_hand(&path).pragma_update(None, "user_version", 77).unwrap();
    let error = SqliteStore::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 77, .. }), "{error}");
    assert!(error.to_string().contains("schema version 77"), "{error}");
    assert!(matches!(StoreError::from(error), StoreError::Refused(_)));
    let version: i64 = by_hand(&path)
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 77);
}

#[test]
fn a_database_of_another_application_is_refused_and_not_changed() {
    for prepare in [
        "CREATE TABLE theirs (a)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 3",
    ] {
        let (_folder, path) = fresh();
        by_hand(&path).execute_batch(prepare).unwrap();
        let before = fs::read(&path).unwrap();
        let error = SqliteStore::open(&path).err().unwrap();
        assert!(matches!(error, OpenError::Foreign { .. }), "{prepare}: {error}");
        assert_eq!(fs::read(&path).unwrap(), before, "{prepare}");
    }
}

#[test]
fn what_is_no_database_is_refused_and_not_changed() {
    let (folder, path) = fresh();
    let text = "a shopping list, and longer than the header of a database is: ".repeat(9);
    fs::write(&path, &text).unwrap();
    let error = SqliteStore::open(&path).err().unwrap();
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert!(
        matches!(
            SqliteStore::open(folder.path()).err().unwrap(),
            OpenError::Io { .. }
        ),
        "a folder"
    );
    assert!(
        matches!(
            SqliteStore::open(path.join("below")).err().unwrap(),
            OpenError::Io { .. }
        ),
        "below a file"
    );
}

#[tokio::test]
async fn a_record_damaged_by_hand_is_corrupt_and_not_absent_and_can_be_ended() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let sample = Sample::new(1);
    let draft = log_in(&store, &sample, "alice").await;
    let beside = log_in(&store, &sample, "alice").await.found();
    let whole = draft.record.encode();
    let longer = [&whole[..], b"\0"].concat();
    for body in [&b"\x09"[..], b"", &whole[..10], &whole[..40], &longer] {
        by_hand(&path)
            .execute(
                "UPDATE sessions SET body = ?1 WHERE id = ?2",
                (body, &draft.id().as_bytes()[..]),
            )
            .unwrap();
        let key = &draft.key;
        let corrupt = |error| matches!(error, StoreError::Corrupt { key, .. } if *key == draft.key);
        assert!(corrupt(store.load(key).await.unwrap_err()), "load, {body:?}");
        assert!(
            corrupt(store.find(&draft.id()).await.unwrap_err()),
            "find, {body:?}"
        );
        // One damaged record hides no other.
        let listed = store.list(&subject("alice")).await.unwrap();
        assert_eq!(listed, slice::from_ref(&beside), "list, {body:?}");
        assert_eq!(
            in_stretches(&store).await,
            slice::from_ref(&beside),
            "scan, {body:?}"
        );
        assert!(
            corrupt(store.swap(&draft.swap(b"new")).await.unwrap_err()),
            "swap, {body:?}"
        );
        let rotation = draft.rotation(sample.key(key.bucket()));
        assert!(
            corrupt(store.rotate(&rotation).await.unwrap_err()),
            "rotate, {body:?}"
        );
    }
    // It locks nobody out, and whoever ends it ends it.
    log_in(&store, &sample, "alice").await;
    let ended = store
        .close(&draft.key, CloseReason::Revoked, &cause(START))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((ended.id, ended.subject), (draft.id(), Some(subject("alice"))));
    agrees_with_itself(&store).await;
}

/// All sessions, in stretches of one.
async fn in_stretches(store: &SqliteStore) -> Vec<Found> {
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let listing = store.scan(from.as_deref(), 1).await.unwrap();
        found.extend(listing.found);
        from = listing.next;
        if from.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn everywhere_and_swept_take_damaged_records_along() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let sample = Sample::new(1);
    for name in ["alice", "bob"] {
        log_in(&store, &sample, name).await;
    }
    by_hand(&path)
        .execute_batch("UPDATE sessions SET body = x'01'")
        .unwrap();
    let all = store
        .close_subject(&subject("alice"), None, CloseReason::Revoked, &cause(START))
        .await
        .unwrap();
    assert_eq!(all.ended.len(), 1);
    assert_eq!(store.sweep(after(200_000), 10).await.unwrap().ended, 1);
    assert!(live(&store).await.is_empty());
}

#[tokio::test]
async fn a_file_that_was_removed_or_replaced_is_an_error_and_not_an_empty_store() {
    let (folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let sample = Sample::new(1);
    let draft = log_in(&store, &sample, "alice").await;
    let away = folder.path().join("away.db");
    fs::rename(&path, &away).unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    let written = store.touch(&[draft.touch(after(1))]).await.unwrap_err();
    assert!(
        matches!(written, StoreError::Unavailable(_)) && story(&written).contains("removed"),
        "{written:?}"
    );
    let read = store.load(&draft.key).await.unwrap_err();
    assert!(matches!(read, StoreError::Unavailable(_)), "{read:?}");

    fs::write(&path, "").unwrap();
    let replaced = store.touch(&[draft.touch(after(1))]).await.unwrap_err();
    assert!(story(&replaced).contains("replaced"), "{replaced:?}");

    fs::rename(&away, &path).unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(store.touch(&[draft.touch(after(1))]).await.unwrap(), [true]);
    assert!(store.load(&draft.key).await.unwrap().is_some());
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_told() {
    let (_folder, path) = fresh();
    let sample = Sample::new(1);
    let mut keys = Vec::new();
    {
        let store = SqliteStore::open(&path).unwrap();
        for number in 0..200 {
            keys.push(log_in(&store, &sample, &format!("user {number}")).await.key);
        }
    }
    closed(&path).await;
    by_hand(&path)
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    // The first page stays, so the file still looks like ours.
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let error = store.load(&keys[0]).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Refused(_)) && story(&error).contains("damaged"),
        "{error:?}"
    );
    let draft = sample.session(&subject("alice"), START);
    assert!(matches!(
        store.open(&draft.opening()).await.unwrap_err(),
        StoreError::Refused(_)
    ));
    assert!(
        store
            .examine(START)
            .await
            .map_or(true, |findings| findings.iter().any(|finding| finding.grave))
    );
}
