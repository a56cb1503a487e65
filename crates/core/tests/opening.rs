//! How sessions begin: before log-in, and at it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{
    Changes, CloseReason, Data, Kind, MemoryStore, Policy, SessionError, Sessions, Timestamp, Token,
    TokenState, WhenFull,
};
use cloakroom_testkit::{At, HandClock, NoRandom, START, SeededRandom, Step};
use std::sync::Arc;
use support::{
    CART, Desk, NOTE, add_to_cart, cart, client, hours, note, noted, secs, set, subject, text, who, word,
    words,
};

#[tokio::test]
async fn req_10_an_anonymous_session_begins_with_the_data_that_made_it_necessary() {
    let desk = Desk::new();
    let active = desk.anonymous(&add_to_cart("umbrella")).await;
    assert!(active.is_new_token());
    assert_eq!(active.subject(), None);
    assert_eq!(cart(&active), ["umbrella"]);
    assert_eq!(desk.store.all_calls(), 1, "one store call opens it");
    let again = desk.show(active.token()).await.unwrap();
    assert_eq!((again.id(), cart(&again)), (active.id(), cart(&active)));
    assert!(!again.is_new_token());
}

#[tokio::test]
async fn anonymous_sessions_are_spread_over_the_buckets() {
    let desk = Desk::new();
    let mut buckets = std::collections::HashSet::new();
    for _ in 0..100 {
        buckets.insert(desk.anonymous(&note("x")).await.key().bucket());
    }
    assert!(buckets.len() > 50, "{}", buckets.len());
}

#[tokio::test]
async fn log_in_writes_down_who_how_and_until_when() {
    let desk = Desk::new();
    let log_in = who("alice")
        .with(word("otp"))
        .with(word("password"))
        .roles(words(["editor", "admin", "editor"]));
    let active = desk.sessions.log_in(log_in, &desk.client, None).await.unwrap();
    let record = active.record();
    let identity = record.identity.as_ref().unwrap();
    assert_eq!(active.subject(), Some(&subject("alice")));
    assert_eq!(active.roles(), words(["admin", "editor"]), "sorted, none twice");
    assert_eq!(identity.methods, words(["otp", "password"]));
    assert_eq!(
        (identity.authenticated_at, record.created_at, record.seen_at),
        (START, START, START)
    );
    assert_eq!(record.expires_at, START + hours(8));
    assert_eq!(record.token, TokenState::Confirmed { at: None });
    assert_eq!(record.client, client());
    assert!(active.is_fresh(desk.sessions.policy(), START + secs(300)));
    assert!(!active.is_fresh(desk.sessions.policy(), START + secs(301)));
    assert!(record.has_role("admin") && !record.has_role("adm"));
    let opened = &desk.journal().await[0];
    assert_eq!((opened.kind, opened.session), (Kind::Opened, Some(active.id())));
    assert_eq!((opened.cause.at, opened.cause.ip), (START, client().ip));
}

#[tokio::test]
async fn who_is_remembered_lives_longer() {
    let desk = Desk::new();
    let active = desk
        .sessions
        .log_in(who("alice").remember(true), &desk.client, None)
        .await
        .unwrap();
    assert_eq!(active.record().expires_at, START + hours(720));
    desk.wait(hours(719).as_secs());
    assert!(desk.is_alive(active.token()).await);
}

