//! `close` and `close_subject`: sessions end once, and "everywhere" means it.

use super::parallel::at_once;
use super::scene::{Scene, alice, home, subject};
use crate::clock::{START, after};
use crate::sample::cause;
use cloakroom_core::{CloseReason, Ended, Epoch, Kind, Opened, SessionId};

pub(super) async fn close_names_its_reason(scene: Scene) {
    for reason in CloseReason::ALL {
        let session = scene.opened(&alice(), START).await;
        let ended = scene
            .store
            .close(&session.key, *reason, &cause(after(1)))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(ended.reason, *reason);
        assert_eq!(scene.journal().await.pop().unwrap().reason, Some(*reason));
    }
}

pub(super) async fn close_ends_a_session_of_nobody(scene: Scene) {
    let session = scene.sample.anonymous(home(), START);
    scene.open(&session).await;
    let ended = scene
        .store
        .close(&session.key, CloseReason::Logout, &cause(after(1)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((ended.id, ended.subject), (session.id(), None));
    assert_eq!(scene.scan(10).await, []);
    assert_eq!(scene.count().await, 0);
}

pub(super) async fn of_many_log_outs_at_once_exactly_one_ends_the_session(scene: Scene) {
    let nodes = scene.nodes().await;
    let session = scene.opened(&alice(), START).await;
    let outcomes = at_once((0..20).map(|turn| {
        let (store, key) = (nodes.of(turn), session.key);
        async move {
            store
                .close(&key, CloseReason::Logout, &cause(after(1)))
                .await
                .unwrap()
        }
    }))
    .await;
    assert_eq!(outcomes.iter().flatten().count(), 1);
    let closed = scene
        .journal()
        .await
        .into_iter()
        .filter(|event| event.kind == Kind::Closed);
    assert_eq!(closed.count(), 1);
    assert_eq!(scene.count().await, 0);
}

/// Ids of what ended, sorted.
fn ids(ended: &[Ended]) -> Vec<SessionId> {
    let mut ids: Vec<_> = ended.iter().map(|ended| ended.id).collect();
    ids.sort();
    ids
}

pub(super) async fn invariant_1_end_all_ends_every_session_of_the_subject_alone(scene: Scene) {
    let mut own = Vec::new();
    for second in 0..12 {
        own.push(scene.opened(&alice(), after(second)).await);
    }
    let bob = scene.opened(&subject("bob"), START).await;
    let nobody = scene.sample.anonymous(home(), START);
    scene.open(&nobody).await;
    let all = scene
        .store
        .close_subject(&alice(), None, CloseReason::Disabled, &cause(after(20)))
        .await
        .unwrap();
    let mut expected: Vec<_> = own.iter().map(crate::Draft::id).collect();
    expected.sort();
    assert_eq!(ids(&all.ended), expected);
    for ended in &all.ended {
        assert_eq!(
            (ended.subject.as_ref(), ended.reason),
            (Some(&alice()), CloseReason::Disabled)
        );
        assert_eq!(scene.slot(&ended.key).await, None);
    }
    assert_eq!(scene.ids(&alice()).await, []);
    assert_eq!(scene.ids(&subject("bob")).await, [bob.id()]);
    assert_eq!(scene.store.epoch(&subject("bob")).await.unwrap(), Epoch(0));
    assert_eq!(scene.count().await, 2);
}

pub(super) async fn end_all_but_one_spares_that_one(scene: Scene) {
    let spared = scene.opened(&alice(), START).await;
    let other = scene.opened(&alice(), START).await;
    let reason = CloseReason::CredentialChange;
    let all = scene
        .store
        .close_subject(&alice(), Some(spared.id()), reason, &cause(after(1)))
        .await
        .unwrap();
    assert_eq!(ids(&all.ended), [other.id()]);
    assert_eq!(scene.record(&spared.key).await, spared.record);
    assert_eq!(scene.ids(&alice()).await, [spared.id()]);
    assert_eq!(scene.count().await, 1);
}

pub(super) async fn end_all_raises_the_epoch_even_without_sessions(scene: Scene) {
    let mut last = scene.store.epoch(&alice()).await.unwrap();
    // Also twice within a moment, and by a node whose clock is behind.
    for at in [after(10), after(10), after(5), after(3600)] {
        let all = scene
            .store
            .close_subject(&alice(), None, CloseReason::Revoked, &cause(at))
            .await
            .unwrap();
        assert_eq!(all.ended, []);
        assert_eq!(all.epoch, last.raised(at));
        assert_eq!(scene.store.epoch(&alice()).await.unwrap(), all.epoch);
        last = all.epoch;
    }
    assert_eq!(scene.journal().await, []);
}

pub(super) async fn end_all_spares_sessions_of_the_epoch_that_begins_with_it(scene: Scene) {
    let old = scene.opened(&alice(), START).await;
    let next = Epoch(0).raised(after(5));
    let new = scene.sample.session(&alice(), START).epoch(next);
    scene.open(&new).await;
    let all = scene
        .store
        .close_subject(&alice(), None, CloseReason::Revoked, &cause(after(5)))
        .await
        .unwrap();
    assert_eq!((ids(&all.ended), all.epoch), (vec![old.id()], next));
    assert_eq!(scene.ids(&alice()).await, [new.id()]);
}

pub(super) async fn end_all_by_many_at_once_ends_each_session_once(scene: Scene) {
    let nodes = scene.nodes().await;
    let mut expected = Vec::new();
    for _ in 0..10 {
        expected.push(scene.opened(&alice(), START).await.id());
    }
    expected.sort();
    let outcomes = at_once((0..8).map(|turn| {
        let store = nodes.of(turn);
        async move {
            store
                .close_subject(&alice(), None, CloseReason::Revoked, &cause(after(1)))
                .await
                .unwrap()
        }
    }))
    .await;
    let ended: Vec<_> = outcomes.iter().flat_map(|all| all.ended.clone()).collect();
    assert_eq!(ids(&ended), expected);
    let mut epochs: Vec<_> = outcomes.iter().map(|all| all.epoch).collect();
    epochs.sort();
    epochs.dedup();
    assert_eq!(epochs.len(), 8, "two calls began the same epoch");
    assert_eq!(scene.store.epoch(&alice()).await.unwrap(), epochs[7]);
    let closed = scene
        .journal()
        .await
        .into_iter()
        .filter(|event| event.kind == Kind::Closed);
    assert_eq!(closed.count(), 10);
}

pub(super) async fn invariant_1_a_log_in_begun_before_end_all_is_refused(scene: Scene) {
    let begun = scene.store.epoch(&alice()).await.unwrap();
    let login = scene.sample.session(&alice(), after(1)).epoch(begun);
    let all = scene
        .store
        .close_subject(&alice(), None, CloseReason::Revoked, &cause(after(2)))
        .await
        .unwrap();
    let older = scene.sample.anonymous(home(), START);
    scene.open(&older).await;
    let events = scene.journal().await;
    let mut opening = login.opening();
    opening.replaces = Some(older.key);
    assert_eq!(scene.try_open(&opening).await, Opened::StaleEpoch);
    assert_eq!(scene.slot(&login.key).await, None);
    assert_eq!(
        scene.record(&older.key).await,
        older.record,
        "a refused log-in changed something"
    );
    assert_eq!(scene.journal().await, events);
    assert_eq!(scene.count().await, 1);
    scene.open(&login.epoch(all.epoch)).await;
    assert_eq!(scene.count().await, 2);
}

pub(super) async fn invariant_1_log_ins_racing_with_end_all_do_not_survive_it(scene: Scene) {
    let nodes = scene.nodes().await;
    for round in 0..5 {
        let begun = scene.store.epoch(&alice()).await.unwrap();
        let logins: Vec<_> = (0..20)
            .map(|_| scene.sample.session(&alice(), START).epoch(begun).opening())
            .collect();
        let (ending, at) = (nodes.of(1), after(round + 1));
        let end = tokio::spawn(async move {
            ending
                .close_subject(&alice(), None, CloseReason::Revoked, &cause(at))
                .await
                .unwrap()
        });
        let outcomes = at_once(logins.into_iter().enumerate().map(|(turn, opening)| {
            let store = nodes.of(turn);
            async move { store.open(&opening).await.unwrap() }
        }))
        .await;
        let all = end.await.unwrap();
        let opened = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Opened::Opened(_)))
            .count();
        let stale = outcomes
            .iter()
            .filter(|outcome| **outcome == Opened::StaleEpoch)
            .count();
        assert_eq!(opened + stale, 20, "{outcomes:?}");
        assert_eq!(all.ended.len(), opened, "end-all missed a log-in");
        assert_eq!(
            scene.ids(&alice()).await,
            [],
            "a session of the older epoch survived"
        );
        assert_eq!(scene.count().await, 0);
    }
}
