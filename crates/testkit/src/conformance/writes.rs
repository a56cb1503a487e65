//! `swap`: every write names the version it was made from, and none makes a session.

use super::parallel::at_once;
use super::scene::{Scene, alice};
use crate::clock::{START, after};
use crate::sample::{Draft, cause};
use cloakroom_core::{CloseReason, Kind, Record, Slot, Store, Write};
use std::sync::Arc;

pub(super) async fn swap_keeps_a_seen_at_and_a_deadline_that_are_later(scene: Scene) {
    let session = scene.sample.session(&alice(), START).idle(100);
    scene.open(&session).await;
    // Another request touches while this one works on what it read before.
    assert_eq!(
        scene.store.touch(&[session.touch(after(50))]).await.unwrap(),
        [true]
    );
    assert_eq!(
        scene.store.swap(&session.swap(b"data")).await.unwrap(),
        Write::Done
    );
    assert_eq!(scene.record(&session.key).await.seen_at, after(50));
    assert_eq!(
        scene.sweep(after(149)).await,
        0,
        "the write took back the touch's deadline"
    );
    assert_eq!(scene.sweep(after(150)).await, 1);
}

pub(super) async fn swap_moves_seen_at_and_deadline_forward(scene: Scene) {
    let session = scene.sample.session(&alice(), START).idle(100);
    scene.open(&session).await;
    let later = session.clone().seen(after(70));
    assert_eq!(scene.store.swap(&later.swap(b"data")).await.unwrap(), Write::Done);
    assert_eq!(scene.record(&session.key).await.seen_at, after(70));
    assert_eq!(scene.sweep(after(169)).await, 0);
    assert_eq!(scene.sweep(after(170)).await, 1);
}

pub(super) async fn swap_moves_the_absolute_deadline_as_the_new_version_says(scene: Scene) {
    let session = scene
        .sample
        .session(&alice(), START)
        .idle(1000)
        .expires(after(500));
    scene.open(&session).await;
    // Authentication anew: the absolute deadline moves on.
    let mut longer = session.clone().expires(after(800)).swap(b"longer");
    assert_eq!(scene.store.swap(&longer).await.unwrap(), Write::Done);
    assert_eq!(scene.sweep(after(799)).await, 0);
    // And back: then inactivity can not end it later than that.
    longer.record.expires_at = after(300);
    longer.record.revision = longer.record.revision.next();
    longer.expected = longer.expected.next();
    assert_eq!(scene.store.swap(&longer).await.unwrap(), Write::Done);
    assert_eq!(scene.record(&session.key).await.expires_at, after(300));
    assert_eq!(
        scene.sweep(after(300)).await,
        1,
        "a deadline lay beyond the absolute one"
    );
    let closed = scene.journal().await.pop().unwrap();
    assert_eq!(closed.reason, Some(CloseReason::Absolute));
}

/// Every kind of write to a session that has ended.
async fn write_in_every_way(scene: &Scene, session: &Draft) {
    let store = &scene.store;
    assert_eq!(store.swap(&session.swap(b"data")).await.unwrap(), Write::Gone);
    assert_eq!(store.touch(&[session.touch(after(60))]).await.unwrap(), [false]);
    let to = scene.sample.key(session.key.bucket());
    assert_eq!(store.rotate(&session.rotation(to)).await.unwrap(), Write::Gone);
    assert_eq!(scene.slot(&to).await, None);
    assert_eq!(scene.slot(&session.key).await, None);
    assert_eq!(store.find(&session.id()).await.unwrap(), None);
    assert_eq!(scene.ids(&alice()).await, []);
    assert_eq!(scene.scan(10).await, []);
    assert_eq!(scene.count().await, 0);
}

pub(super) async fn invariant_2_no_write_brings_back_a_closed_session(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let ended = scene
        .store
        .close(&session.key, CloseReason::Logout, &cause(after(1)))
        .await
        .unwrap();
    assert!(ended.is_some());
    let events = scene.journal().await;
    write_in_every_way(&scene, &session).await;
    assert_eq!(scene.journal().await, events);
}