#[tokio::test]
async fn req_24_log_in_mints_a_new_token_and_the_old_one_is_dead_at_once() {
    // Many times, because one in 256 visitors lives in the bucket of who they log in as.
    let desk = Desk::new();
    let mut visitors = Vec::new();
    for turn in 0..600 {
        let visitor = desk.anonymous(&note("x")).await;
        let user = desk
            .sessions
            .log_in(who(&format!("user-{turn}")), &desk.client, Some(&visitor))
            .await
            .unwrap();
        assert_ne!(text(user.token()), text(visitor.token()));
        assert_ne!(user.id(), visitor.id());
        assert!(user.is_new_token());
        assert!(desk.show(visitor.token()).await.is_none(), "turn {turn}");
        assert!(desk.sessions.find(&visitor.id()).await.unwrap().is_none());
        visitors.push(visitor.id());
    }
    assert_eq!(desk.sessions.count().await.unwrap(), 600);
    let journal = desk.journal().await;
    let closed = journal.iter().filter(|event| event.kind == Kind::Closed);
    let closed: Vec<_> = closed.map(|event| (event.session, event.reason)).collect();
    let replaced = visitors
        .into_iter()
        .map(|id| (Some(id), Some(CloseReason::Replaced)));
    assert_eq!(closed, replaced.collect::<Vec<_>>());
}

#[tokio::test]
async fn req_26_log_in_carries_over_only_what_was_declared_to_survive() {
    let desk = Desk::new();
    let mut planted = add_to_cart("umbrella");
    planted.set(NOTE, &"role=admin".to_owned()).unwrap();
    let visitor = desk.anonymous(&planted).await;
    let user = desk
        .sessions
        .log_in(who("alice"), &desk.client, Some(&visitor))
        .await
        .unwrap();
    assert_eq!(cart(&user), ["umbrella"]);
    assert_eq!(noted(&user), None);
    assert_eq!(user.data().unwrap().names().collect::<Vec<_>>(), ["cart"]);
    let again = desk.show(user.token()).await.unwrap();
    assert_eq!((cart(&again), noted(&again)), (cart(&user), None));
}

#[tokio::test]
async fn log_in_may_bring_data_of_its_own() {
    let desk = Desk::new();
    let visitor = desk.anonymous(&add_to_cart("umbrella")).await;
    let mut data = Data::default();
    data.set_named("note", "hello").unwrap();
    let user = desk
        .sessions
        .log_in(who("alice").data(data), &desk.client, Some(&visitor))
        .await
        .unwrap();
    assert_eq!(
        (noted(&user).as_deref(), cart(&user)),
        (Some("hello"), vec!["umbrella".to_owned()])
    );
}

#[tokio::test]
async fn req_33_log_in_as_somebody_else_ends_the_former_session_and_merges_nothing() {
    let desk = Desk::new();
    let alice = desk.log_in("alice").await;
    let mut changes = add_to_cart("something of alice's");
    changes
        .set(NOTE, &"something else of alice's".to_owned())
        .unwrap();
    let alice = desk.commit(&alice, &changes).await.unwrap();
    let bob = desk
        .sessions
        .log_in(who("bob"), &desk.client, Some(&alice))
        .await
        .unwrap();
    assert_eq!(bob.subject(), Some(&subject("bob")));
    assert!(bob.data().unwrap().is_empty(), "{:?}", bob.data());
    assert!(desk.show(bob.token()).await.unwrap().data().unwrap().is_empty());
    assert!(desk.show(alice.token()).await.is_none());
    assert_eq!((desk.live("alice").await, desk.live("bob").await), (0, 1));
    assert_eq!(desk.endings().await, ["replaced"]);
}

#[tokio::test]
async fn req_33_log_in_as_oneself_again_replaces_the_session_and_keeps_the_cart() {
    let desk = Desk::new();
    let first = desk.log_in("alice").await;
    let first = desk.commit(&first, &add_to_cart("umbrella")).await.unwrap();
    let second = desk
        .sessions
        .log_in(who("alice"), &desk.client, Some(&first))
        .await
        .unwrap();
    assert_eq!(cart(&second), ["umbrella"]);
    assert!(desk.show(first.token()).await.is_none());
    assert_eq!(desk.live("alice").await, 1);
}

