//! `sweep`: sessions that lapse with nobody looking end all the same.

use super::parallel::at_once;
use super::scene::{Scene, alice, home, sorted_ids, subject, sweep};
use crate::clock::{START, after};
use cloakroom_core::{CloseReason, Kind, SessionId, Slot, Swept, Timestamp};
use std::collections::HashSet;
use std::time::Duration;

pub(super) async fn sweep_ends_what_lapsed_and_says_why(scene: Scene) {
    let idle = scene.sample.session(&alice(), START).idle(100);
    let old = scene
        .sample
        .session(&alice(), START)
        .idle(500)
        .expires(after(100));
    let nobody = scene.sample.anonymous(home(), START).idle(100);
    let alive = scene.sample.session(&alice(), START).idle(101);
    for session in [&idle, &old, &nobody, &alive] {
        scene.open(session).await;
    }
    let just_before = Timestamp::from_millis(after(100).as_millis() - 1);
    assert_eq!(scene.sweep(just_before).await, 0);
    assert_eq!(scene.sweep(after(100)).await, 3);
    let closed = scene.journal().await.split_off(4);
    for (session, reason) in [
        (&idle, CloseReason::Idle),
        (&old, CloseReason::Absolute),
        (&nobody, CloseReason::Idle),
    ] {
        let mut entries = closed.iter().filter(|event| event.session == Some(session.id()));
        assert_eq!(entries.next().unwrap().reason, Some(reason));
        assert_eq!(entries.next(), None);
        assert_eq!(scene.slot(&session.key).await, None);
    }
    assert_eq!(sorted_ids(&scene.scan(10).await), [alive.id()]);
    assert_eq!(scene.count().await, 1);
    assert_eq!(scene.sweep(after(100)).await, 0);
    assert_eq!(scene.journal().await.len(), 7);
}

pub(super) async fn sweep_ends_at_most_so_many_and_says_if_there_is_more(scene: Scene) {
    for _ in 0..5 {
        scene.open(&scene.sample.anonymous(home(), START).idle(10)).await;
    }
    assert_eq!(
        scene.store.sweep(after(10), 3).await.unwrap(),
        Swept { ended: 3, more: true }
    );
    assert_eq!(scene.count().await, 2);
    assert_eq!(
        scene.store.sweep(after(10), 3).await.unwrap(),
        Swept {
            ended: 2,
            more: false
        }
    );
    assert_eq!(scene.count().await, 0);
    assert_eq!(scene.store.sweep(after(10), 3).await.unwrap(), Swept::default());
}

pub(super) async fn sessions_that_lapsed_count_until_they_are_swept(scene: Scene) {
    scene.open(&scene.sample.session(&alice(), START).idle(10)).await;
    scene.opened(&subject("bob"), after(1000)).await;
    assert_eq!(scene.count().await, 2);
    assert_eq!(scene.sweep(after(1000)).await, 1);
    assert_eq!(scene.count().await, 1);
}

pub(super) async fn two_sweepers_end_each_session_once(scene: Scene) {
    let nodes = scene.nodes().await;
    for _ in 0..60 {
        scene.open(&scene.sample.session(&alice(), START).idle(10)).await;
    }
    let ended = at_once((0..4).map(|turn| {
        let store = nodes.of(turn);
        async move { sweep(&*store, after(10)).await }
    }))
    .await;
    assert_eq!(ended.iter().sum::<usize>(), 60);
    assert_eq!(scene.count().await, 0);
    let closed = scene
        .journal()
        .await
        .into_iter()
        .filter(|event| event.kind == Kind::Closed);
    assert_eq!(closed.count(), 60);
}

pub(super) async fn a_touch_racing_with_a_sweep_is_true_to_its_answer(scene: Scene) {
    let nodes = scene.nodes().await;
    let sessions: Vec<_> = (0..60)
        .map(|_| scene.sample.session(&alice(), START).idle(10))
        .collect();
    for session in &sessions {
        scene.open(session).await;
    }
    // All lapse at ten. Touched at nine, they live until nineteen: whichever comes first decides.
    let sweeper = nodes.of(1);
    let sweeping = tokio::spawn(async move {
        for _ in 0..60 {
            let _ = sweeper.sweep(after(10), 1).await.unwrap();
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    });
    let touches: Vec<_> = sessions.iter().map(|session| session.touch(after(9))).collect();
    let answers = at_once(
        touches
            .chunks(4)
            .map(<[_]>::to_vec)
            .enumerate()
            .map(|(turn, touches)| {
                let store = nodes.of(turn);
                async move { store.touch(&touches).await.unwrap() }
            }),
    )
    .await
    .concat();
    sweeping.await.unwrap();
    scene.sweep(after(10)).await;
    let closed: HashSet<Option<SessionId>> = scene
        .journal()
        .await
        .split_off(60)
        .iter()
        .map(|it| it.session)
        .collect();
    for (session, alive) in sessions.iter().zip(&answers) {
        assert_eq!(
            matches!(scene.slot(&session.key).await, Some(Slot::Live(_))),
            *alive,
            "{session:?}"
        );
        assert_eq!(
            !closed.contains(&Some(session.id())),
            *alive,
            "a touch's answer and the journal disagree"
        );
    }
    assert_eq!(
        scene.count().await,
        answers.iter().filter(|alive| **alive).count() as u64
    );
    // Who was touched lives to the new deadline; who was swept never comes back.
    assert_eq!(scene.sweep(after(18)).await, 0);
    let late: Vec<_> = sessions.iter().map(|session| session.touch(after(18))).collect();
    assert_eq!(scene.store.touch(&late).await.unwrap(), answers);
}
