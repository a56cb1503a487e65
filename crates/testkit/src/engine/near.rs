//! Two nodes with near caches on one store.

use super::house::{House, Nodes, at_once, client, commit, hit, hits, show};
use cloakroom_core::{Activity, Sessions, Token};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// By when news has to have come, on however slow a machine.
const SOON: Duration = Duration::from_secs(10);

/// Nodes that have heard from the journal.
async fn near(house: &House) -> Nodes {
    let nodes = house.nodes(|policy| policy).near().await;
    for node in [nodes.one(), nodes.other()] {
        let patience = Patience::new();
        while node.near_stats().unwrap().lease_age.is_none() {
            patience.wait().await;
        }
    }
    nodes
}

/// Waits, but not for ever.
struct Patience(Instant);

impl Patience {
    fn new() -> Self {
        Self(Instant::now())
    }

    async fn wait(&self) {
        assert!(self.0.elapsed() < SOON, "nothing came");
        sleep(Duration::from_millis(1)).await;
    }
}

fn held(sessions: &Sessions, token: &Token) -> bool {
    sessions.glance(token, &client(), Activity::User).is_some()
}

/// Shows a token until the node answers from its cache: an entry of the journal may just be on its way.
async fn hold(sessions: &Sessions, token: &Token) {
    let patience = Patience::new();
    while !held(sessions, token) {
        show(sessions, token).await.unwrap();
        patience.wait().await;
    }
}

pub(super) async fn invariant_1_what_one_node_ends_the_other_forgets(house: House) {
    let nodes = near(&house).await;
    for _ in 0..20 {
        let active = nodes.log_in("alice").await;
        hold(nodes.other(), active.token()).await;
        nodes.one().log_out(&active, &client()).await.unwrap();
        assert!(!held(nodes.one(), active.token()), "here, at once");
        let patience = Patience::new();
        while held(nodes.other(), active.token()) {
            patience.wait().await;
        }
        assert!(nodes.refuse(active.token()).await);
    }
}

pub(super) async fn invariant_1_checks_racing_with_a_log_out_keep_nothing_of_it(house: House) {
    let nodes = near(&house).await;
    for _ in 0..10 {
        let active = nodes.log_in("alice").await;
        at_once(9, |turn| {
            let (sessions, active) = (nodes.other().clone(), active.clone());
            let one = nodes.one().clone();
            async move {
                if turn == 4 {
                    one.log_out(&active, &client()).await.unwrap();
                }
                for _ in 0..20 {
                    show(&sessions, active.token()).await;
                }
            }
        })
        .await;
        let patience = Patience::new();
        while show(nodes.other(), active.token()).await.is_some() {
            patience.wait().await;
        }
        for _ in 0..50 {
            assert!(
                show(nodes.other(), active.token()).await.is_none(),
                "once refused, refused for good"
            );
            sleep(Duration::from_micros(200)).await;
        }
    }
}

pub(super) async fn invariant_3_updates_on_two_near_nodes_all_count(house: House) {
    let nodes = near(&house).await;
    let active = nodes.log_in("alice").await;
    at_once(40, |turn| {
        let (sessions, active) = (nodes.of(turn), active.clone());
        async move {
            let shown = show(&sessions, active.token()).await.unwrap();
            commit(&sessions, &shown, &hit()).await.unwrap()
        }
    })
    .await;
    let patience = Patience::new();
    while hits(&show(nodes.other(), active.token()).await.unwrap()) < 40 {
        patience.wait().await;
    }
}

pub(super) async fn what_a_near_node_writes_its_next_request_sees(house: House) {
    let nodes = near(&house).await;
    let active = nodes.log_in("alice").await;
    for count in 1..=50 {
        let shown = show(nodes.one(), active.token()).await.unwrap();
        commit(nodes.one(), &shown, &hit()).await.unwrap();
        assert_eq!(hits(&show(nodes.one(), active.token()).await.unwrap()), count);
    }
}