#[tokio::test]
async fn invariant_7_a_full_house_has_room_for_whoever_replaces_their_own_session() {
    for when_full in [WhenFull::Reject, WhenFull::EvictOldest] {
        let desk = Desk::with(Policy::builder().max_sessions(3).when_full(when_full));
        let mut others = vec![desk.log_in("alice").await];
        desk.wait(1);
        others.push(desk.log_in("alice").await);
        desk.wait(1);
        let mine = desk.log_in("alice").await;
        let again = desk
            .sessions
            .log_in(who("alice"), &desk.client, Some(&mine))
            .await
            .unwrap();
        for active in others.iter().chain([&again]) {
            assert!(desk.is_alive(active.token()).await, "{when_full:?}");
        }
        assert_eq!(desk.endings().await, ["replaced"]);
    }
}

#[tokio::test]
async fn invariant_7_a_session_that_was_renewed_meanwhile_is_replaced_all_the_same() {
    let desk = Desk::with(Policy::builder().max_sessions(2).when_full(WhenFull::Reject));
    let other = desk.log_in("alice").await;
    let mine = desk.log_in("alice").await;
    desk.wait(1500);
    desk.show(other.token()).await.unwrap();
    desk.show(mine.token()).await.unwrap();
    desk.wait(1500);
    desk.show(other.token()).await.unwrap();
    desk.show(mine.token()).await.unwrap();
    desk.wait(1500);
    desk.show(mine.token()).await.unwrap();
    let renewed = desk.show(mine.token()).await.unwrap();
    assert_ne!(renewed.key(), mine.key());
    // The log-in was begun with what the request saw before the renewal.
    let again = desk
        .sessions
        .log_in(who("alice"), &desk.client, Some(&mine))
        .await
        .unwrap();
    assert!(!desk.is_alive(renewed.token()).await && !desk.is_alive(mine.token()).await);
    assert!(desk.is_alive(other.token()).await && desk.is_alive(again.token()).await);
}

#[tokio::test]
async fn invariant_3_what_is_put_into_the_cart_while_somebody_logs_in_is_in_the_cart_after() {
    let desk = Desk::new();
    // While the password is being checked.
    let visitor = desk.anonymous(&add_to_cart("umbrella")).await;
    let seen_by_log_in = visitor.clone();
    desk.commit(&visitor, &add_to_cart("hat")).await.unwrap();
    let user = desk
        .sessions
        .log_in(who("alice"), &desk.client, Some(&seen_by_log_in))
        .await
        .unwrap();
    assert_eq!(cart(&user), ["umbrella", "hat"]);

    // Between the opening of the new session and the end of the old one.
    let visitor = desk.anonymous(&add_to_cart("umbrella")).await;
    let mut gate = desk.store.stop_next(Step::Open, At::Answer);
    let log_in = {
        let (sessions, client, visitor) = (desk.sessions.clone(), desk.client.clone(), visitor.clone());
        tokio::spawn(async move { sessions.log_in(who("alice"), &client, Some(&visitor)).await })
    };
    gate.reached().await;
    desk.commit(&visitor, &add_to_cart("hat")).await.unwrap();
    gate.open();
    let user = log_in.await.unwrap().unwrap();
    assert_eq!(cart(&user), ["umbrella", "hat"]);
    assert_eq!(cart(&desk.show(user.token()).await.unwrap()), ["umbrella", "hat"]);
    assert!(desk.show(visitor.token()).await.is_none());
    assert!(matches!(
        desk.commit(&visitor, &add_to_cart("late")).await,
        Err(SessionError::Gone)
    ));
}

#[tokio::test]
async fn invariant_2_log_in_from_a_session_that_ended_meanwhile_carries_nothing() {
    let desk = Desk::new();
    let visitor = desk.anonymous(&add_to_cart("umbrella")).await;
    desk.sessions.log_out(&visitor, &desk.client).await.unwrap();
    let user = desk
        .sessions
        .log_in(who("alice"), &desk.client, Some(&visitor))
        .await
        .unwrap();
    assert!(cart(&user).is_empty());
    assert_eq!(desk.sessions.count().await.unwrap(), 1);
}

