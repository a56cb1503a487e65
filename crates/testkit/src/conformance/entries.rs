//! What each step writes into the journal, to the last field, and what writes nothing.

use super::scene::{Scene, alice, home};
use crate::clock::{START, after};
use crate::sample::{Draft, cause};
use cloakroom_core::{Actor, Cause, CloseReason, Event, Kind, Opened, Position, SessionId, WhenFull, Write};

fn entry(kind: Kind, session: &Draft, cause: Cause) -> Event {
    Event {
        kind,
        reason: None,
        session: Some(session.id()),
        key: Some(session.key),
        subject: session.record.subject().cloned(),
        cause,
    }
}

fn closed(reason: CloseReason, session: &Draft, cause: Cause) -> Event {
    Event {
        reason: Some(reason),
        ..entry(Kind::Closed, session, cause)
    }
}

pub(super) async fn invariant_8_opening_writes_one_entry(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let nobody = scene.sample.anonymous(home(), after(1));
    scene.open(&nobody).await;
    let expected = [
        entry(Kind::Opened, &session, cause(START)),
        entry(Kind::Opened, &nobody, cause(after(1))),
    ];
    assert_eq!(scene.journal().await, expected);
}

pub(super) async fn invariant_8_opening_writes_who_ended_for_it_first(scene: Scene) {
    let replaced = scene.opened(&alice(), after(50)).await;
    let lapsed = scene.sample.session(&alice(), START).idle(60);
    let evicted = scene.sample.session(&alice(), after(40));
    scene.open(&lapsed).await;
    scene.open(&evicted).await;
    let next = scene.sample.session(&alice(), after(60));
    let mut opening = next.opening_within(1, WhenFull::EvictOldest);
    opening.replaces = Some(replaced.key);
    assert_eq!(scene.admit(&opening).await.len(), 3);
    let mut written = scene.journal().await.split_off(3);
    let at = || cause(after(60));
    assert_eq!(
        written.pop(),
        Some(entry(Kind::Opened, &next, at())),
        "what was opened comes last"
    );
    let mut expected = [
        closed(CloseReason::Replaced, &replaced, at()),
        closed(CloseReason::Idle, &lapsed, at()),
        closed(CloseReason::Evicted, &evicted, at()),
    ];
    written.sort_by_key(|event| event.session);
    expected.sort_by_key(|event| event.session);
    assert_eq!(written, expected);
}

pub(super) async fn invariant_8_a_refused_opening_writes_whose_it_was(scene: Scene) {
    scene.opened(&alice(), START).await;
    let opening = scene
        .sample
        .session(&alice(), after(9))
        .opening_within(1, WhenFull::Reject);
    assert_eq!(scene.try_open(&opening).await, Opened::Full);
    let expected = Event::of(Kind::LimitRefused, cause(after(9))).about(Some(alice()));
    assert_eq!(scene.journal().await[1], expected);
}

pub(super) async fn invariant_8_a_swap_writes_its_kind(scene: Scene) {
    for kind in [Kind::Updated, Kind::Elevated, Kind::BindingChanged] {
        let session = scene.opened(&alice(), START).await;
        let mut swap = session.swap(b"data");
        (swap.kind, swap.cause) = (kind, cause(after(3)));
        assert_eq!(scene.store.swap(&swap).await.unwrap(), Write::Done);
        assert_eq!(
            scene.journal().await.pop(),
            Some(entry(kind, &session, cause(after(3))))
        );
    }
}

pub(super) async fn invariant_8_a_rotation_writes_its_kind_and_the_old_key(scene: Scene) {
    for kind in [Kind::Renewed, Kind::Rotated, Kind::Elevated] {
        let session = scene.opened(&alice(), START).await;
        let mut rotation = session.rotation(scene.sample.key(home()));
        (rotation.swap.kind, rotation.swap.cause) = (kind, cause(after(3)));
        assert_eq!(scene.store.rotate(&rotation).await.unwrap(), Write::Done);
        assert_eq!(
            scene.journal().await.pop(),
            Some(entry(kind, &session, cause(after(3))))
        );
    }
}

