//! A file that may not grow, a file that somebody else holds, and a store that goes away.

#![allow(clippy::unwrap_used, reason = "a failed expectation is how a test speaks")]

mod common;

use cloakroom_core::{CloseReason, Opened, Slot, Store, StoreError};
use cloakroom_sqlite::{Options, SqliteStore};
use cloakroom_testkit::{START, Sample, after, cause};
use common::{agrees_with_itself, by_hand, closed, fresh, log_in, subject, times_open};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_full_file_says_so_loses_nothing_and_works_again() {
    let (_folder, path) = fresh();
    let options = Options {
        max_bytes: Some(400 << 10),
        ..Options::default()
    };
    let store = Arc::new(SqliteStore::open_with(&path, &options).unwrap());
    let sample = Sample::new(1);
    let drafts: Vec<_> = (0..2000)
        .map(|n| sample.session(&subject(&format!("user {n}")), START))
        .collect();
    // Many at once, so that steps which fail and steps which do not share transactions.
    let opened = drafts.iter().map(|draft| {
        let (store, opening) = (Arc::clone(&store), draft.opening());
        tokio::spawn(async move { store.open(&opening).await })
    });
    let mut kept = Vec::new();
    let mut refused = 0;
    for (task, draft) in opened.collect::<Vec<_>>().into_iter().zip(&drafts) {
        match task.await.unwrap() {
            Ok(opened) => {
                assert_eq!(opened, Opened::Opened(vec![]));
                kept.push(draft);
            }
            Err(StoreError::Full(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(
        refused > 100 && kept.len() > 100,
        "{} opened, {refused} refused",
        kept.len()
    );
    assert_eq!(agrees_with_itself(&*store).await.len(), kept.len());
    for draft in &kept {
        assert_eq!(
            store.load(&draft.key).await.unwrap(),
            Some(Slot::Live(draft.record.clone()))
        );
    }

    // Whoever wants to log out can, and that makes room.
    for draft in &kept[..100] {
        assert!(
            store
                .close(&draft.key, CloseReason::Logout, &cause(START))
                .await
                .unwrap()
                .is_some()
        );
    }
    assert_eq!(
        store.sweep(after(200_000), 10_000).await.unwrap().ended,
        kept.len() - 100
    );
    let options = Options {
        journal_keep: 10,
        ..options
    };
    let again = SqliteStore::open_with(&path, &options).unwrap();
    log_in(&again, &sample, "alice").await;
    assert_eq!(store.count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_file_that_somebody_holds_is_unavailable_within_a_second_and_then_works() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let sample = Sample::new(1);
    let draft = log_in(&store, &sample, "alice").await;
    let other = by_hand(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asked = Instant::now();
    let (swap, cause) = (draft.swap(b"new"), cause(START));
    let (first, second) = tokio::join!(
        store.close(&draft.key, CloseReason::Logout, &cause),
        store.swap(&swap)
    );
    assert!(matches!(first, Err(StoreError::Unavailable(_))), "{first:?}");
    assert!(matches!(second, Err(StoreError::Unavailable(_))), "{second:?}");
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(store.load(&draft.key).await.unwrap().is_some(), "reading goes on");

    other.execute_batch("COMMIT").unwrap();
    assert!(
        store
            .close(&draft.key, CloseReason::Logout, &cause)
            .await
            .unwrap()
            .is_some()
    );
    assert!(agrees_with_itself(&store).await.is_empty());
}

#[tokio::test]
async fn a_short_wait_for_somebody_else_is_no_error() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let other = by_hand(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let release = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(200));
        other.execute_batch("COMMIT").unwrap();
    });
    log_in(&store, &Sample::new(1), "alice").await;
    release.await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dropping_the_store_ends_its_threads() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    log_in(&store, &Sample::new(1), "alice").await;
    assert!(times_open(&path) > 1);
    drop(store);
    closed(&path).await;
}

/// On a disk that is really full. Wants an empty one of a few MB, for example
/// `mount -t tmpfs -o size=4m none DIR`, and its path in `CLOAKROOM_TEST_SMALL_DISK`.
#[tokio::test]
#[ignore = "wants a small disk"]
async fn a_full_disk_says_so_loses_nothing_and_works_again() {
    let disk = PathBuf::from(std::env::var("CLOAKROOM_TEST_SMALL_DISK").unwrap());
    let store = SqliteStore::open(disk.join("cloakroom.db")).unwrap();
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let sample = Sample::new(1);
    let mut kept = Vec::new();
    let refused = loop {
        let draft = sample.session(&subject("alice"), START);
        match store.open(&draft.opening()).await {
            Ok(_) => kept.push(draft),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, StoreError::Full(_)), "{refused:?}");
    assert_eq!(agrees_with_itself(&store).await.len(), kept.len());
    std::fs::remove_file(&ballast).unwrap();
    log_in(&store, &sample, "bob").await;
    assert_eq!(agrees_with_itself(&store).await.len(), kept.len() + 1);
}
