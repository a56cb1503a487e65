//! The limit on a subject's sessions, kept within the step that opens one.

use super::parallel::at_once;
use super::scene::{Scene, alice, home, sorted_ids, subject};
use crate::clock::{START, after};
use crate::sample::Draft;
use cloakroom_core::{CloseReason, Ended, Kind, Opened, Slot, WhenFull, Write};

const EVICT: WhenFull = WhenFull::EvictOldest;
const REJECT: WhenFull = WhenFull::Reject;

fn ended(session: &Draft, reason: CloseReason) -> Ended {
    Ended {
        id: session.id(),
        key: session.key,
        subject: session.record.subject().cloned(),
        reason,
    }
}

/// Sessions of alice, opened one second after the other.
async fn several(scene: &Scene, many: u64) -> Vec<Draft> {
    let mut sessions = Vec::new();
    for second in 0..many {
        sessions.push(scene.opened(&alice(), after(second)).await);
    }
    sessions
}

/// Fifty log-ins at once under a limit of five.
async fn fifty_at_once(scene: &Scene, when_full: WhenFull) -> Vec<Opened> {
    let nodes = scene.nodes().await;
    let openings: Vec<_> = (0..50)
        .map(|turn| {
            scene
                .sample
                .session(&alice(), after(turn))
                .opening_within(5, when_full)
        })
        .collect();
    at_once(openings.into_iter().enumerate().map(|(turn, opening)| {
        let store = nodes.of(turn);
        async move { store.open(&opening).await.unwrap() }
    }))
    .await
}

/// Replays the journal: the greatest number of sessions that were open at one time.
async fn most_at_a_time(scene: &Scene) -> i32 {
    let (mut open, mut most) = (0, 0);
    for event in scene.journal().await {
        match event.kind {
            Kind::Opened => open += 1,
            Kind::Closed => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    most
}

pub(super) async fn invariant_7_fifty_log_ins_at_once_never_leave_six_sessions_when_evicting(scene: Scene) {
    let outcomes = fifty_at_once(&scene, EVICT).await;
    let evicted: usize = outcomes
        .iter()
        .map(|outcome| match outcome {
            Opened::Opened(ended) => {
                assert!(ended.iter().all(|ended| ended.reason == CloseReason::Evicted));
                ended.len()
            }
            refused => panic!("{refused:?}"),
        })
        .sum();
    assert_eq!(evicted, 45);
    assert_eq!(scene.ids(&alice()).await.len(), 5);
    assert_eq!(scene.count().await, 5);
    assert_eq!(most_at_a_time(&scene).await, 5);
}

pub(super) async fn invariant_7_fifty_log_ins_at_once_never_leave_six_sessions_when_rejecting(scene: Scene) {
    let outcomes = fifty_at_once(&scene, REJECT).await;
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == Opened::Opened(Vec::new()))
            .count(),
        5
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == Opened::Full)
            .count(),
        45
    );
    assert_eq!(scene.ids(&alice()).await.len(), 5);
    assert_eq!(scene.count().await, 5);
    assert_eq!(most_at_a_time(&scene).await, 5);
    let refused = scene
        .journal()
        .await
        .into_iter()
        .filter(|event| event.kind == Kind::LimitRefused);
    assert_eq!(refused.count(), 45);
}

pub(super) async fn the_session_seen_least_recently_is_evicted(scene: Scene) {
    let sessions = several(&scene, 3).await;
    // The first was opened first and used last.
    assert_eq!(
        scene.store.touch(&[sessions[0].touch(after(30))]).await.unwrap(),
        [true]
    );
    for (at, evicted) in [(40, 1), (41, 2), (42, 0)] {
        let next = scene.sample.session(&alice(), after(at));
        let gone = scene.admit(&next.opening_within(3, EVICT)).await;
        assert_eq!(gone, [ended(&sessions[evicted], CloseReason::Evicted)]);
    }
    assert_eq!(scene.count().await, 3);
}

