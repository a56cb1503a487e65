//! How sessions end: here, from the list, everywhere; and what a log-out has to be faster than.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{Actor, CloseReason, Durability, Kind, SessionError};
use cloakroom_testkit::{At, Step};
use std::sync::Arc;
use support::{Desk, add_to_cart, hours, note, noted, subject, text, who};

#[tokio::test]
async fn req_42_log_out_is_at_once_and_may_be_repeated() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    for _ in 0..3 {
        desk.sessions.log_out(&active, &desk.client).await.unwrap();
        assert!(desk.show(active.token()).await.is_none());
    }
    assert_eq!(desk.endings().await, ["logout"]);
    let closed = desk
        .journal()
        .await
        .into_iter()
        .find(|event| event.kind == Kind::Closed)
        .unwrap();
    assert_eq!(
        (closed.cause.actor, closed.cause.ip),
        (Actor::User, desk.client.ip)
    );
}

#[tokio::test]
async fn req_42_log_out_finds_a_session_whose_token_was_replaced_by_another_request() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let rotated = desk.sessions.rotate(&active, &desk.client).await.unwrap();
    desk.sessions.log_out(&active, &desk.client).await.unwrap();
    assert!(desk.show(rotated.token()).await.is_none());
    assert_eq!(desk.live("alice").await, 0);

    let visitor = desk.anonymous(&note("x")).await;
    let rotated = desk.sessions.rotate(&visitor, &desk.client).await.unwrap();
    desk.sessions.log_out(&visitor, &desk.client).await.unwrap();
    assert!(
        desk.show(rotated.token()).await.is_none(),
        "also a session of nobody"
    );
}

#[tokio::test]
async fn req_42_log_out_while_a_rotation_is_on_its_way_to_the_store() {
    for at in [At::Start, At::Answer] {
        let desk = Arc::new(Desk::new());
        let active = desk.log_in("alice").await;
        let mut gate = desk.store.stop_next(Step::Rotate, at);
        let rotating = {
            let (desk, active) = (desk.clone(), active.clone());
            tokio::spawn(async move { desk.sessions.rotate(&active, &desk.client).await })
        };
        gate.reached().await;
        desk.sessions.log_out(&active, &desk.client).await.unwrap();
        gate.open();
        if let Ok(rotated) = rotating.await.unwrap() {
            assert!(desk.show(rotated.token()).await.is_none(), "{at:?}");
        }
        assert_eq!(desk.sessions.count().await.unwrap(), 0, "{at:?}");
    }
}

#[tokio::test]
async fn req_47_an_operator_ends_one_session_by_its_handle() {
    let desk = Desk::new();
    let [one, other] = [desk.log_in("alice").await, desk.log_in("alice").await];
    let cause = desk.sessions.operator("ops").saying("reported as stolen");
    assert!(
        desk.sessions
            .end(&one.id(), CloseReason::Revoked, &cause)
            .await
            .unwrap()
    );
    assert!(
        !desk
            .sessions
            .end(&one.id(), CloseReason::Revoked, &cause)
            .await
            .unwrap()
    );
    assert!(desk.show(one.token()).await.is_none());
    assert!(desk.show(other.token()).await.is_some());
    let closed = desk
        .journal()
        .await
        .into_iter()
        .find(|event| event.kind == Kind::Closed)
        .unwrap();
    assert_eq!(closed.cause, cause);
}

#[tokio::test]
async fn req_61_one_ends_only_ones_own_sessions() {
    let desk = Desk::new();
    let (alice, bob) = (desk.log_in("alice").await, desk.log_in("bob").await);
    let mallory = subject("mallory");
    for id in [alice.id(), bob.id()] {
        assert!(!desk.sessions.end_own(&mallory, &id, &desk.client).await.unwrap());
    }
    assert!(
        !desk
            .sessions
            .end_own(&subject("bob"), &alice.id(), &desk.client)
            .await
            .unwrap()
    );
    assert!(desk.show(alice.token()).await.is_some());
    assert!(
        desk.sessions
            .end_own(&subject("alice"), &alice.id(), &desk.client)
            .await
            .unwrap()
    );
    assert!(desk.show(alice.token()).await.is_none());
    assert!(
        !desk
            .sessions
            .end_own(&subject("alice"), &alice.id(), &desk.client)
            .await
            .unwrap()
    );
    assert_eq!(desk.endings().await, ["revoked"]);
}

#[tokio::test]
async fn req_45_ending_the_others_keeps_exactly_this_one_under_a_new_token() {
    let desk = Desk::new();
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(desk.log_in("alice").await);
    }
    let bob = desk.log_in("bob").await;
    let mine = desk.log_in("alice").await;
    let mine = desk.commit(&mine, &note("kept")).await.unwrap();
    let kept = desk.sessions.end_others(&mine, &desk.client).await.unwrap();
    assert_eq!(kept.ended, 4);
    assert!(kept.kept.is_new_token());
    assert_ne!(text(kept.kept.token()), text(mine.token()));
    assert_eq!(
        (kept.kept.id(), noted(&kept.kept).as_deref()),
        (mine.id(), Some("kept"))
    );
    for dead in others.iter().chain([&mine]) {
        assert!(desk.show(dead.token()).await.is_none());
    }
    assert!(desk.show(kept.kept.token()).await.is_some());
    assert_eq!((desk.live("alice").await, desk.live("bob").await), (1, 1));
    assert!(desk.show(bob.token()).await.is_some());
}

