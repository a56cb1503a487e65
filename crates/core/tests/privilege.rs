//! Changes of privilege: a new token each time, the old one dead at once, the data still readable (requirement 25).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{Active, Actor, CloseReason, Kind, SessionError, TokenState};
use cloakroom_testkit::START;
use support::{Desk, before, hours, ms, note, noted, secs, subject, text, word, words};

async fn changed(desk: &Desk, active: &Active, how: &str) -> Active {
    let (sessions, client) = (&desk.sessions, &desk.client);
    match how {
        "rotate" => sessions.rotate(active, client).await.unwrap(),
        "step_up" => sessions.step_up(active, word("otp"), client).await.unwrap(),
        "change_roles" => sessions
            .change_roles(active, words(["editor"]), client)
            .await
            .unwrap(),
        "credentials_changed" => sessions.credentials_changed(active, client).await.unwrap().kept,
        _ => sessions.end_others(active, client).await.unwrap().kept,
    }
}

const WAYS: [&str; 5] = [
    "rotate",
    "step_up",
    "change_roles",
    "credentials_changed",
    "end_others",
];

#[tokio::test]
async fn req_25_every_change_of_privilege_replaces_the_token_and_the_old_one_is_dead_at_once() {
    for how in WAYS {
        let desk = Desk::new();
        let old = desk.log_in("alice").await;
        let old = desk.commit(&old, &note("kept")).await.unwrap();
        let new = changed(&desk, &old, how).await;
        assert!(new.is_new_token(), "{how}");
        assert_ne!(text(new.token()), text(old.token()), "{how}");
        assert_eq!(new.key().bucket(), old.key().bucket(), "{how}");
        assert_eq!(new.id(), old.id(), "{how}");
        assert!(
            desk.show(old.token()).await.is_none(),
            "{how}: without any overlap"
        );
        assert!(desk.slot(old.token()).await.is_none(), "{how}: no trace is left");
        let shown = desk.show(new.token()).await.unwrap();
        assert_eq!(noted(&shown).as_deref(), Some("kept"), "{how}");
        assert_eq!(shown.record().token, TokenState::Confirmed { at: None }, "{how}");
        assert_eq!(desk.live("alice").await, 1, "{how}");
    }
}

#[tokio::test]
async fn req_25_a_change_of_privilege_kills_an_old_token_that_renewal_left_good() {
    for how in WAYS {
        let desk = Desk::with(cloakroom_core::Policy::builder().idle_timeout(hours(2)));
        let first = desk.log_in("alice").await;
        desk.wait(3600);
        let offered = desk.show(first.token()).await.unwrap();
        let new = changed(&desk, &offered, how).await;
        for dead in [first.token(), offered.token()] {
            assert!(desk.show(dead).await.is_none(), "{how}");
        }
        assert!(
            desk.show(new.token()).await.is_some(),
            "{how}: and nobody takes that for theft"
        );
    }
}

#[tokio::test]
async fn invariant_3_a_change_of_privilege_keeps_what_was_written_since_it_was_read() {
    for how in WAYS {
        let desk = Desk::new();
        let seen = desk.log_in("alice").await;
        desk.commit(&seen, &note("written meanwhile")).await.unwrap();
        let new = changed(&desk, &seen, how).await;
        assert_eq!(noted(&new).as_deref(), Some("written meanwhile"), "{how}");
    }
}

#[tokio::test]
async fn req_36_invariant_6_only_step_up_moves_the_absolute_deadline() {
    for how in WAYS {
        let desk = Desk::new();
        let old = desk.log_in("alice").await;
        desk.wait(600);
        let new = changed(&desk, &old, how).await;
        let identity = new.record().identity.as_ref().unwrap();
        if how == "step_up" {
            assert_eq!(new.record().expires_at, START + secs(600) + hours(8));
            assert_eq!(identity.authenticated_at, START + secs(600));
            assert_eq!(identity.methods, words(["otp", "password"]));
            let kinds: Vec<_> = desk.journal().await.iter().map(|event| event.kind).collect();
            assert_eq!(kinds, [Kind::Opened, Kind::Elevated]);
        } else {
            assert_eq!(new.record().expires_at, old.record().expires_at, "{how}");
            assert_eq!(identity.authenticated_at, START, "{how}");
        }
        assert_eq!(new.record().created_at, START, "{how}");
    }
}

#[tokio::test]
async fn req_36_a_session_lives_on_to_the_deadline_that_step_up_gave_it() {
    let desk = Desk::new();
    let mut active = desk.log_in("alice").await;
    for _ in 0..15 {
        desk.wait(1700);
        active = desk.show(active.token()).await.unwrap();
    }
    active = desk
        .sessions
        .step_up(&active, word("otp"), &desk.client)
        .await
        .unwrap();
    let deadline = active.record().expires_at;
    assert_eq!(deadline, desk.sessions.now() + hours(8));
    while desk.sessions.now() + secs(1700) < deadline {
        desk.wait(1700);
        active = desk.show(active.token()).await.unwrap();
    }
    desk.clock.set(before(deadline, ms(1)));
    active = desk.show(active.token()).await.unwrap();
    desk.clock.set(deadline);
    assert!(desk.show(active.token()).await.is_none());
}

#[tokio::test]
async fn req_66_step_up_wears_off() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.wait(301);
    let policy = desk.sessions.policy();
    assert!(!active.is_fresh(policy, desk.sessions.now()));
    let active = desk
        .sessions
        .step_up(&active, word("otp"), &desk.client)
        .await
        .unwrap();
    assert!(active.is_fresh(policy, desk.sessions.now()));
    assert!(active.is_fresh(policy, desk.sessions.now() + secs(300)));
    assert!(!active.is_fresh(policy, desk.sessions.now() + secs(301)));
}

