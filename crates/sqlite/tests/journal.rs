//! What is particular about this journal and about what is forgotten.

#![allow(clippy::unwrap_used, reason = "a failed expectation is how a test speaks")]

mod common;

use cloakroom_core::{Cause, CloseReason, Event, Kind, Position, Store};
use cloakroom_sqlite::{Options, SqliteStore};
use cloakroom_testkit::{START, Sample, after, cause};
use common::{fresh, log_in, subject};
use std::time::Duration;

async fn guesses(store: &SqliteStore, count: usize) {
    for _ in 0..count {
        store
            .append(&Event::of(Kind::Guess, Cause::default()))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn no_more_entries_are_kept_than_asked_for_and_a_tenth() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open_with(
        &path,
        &Options {
            journal_keep: 50,
            ..Options::default()
        },
    )
    .unwrap();
    let beginning = store.journal_end().await.unwrap();
    guesses(&store, 200).await;
    let page = store
        .journal(&Position::start(), 1000, Duration::ZERO)
        .await
        .unwrap();
    assert!((50..=55).contains(&page.entries.len()), "{}", page.entries.len());
    assert!(!page.gap, "whoever begins has missed nothing");
    let late = store
        .journal(&beginning, 1000, Duration::from_mins(1))
        .await
        .unwrap();
    assert!(late.gap, "told at once");
    assert_eq!(late.entries, page.entries);
}

#[tokio::test]
async fn a_position_of_another_file_is_a_gap() {
    let ((_one, one), (_two, two)) = (fresh(), fresh());
    let (one, two) = (SqliteStore::open(one).unwrap(), SqliteStore::open(two).unwrap());
    guesses(&one, 3).await;
    guesses(&two, 5).await;
    let there = one.journal_end().await.unwrap();
    for position in [there.as_str(), "3", "1700000000000-0"] {
        let page = two
            .journal(&position.parse().unwrap(), 10, Duration::from_mins(1))
            .await
            .unwrap();
        assert!(page.gap, "{position}");
        assert_eq!(page.entries.len(), 5);
    }
}

#[tokio::test]
async fn a_file_restored_from_an_older_copy_is_a_gap() {
    let (folder, path) = fresh();
    let copy = folder.path().join("copy.db");
    let store = SqliteStore::open(&path).unwrap();
    guesses(&store, 3).await;
    common::by_hand(&path)
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    guesses(&store, 3).await;
    let ahead = store.journal_end().await.unwrap();
    let restored = SqliteStore::open(&copy).unwrap();
    let page = restored
        .journal(&ahead, 10, Duration::from_mins(1))
        .await
        .unwrap();
    assert!(page.gap);
    assert_eq!(page.entries.len(), 3);
}

#[tokio::test]
async fn epochs_are_forgotten_once_nobody_can_need_them() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let two_days = 2 * 86_400;
    let sample = Sample::new(1);
    for name in ["alice", "bob"] {
        store
            .close_subject(&subject(name), None, CloseReason::Revoked, &cause(START))
            .await
            .unwrap();
    }
    let epoch = store.epoch(&subject("bob")).await.unwrap();
    let session = sample
        .session(&subject("bob"), START)
        .epoch(epoch)
        .expires(after(10 * two_days))
        .idle(10 * two_days);
    let _ = store.open(&session.opening()).await.unwrap();

    assert!(!store.sweep(after(two_days - 1), 10).await.unwrap().more);
    assert_eq!(store.epoch(&subject("alice")).await.unwrap(), epoch, "too early");
    store.sweep(after(two_days), 10).await.unwrap();
    assert_eq!(store.epoch(&subject("alice")).await.unwrap().0, 0, "forgotten");
    assert_eq!(
        store.epoch(&subject("bob")).await.unwrap(),
        epoch,
        "there is a session"
    );

    let later = cause(after(two_days + 1));
    let raised = store
        .close_subject(&subject("alice"), None, CloseReason::Revoked, &later)
        .await
        .unwrap();
    assert!(raised.epoch > epoch, "it rises all the same");
    store
        .close_subject(&subject("bob"), None, CloseReason::Revoked, &later)
        .await
        .unwrap();
    store.sweep(after(5 * two_days), 10).await.unwrap();
    assert_eq!(store.epoch(&subject("bob")).await.unwrap().0, 0);
    log_in(&store, &sample, "bob").await;
}