pub(super) async fn being_seen_through_a_write_or_a_rotation_counts_for_eviction(scene: Scene) {
    let sessions = several(&scene, 3).await;
    let swap = sessions[0].clone().seen(after(30)).swap(b"data");
    assert_eq!(scene.store.swap(&swap).await.unwrap(), Write::Done);
    let rotation = sessions[1]
        .clone()
        .seen(after(20))
        .rotation(scene.sample.key(home()));
    assert_eq!(scene.store.rotate(&rotation).await.unwrap(), Write::Done);
    let mut evicted = Vec::new();
    for at in 40..43 {
        let gone = scene
            .admit(&scene.sample.session(&alice(), after(at)).opening_within(3, EVICT))
            .await;
        evicted.extend(gone.into_iter().map(|ended| (ended.id, ended.key)));
    }
    let expected = [(2, sessions[2].key), (1, rotation.to), (0, sessions[0].key)];
    assert_eq!(evicted, expected.map(|(which, key)| (sessions[which].id(), key)));
}

pub(super) async fn a_lower_limit_evicts_several_at_once(scene: Scene) {
    let sessions = several(&scene, 6).await;
    let next = scene.sample.session(&alice(), after(10));
    let gone = scene.admit(&next.opening_within(2, EVICT)).await;
    let expected: Vec<_> = sessions[..5]
        .iter()
        .map(|session| ended(session, CloseReason::Evicted))
        .collect();
    assert_eq!(gone, expected);
    let kept = sorted_ids(&[sessions[5].found(), next.found()]);
    assert_eq!(scene.ids(&alice()).await, kept);
}

pub(super) async fn a_limit_of_one_leaves_the_newest(scene: Scene) {
    let first = scene.opened(&alice(), START).await;
    // Even if the clock of the node that opens it is behind.
    let second = scene.sample.session(&alice(), START);
    let gone = scene.admit(&second.opening_within(1, EVICT)).await;
    assert_eq!(gone, [ended(&first, CloseReason::Evicted)]);
    assert_eq!(scene.ids(&alice()).await, [second.id()]);
}

pub(super) async fn no_limit_holds_for_others_for_nobody_and_for_zero(scene: Scene) {
    for second in 0..8 {
        let own = scene
            .sample
            .session(&alice(), after(second))
            .opening_within(0, REJECT);
        let nobody = scene
            .sample
            .anonymous(home(), after(second))
            .opening_within(1, REJECT);
        let other = scene
            .sample
            .session(&subject(&format!("user {second}")), START)
            .opening_within(1, REJECT);
        for opening in [own, nobody, other] {
            assert_eq!(scene.try_open(&opening).await, Opened::Opened(Vec::new()));
        }
    }
    assert_eq!(scene.count().await, 24);
}

pub(super) async fn a_replaced_session_ends_and_does_not_count(scene: Scene) {
    for when_full in [EVICT, REJECT] {
        let user = subject(&format!("{when_full:?}"));
        let (first, second) = (
            scene.opened(&user, START).await,
            scene.opened(&user, after(1)).await,
        );
        let next = scene.sample.session(&user, after(2));
        let mut opening = next.opening_within(2, when_full);
        opening.replaces = Some(second.key);
        assert_eq!(
            scene.admit(&opening).await,
            [ended(&second, CloseReason::Replaced)]
        );
        assert_eq!(scene.slot(&second.key).await, None);
        assert_eq!(scene.ids(&user).await, sorted_ids(&[first.found(), next.found()]));
    }
}

pub(super) async fn a_log_in_replaces_the_session_of_nobody(scene: Scene) {
    let nobody = scene.sample.anonymous(home(), START);
    scene.open(&nobody).await;
    let login = scene.sample.session(&alice(), after(1));
    let mut opening = login.opening_within(1, REJECT);
    opening.replaces = Some(nobody.key);
    assert_eq!(
        scene.admit(&opening).await,
        [ended(&nobody, CloseReason::Replaced)]
    );
    assert_eq!(scene.scan(10).await, [login.found()]);
    assert_eq!(scene.count().await, 1);
}

