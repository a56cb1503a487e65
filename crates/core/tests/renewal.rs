//! Renewal on the timer: one successor, lost answers, the overlap, and what a late guest means.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{
    Cause, CloseReason, Kind, PolicyBuilder, Record, Rotation, SessionError, Slot, Store as _, Swap,
    TokenState, Write,
};
use cloakroom_testkit::{At, START, Sample, Step};
use std::collections::HashSet;
use std::sync::Arc;
use support::{
    CART, Desk, add_to_cart, at_once, before, cart, hourly, hours, ms, note, noted, secs, subject, text,
    words,
};

/// Renewed every hour, for months.
fn long_lived() -> PolicyBuilder {
    hourly().absolute_timeout(hours(24 * 90))
}

#[tokio::test]
async fn req_29_a_token_is_renewed_at_its_age_and_confirmed_by_its_first_use() {
    let desk = Desk::with(hourly());
    let first = desk.log_in("alice").await;
    desk.clock.set(before(START + hours(1), ms(1)));
    assert!(!desk.show(first.token()).await.unwrap().is_new_token());
    desk.clock.set(START + hours(1));
    let offered = desk.show(first.token()).await.unwrap();
    assert!(offered.is_new_token());
    assert_ne!(text(offered.token()), text(first.token()));
    assert_eq!(
        (offered.id(), offered.record().token),
        (first.id(), TokenState::Offered)
    );
    desk.wait(5);
    let confirmed = desk.show(offered.token()).await.unwrap();
    assert!(!confirmed.is_new_token(), "the client has it now");
    assert_eq!(
        confirmed.record().token,
        TokenState::Confirmed {
            at: Some(START + secs(3605))
        }
    );
    let kinds: Vec<_> = desk.journal().await.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [Kind::Opened, Kind::Renewed, Kind::Updated]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn req_31_a_hundred_requests_at_the_edge_make_one_successor() {
    let desk = Arc::new(Desk::with(hourly()));
    for round in 0..5 {
        let first = desk.log_in("alice").await;
        desk.wait(3600);
        let shown = at_once((0..100).map(|_| {
            let (desk, token) = (desk.clone(), first.token().clone());
            async move { desk.show(&token).await.expect("nobody is logged out") }
        }))
        .await;
        let tokens: HashSet<String> = shown.iter().map(|active| text(active.token())).collect();
        assert_eq!(tokens.len(), 1, "round {round}");
        assert!(
            shown
                .iter()
                .all(|active| active.is_new_token() && active.id() == first.id())
        );
        assert_eq!(desk.live("alice").await, 1);
        let journal = desk.journal().await;
        let renewed = journal
            .iter()
            .filter(|event| event.kind == Kind::Renewed && event.session == Some(first.id()));
        assert_eq!(renewed.count(), 1);
        desk.sessions.log_out(&shown[0], &desk.client).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn req_31_a_hundred_first_uses_confirm_once() {
    let (desk, first) = Desk::at_the_edge().await;
    let offered = desk.show(first.token()).await.unwrap();
    let shown = at_once((0..100).map(|turn| {
        let token = if turn % 2 == 0 {
            offered.token()
        } else {
            first.token()
        }
        .clone();
        let desk = desk.clone();
        async move { desk.show(&token).await }
    }))
    .await;
    assert!(
        shown.iter().all(Option::is_some),
        "old and new token are both good at that moment"
    );
    let updates = desk
        .journal()
        .await
        .iter()
        .filter(|event| event.kind == Kind::Updated)
        .count();
    assert_eq!(updates, 1);
}

#[tokio::test]
async fn req_29_a_lost_answer_logs_nobody_out_until_the_absolute_deadline() {
    let desk = Desk::with(hourly());
    let first = desk.log_in("alice").await;
    let deadline = first.record().expires_at;
    desk.wait(3600);
    let offered = text(desk.show(first.token()).await.unwrap().token());
    // Every answer is lost from here on: the client goes on with its old token, for hours.
    while desk.sessions.now() + secs(600) < deadline {
        desk.wait(600);
        let again = desk.show(first.token()).await.expect("good until the deadline");
        assert_eq!(text(again.token()), offered, "always the same successor");
        assert!(again.is_new_token());
        assert_eq!(again.record().expires_at, deadline);
    }
    desk.clock.set(before(deadline, ms(1)));
    assert!(desk.show(first.token()).await.is_some());
    desk.clock.set(deadline);
    assert!(desk.show(first.token()).await.is_none());
}

#[tokio::test]
async fn req_34_a_lost_answer_does_not_keep_an_idle_session() {
    let (desk, first) = Desk::at_the_edge().await;
    desk.show(first.token()).await.unwrap();
    desk.wait(7200);
    assert!(desk.show(first.token()).await.is_none());
    assert_eq!(desk.endings().await, ["idle"]);
}

#[tokio::test]
async fn req_29_the_overlap_ends_on_the_millisecond() {
    let (desk, first) = Desk::at_the_edge().await;
    let second = desk.show(first.token()).await.unwrap();
    desk.wait(100);
    desk.show(second.token()).await.unwrap();
    desk.wait(5);
    let again = desk.show(first.token()).await.unwrap();
    assert_eq!(text(again.token()), text(second.token()), "no second renewal");
    desk.wait(5);
    assert!(
        desk.show(first.token()).await.is_some(),
        "10 s after the first use: the last moment"
    );
    desk.clock.advance(ms(1));
    assert!(desk.show(first.token()).await.is_none());
}

#[tokio::test]
async fn req_30_a_replaced_token_shown_after_its_overlap_ends_the_whole_session() {
    let desk = Desk::with(hourly());
    let first = desk.log_in("alice").await;
    let bystander = desk.log_in("alice").await;
    desk.wait(3600);
    let second = desk.show(first.token()).await.unwrap();
    desk.show(second.token()).await.unwrap();
    desk.wait(31);
    assert!(desk.show(first.token()).await.is_none());
    assert!(desk.show(second.token()).await.is_none(), "and so is the new one");
    assert!(
        desk.show(bystander.token()).await.is_some(),
        "other sessions of the user are another matter"
    );
    let journal = desk.journal().await;
    let closed = journal.iter().find(|event| event.kind == Kind::Closed).unwrap();
    assert_eq!(
        (closed.reason, closed.session),
        (Some(CloseReason::TokenReuse), Some(first.id()))
    );
    assert_eq!(closed.key, Some(*second.key()), "what a cache has to forget");
    assert_eq!(closed.subject, Some(subject("alice")));
}

#[tokio::test]
async fn req_30_a_token_from_two_renewals_ago_ends_the_session_too() {
    let desk = Desk::with(hourly());
    let first = desk.log_in("alice").await;
    let present = desk.renewed(&first, 2).await;
    desk.wait(3600);
    let offered = desk.show(present.token()).await.unwrap();
    assert!(desk.show(first.token()).await.is_none());
    assert!(desk.show(present.token()).await.is_none());
    assert!(desk.show(offered.token()).await.is_none());
    assert_eq!(desk.endings().await, ["token-reuse"]);
}

#[tokio::test]
async fn req_30_a_token_from_hundreds_of_renewals_ago_ends_the_session_too() {
    let desk = Desk::with(long_lived());
    let first = desk.log_in("alice").await;
    let present = desk.renewed(&first, 300).await;
    assert!(desk.show(first.token()).await.is_none());
    assert!(desk.show(present.token()).await.is_none());
    assert_eq!(desk.endings().await, ["token-reuse"]);
    assert!(
        desk.show(first.token()).await.is_none(),
        "and again, when it is gone"
    );
}

/// Found under one key, and under another when it is to be ended there.
#[tokio::test]
async fn req_30_a_session_that_moves_while_an_old_token_ends_it_ends_all_the_same() {
    for leaves_a_way in [true, false] {
        let desk = Arc::new(Desk::with(long_lived()));
        let first = desk.log_in("alice").await;
        let present = desk.renewed(&first, 10).await;
        let mut gate = desk.store.stop_next(Step::Find, At::Answer);
        let reusing = desk.showing(first.token());
        gate.reached().await;
        let moved = if leaves_a_way {
            desk.renewed(&present, 1).await
        } else {
            desk.sessions.rotate(&present, &desk.client).await.unwrap()
        };
        gate.open();
        assert!(reusing.await.unwrap().unwrap().is_none());
        assert!(desk.show(moved.token()).await.is_none());
        assert_eq!(desk.endings().await, ["token-reuse"]);
    }
}

#[tokio::test]
async fn req_29_two_renewals_within_one_overlap_log_nobody_out() {
    let (desk, first) = Desk::at_the_edge().await;
    let second = desk.show(first.token()).await.unwrap();
    desk.show(second.token()).await.unwrap();
    // Roles that change from outside renew the token whatever its age.
    let actor = cloakroom_core::Actor::System;
    desk.sessions
        .set_roles(&subject("alice"), words(["editor"]), actor)
        .await
        .unwrap();
    let third = desk.show(second.token()).await.unwrap();
    assert!(third.is_new_token());
    desk.wait(9);
    let late = desk
        .show(first.token())
        .await
        .expect("a request that was under way all the time");
    assert_eq!(text(late.token()), text(third.token()));
    desk.show(third.token()).await.unwrap();
    assert!(desk.show(first.token()).await.is_some());
    assert!(desk.show(second.token()).await.is_some());
}

#[tokio::test]
async fn an_overlap_of_nothing_is_the_moment_of_first_use() {
    let desk = Desk::with(hourly().renew_overlap(ms(0)));
    let first = desk.log_in("alice").await;
    desk.wait(3600);
    let second = desk.show(first.token()).await.unwrap();
    desk.wait(600);
    assert!(
        desk.show(first.token()).await.is_some(),
        "not used yet, so the old one is good"
    );
    desk.show(second.token()).await.unwrap();
    desk.clock.advance(ms(1));
    assert!(desk.show(first.token()).await.is_none());
}

#[tokio::test]
async fn invariant_6_renewal_moves_no_deadline() {
    let desk = Desk::with(hourly());
    let first = desk.log_in("alice").await;
    let identity = first.record().identity.clone();
    desk.wait(3600);
    let second = desk.show(first.token()).await.unwrap();
    let second = desk.show(second.token()).await.unwrap();
    assert_eq!(second.record().expires_at, first.record().expires_at);
    assert_eq!(second.record().created_at, first.record().created_at);
    assert_eq!(second.record().identity, identity);
    let Some(Slot::Moved(trace)) = desk.slot(first.token()).await else {
        panic!("no trace")
    };
    assert_eq!(trace.expires_at, first.record().expires_at);
}

#[tokio::test]
async fn data_survives_renewal() {
    let desk = Desk::with(hourly());
    let first = desk.log_in("alice").await;
    let first = desk.commit(&first, &note("kept")).await.unwrap();
    desk.wait(3600);
    let second = desk.show(first.token()).await.unwrap();
    assert_eq!(noted(&second).as_deref(), Some("kept"));
    assert_ne!(
        second.record().sealed,
        first.record().sealed,
        "sealed anew, under the new token"
    );
    assert_eq!(
        noted(&desk.show(second.token()).await.unwrap()).as_deref(),
        Some("kept")
    );
    assert_eq!(
        noted(&desk.show(first.token()).await.unwrap()).as_deref(),
        Some("kept")
    );
}

#[tokio::test]
async fn invariant_3_a_commit_in_flight_across_a_renewal_is_not_lost() {
    let (desk, first) = Desk::at_the_edge().await;
    // A slow request has the session as it was before.
    let slow = first.clone();
    let second = desk.show(first.token()).await.unwrap();
    let written = desk.commit(&slow, &add_to_cart("umbrella")).await.unwrap();
    assert!(
        written.is_new_token(),
        "the slow request's answer brings the new token, too"
    );
    assert_eq!(text(written.token()), text(second.token()));
    desk.commit(&second, &add_to_cart("hat")).await.unwrap();
    assert_eq!(
        cart(&desk.show(second.token()).await.unwrap()),
        ["umbrella", "hat"]
    );
    // Even when the overlap has passed meanwhile.
    desk.wait(60);
    desk.commit(&slow, &add_to_cart("coat")).await.unwrap();
    assert_eq!(
        cart(&desk.show(second.token()).await.unwrap()),
        ["umbrella", "hat", "coat"]
    );
}

#[tokio::test]
async fn invariant_3_a_renewal_does_not_lose_what_was_written_while_it_was_made() {
    let (desk, first) = Desk::at_the_edge().await;
    let mut gate = desk.store.stop_next(Step::Rotate, At::Start);
    let renewing = desk.showing(first.token());
    gate.reached().await;
    desk.commit(&first, &add_to_cart("umbrella")).await.unwrap();
    gate.open();
    let second = renewing.await.unwrap().unwrap().unwrap();
    assert!(second.is_new_token());
    assert_eq!(cart(&second), ["umbrella"]);
    assert_eq!(cart(&desk.show(second.token()).await.unwrap()), ["umbrella"]);
}

#[tokio::test]
async fn invariant_2_a_renewal_that_comes_after_log_out_brings_nothing_back() {
    let (desk, first) = Desk::at_the_edge().await;
    let mut gate = desk.store.stop_next(Step::Rotate, At::Start);
    let renewing = desk.showing(first.token());
    gate.reached().await;
    desk.sessions.log_out(&first, &desk.client).await.unwrap();
    gate.open();
    assert!(renewing.await.unwrap().unwrap().is_none());
    assert_eq!(desk.sessions.count().await.unwrap(), 0);
}

#[tokio::test]
async fn invariant_2_who_logs_out_while_the_token_is_renewed_stays_logged_out() {
    let (desk, first) = Desk::at_the_edge().await;
    let second = desk.show(first.token()).await.unwrap();
    desk.sessions.log_out(&first, &desk.client).await.unwrap();
    for token in [first.token(), second.token()] {
        assert!(desk.show(token).await.is_none());
    }
    assert!(matches!(
        desk.commit(&second, &note("late")).await,
        Err(SessionError::Gone)
    ));
    assert_eq!(desk.endings().await, ["logout"]);
}

#[tokio::test]
async fn the_answer_of_a_renewal_that_was_lost_on_the_way_from_the_store_makes_no_second_one() {
    let (desk, first) = Desk::at_the_edge().await;
    desk.store
        .fail(Step::Rotate, cloakroom_testkit::Fault::AnswerLost);
    assert!(
        desk.try_show(first.token()).await.is_err(),
        "a store that does not answer is no log-out"
    );
    desk.store.mend();
    let second = desk.show(first.token()).await.unwrap();
    assert!(second.is_new_token());
    let renewed = desk
        .journal()
        .await
        .iter()
        .filter(|event| event.kind == Kind::Renewed)
        .count();
    assert_eq!(renewed, 1);
}

#[tokio::test]
async fn invariant_9_whoever_can_write_to_the_store_can_not_lead_a_token_to_another_session() {
    let desk = Desk::with(hourly().max_sessions(0));
    let victim = desk.log_in("alice").await;
    let thief = desk.log_in("alice").await;
    desk.wait(3600);
    let renewed = desk.show(victim.token()).await.unwrap();
    let Some(Slot::Moved(of_victim)) = desk.slot(victim.token()).await else {
        panic!("no trace")
    };
    let Some(Slot::Live(record)) = desk.slot(thief.token()).await else {
        panic!("no session")
    };
    let swap = Swap {
        key: *thief.key(),
        expected: record.revision,
        record: Record {
            revision: record.revision.next(),
            ..record
        },
        deadline: START + hours(8),
        kind: Kind::Renewed,
        cause: Cause::default(),
    };
    let to = Sample::new(3).key(thief.key().bucket());
    let rotation = Rotation {
        to,
        swap,
        leave: Some(of_victim),
    };
    assert_eq!(desk.store.rotate(&rotation).await.unwrap(), Write::Done);
    assert!(desk.show(thief.token()).await.is_none());
    assert!(desk.show(renewed.token()).await.is_some());
    let alert = desk
        .journal()
        .await
        .into_iter()
        .find(|event| event.kind == Kind::Alert)
        .unwrap();
    assert_eq!(alert.key, Some(*thief.key()));
}

#[tokio::test]
async fn anonymous_sessions_are_renewed_too() {
    let desk = Desk::with(hourly());
    let visitor = desk.anonymous(&add_to_cart("umbrella")).await;
    desk.wait(3600);
    let renewed = desk.show(visitor.token()).await.unwrap();
    assert!(renewed.is_new_token());
    assert_eq!(renewed.data().unwrap().get(CART).unwrap().unwrap(), ["umbrella"]);
    desk.sessions.log_out(&visitor, &desk.client).await.unwrap();
    assert!(desk.show(renewed.token()).await.is_none());
}
