//! Renewal on the timer, with two nodes at it.

use super::house::{House, at_once, client, show};
use cloakroom_core::{CloseReason, Kind};
use std::collections::HashSet;

pub(super) async fn req_31_a_hundred_requests_at_the_edge_on_two_nodes_make_one_successor(house: House) {
    let nodes = house.nodes(|policy| policy);
    let first = nodes.log_in("alice").await;
    house.wait(3600);
    let shown = at_once(100, |turn| {
        let (sessions, token) = (nodes.of(turn), first.token().clone());
        async move { show(&sessions, &token).await.expect("nobody is logged out") }
    })
    .await;
    let keys: HashSet<_> = shown.iter().map(|active| *active.key()).collect();
    assert_eq!(keys.len(), 1, "everybody is offered the same successor");
    assert!(!keys.contains(first.key()));
    assert!(
        shown
            .iter()
            .all(|active| active.is_new_token() && active.id() == first.id())
    );
    let journal = house.journal().await;
    let renewals = journal.iter().filter(|event| event.kind == Kind::Renewed);
    assert_eq!(renewals.count(), 1);
    assert_eq!(nodes.live("alice").await, 1);
    assert_eq!(nodes.one().count().await.unwrap(), 1);
}

pub(super) async fn req_29_a_lost_answer_logs_nobody_out(house: House) {
    let nodes = house.nodes(|policy| policy);
    let first = nodes.log_in("alice").await;
    house.wait(3600);
    let offered = *show(nodes.one(), first.token()).await.unwrap().key();
    for turn in 0..20 {
        house.wait(1000);
        let again = show(&nodes.of(turn), first.token()).await.expect("still good");
        assert_eq!(*again.key(), offered, "always the same successor");
    }
}

pub(super) async fn req_30_a_replaced_token_ends_the_session_on_every_node(house: House) {
    let nodes = house.nodes(|policy| policy);
    let first = nodes.log_in("alice").await;
    house.wait(3600);
    let second = show(nodes.one(), first.token()).await.unwrap();
    show(nodes.other(), second.token()).await.unwrap();
    house.wait(10);
    assert!(
        show(nodes.one(), first.token()).await.is_some(),
        "within the overlap"
    );
    house.wait(1);
    assert!(show(nodes.one(), first.token()).await.is_none());
    assert!(nodes.refuse(second.token()).await);
    assert_eq!(house.endings().await, [CloseReason::TokenReuse]);
}

pub(super) async fn invariant_2_renewal_racing_with_log_out_leaves_nothing(house: House) {
    let nodes = house.nodes(|policy| policy);
    for turn in 0..10 {
        let first = nodes.log_in("alice").await;
        house.wait(3600);
        at_once(9, |task| {
            let (sessions, first) = (nodes.of(task + turn), first.clone());
            async move {
                if task == 4 {
                    sessions.log_out(&first, &client()).await.unwrap();
                } else {
                    show(&sessions, first.token()).await;
                }
            }
        })
        .await;
        assert!(nodes.refuse(first.token()).await);
        assert_eq!(nodes.one().count().await.unwrap(), 0, "turn {turn}");
    }
}

pub(super) async fn invariant_6_renewal_moves_no_deadline(house: House) {
    let nodes = house.nodes(|policy| policy);
    let mut active = nodes.log_in("alice").await;
    let deadline = active.record().expires_at;
    for turn in 0..7 {
        house.wait(3600);
        active = show(&nodes.of(turn), active.token()).await.unwrap();
        active = show(&nodes.of(turn + 1), active.token()).await.unwrap();
        assert_eq!(active.record().expires_at, deadline);
    }
    house.clock.set(deadline);
    assert!(nodes.refuse(active.token()).await);
}