#[tokio::test]
async fn req_58_the_sixth_session_pushes_out_the_one_used_least_recently() {
    let desk = Desk::new();
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions.push(desk.log_in("alice").await);
        desk.wait(100);
    }
    // The oldest is used, so that the second oldest is the one that rests longest.
    desk.show(sessions[0].token()).await.unwrap();
    desk.wait(100);
    let sixth = desk.log_in("alice").await;
    for (turn, active) in sessions.iter().enumerate() {
        assert_eq!(desk.is_alive(active.token()).await, turn != 1, "session {turn}");
    }
    assert!(desk.is_alive(sixth.token()).await);
    assert_eq!(desk.endings().await, ["evicted"]);
    assert_eq!(desk.live("alice").await, 5);
}

#[tokio::test]
async fn req_59_expired_sessions_do_not_count() {
    let desk = Desk::with(Policy::builder().max_sessions(3).when_full(WhenFull::Reject));
    let expired = desk.log_in("alice").await;
    desk.wait(1000);
    let kept = [desk.log_in("alice").await, desk.log_in("alice").await];
    desk.wait(800);
    let third = desk.log_in("alice").await;
    for active in kept.iter().chain([&third]) {
        assert!(desk.is_alive(active.token()).await);
    }
    assert!(!desk.is_alive(expired.token()).await);
    assert_eq!(desk.endings().await, ["idle"]);
}

#[tokio::test]
async fn req_58_the_policy_may_refuse_the_one_too_many() {
    let desk = Desk::with(Policy::builder().max_sessions(2).when_full(WhenFull::Reject));
    let sessions = [desk.log_in("alice").await, desk.log_in("alice").await];
    let visitor = desk.anonymous(&add_to_cart("umbrella")).await;
    let refused = desk
        .sessions
        .log_in(who("alice"), &desk.client, Some(&visitor))
        .await;
    assert!(matches!(refused, Err(SessionError::LimitReached)));
    for active in &sessions {
        assert!(desk.is_alive(active.token()).await);
    }
    assert_eq!(
        cart(&desk.show(visitor.token()).await.unwrap()),
        ["umbrella"],
        "the visitor keeps what they had"
    );
    assert!(
        desk.journal()
            .await
            .iter()
            .any(|event| event.kind == Kind::LimitRefused)
    );
    assert_eq!(
        desk.log_in("bob").await.subject(),
        Some(&subject("bob")),
        "the limit is each subject's own"
    );
}

#[tokio::test]
async fn no_limit_is_no_limit() {
    let desk = Desk::with(Policy::builder().max_sessions(0));
    for _ in 0..50 {
        desk.log_in("alice").await;
    }
    assert_eq!(desk.live("alice").await, 50);
}

