//! `touch`: seen at least then.

use super::scene::{Scene, alice, home};
use crate::clock::{START, after};
use cloakroom_core::{CloseReason, Record, Touch};

pub(super) async fn touch_moves_seen_at_and_deadline_forward_alone(scene: Scene) {
    let session = scene.sample.session(&alice(), START).idle(100);
    scene.open(&session).await;
    for (seen_at, then) in [(40, 40), (20, 40), (40, 40), (41, 41)] {
        assert_eq!(
            scene.store.touch(&[session.touch(after(seen_at))]).await.unwrap(),
            [true]
        );
        assert_eq!(
            scene.record(&session.key).await.seen_at,
            after(then),
            "after a touch at {seen_at}"
        );
    }
    assert_eq!(scene.sweep(after(140)).await, 0);
    assert_eq!(scene.sweep(after(141)).await, 1);
}

pub(super) async fn touch_takes_seen_at_and_deadline_each_by_itself(scene: Scene) {
    // Two nodes with different idle timeouts, in the middle of a change of configuration.
    let session = scene.sample.session(&alice(), START).idle(100);
    scene.open(&session).await;
    let earlier_deadline = Touch {
        key: session.key,
        seen_at: after(50),
        deadline: after(60),
    };
    let earlier_sight = Touch {
        key: session.key,
        seen_at: after(10),
        deadline: after(120),
    };
    assert_eq!(scene.store.touch(&[earlier_deadline]).await.unwrap(), [true]);
    assert_eq!(
        scene.sweep(after(99)).await,
        0,
        "a touch brought the deadline forward"
    );
    assert_eq!(scene.store.touch(&[earlier_sight]).await.unwrap(), [true]);
    assert_eq!(scene.record(&session.key).await.seen_at, after(50));
    assert_eq!(scene.sweep(after(119)).await, 0);
    assert_eq!(scene.sweep(after(120)).await, 1);
}

pub(super) async fn touch_makes_no_revision_and_no_entry(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let events = scene.journal().await;
    assert_eq!(
        scene.store.touch(&[session.touch(after(5))]).await.unwrap(),
        [true]
    );
    let expected = Record {
        seen_at: after(5),
        ..session.record.clone()
    };
    assert_eq!(scene.record(&session.key).await, expected);
    assert_eq!(
        scene.store.find(&session.id()).await.unwrap().unwrap().record,
        expected
    );
    assert_eq!(scene.store.list(&alice()).await.unwrap()[0].record, expected);
    assert_eq!(scene.journal().await, events);
}

pub(super) async fn touch_answers_for_each(scene: Scene) {
    let sessions: Vec<_> = (0..300).map(|_| scene.sample.anonymous(home(), START)).collect();
    for session in sessions.iter().step_by(3) {
        scene.open(session).await;
    }
    let touches: Vec<_> = sessions.iter().map(|session| session.touch(after(9))).collect();
    let answers = scene.store.touch(&touches).await.unwrap();
    let expected: Vec<_> = (0..300).map(|turn| turn % 3 == 0).collect();
    assert_eq!(answers, expected);
    assert_eq!(scene.count().await, 100);
    assert_eq!(scene.record(&sessions[297].key).await.seen_at, after(9));
    assert_eq!(scene.store.touch(&[]).await.unwrap(), [] as [bool; 0]);
}

pub(super) async fn invariant_6_touch_never_moves_the_absolute_deadline(scene: Scene) {
    let session = scene
        .sample
        .session(&alice(), START)
        .idle(100)
        .expires(after(200));
    scene.open(&session).await;
    // Whoever touches may have read an older version, and asks for more than there is.
    let greedy = Touch {
        key: session.key,
        seen_at: after(190),
        deadline: after(290),
    };
    assert_eq!(scene.store.touch(&[greedy]).await.unwrap(), [true]);
    assert_eq!(scene.record(&session.key).await.expires_at, after(200));
    assert_eq!(scene.sweep(after(199)).await, 0);
    assert_eq!(
        scene.sweep(after(200)).await,
        1,
        "activity moved the absolute deadline"
    );
    assert_eq!(
        scene.journal().await.pop().unwrap().reason,
        Some(CloseReason::Absolute)
    );
}
