//! What requests write, with two nodes at it.

use super::house::{House, add_to_cart, at_once, cart, client, commit, hit, hits, note, noted, show};
use cloakroom_core::{Changes, Data, Field, SessionError};

pub(super) async fn invariant_3_fifty_updates_of_one_field_on_two_nodes_all_count(house: House) {
    let nodes = house.nodes(|policy| policy);
    let active = nodes.log_in("alice").await;
    at_once(50, |turn| {
        let (sessions, active) = (nodes.of(turn), active.clone());
        async move { commit(&sessions, &active, &hit()).await.unwrap() }
    })
    .await;
    assert_eq!(hits(&show(nodes.other(), active.token()).await.unwrap()), 50);
}

pub(super) async fn invariant_3_two_requests_that_write_different_fields_both_win(house: House) {
    let nodes = house.nodes(|policy| policy);
    let active = nodes.log_in("alice").await;
    at_once(2, |turn| {
        let (sessions, active) = (nodes.of(turn), active.clone());
        async move {
            let changes = if turn == 0 {
                note("one")
            } else {
                add_to_cart("umbrella")
            };
            commit(&sessions, &active, &changes).await.unwrap()
        }
    })
    .await;
    let shown = show(nodes.one(), active.token()).await.unwrap();
    assert_eq!(
        (noted(&shown).as_deref(), cart(&shown)),
        (Some("one"), vec!["umbrella".to_owned()])
    );
}

pub(super) async fn invariant_3_a_commit_across_a_renewal_is_not_lost(house: House) {
    let nodes = house.nodes(|policy| policy);
    let first = nodes.log_in("alice").await;
    house.wait(3600);
    at_once(20, |turn| {
        let (sessions, first) = (nodes.of(turn), first.clone());
        async move {
            if turn % 4 == 0 {
                show(&sessions, first.token()).await.unwrap();
            } else {
                commit(&sessions, &first, &hit()).await.unwrap();
            }
        }
    })
    .await;
    let offered = show(nodes.one(), first.token()).await.unwrap();
    assert!(offered.is_new_token());
    assert_eq!(hits(&offered), 15);
    assert_eq!(hits(&show(nodes.other(), offered.token()).await.unwrap()), 15);
}

pub(super) async fn invariant_2_a_commit_racing_with_log_out_brings_nothing_back(house: House) {
    let nodes = house.nodes(|policy| policy);
    for turn in 0..10 {
        let active = nodes.log_in("alice").await;
        let outcomes = at_once(9, |task| {
            let (sessions, active) = (nodes.of(task + turn), active.clone());
            async move {
                if task == 4 {
                    sessions.log_out(&active, &client()).await
                } else {
                    commit(&sessions, &active, &hit()).await.map(drop)
                }
            }
        })
        .await;
        for outcome in outcomes {
            assert!(matches!(outcome, Ok(()) | Err(SessionError::Gone)), "{outcome:?}");
        }
        assert!(nodes.refuse(active.token()).await);
        assert!(matches!(
            commit(nodes.one(), &active, &note("late")).await,
            Err(SessionError::Gone)
        ));
        assert_eq!(nodes.one().count().await.unwrap(), 0);
    }
}

pub(super) async fn data_fills_a_session_to_the_brim_and_survives_a_new_token(house: House) {
    const BIG: Field<String> = Field::new("big");
    let nodes = house.nodes(|policy| policy);
    let active = nodes.log_in("alice").await;
    let value = "x".repeat(Data::MAX_SIZE - 64);
    let mut changes = Changes::none();
    changes.set(BIG, &value).unwrap();
    let active = commit(nodes.one(), &active, &changes).await.unwrap();
    let rotated = nodes.other().rotate(&active, &client()).await.unwrap();
    let shown = show(nodes.one(), rotated.token()).await.unwrap();
    assert!(
        shown.data().unwrap().get(BIG).unwrap() == Some(value),
        "the data came back changed"
    );
}