#[tokio::test]
async fn req_46_a_log_in_that_began_before_log_out_everywhere_is_refused() {
    let desk = Desk::new();
    let alice = subject("alice");
    let began = desk.sessions.epoch(&alice).await.unwrap();
    desk.wait(1);
    desk.sessions
        .end_all(&alice, CloseReason::Revoked, &desk.sessions.operator("test"))
        .await
        .unwrap();
    let visitor = desk.anonymous(&add_to_cart("umbrella")).await;
    let late = desk
        .sessions
        .log_in(who("alice").began(began), &desk.client, Some(&visitor))
        .await;
    assert!(matches!(late, Err(SessionError::LoggedOutMeanwhile)));
    assert_eq!(desk.live("alice").await, 0);
    assert!(desk.is_alive(visitor.token()).await);
    let began = desk.sessions.epoch(&alice).await.unwrap();
    assert!(
        desk.sessions
            .log_in(who("alice").began(began), &desk.client, Some(&visitor))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn req_46_a_clock_that_went_back_does_not_let_an_old_log_in_through() {
    let desk = Desk::new();
    let alice = subject("alice");
    let mut epochs = vec![desk.sessions.epoch(&alice).await.unwrap()];
    for millis in [5_000, 1_000, 0, 5_000] {
        desk.clock.set(Timestamp::from_millis(millis));
        let cause = desk.sessions.operator("test");
        desk.sessions
            .end_all(&alice, CloseReason::Revoked, &cause)
            .await
            .unwrap();
        epochs.push(desk.sessions.epoch(&alice).await.unwrap());
    }
    assert!(epochs.is_sorted_by(|one, next| one < next), "{epochs:?}");
}

#[tokio::test]
async fn invariant_5_an_unknown_token_never_becomes_a_session() {
    let desk = Desk::new();
    let planted = Token::parse("A".repeat(44)).unwrap();
    assert!(desk.show(&planted).await.is_none());
    let user = desk.log_in("alice").await;
    assert_ne!(text(user.token()), text(&planted));
    assert!(desk.show(&planted).await.is_none());
    assert_eq!(desk.sessions.count().await.unwrap(), 1);
}

#[tokio::test]
async fn req_8_the_handle_of_a_session_opens_nothing() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let handle = active.id().to_string();
    assert!(Token::parse(&handle).is_err());
    let padded = Token::parse(format!("{handle}{handle}")).unwrap();
    assert!(desk.show(&padded).await.is_none());
}

#[tokio::test]
async fn req_1_without_randomness_nothing_is_stored() {
    let store = Arc::new(MemoryStore::new());
    let sessions = Sessions::new(store, Policy::default(), HandClock::new(), NoRandom);
    let anonymous = sessions.open_anonymous(&client(), &note("x")).await;
    assert!(matches!(anonymous, Err(SessionError::Random(_))));
    let user = sessions.log_in(who("alice"), &client(), None).await;
    assert!(matches!(user, Err(SessionError::Random(_))));
    assert_eq!(sessions.count().await.unwrap(), 0);
}

#[tokio::test]
async fn req_1_without_randomness_a_session_stays_as_it_is() {
    let store = Arc::new(MemoryStore::new());
    let clock = HandClock::new();
    let good = Sessions::new(
        store.clone(),
        Policy::default(),
        clock.clone(),
        SeededRandom::new(1),
    );
    let broken = Sessions::new(store, Policy::default(), clock.clone(), NoRandom);
    let active = good.log_in(who("alice"), &client(), None).await.unwrap();
    assert!(matches!(
        broken.rotate(&active, &client()).await,
        Err(SessionError::Random(_))
    ));
    assert!(matches!(
        broken.commit(&active, &note("x"), &client()).await,
        Err(SessionError::Random(_))
    ));
    assert!(good.introspect(active.token()).await.unwrap().is_some());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_is_stored() {
    let desk = Desk::new();
    let big = set(NOTE, &"x".repeat(Data::MAX_SIZE));
    assert!(matches!(
        desk.sessions.open_anonymous(&desk.client, &big).await,
        Err(SessionError::Data(_))
    ));
    assert_eq!(desk.store.all_calls(), 0);
    let mut nothing = Changes::none();
    nothing.remove(CART);
    let active = desk.anonymous(&nothing).await;
    assert_eq!(active.record().sealed, None, "no data, nothing sealed");
}

#[tokio::test]
async fn the_journal_says_whether_a_browser_logged_in_before_if_somebody_knows() {
    let desk = Desk::new();
    for log_in in [
        who("alice"),
        who("alice").known_browser(true),
        who("alice").known_browser(false),
    ] {
        desk.sessions.log_in(log_in, &desk.client, None).await.unwrap();
    }
    let opened = desk
        .journal()
        .await
        .into_iter()
        .filter(|event| event.kind == Kind::Opened);
    let said: Vec<_> = opened.map(|event| event.known_browser()).collect();
    assert_eq!(said, [None, Some(true), Some(false)]);
}
