//! `rotate`: the same session under another key, and what is left under the old one.

use super::parallel::at_once;
use super::scene::{Scene, alice, home};
use crate::clock::{START, after};
use crate::sample::{Draft, cause};
use cloakroom_core::{CloseReason, Found, Kind, Moved, Rotation, Slot, Write};

/// A session that was renewed once, and how.
async fn renewed(scene: &Scene) -> (Draft, Rotation) {
    let session = scene.sample.session(&alice(), START).idle(100);
    scene.open(&session).await;
    let rotation = session.rotation(scene.sample.key(home()));
    assert_eq!(scene.store.rotate(&rotation).await.unwrap(), Write::Done);
    (session, rotation)
}

/// The session as it is after a rotation, for the next step.
fn moved(session: &Draft, rotation: &Rotation) -> Draft {
    Draft {
        key: rotation.to,
        record: rotation.swap.record.clone(),
        idle: session.idle,
    }
}

pub(super) async fn rotate_moves_the_session_and_leaves_the_way_there(scene: Scene) {
    let (session, rotation) = renewed(&scene).await;
    let found = Found {
        key: rotation.to,
        record: rotation.swap.record.clone(),
    };
    assert_eq!(scene.slot(&session.key).await, rotation.leave.map(Slot::Moved));
    assert_eq!(
        scene.slot(&rotation.to).await,
        Some(Slot::Live(found.record.clone()))
    );
    assert_eq!(
        scene.store.find(&session.id()).await.unwrap(),
        Some(found.clone())
    );
    assert_eq!(scene.store.list(&alice()).await.unwrap(), [found]);
}

pub(super) async fn rotate_without_a_way_there_leaves_nothing(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let rotation = Rotation {
        leave: None,
        ..session.rotation(scene.sample.key(home()))
    };
    assert_eq!(scene.store.rotate(&rotation).await.unwrap(), Write::Done);
    assert_eq!(scene.slot(&session.key).await, None);
    assert_eq!(scene.record(&rotation.to).await, rotation.swap.record);
    assert_eq!(
        scene.store.swap(&session.swap(b"late")).await.unwrap(),
        Write::Gone
    );
}

pub(super) async fn invariant_7_a_renewed_token_is_not_a_second_session(scene: Scene) {
    let (_, rotation) = renewed(&scene).await;
    assert_eq!(scene.count().await, 1);
    assert_eq!(scene.scan(1).await.len(), 1);
    assert_eq!(scene.scan(10).await[0].key, rotation.to);
    assert_eq!(scene.store.list(&alice()).await.unwrap().len(), 1);
}

pub(super) async fn writes_under_the_old_key_of_a_renewed_token_change_nothing(scene: Scene) {
    let (session, rotation) = renewed(&scene).await;
    let events = scene.journal().await;
    let store = &scene.store;
    assert_eq!(store.swap(&session.swap(b"late")).await.unwrap(), Write::Conflict);
    let elsewhere = session.rotation(scene.sample.key(home()));
    assert_eq!(store.rotate(&elsewhere).await.unwrap(), Write::Conflict);
    assert_eq!(store.touch(&[session.touch(after(90))]).await.unwrap(), [false]);
    assert_eq!(
        store
            .close(&session.key, CloseReason::Logout, &cause(after(1)))
            .await
            .unwrap(),
        None
    );
    assert_eq!(scene.slot(&elsewhere.to).await, None);
    assert_eq!(scene.record(&rotation.to).await, rotation.swap.record);
    assert_eq!(scene.slot(&session.key).await, rotation.leave.map(Slot::Moved));
    assert_eq!(scene.journal().await, events);
}

pub(super) async fn rotate_from_an_older_revision_is_a_conflict(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let swap = session.swap(b"first");
    assert_eq!(scene.store.swap(&swap).await.unwrap(), Write::Done);
    let events = scene.journal().await;
    let rotation = session.rotation(scene.sample.key(home()));
    assert_eq!(scene.store.rotate(&rotation).await.unwrap(), Write::Conflict);
    assert_eq!(scene.record(&session.key).await, swap.record);
    assert_eq!(scene.slot(&rotation.to).await, None);
    assert_eq!(scene.journal().await, events);
}

pub(super) async fn rotate_keeps_what_touches_have_noted(scene: Scene) {
    let session = scene.sample.session(&alice(), START).idle(100);
    scene.open(&session).await;
    assert_eq!(
        scene.store.touch(&[session.touch(after(50))]).await.unwrap(),
        [true]
    );
    let rotation = session.rotation(scene.sample.key(home()));
    assert_eq!(scene.store.rotate(&rotation).await.unwrap(), Write::Done);
    assert_eq!(scene.record(&rotation.to).await.seen_at, after(50));
    assert_eq!(scene.sweep(after(149)).await, 0);
    assert_eq!(scene.sweep(after(150)).await, 1);
}