pub(super) async fn replacing_what_is_gone_or_renewed_is_no_obstacle(scene: Scene) {
    let renewed = scene.opened(&alice(), START).await;
    let rotation = renewed.rotation(scene.sample.key(home()));
    assert_eq!(scene.store.rotate(&rotation).await.unwrap(), Write::Done);
    for replaces in [scene.sample.key(home()), renewed.key] {
        let mut opening = scene.sample.session(&alice(), after(2)).opening();
        opening.replaces = Some(replaces);
        assert_eq!(scene.admit(&opening).await, []);
    }
    assert_eq!(scene.slot(&renewed.key).await, rotation.leave.map(Slot::Moved));
    assert_eq!(scene.count().await, 3);
}

pub(super) async fn a_refusal_changes_nothing(scene: Scene) {
    let sessions = several(&scene, 2).await;
    let lapsed = scene.sample.session(&alice(), START).idle(10);
    let nobody = scene.sample.anonymous(home(), START);
    scene.open(&lapsed).await;
    scene.open(&nobody).await;
    let events = scene.journal().await;
    let refused = scene.sample.session(&alice(), after(20));
    let mut opening = refused.opening_within(2, REJECT);
    opening.replaces = Some(nobody.key);
    assert_eq!(scene.try_open(&opening).await, Opened::Full);
    assert_eq!(scene.slot(&refused.key).await, None);
    assert_eq!(scene.store.find(&refused.id()).await.unwrap(), None);
    for session in sessions.iter().chain([&lapsed, &nobody]) {
        assert_eq!(scene.record(&session.key).await, session.record);
    }
    assert_eq!(scene.count().await, 4);
    let now = scene.journal().await;
    assert_eq!(now[..events.len()], events);
    assert_eq!(now.len(), events.len() + 1, "a refusal is one entry");
    assert_eq!(now[events.len()].kind, Kind::LimitRefused);
}

pub(super) async fn sessions_past_their_deadline_do_not_count_and_end(scene: Scene) {
    for when_full in [EVICT, REJECT] {
        let user = subject(&format!("{when_full:?}"));
        let idle = scene.sample.session(&user, START).idle(60);
        let old = scene.sample.session(&user, START).expires(after(60));
        let alive = scene.sample.session(&user, START).idle(61);
        for session in [&idle, &old, &alive] {
            scene.open(session).await;
        }
        let next = scene.sample.session(&user, after(60));
        let mut gone = scene.admit(&next.opening_within(2, when_full)).await;
        gone.sort_by_key(|ended| ended.id);
        let mut expected = [
            ended(&idle, CloseReason::Idle),
            ended(&old, CloseReason::Absolute),
        ];
        expected.sort_by_key(|ended| ended.id);
        assert_eq!(gone, expected);
        assert_eq!(scene.ids(&user).await, sorted_ids(&[alive.found(), next.found()]));
        assert_eq!(scene.slot(&idle.key).await, None);
    }
    assert_eq!(scene.count().await, 4);
}

pub(super) async fn a_touched_session_counts_until_its_new_deadline(scene: Scene) {
    let session = scene.sample.session(&alice(), START).idle(60);
    scene.open(&session).await;
    assert_eq!(
        scene.store.touch(&[session.touch(after(50))]).await.unwrap(),
        [true]
    );
    let refused = scene
        .sample
        .session(&alice(), after(100))
        .opening_within(1, REJECT);
    assert_eq!(scene.try_open(&refused).await, Opened::Full);
    let admitted = scene
        .sample
        .session(&alice(), after(110))
        .opening_within(1, REJECT);
    assert_eq!(scene.admit(&admitted).await, [ended(&session, CloseReason::Idle)]);
}