#[tokio::test]
async fn req_46_the_session_that_was_kept_is_of_the_new_epoch() {
    let desk = Desk::new();
    let mine = desk.log_in("alice").await;
    let began = desk.sessions.epoch(&subject("alice")).await.unwrap();
    let kept = desk.sessions.end_others(&mine, &desk.client).await.unwrap().kept;
    let epoch = desk.sessions.epoch(&subject("alice")).await.unwrap();
    assert!(epoch > began);
    assert_eq!(kept.record().identity.as_ref().unwrap().epoch, epoch);
    let late = desk
        .sessions
        .log_in(who("alice").began(began), &desk.client, None)
        .await;
    assert!(matches!(late, Err(SessionError::LoggedOutMeanwhile)));
}

#[tokio::test]
async fn req_45_ending_all_ends_all() {
    let desk = Desk::new();
    let sessions = [
        desk.log_in("alice").await,
        desk.log_in("alice").await,
        desk.log_in("alice").await,
    ];
    let bob = desk.log_in("bob").await;
    let cause = desk.sessions.operator("ops");
    let ended = desk
        .sessions
        .end_all(&subject("alice"), CloseReason::Disabled, &cause)
        .await
        .unwrap();
    assert_eq!(ended.ended.len(), 3);
    assert_eq!(ended.durability, Durability::Durable, "there is no other copy");
    for active in &sessions {
        assert!(desk.show(active.token()).await.is_none());
    }
    assert!(desk.show(bob.token()).await.is_some());
    let epoch = async || desk.sessions.epoch(&subject("alice")).await.unwrap();
    let raised = epoch().await;
    let again = desk
        .sessions
        .end_all(&subject("alice"), CloseReason::Disabled, &cause)
        .await
        .unwrap();
    assert!(again.ended.is_empty() && epoch().await > raised);
}

#[tokio::test]
async fn only_those_who_are_logged_in_have_others_to_end() {
    let desk = Desk::new();
    let visitor = desk.anonymous(&note("x")).await;
    for refused in [
        desk.sessions.end_others(&visitor, &desk.client).await,
        desk.sessions.credentials_changed(&visitor, &desk.client).await,
    ] {
        assert!(matches!(refused, Err(SessionError::Anonymous)));
    }
    assert!(desk.show(visitor.token()).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn req_46_log_ins_racing_with_log_out_everywhere_do_not_survive_it() {
    for _ in 0..20 {
        let desk = Arc::new(Desk::with(cloakroom_core::Policy::builder().max_sessions(0)));
        let alice = subject("alice");
        let began = desk.sessions.epoch(&alice).await.unwrap();
        let log_ins = (0..50).map(|_| {
            let desk = desk.clone();
            async move {
                desk.sessions
                    .log_in(who("alice").began(began), &desk.client, None)
                    .await
                    .is_ok()
            }
        });
        let ending = {
            let desk = desk.clone();
            tokio::spawn(async move {
                let cause = desk.sessions.operator("ops");
                desk.sessions
                    .end_all(&subject("alice"), CloseReason::Revoked, &cause)
                    .await
                    .unwrap()
            })
        };
        let opened = support::at_once(log_ins)
            .await
            .into_iter()
            .filter(|opened| *opened)
            .count();
        let ended = ending.await.unwrap().ended.len();
        assert_eq!(ended, opened, "what got in was ended, and nothing got in after");
        assert_eq!(desk.live("alice").await, 0);
    }
}

/// A log-out that arrives while the session is renewed again and again must win in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn invariant_1_a_log_out_among_many_writers_is_final() {
    let desk = Arc::new(Desk::with(
        cloakroom_core::Policy::builder().idle_timeout(hours(2)),
    ));
    for _ in 0..20 {
        let active = desk.log_in("alice").await;
        desk.wait(3600);
        let writers = (0..20).map(|turn| {
            let (desk, active) = (desk.clone(), active.clone());
            async move {
                match turn % 3 {
                    0 => drop(desk.show(active.token()).await),
                    1 => drop(desk.commit(&active, &add_to_cart("hat")).await),
                    _ if turn == 11 => desk.sessions.log_out(&active, &desk.client).await.unwrap(),
                    _ => drop(desk.sessions.introspect(active.token()).await),
                }
            }
        });
        support::at_once(writers).await;
        assert!(desk.show(active.token()).await.is_none());
        assert_eq!(desk.live("alice").await, 0);
        assert_eq!(desk.sessions.count().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn what_its_user_disowns_ends_and_the_journal_says_why() {
    let desk = Desk::new();
    let (own, foreign) = (desk.log_in("alice").await, desk.log_in("alice").await);
    let disown = async |who: &str| {
        let (who, id) = (subject(who), foreign.id());
        desk.sessions.disown(&who, &id, &desk.client).await.unwrap()
    };
    assert!(!disown("bob").await, "not his");
    assert!(desk.show(foreign.token()).await.is_some());
    assert!(disown("alice").await);
    assert!(!disown("alice").await, "once");
    assert!(desk.show(foreign.token()).await.is_none() && desk.show(own.token()).await.is_some());
    let (alice, id) = (subject("alice"), own.id());
    assert!(desk.sessions.end_own(&alice, &id, &desk.client).await.unwrap());
    let closed = desk
        .journal()
        .await
        .into_iter()
        .filter(|event| event.kind == Kind::Closed);
    let disowned: Vec<_> = closed.map(|event| (event.session, event.is_disowned())).collect();
    assert_eq!(disowned, [(Some(foreign.id()), true), (Some(own.id()), false)]);
}