#[tokio::test]
async fn req_66_step_up_lifts_one_session_alone() {
    let desk = Desk::new();
    let [one, other] = [desk.log_in("alice").await, desk.log_in("alice").await];
    desk.wait(301);
    desk.sessions
        .step_up(&one, word("otp"), &desk.client)
        .await
        .unwrap();
    let other = desk.show(other.token()).await.unwrap();
    assert!(!other.is_fresh(desk.sessions.policy(), desk.sessions.now()));
}

#[tokio::test]
async fn req_50_changed_credentials_end_the_other_sessions_and_rotate_this_one() {
    let desk = Desk::new();
    let [mine, other] = [desk.log_in("alice").await, desk.log_in("alice").await];
    let changed = desk
        .sessions
        .credentials_changed(&mine, &desk.client)
        .await
        .unwrap();
    assert_eq!(changed.ended, 1);
    assert!(desk.show(other.token()).await.is_none());
    assert!(desk.show(mine.token()).await.is_none());
    assert!(desk.show(changed.kept.token()).await.is_some());
    assert_eq!(desk.endings().await, [CloseReason::CredentialChange.as_str()]);
}

#[tokio::test]
async fn change_of_roles_is_in_this_session_alone() {
    let desk = Desk::new();
    let [mine, other] = [desk.log_in("alice").await, desk.log_in("alice").await];
    let changed = desk
        .sessions
        .change_roles(&mine, words(["b", "a", "b"]), &desk.client)
        .await
        .unwrap();
    assert_eq!(changed.roles(), words(["a", "b"]));
    assert!(desk.show(other.token()).await.unwrap().roles().is_empty());
}

#[tokio::test]
async fn req_51_roles_that_change_from_outside_show_at_the_next_request_and_renew_the_token() {
    let desk = Desk::new();
    let sessions = [desk.log_in("alice").await, desk.log_in("alice").await];
    let first = desk.commit(&sessions[0], &note("kept")).await.unwrap();
    let bob = desk.log_in("bob").await;
    let actor = Actor::Operator("ops".to_owned());
    let alice = subject("alice");
    assert_eq!(
        desk.sessions
            .set_roles(&alice, words(["editor"]), actor.clone())
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        desk.sessions
            .set_roles(&alice, words(["editor"]), actor)
            .await
            .unwrap(),
        0,
        "they have them"
    );
    for old in [&first, &sessions[1]] {
        let shown = desk.show(old.token()).await.unwrap();
        assert_eq!(shown.roles(), words(["editor"]));
        assert!(shown.is_new_token());
        let confirmed = desk.show(shown.token()).await.unwrap();
        assert!(!confirmed.is_new_token(), "renewed once");
    }
    assert!(desk.show(bob.token()).await.unwrap().roles().is_empty());
    let told = desk
        .journal()
        .await
        .into_iter()
        .find(|event| event.cause.detail.is_some())
        .unwrap();
    assert_eq!(told.cause.detail.as_deref(), Some("roles changed"));
    assert_eq!(told.cause.actor, Actor::Operator("ops".to_owned()));
}

#[tokio::test]
async fn req_51_roles_change_whatever_else_is_written_at_that_moment() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let seen = desk.show(active.token()).await.unwrap();
    let actor = Actor::Operator("ops".to_owned());
    desk.sessions
        .set_roles(&subject("alice"), words(["none"]), actor)
        .await
        .unwrap();
    // A request that has the old record writes: it must not bring the old roles back.
    let written = desk.commit(&seen, &note("late")).await.unwrap();
    assert_eq!(written.roles(), words(["none"]));
    let rotated = desk.sessions.rotate(&seen, &desk.client).await.unwrap();
    assert_eq!(rotated.roles(), words(["none"]));
    assert_eq!(noted(&rotated).as_deref(), Some("late"));
}

#[tokio::test]
async fn a_challenge_holds_until_the_user_has_stepped_up() {
    let desk = Desk::new();
    let session = desk.log_in("alice").await;
    let (id, actor) = (session.record().id, Actor::System);
    let challenge = async || {
        desk.sessions
            .challenge(&id, actor.clone(), "impossible travel")
            .await
            .unwrap()
    };
    assert!(challenge().await);
    assert!(!challenge().await, "once is enough");
    let shown = desk.show(session.token()).await.unwrap();
    assert!(shown.mismatch().is_some_and(|what| what.challenged));
    let told = desk.journal().await.pop().unwrap();
    assert_eq!(
        told.cause.detail.as_deref(),
        Some("a step-up is demanded: impossible travel")
    );
    let raised = desk
        .sessions
        .step_up(&shown, word("otp"), &desk.client)
        .await
        .unwrap();
    assert!(desk.show(raised.token()).await.unwrap().mismatch().is_none());
    desk.sessions.log_out(&raised, &desk.client).await.unwrap();
    assert!(!challenge().await, "gone");
    let visitor = desk.anonymous(&note("x")).await;
    assert!(
        !desk
            .sessions
            .challenge(&visitor.record().id, Actor::System, "x")
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn nobody_can_not_step_up() {
    let desk = Desk::new();
    let visitor = desk.anonymous(&note("x")).await;
    let refused = desk.sessions.step_up(&visitor, word("otp"), &desk.client).await;
    assert!(matches!(refused, Err(SessionError::Anonymous)));
    let refused = desk
        .sessions
        .change_roles(&visitor, words(["admin"]), &desk.client)
        .await;
    assert!(matches!(refused, Err(SessionError::Anonymous)));
    assert!(desk.sessions.rotate(&visitor, &desk.client).await.is_ok());
}
