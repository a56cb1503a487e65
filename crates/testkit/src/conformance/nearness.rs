//! What near caches rest on: `confirm`, the order of positions, and the lease that the nodes agree on.

use super::parallel::at_once;
use super::scene::{Scene, alice};
use crate::clock::{START, after};
use cloakroom_core::{LEASE_KEPT, Position};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn confirm_tells_the_end_of_the_journal(scene: Scene) {
    let other = scene.again().await;
    let empty = other.confirm().await.unwrap();
    assert!(scene.store.journal_end().await.unwrap().reached(&empty));
    let draft = scene.opened(&alice(), START).await;
    let end = other.confirm().await.unwrap();
    assert!(!empty.reached(&end), "something happened");
    let page = scene.page(&empty, 10).await;
    assert_eq!(page.entries.len(), 1);
    assert!(page.next.reached(&end), "whoever has read it all is there");
    assert_eq!(scene.journal_after(&end).await, []);
    assert_eq!(scene.journal().await.len(), 1, "confirming is no news");
    assert_eq!(scene.slot(&draft.key).await.is_some(), scene.count().await == 1);
}

pub(super) async fn positions_come_in_the_order_of_their_entries(scene: Scene) {
    for _ in 0..12 {
        scene.opened(&alice(), START).await;
    }
    let places = scene.places().await;
    assert_eq!(places.len(), 12);
    for pair in places.windows(2) {
        let (earlier, later) = (&pair[0], &pair[1]);
        assert!(
            later.reached(earlier) && !earlier.reached(later),
            "{earlier} and {later}"
        );
        assert!(later.reached(&Position::start()) && !Position::start().reached(later));
    }
    let last = &places[11];
    let end = scene.store.journal_end().await.unwrap();
    assert!(end.reached(last) && last.reached(&end));
}

pub(super) async fn the_first_lease_holds_and_a_longer_one_changes_nothing(scene: Scene) {
    let other = scene.again().await;
    assert_eq!(
        scene.store.lease(Duration::ZERO, START).await.unwrap(),
        Duration::ZERO
    );
    assert_eq!(scene.store.lease(2 * SECOND, START).await.unwrap(), 2 * SECOND);
    assert_eq!(other.lease(3 * SECOND, START).await.unwrap(), 2 * SECOND);
    assert_eq!(
        other.lease(SECOND, START).await.unwrap(),
        2 * SECOND,
        "a shorter one is kept to by its node alone"
    );
    assert_eq!(other.lease(Duration::ZERO, START).await.unwrap(), 2 * SECOND);
    assert_eq!(scene.journal().await, []);
}

pub(super) async fn a_lease_is_kept_while_somebody_relies_on_it(scene: Scene) {
    let kept = LEASE_KEPT.as_secs();
    let lease = async |wanted, seconds| scene.store.lease(wanted, after(seconds)).await.unwrap();
    assert_eq!(lease(SECOND, 0).await, SECOND);
    assert_eq!(
        lease(2 * SECOND, kept - 1).await,
        SECOND,
        "refused, and no reason to keep it"
    );
    assert_eq!(lease(SECOND, kept - 1).await, SECOND, "kept on");
    assert_eq!(lease(2 * SECOND, 2 * kept - 2).await, SECOND);
    assert_eq!(
        lease(Duration::ZERO, 9 * kept).await,
        SECOND,
        "who has to wait for it waits too long rather than too short"
    );
    assert_eq!(
        lease(2 * SECOND, 2 * kept - 1).await,
        2 * SECOND,
        "nobody relies on the other"
    );
}

pub(super) async fn a_shorter_lease_takes_over_when_nobody_relies_on_the_longer_one(scene: Scene) {
    let kept = LEASE_KEPT.as_secs();
    let lease = async |wanted, seconds| scene.store.lease(wanted, after(seconds)).await.unwrap();
    assert_eq!(lease(2 * SECOND, 0).await, 2 * SECOND);
    assert_eq!(lease(SECOND, 1).await, 2 * SECOND);
    assert_eq!(lease(SECOND, kept - 1).await, 2 * SECOND, "it prolongs nothing");
    assert_eq!(lease(SECOND, kept).await, SECOND);
    assert_eq!(lease(2 * SECOND, kept + 1).await, SECOND);
}

pub(super) async fn of_many_leases_at_once_one_is_agreed(scene: Scene) {
    let nodes = scene.nodes().await;
    let agreed = at_once((0..20).map(|turn| {
        let store = nodes.of(turn);
        let wanted = SECOND * u32::try_from(turn + 1).unwrap();
        async move { store.lease(wanted, START).await.unwrap() }
    }))
    .await;
    let lease = scene.store.lease(Duration::ZERO, START).await.unwrap();
    assert!(agreed.iter().all(|it| *it == lease), "{agreed:?}, kept {lease:?}");
}
