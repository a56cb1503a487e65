//! A store that fails: an error, never "nobody", never "somebody" (requirement 11, invariant 9).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{Actor, CloseReason, Kind, SessionError, Store as _, StoreError, Undecodable};
use cloakroom_testkit::{At, Fault, Step};
use std::sync::Arc;
use support::{Desk, add_to_cart, cart, hourly, note, noted, subject, who, word, words};

fn is_store_error<T: std::fmt::Debug>(result: &Result<T, SessionError>) -> bool {
    matches!(
        result,
        Err(SessionError::Store(
            StoreError::Unavailable(_) | StoreError::Full(_)
        ))
    )
}

#[tokio::test]
async fn req_11_invariant_9_when_the_store_is_down_every_act_is_an_error_and_nothing_has_changed() {
    for fault in [Fault::Unavailable, Fault::Full] {
        let desk = Desk::new();
        let active = desk.log_in("alice").await;
        let journal = desk.journal().await;
        desk.store.fail_all(fault);
        let (sessions, client, alice, cause) = (
            &desk.sessions,
            &desk.client,
            subject("alice"),
            desk.sessions.operator("ops"),
        );
        assert!(is_store_error(&desk.try_show(active.token()).await));
        assert!(is_store_error(&sessions.introspect(active.token()).await));
        assert!(is_store_error(&sessions.open_anonymous(client, &note("x")).await));
        assert!(is_store_error(&sessions.log_in(who("bob"), client, None).await));
        assert!(is_store_error(
            &sessions.log_in(who("bob"), client, Some(&active)).await
        ));
        assert!(is_store_error(
            &sessions.commit(&active, &note("x"), client).await
        ));
        assert!(is_store_error(&sessions.rotate(&active, client).await));
        assert!(is_store_error(
            &sessions.step_up(&active, word("otp"), client).await
        ));
        assert!(is_store_error(
            &sessions.change_roles(&active, words(["admin"]), client).await
        ));
        assert!(is_store_error(
            &sessions.credentials_changed(&active, client).await
        ));
        assert!(is_store_error(&sessions.end_others(&active, client).await));
        assert!(is_store_error(&sessions.log_out(&active, client).await));
        assert!(is_store_error(
            &sessions.end(&active.id(), CloseReason::Revoked, &cause).await
        ));
        assert!(is_store_error(
            &sessions.end_own(&alice, &active.id(), client).await
        ));
        assert!(is_store_error(
            &sessions.end_all(&alice, CloseReason::Revoked, &cause).await
        ));
        assert!(is_store_error(
            &sessions.set_roles(&alice, words(["admin"]), Actor::System).await
        ));
        assert!(is_store_error(&sessions.list(&alice).await));
        assert!(is_store_error(&sessions.find(&active.id()).await));
        assert!(is_store_error(&sessions.scan(None, 10).await));
        assert!(is_store_error(&sessions.count().await));
        assert!(is_store_error(&sessions.sweep().await));
        assert!(is_store_error(&sessions.epoch(&alice).await));
        desk.store.mend();
        assert!(desk.show(active.token()).await.is_some(), "nobody was logged out");
        assert_eq!(desk.journal().await, journal, "and nothing has happened");
    }
}

#[tokio::test]
async fn req_11_each_step_that_a_check_takes_may_fail_without_letting_anybody_in_or_out() {
    // Ready for a renewal, then for a confirmation, then for a touch, then for a burial.
    for (step, prepare) in [
        (Step::Rotate, 3600),
        (Step::Swap, 0),
        (Step::Touch, 60),
        (Step::Close, 9000),
    ] {
        let desk = Desk::with(hourly());
        let first = desk.log_in("alice").await;
        let token = if step == Step::Swap {
            desk.wait(3600);
            desk.show(first.token()).await.unwrap().token().clone()
        } else {
            first.token().clone()
        };
        desk.wait(prepare);
        desk.store.fail(step, Fault::Unavailable);
        let refused = desk.try_show(&token).await;
        assert!(is_store_error(&refused), "{step:?}: {refused:?}");
        desk.store.mend();
        assert_eq!(desk.show(&token).await.is_some(), step != Step::Close, "{step:?}");
    }
}

#[tokio::test]
async fn req_11_an_unreadable_record_is_dead_reported_and_still_there() {
    for source in [Undecodable::Version(9), Undecodable::Damaged("tail")] {
        let desk = Desk::new();
        let active = desk.log_in("alice").await;
        desk.store.fail(Step::Load, Fault::Corrupt(source));
        assert!(desk.show(active.token()).await.is_none());
        desk.store.mend();
        let alert = desk
            .journal()
            .await
            .into_iter()
            .find(|event| event.kind == Kind::Alert)
            .unwrap();
        assert_eq!(alert.key, Some(*active.key()));
        assert_eq!(
            alert.cause.detail.as_deref(),
            Some(&*format!("unreadable session record: {source}"))
        );
        assert!(
            desk.show(active.token()).await.is_some(),
            "whoever can read it finds it"
        );
    }
}