pub(super) async fn invariant_8_each_way_to_end_writes_one_entry_for_each_that_ended(scene: Scene) {
    let out = scene.opened(&alice(), START).await;
    scene
        .store
        .close(&out.key, CloseReason::Logout, &cause(after(1)))
        .await
        .unwrap();
    let idle = scene.sample.session(&alice(), START).idle(2);
    scene.open(&idle).await;
    scene.sweep(after(2)).await;
    let one = scene.opened(&alice(), START).await;
    let rotated = scene.opened(&alice(), START).await;
    let rotation = rotated.rotation(scene.sample.key(home()));
    assert_eq!(scene.store.rotate(&rotation).await.unwrap(), Write::Done);
    let other = Draft {
        key: rotation.to,
        ..rotated
    };
    scene
        .store
        .close_subject(&alice(), None, CloseReason::Revoked, &cause(after(3)))
        .await
        .unwrap();
    let by_time = Cause {
        at: after(2),
        ..Cause::default()
    };
    let mut expected = vec![
        closed(CloseReason::Logout, &out, cause(after(1))),
        closed(CloseReason::Idle, &idle, by_time),
        closed(CloseReason::Revoked, &one, cause(after(3))),
        closed(CloseReason::Revoked, &other, cause(after(3))),
    ];
    let mut written: Vec<_> = scene
        .journal()
        .await
        .into_iter()
        .filter(|event| event.kind == Kind::Closed)
        .collect();
    let order = |event: &Event| (event.cause.at, event.session);
    assert!(written.is_sorted_by_key(|event| if event.cause.at == after(1) {
        0
    } else {
        event.cause.at.as_millis()
    }));
    written.sort_by_key(order);
    expected.sort_by_key(order);
    assert_eq!(written, expected);
}

/// Events of every kind, by every kind of actor, with as much and as little as there can be.
fn all_sorts(session: SessionId) -> Vec<Event> {
    let actors = [
        Actor::System,
        Actor::User,
        Actor::Operator("root".to_owned()),
        Actor::Operator(String::new()),
    ];
    let mut events = Vec::new();
    for (n, kind) in Kind::ALL.iter().enumerate() {
        let mut cause = if n % 2 == 0 {
            cause(after(n as u64))
        } else {
            Cause {
                at: after(n as u64),
                ..Cause::default()
            }
        };
        cause.actor = actors[n % actors.len()].clone();
        if n % 3 == 0 {
            cause.ip = Some([203, 0, 113, 9].into());
            cause.detail = Some("x".repeat(2000).into());
        }
        let event = Event::of(*kind, cause);
        events.push(if n % 2 == 0 {
            event.in_session(session)
        } else {
            event.about(Some(alice()))
        });
    }
    events
}

pub(super) async fn appended_events_come_back_whole_and_in_order(scene: Scene) {
    let events = all_sorts(scene.sample.session(&alice(), START).id());
    for event in &events {
        scene.store.append(event).await.unwrap();
    }
    assert_eq!(scene.in_order(scene.journal().await), scene.in_order(events));
    assert_eq!(scene.count().await, 0);
}

pub(super) async fn invariant_8_nothing_is_in_the_journal_that_did_not_happen(scene: Scene) {
    let session = scene.opened(&alice(), START).await;
    let stranger = scene.sample.session(&alice(), START);
    let swap = session.swap(b"data");
    assert_eq!(scene.store.swap(&swap).await.unwrap(), Write::Done);
    let end = scene.store.journal_end().await.unwrap();
    let store = &scene.store;
    let to = scene.sample.key(home());
    assert_eq!(store.swap(&swap).await.unwrap(), Write::Conflict);
    assert_eq!(store.swap(&stranger.swap(b"data")).await.unwrap(), Write::Gone);
    assert_eq!(
        store.rotate(&session.rotation(to)).await.unwrap(),
        Write::Conflict
    );
    assert_eq!(store.rotate(&stranger.rotation(to)).await.unwrap(), Write::Gone);
    assert_eq!(
        store
            .close(&stranger.key, CloseReason::Logout, &cause(START))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        store
            .touch(&[session.touch(after(1)), stranger.touch(after(1))])
            .await
            .unwrap(),
        [true, false]
    );
    assert_eq!(scene.sweep(after(1)).await, 0);
    let only = store
        .close_subject(
            &alice(),
            Some(session.id()),
            CloseReason::Revoked,
            &cause(after(1)),
        )
        .await
        .unwrap();
    assert_eq!(only.ended, []);
    assert_eq!(scene.try_open(&stranger.opening()).await, Opened::StaleEpoch);
    assert_eq!(scene.journal_after(&end).await, []);
    assert_eq!(store.journal_end().await.unwrap(), end);
    assert_eq!(scene.journal_after(&Position::start()).await.len(), 2);
}
