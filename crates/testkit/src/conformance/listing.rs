//! `list`, `find`, `scan`, `count`: everything that is there, once, and nothing else.

use super::parallel::at_once;
use super::scene::{Scene, alice, home, sorted_ids, subject};
use crate::clock::{START, after};
use crate::sample::cause;
use cloakroom_core::{Bucket, CloseReason, Store, Subject, WhenFull, Write};
use std::sync::Arc;

pub(super) async fn scan_meets_every_session_once_in_stretches_of_any_length(scene: Scene) {
    let mut sessions = Vec::new();
    for n in 0..57_u8 {
        let draft = if n % 3 == 0 {
            scene.sample.anonymous(Bucket(n.wrapping_mul(37)), START)
        } else {
            scene.sample.session(&subject(&format!("user {}", n % 7)), START)
        };
        scene.open(&draft).await;
        sessions.push(draft.found());
    }
    sessions.sort_by_key(|found| found.record.id);
    for at_most in [1, 2, 10, 56, 57, 58, 1000] {
        let mut met = scene.scan(at_most).await;
        met.sort_by_key(|found| found.record.id);
        assert_eq!(met, sessions, "in stretches of {at_most}");
    }
}

pub(super) async fn scan_keeps_its_stretches_short(scene: Scene) {
    for _ in 0..1000 {
        scene.open(&scene.sample.anonymous(home(), START)).await;
    }
    let listing = scene.store.scan(None, 10).await.unwrap();
    assert!(listing.next.is_some());
    assert!(
        listing.found.len() <= 200,
        "{} where about 10 were asked for",
        listing.found.len()
    );
}

pub(super) async fn scan_meets_every_session_that_stays_while_others_come_and_go(scene: Scene) {
    let mut staying = Vec::new();
    let mut leaving = Vec::new();
    for n in 0..40_u8 {
        let draft = scene.sample.anonymous(Bucket(n.wrapping_mul(29)), START);
        scene.open(&draft).await;
        if n % 2 == 0 {
            staying.push(draft.found());
        } else {
            leaving.push(draft);
        }
    }
    let mut met = Vec::new();
    let mut from = None;
    loop {
        let listing = scene.store.scan(from.as_deref(), 3).await.unwrap();
        met.extend(listing.found);
        from = listing.next;
        if from.is_none() {
            break;
        }
        if let Some(draft) = leaving.pop() {
            scene
                .store
                .close(&draft.key, CloseReason::Logout, &cause(after(1)))
                .await
                .unwrap();
            scene
                .open(&scene.sample.anonymous(draft.key.bucket(), after(1)))
                .await;
        }
    }
    for found in &staying {
        assert_eq!(
            met.iter().filter(|met| *met == found).count(),
            1,
            "met not once: {found:?}"
        );
    }
}

pub(super) async fn what_one_handle_writes_the_other_reads_at_once(scene: Scene) {
    let there = scene.again().await;
    let session = scene.opened(&alice(), START).await;
    assert_eq!(there.find(&session.id()).await.unwrap(), Some(session.found()));
    assert_eq!(there.list(&alice()).await.unwrap(), [session.found()]);
    assert_eq!(there.count().await.unwrap(), 1);
    assert_eq!(
        there.swap(&session.swap(b"from there")).await.unwrap(),
        Write::Done
    );
    assert_eq!(
        scene.record(&session.key).await.sealed.as_deref(),
        Some(b"from there".as_slice())
    );
    let all = there
        .close_subject(&alice(), None, CloseReason::Revoked, &cause(after(1)))
        .await
        .unwrap();
    assert_eq!(scene.slot(&session.key).await, None);
    assert_eq!(scene.store.epoch(&alice()).await.unwrap(), all.epoch);
    assert_eq!(scene.count().await, 0);
    let third = scene.again().await;
    assert_eq!(
        third.journal_end().await.unwrap(),
        scene.store.journal_end().await.unwrap()
    );
    assert_eq!(third.epoch(&alice()).await.unwrap(), all.epoch);
}

/// Opens, writes, rotates and ends sessions of one subject, some of each.
async fn come_and_go(scene: &Scene, store: &dyn Store, user: &Subject) {
    for n in 0..20 {
        let epoch = store.epoch(user).await.unwrap();
        let draft = scene.sample.session(user, after(n)).idle(20 + n).epoch(epoch);
        let _ = store
            .open(&draft.opening_within(4, WhenFull::EvictOldest))
            .await
            .unwrap();
        match n % 5 {
            0 => drop(store.swap(&draft.swap(b"data")).await.unwrap()),
            1 | 2 => drop(
                store
                    .rotate(&draft.rotation(scene.sample.key(draft.key.bucket())))
                    .await
                    .unwrap(),
            ),
            3 => drop(
                store
                    .close(&draft.key, CloseReason::Logout, &cause(after(1)))
                    .await
                    .unwrap(),
            ),
            _ => {}
        }
        if n % 11 == 10 {
            store
                .close_subject(user, Some(draft.id()), CloseReason::Revoked, &cause(START))
                .await
                .unwrap();
        }
    }
}

pub(super) async fn count_without_a_scan_equals_a_scan_after_mixed_steps_at_once(scene: Scene) {
    let nodes = scene.nodes().await;
    let scene = Arc::new(scene);
    at_once((0..6).map(|turn| {
        let (scene, store) = (scene.clone(), nodes.of(turn));
        // Two tasks share each subject.
        let user = subject(&format!("user {}", turn / 2));
        async move {
            come_and_go(&scene, &*store, &user).await;
            let _ = store.sweep(after(30), 7).await.unwrap();
        }
    }))
    .await;
    let met = scene.scan(7).await;
    assert_eq!(scene.count().await, met.len() as u64);
    let mut listed = Vec::new();
    for user in 0..3 {
        let of_user = scene.store.list(&subject(&format!("user {user}"))).await.unwrap();
        assert!(of_user.len() <= 4, "more than the limit");
        listed.extend(of_user);
    }
    assert_eq!(sorted_ids(&listed), sorted_ids(&met));
    for found in &met {
        assert_eq!(
            scene.store.find(&found.record.id).await.unwrap().as_ref(),
            Some(found)
        );
    }
    scene.sweep(after(10_000)).await;
    assert_eq!(scene.count().await, 0);
    assert_eq!(scene.scan(10).await, []);
}
