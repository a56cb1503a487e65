//! How sessions begin, with two nodes at it.

use super::house::{House, add_to_cart, at_once, cart, client, commit, note, noted, show, subject, who};
use cloakroom_core::{CloseReason, SessionError, WhenFull};

pub(super) async fn invariant_7_fifty_parallel_log_ins_leave_as_many_as_the_policy_allows(house: House) {
    let nodes = house.nodes(|policy| policy.max_sessions(5));
    let opened = at_once(50, |turn| {
        let sessions = nodes.of(turn);
        async move { sessions.log_in(who("alice"), &client(), None).await.unwrap() }
    })
    .await;
    assert_eq!(nodes.live("alice").await, 5);
    let mut alive = 0;
    for active in &opened {
        alive += usize::from(show(nodes.one(), active.token()).await.is_some());
    }
    assert_eq!(alive, 5);
    assert_eq!(house.endings().await, [CloseReason::Evicted; 45]);
}

pub(super) async fn invariant_7_fifty_parallel_log_ins_are_refused_but_as_many_as_the_policy_allows(
    house: House,
) {
    let nodes = house.nodes(|policy| policy.max_sessions(5).when_full(WhenFull::Reject));
    let opened = at_once(50, |turn| {
        let sessions = nodes.of(turn);
        async move { sessions.log_in(who("alice"), &client(), None).await }
    })
    .await;
    let refused = opened
        .iter()
        .filter(|outcome| matches!(outcome, Err(SessionError::LimitReached)))
        .count();
    assert_eq!(refused, 45);
    assert_eq!(nodes.live("alice").await, 5);
    assert!(house.endings().await.is_empty());
}

pub(super) async fn req_46_log_ins_racing_with_log_out_everywhere_do_not_survive_it(house: House) {
    let nodes = house.nodes(|policy| policy.max_sessions(0));
    let alice = subject("alice");
    let began = nodes.one().epoch(&alice).await.unwrap();
    at_once(51, |turn| {
        let (sessions, alice) = (nodes.of(turn), alice.clone());
        async move {
            if turn == 25 {
                let cause = sessions.operator("test");
                sessions
                    .end_all(&alice, CloseReason::Revoked, &cause)
                    .await
                    .unwrap();
            } else {
                match sessions.log_in(who("alice").began(began), &client(), None).await {
                    Ok(_) | Err(SessionError::LoggedOutMeanwhile) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    })
    .await;
    assert_eq!(nodes.live("alice").await, 0);
    assert_eq!(nodes.one().count().await.unwrap(), 0);
    assert!(
        nodes.one().log_in(who("alice"), &client(), None).await.is_ok(),
        "who begins now gets in"
    );
}

pub(super) async fn req_24_log_in_replaces_the_visitor_and_carries_the_cart(house: House) {
    let nodes = house.nodes(|policy| policy);
    let visitor = nodes
        .one()
        .open_anonymous(&client(), &add_to_cart("umbrella"))
        .await
        .unwrap();
    let visitor = commit(nodes.other(), &visitor, &note("dropped")).await.unwrap();
    commit(nodes.other(), &visitor, &add_to_cart("hat"))
        .await
        .unwrap();
    let user = nodes
        .one()
        .log_in(who("alice"), &client(), Some(&visitor))
        .await
        .unwrap();
    assert_ne!(user.key(), visitor.key());
    assert!(nodes.refuse(visitor.token()).await);
    let shown = show(nodes.other(), user.token()).await.unwrap();
    assert_eq!(
        (cart(&shown), noted(&shown)),
        (vec!["umbrella".to_owned(), "hat".to_owned()], None)
    );
    assert_eq!(nodes.one().count().await.unwrap(), 1);
}

pub(super) async fn req_33_log_in_as_somebody_else_merges_nothing(house: House) {
    let nodes = house.nodes(|policy| policy);
    let alice = nodes.log_in("alice").await;
    let alice = commit(nodes.one(), &alice, &add_to_cart("something of alice's"))
        .await
        .unwrap();
    let bob = nodes
        .other()
        .log_in(who("bob"), &client(), Some(&alice))
        .await
        .unwrap();
    assert!(bob.data().unwrap().is_empty());
    assert!(nodes.refuse(alice.token()).await);
    assert_eq!((nodes.live("alice").await, nodes.live("bob").await), (0, 1));
}