pub(super) async fn invariant_2_no_write_brings_back_a_session_ended_with_all(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let all = scene
        .store
        .close_subject(&alice(), None, CloseReason::Revoked, &cause(after(1)))
        .await
        .unwrap();
    assert_eq!(all.ended.len(), 1);
    write_in_every_way(&scene, &session).await;
}

pub(super) async fn invariant_2_no_write_brings_back_a_swept_session(scene: Scene) {
    let session = scene.sample.session(&alice(), START).idle(50);
    scene.open(&session).await;
    assert_eq!(scene.sweep(after(50)).await, 1);
    write_in_every_way(&scene, &session).await;
}

pub(super) async fn invariant_2_a_save_racing_with_a_log_out_leaves_nothing(scene: Scene) {
    let nodes = scene.nodes().await;
    for turn in 0..30 {
        let session = scene.opened(&alice(), START).await;
        let (saving, leaving) = (nodes.of(turn), nodes.of(turn + 1));
        let (swap, key) = (session.swap(b"data"), session.key);
        let save = tokio::spawn(async move { saving.swap(&swap).await.unwrap() });
        let leave = tokio::spawn(async move {
            leaving
                .close(&key, CloseReason::Logout, &cause(after(1)))
                .await
                .unwrap()
        });
        let (saved, left) = (save.await.unwrap(), leave.await.unwrap());
        assert!(matches!(saved, Write::Done | Write::Gone), "{saved:?}");
        assert!(left.is_some(), "the log-out found no session");
        assert_eq!(
            scene.slot(&key).await,
            None,
            "the save ({saved:?}) outlived the log-out"
        );
        assert_eq!(scene.count().await, 0);
    }
}

pub(super) async fn invariant_3_of_many_writers_on_one_revision_exactly_one_is_done(scene: Scene) {
    let nodes = scene.nodes().await;
    let session = scene.opened(&alice(), START).await;
    let swaps: Vec<_> = (0..40_u8).map(|writer| session.swap(&[writer])).collect();
    let outcomes = at_once(swaps.iter().cloned().enumerate().map(|(turn, swap)| {
        let store = nodes.of(turn);
        async move { store.swap(&swap).await.unwrap() }
    }))
    .await;
    let winners: Vec<_> = (0..40).filter(|turn| outcomes[*turn] == Write::Done).collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| *outcome != Write::Gone));
    assert_eq!(scene.record(&session.key).await, swaps[winners[0]].record);
    let updates = scene
        .journal()
        .await
        .into_iter()
        .filter(|event| event.kind == Kind::Updated);
    assert_eq!(updates.count(), 1);
}

/// Adds one byte to the data, reading again as long as somebody else comes first.
async fn add(store: &dyn Store, session: &Draft, byte: u8) {
    loop {
        let Some(Slot::Live(record)) = store.load(&session.key).await.unwrap() else {
            panic!("the session went away")
        };
        let sealed = [record.sealed.as_deref().unwrap_or_default(), &[byte]].concat();
        let present = Draft {
            record,
            ..session.clone()
        };
        match store.swap(&present.swap(&sealed)).await.unwrap() {
            Write::Done => return,
            Write::Conflict => tokio::task::yield_now().await,
            Write::Gone => panic!("the session went away"),
        }
    }
}

pub(super) async fn invariant_3_writers_who_replay_on_conflict_lose_nothing(scene: Scene) {
    let nodes = scene.nodes().await;
    let session = Arc::new(scene.sample.session(&alice(), START).sealed(b""));
    scene.open(&session).await;
    at_once((0..6_u8).map(|writer| {
        let (store, session) = (nodes.of(writer.into()), session.clone());
        async move {
            for _ in 0..10 {
                add(&*store, &session, writer).await;
            }
        }
    }))
    .await;
    let Record { sealed, revision, .. } = scene.record(&session.key).await;
    let mut sealed = sealed.unwrap();
    sealed.sort_unstable();
    assert_eq!(
        *sealed,
        *[[0; 10], [1; 10], [2; 10], [3; 10], [4; 10], [5; 10]].concat(),
        "ten writes of each"
    );
    assert_eq!(revision.0, session.record.revision.0 + 60);
}
