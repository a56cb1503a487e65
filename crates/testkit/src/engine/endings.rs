//! How sessions end and change, as the other node sees it.

use super::house::{House, client, commit, note, noted, show, subject, who, word};
use cloakroom_core::{Actor, CloseReason, Kind};
use std::time::Duration;

pub(super) async fn invariant_1_what_one_node_ended_no_other_lets_in(house: House) {
    let nodes = house.nodes(|policy| policy);
    let alice = subject("alice");
    for way in 0..4 {
        let active = nodes.log_in("alice").await;
        assert!(show(nodes.other(), active.token()).await.is_some());
        let (one, cause) = (nodes.one(), nodes.one().operator("test"));
        match way {
            0 => one.log_out(&active, &client()).await.unwrap(),
            1 => assert!(one.end(&active.id(), CloseReason::Revoked, &cause).await.unwrap()),
            2 => assert!(one.end_own(&alice, &active.id(), &client()).await.unwrap()),
            _ => drop(one.end_all(&alice, CloseReason::Revoked, &cause).await.unwrap()),
        }
        assert!(nodes.refuse(active.token()).await);
        assert!(
            !nodes
                .other()
                .end(&active.id(), CloseReason::Revoked, &cause)
                .await
                .unwrap()
        );
    }
}

pub(super) async fn req_45_ending_the_others_keeps_exactly_one(house: House) {
    let nodes = house.nodes(|policy| policy);
    let others = [nodes.log_in("alice").await, nodes.log_in("alice").await];
    let mine = nodes.log_in("alice").await;
    let mine = commit(nodes.one(), &mine, &note("kept")).await.unwrap();
    let kept = nodes.other().end_others(&mine, &client()).await.unwrap();
    assert_eq!(kept.ended, 2);
    for dead in others.iter().chain([&mine]) {
        assert!(nodes.refuse(dead.token()).await);
    }
    assert_eq!(
        noted(&show(nodes.one(), kept.kept.token()).await.unwrap()).as_deref(),
        Some("kept")
    );
    assert_eq!(nodes.live("alice").await, 1);
}

pub(super) async fn req_25_every_change_of_privilege_kills_the_old_token_on_every_node(house: House) {
    let nodes = house.nodes(|policy| policy);
    let first = nodes.log_in("alice").await;
    let mut active = commit(nodes.one(), &first, &note("kept")).await.unwrap();
    for way in 0..4 {
        let old = active.clone();
        let one = nodes.one();
        active = match way {
            0 => one.rotate(&old, &client()).await.unwrap(),
            1 => one.step_up(&old, word("otp"), &client()).await.unwrap(),
            2 => one.change_roles(&old, [word("editor")], &client()).await.unwrap(),
            _ => one.credentials_changed(&old, &client()).await.unwrap().kept,
        };
        assert!(nodes.refuse(old.token()).await);
        let shown = show(nodes.other(), active.token()).await.unwrap();
        assert_eq!((shown.id(), noted(&shown).as_deref()), (first.id(), Some("kept")));
    }
}

pub(super) async fn req_51_roles_from_outside_show_at_the_next_request(house: House) {
    let nodes = house.nodes(|policy| policy);
    let sessions = [nodes.log_in("alice").await, nodes.log_in("alice").await];
    let actor = Actor::Operator("test".to_owned());
    let changed = nodes
        .other()
        .set_roles(&subject("alice"), [word("editor")], actor)
        .await
        .unwrap();
    assert_eq!(changed, 2);
    for active in &sessions {
        let shown = show(nodes.one(), active.token()).await.unwrap();
        assert_eq!(shown.roles(), [word("editor")]);
        assert!(shown.is_new_token());
    }
}

pub(super) async fn req_10_lapsed_sessions_are_swept(house: House) {
    let nodes = house.nodes(|policy| policy);
    let lapsing = nodes.log_in("alice").await;
    for _ in 0..3 {
        nodes.one().open_anonymous(&client(), &note("x")).await.unwrap();
    }
    house.wait(7000);
    let busy = nodes.log_in("bob").await;
    house.wait(200);
    assert!(show(nodes.other(), busy.token()).await.is_some());
    assert_eq!(nodes.other().sweep().await.unwrap(), 4);
    assert_eq!(nodes.one().count().await.unwrap(), 1);
    assert_eq!(house.endings().await, [CloseReason::Idle; 4]);
    assert!(nodes.refuse(lapsing.token()).await);
}

pub(super) async fn invariant_8_a_life_is_told_in_order_and_once(house: House) {
    let nodes = house.nodes(|policy| policy);
    let (one, other) = (nodes.one(), nodes.other());
    let active = one.log_in(who("alice"), &client(), None).await.unwrap();
    let active = commit(other, &active, &note("x")).await.unwrap();
    house.clock.advance(Duration::from_hours(1));
    let active = show(one, active.token()).await.unwrap();
    let active = show(other, active.token()).await.unwrap();
    let active = one.rotate(&active, &client()).await.unwrap();
    let active = other.step_up(&active, word("otp"), &client()).await.unwrap();
    one.log_out(&active, &client()).await.unwrap();
    one.log_out(&active, &client()).await.unwrap();
    let journal = house.journal().await;
    let kinds: Vec<_> = journal.iter().map(|event| event.kind).collect();
    let told = [
        Kind::Opened,
        Kind::Updated,
        Kind::Renewed,
        Kind::Updated,
        Kind::Rotated,
        Kind::Elevated,
        Kind::Closed,
    ];
    assert_eq!(kinds, told);
    for event in &journal {
        assert_eq!(
            (event.session, event.subject.clone()),
            (Some(active.id()), Some(subject("alice")))
        );
    }
}
