//! Each step by itself: what it answers, and what is there afterwards.

use super::scene::{Scene, alice, home, subject};
use crate::clock::{START, after};
use crate::sample::cause;
use cloakroom_core::{CloseReason, Ended, Epoch, Position, Slot, Timestamp, Write};
use std::time::SystemTime;

pub(super) async fn a_fresh_store_is_empty(scene: Scene) {
    let key = scene.sample.key(home());
    assert_eq!(scene.slot(&key).await, None);
    assert_eq!(scene.count().await, 0);
    assert_eq!(scene.store.epoch(&alice()).await.unwrap(), Epoch(0));
    assert_eq!(scene.store.list(&alice()).await.unwrap(), []);
    assert_eq!(scene.scan(10).await, []);
    let page = scene.page(&Position::start(), 10).await;
    assert_eq!((page.entries.len(), page.gap), (0, false));
    // A server may have a clock of its own, and compare it.
    let present = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let present = Timestamp::from_millis(u64::try_from(present.as_millis()).unwrap_or(0));
    assert!(
        !scene
            .store
            .examine(present)
            .await
            .unwrap()
            .iter()
            .any(|finding| finding.grave)
    );
    assert!(!scene.store.describe().is_empty());
}

pub(super) async fn an_opened_session_is_found_by_key_id_subject_and_scan(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let nobody = scene.sample.anonymous(home(), START);
    scene.open(&nobody).await;
    let found = session.found();
    assert_eq!(
        scene.slot(&session.key).await,
        Some(Slot::Live(session.record.clone()))
    );
    assert_eq!(
        scene.store.find(&session.id()).await.unwrap(),
        Some(found.clone())
    );
    assert_eq!(scene.store.list(&alice()).await.unwrap(), [found]);
    assert_eq!(scene.store.list(&subject("bob")).await.unwrap(), []);
    assert_eq!(
        scene.store.find(&nobody.id()).await.unwrap(),
        Some(nobody.found())
    );
    assert_eq!(scene.scan(10).await.len(), 2);
    assert_eq!(scene.count().await, 2);
}

pub(super) async fn swap_writes_the_next_version(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let swap = session.swap(b"new data");
    assert_eq!(scene.store.swap(&swap).await.unwrap(), Write::Done);
    assert_eq!(scene.record(&session.key).await, swap.record);
    assert_eq!(scene.count().await, 1);
}

pub(super) async fn swap_from_an_older_revision_is_a_conflict_and_changes_nothing(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let first = session.swap(b"first");
    assert_eq!(scene.store.swap(&first).await.unwrap(), Write::Done);
    let events = scene.journal().await;
    assert_eq!(
        scene.store.swap(&session.swap(b"second")).await.unwrap(),
        Write::Conflict
    );
    assert_eq!(scene.record(&session.key).await, first.record);
    assert_eq!(
        scene.journal().await,
        events,
        "a conflict left a trace in the journal"
    );
}

pub(super) async fn swap_under_an_unknown_key_is_gone(scene: Scene) {
    let never_opened = scene.sample.session(&alice(), START);
    assert_eq!(
        scene.store.swap(&never_opened.swap(b"data")).await.unwrap(),
        Write::Gone
    );
    assert_eq!(scene.slot(&never_opened.key).await, None);
    assert_eq!(scene.count().await, 0);
    assert_eq!(scene.journal().await, []);
}

pub(super) async fn close_ends_a_session_once(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let reason = CloseReason::Logout;
    let ended = Ended {
        id: session.id(),
        key: session.key,
        subject: Some(alice()),
        reason,
    };
    let cause = cause(after(1));
    let close = || scene.store.close(&session.key, reason, &cause);
    assert_eq!(close().await.unwrap(), Some(ended));
    assert_eq!(close().await.unwrap(), None);
    assert_eq!(scene.slot(&session.key).await, None);
    assert_eq!(scene.store.find(&session.id()).await.unwrap(), None);
    assert_eq!(scene.ids(&alice()).await, []);
    assert_eq!(scene.count().await, 0);
    assert_eq!(scene.journal().await.len(), 2);
}