pub(super) async fn a_session_is_itself_after_many_rotations(scene: Scene) {
    let mut session = scene.opened(&alice(), START).await;
    let mut keys = vec![session.key];
    for _ in 0..5 {
        let rotation = session.rotation(scene.sample.key(home()));
        assert_eq!(scene.store.rotate(&rotation).await.unwrap(), Write::Done);
        session = moved(&session, &rotation);
        keys.push(session.key);
    }
    for hop in keys.windows(2) {
        let Some(Slot::Moved(Moved { to, id, .. })) = scene.slot(&hop[0]).await else {
            panic!("no way on")
        };
        assert_eq!((to, id), (hop[1], session.id()));
    }
    assert_eq!(
        scene.store.swap(&session.swap(b"still here")).await.unwrap(),
        Write::Done
    );
    assert_eq!(
        scene.store.touch(&[session.touch(after(7))]).await.unwrap(),
        [true]
    );
    let ended = scene
        .store
        .close(&session.key, CloseReason::Logout, &cause(after(8)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((ended.id, ended.key), (session.id(), session.key));
    assert_eq!(scene.count().await, 0);
    assert_eq!(scene.ids(&alice()).await, []);
}

pub(super) async fn end_all_finds_a_rotated_session(scene: Scene) {
    let (session, rotation) = renewed(&scene).await;
    let all = scene
        .store
        .close_subject(&alice(), None, CloseReason::Revoked, &cause(after(1)))
        .await
        .unwrap();
    assert_eq!(all.ended.len(), 1);
    assert_eq!((all.ended[0].id, all.ended[0].key), (session.id(), rotation.to));
    assert_eq!(scene.slot(&rotation.to).await, None);
}

pub(super) async fn of_a_hundred_rotations_from_one_revision_exactly_one_is_done(scene: Scene) {
    let nodes = scene.nodes().await;
    let session = scene.opened(&alice(), START).await;
    let rotations: Vec<_> = (0..100)
        .map(|_| session.rotation(scene.sample.key(home())))
        .collect();
    let outcomes = at_once(rotations.iter().cloned().enumerate().map(|(turn, rotation)| {
        let store = nodes.of(turn);
        async move { store.rotate(&rotation).await.unwrap() }
    }))
    .await;
    let mut winners = rotations
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| **outcome == Write::Done);
    let (winner, _) = winners.next().expect("one rotation is done");
    assert_eq!(winners.count(), 0, "more than one rotation is done");
    assert!(outcomes.iter().all(|outcome| *outcome != Write::Gone));
    for rotation in rotations.iter().filter(|rotation| rotation.to != winner.to) {
        assert_eq!(scene.slot(&rotation.to).await, None);
    }
    assert_eq!(
        scene.slot(&session.key).await,
        winner.leave.clone().map(Slot::Moved)
    );
    assert_eq!(scene.record(&winner.to).await, winner.swap.record);
    assert_eq!(scene.count().await, 1);
    let renewals = scene
        .journal()
        .await
        .into_iter()
        .filter(|event| event.kind == Kind::Renewed);
    assert_eq!(renewals.count(), 1);
}

pub(super) async fn invariant_3_of_writes_and_rotations_from_one_revision_exactly_one_is_done(scene: Scene) {
    let nodes = scene.nodes().await;
    for _ in 0..10 {
        let session = scene.opened(&alice(), START).await;
        let outcomes = at_once((0..12).map(|turn| {
            let store = nodes.of(turn / 2);
            let (swap, rotation) = (session.swap(b"data"), session.rotation(scene.sample.key(home())));
            async move {
                if turn % 2 == 0 {
                    store.swap(&swap).await.unwrap()
                } else {
                    store.rotate(&rotation).await.unwrap()
                }
            }
        }))
        .await;
        let done = outcomes.iter().filter(|outcome| **outcome == Write::Done).count();
        assert_eq!(done, 1, "{outcomes:?}");
    }
}

pub(super) async fn invariant_2_a_rotation_racing_with_end_all_leaves_nothing(scene: Scene) {
    let nodes = scene.nodes().await;
    for turn in 0..30 {
        let at = after(turn + 1);
        let epoch = scene.store.epoch(&alice()).await.unwrap();
        let session = scene.sample.session(&alice(), START).epoch(epoch);
        scene.open(&session).await;
        let rotation = session.rotation(scene.sample.key(home()));
        let to = rotation.to;
        let (one, other) = if turn % 2 == 0 { (0, 1) } else { (1, 0) };
        let (renewing, ending) = (nodes.of(one), nodes.of(other));
        let renewal = tokio::spawn(async move { renewing.rotate(&rotation).await.unwrap() });
        let end = tokio::spawn(async move {
            ending
                .close_subject(&alice(), None, CloseReason::Revoked, &cause(at))
                .await
                .unwrap()
        });
        let (renewal, ended) = (renewal.await.unwrap(), end.await.unwrap().ended);
        assert_eq!(
            ended.len(),
            1,
            "end-all missed the session while it moved ({renewal:?})"
        );
        assert!(
            !matches!(scene.slot(&to).await, Some(Slot::Live(_))),
            "the session outlived end-all"
        );
        assert_eq!(scene.count().await, 0);
    }
}

pub(super) async fn sweep_forgets_renewed_tokens_in_their_time(scene: Scene) {
    let (session, rotation) = renewed(&scene).await;
    let lapses = rotation.leave.as_ref().unwrap().expires_at;
    let events = scene.journal().await;
    assert_eq!(scene.sweep(after(59)).await, 0);
    assert_eq!(scene.slot(&session.key).await, rotation.leave.map(Slot::Moved));
    assert_eq!(
        scene.sweep(lapses).await,
        0,
        "a renewed token was counted as a session"
    );
    if !scene.fixture.moved_lapse_by_themselves() {
        assert_eq!(scene.slot(&session.key).await, None);
    }
    assert_eq!(scene.record(&rotation.to).await, rotation.swap.record);
    assert_eq!(
        scene.journal().await,
        events,
        "forgetting a renewed token is no news"
    );
    assert_eq!(scene.count().await, 1);
}