#[tokio::test]
async fn req_11_an_unreadable_record_is_dead_even_if_nobody_can_be_told() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.store
        .fail(Step::Load, Fault::Corrupt(Undecodable::Version(9)));
    desk.store.fail(Step::Append, Fault::Unavailable);
    assert!(desk.show(active.token()).await.is_none());
}

#[tokio::test]
async fn req_11_an_unreadable_record_is_never_written_over() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.store
        .fail(Step::Swap, Fault::Corrupt(Undecodable::Version(9)));
    assert!(desk.commit(&active, &note("x")).await.is_err());
    desk.store.mend();
    assert_eq!(noted(&desk.show(active.token()).await.unwrap()), None);
}

#[tokio::test]
async fn invariant_9_a_store_that_hangs_lets_nobody_in_while_it_hangs() {
    let desk = Arc::new(Desk::new());
    let active = desk.log_in("alice").await;
    for at in [At::Start, At::Answer] {
        let mut gate = desk.store.stop_next(Step::Load, at);
        let checking = desk.showing(active.token());
        gate.reached().await;
        assert!(!checking.is_finished());
        gate.open();
        assert!(checking.await.unwrap().unwrap().is_some());
    }
}

#[tokio::test]
async fn invariant_9_a_store_that_hung_past_the_deadline_lets_nobody_in_when_it_wakes() {
    let desk = Arc::new(Desk::new());
    let active = desk.log_in("alice").await;
    desk.wait(1799);
    let mut gate = desk.store.stop_next(Step::Touch, At::Start);
    let checking = desk.showing(active.token());
    gate.reached().await;
    desk.sessions.log_out(&active, &desk.client).await.unwrap();
    gate.open();
    assert!(
        checking.await.unwrap().unwrap().is_none(),
        "the log-out came first"
    );
}

#[tokio::test]
async fn a_log_out_whose_answer_was_lost_is_an_error_and_may_be_repeated() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.store.fail(Step::Close, Fault::AnswerLost);
    assert!(is_store_error(
        &desk.sessions.log_out(&active, &desk.client).await
    ));
    desk.store.mend();
    desk.sessions.log_out(&active, &desk.client).await.unwrap();
    assert!(desk.show(active.token()).await.is_none());
    assert_eq!(desk.endings().await, ["logout"], "it happened once");
}

#[tokio::test]
async fn a_log_in_that_can_not_end_the_former_session_does_not_leave_two() {
    let desk = Desk::new();
    let alice = desk.log_in("alice").await;
    let mut gate = desk.store.stop_next(Step::Close, At::Start);
    let log_in = {
        let (sessions, client, alice) = (desk.sessions.clone(), desk.client.clone(), alice.clone());
        tokio::spawn(async move { sessions.log_in(who("bob"), &client, Some(&alice)).await })
    };
    gate.reached().await;
    desk.store.fail(Step::Load, Fault::Unavailable);
    // The former session is ended by somebody else, and what became of it can not be read.
    desk.store
        .close(alice.key(), CloseReason::Revoked, &desk.sessions.operator("ops"))
        .await
        .unwrap();
    gate.open();
    assert!(is_store_error(&log_in.await.unwrap()));
    desk.store.mend();
    assert_eq!((desk.live("alice").await, desk.live("bob").await), (0, 0));
}

#[tokio::test]
async fn a_log_in_that_fails_leaves_the_visitor_as_they_were() {
    for step in [Step::Epoch, Step::Open, Step::Rotate] {
        let desk = Desk::new();
        let visitor = desk.anonymous(&add_to_cart("umbrella")).await;
        desk.store.fail(step, Fault::Unavailable);
        assert!(is_store_error(
            &desk
                .sessions
                .log_in(who("alice"), &desk.client, Some(&visitor))
                .await
        ));
        desk.store.mend();
        assert_eq!(
            cart(&desk.show(visitor.token()).await.unwrap()),
            ["umbrella"],
            "{step:?}"
        );
        assert_eq!(desk.live("alice").await, 0, "{step:?}");
    }
}

/// An answer that says "alive" and arrives when it is true no longer: what follows must not build on it.
#[tokio::test]
async fn invariant_2_late_answers_revive_nothing() {
    let desk = Arc::new(Desk::with(hourly()));
    for wait in [60, 3600] {
        let active = desk.log_in("alice").await;
        desk.wait(wait);
        let mut gate = desk.store.stop_next(Step::Load, At::Answer);
        let checking = desk.showing(active.token());
        gate.reached().await;
        desk.sessions.log_out(&active, &desk.client).await.unwrap();
        gate.open();
        assert!(
            checking.await.unwrap().unwrap().is_none(),
            "after {wait} s a write was due, and it found nobody"
        );
        assert_eq!(desk.sessions.count().await.unwrap(), 0);
    }
}
