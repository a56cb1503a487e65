//! The check that every request makes: timeouts, touches, background polling, binding, listing.

#![allow(
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{
    Active, Activity, Binding, Client, CloseReason, Kind, Policy, Reaction, SessionError, SessionId, Slot,
    Timestamp, Token,
};
use cloakroom_testkit::{HandClock, START, SeededRandom, Step};
use support::{CHROME, Desk, FIREFOX, before, client, hours, ms, note, noted, secs, subject, word};

#[tokio::test]
async fn req_34_idle_dies_on_the_millisecond() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.clock.advance(secs(1800) - ms(1));
    assert!(desk.is_alive(active.token()).await);
    desk.clock.advance(ms(1));
    assert!(desk.show(active.token()).await.is_none());
    assert_eq!(desk.endings().await, ["idle"]);
    assert_eq!(desk.sessions.count().await.unwrap(), 0, "who looks, buries");
}

#[tokio::test]
async fn req_35_invariant_6_no_activity_gets_a_session_past_its_absolute_deadline() {
    let desk = Desk::new();
    let mut active = desk.log_in("alice").await;
    let deadline = active.record().expires_at;
    for minute in 1..480 {
        desk.clock.set(START + secs(minute * 60));
        active = desk.show(active.token()).await.expect("alive until the deadline");
        if minute % 7 == 0 {
            active = desk.commit(&active, &note("busy")).await.unwrap();
        }
        assert_eq!(active.record().expires_at, deadline);
    }
    desk.clock.set(before(deadline, ms(1)));
    active = desk.show(active.token()).await.unwrap();
    desk.clock.set(deadline);
    assert!(desk.show(active.token()).await.is_none());
    assert_eq!(desk.endings().await, ["absolute"]);
}

#[tokio::test]
async fn req_41_a_session_that_was_found_expired_stays_dead_when_the_clock_goes_back() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.wait(1800);
    assert!(desk.show(active.token()).await.is_none());
    desk.clock.set(START + secs(1500));
    assert!(desk.show(active.token()).await.is_none());
    assert!(desk.sessions.find(&active.id()).await.unwrap().is_none());
}

#[tokio::test]
async fn req_41_a_clock_that_goes_back_neither_ages_nor_rejuvenates() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.wait(600);
    desk.show(active.token()).await.unwrap();
    desk.clock.set(START);
    let seen = desk.show(active.token()).await.unwrap().record().seen_at;
    assert_eq!(seen, START + secs(600), "seen later stays seen later");
    desk.clock.set(START + secs(600 + 1800));
    assert!(desk.show(active.token()).await.is_none());
}

#[tokio::test]
async fn req_38_one_write_per_touch_every() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    for _ in 0..59 {
        desk.wait(1);
        desk.show(active.token()).await.unwrap();
    }
    assert_eq!(
        (desk.store.calls(Step::Load), desk.store.calls(Step::Touch)),
        (59, 0)
    );
    desk.wait(1);
    assert_eq!(
        desk.show(active.token()).await.unwrap().record().seen_at,
        START + secs(60)
    );
    desk.show(active.token()).await.unwrap();
    assert_eq!(desk.store.calls(Step::Touch), 1);
    assert_eq!(desk.store.writes(), 2, "the opening and one touch");
    assert_eq!(desk.journal().await.len(), 1, "being seen is no news");
}

#[tokio::test]
async fn req_38_death_comes_within_the_granularity_of_a_touch() {
    // Last seen for sure just before a touch is due: the earliest death there is.
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.clock.advance(secs(60) - ms(1));
    desk.show(active.token()).await.unwrap();
    let last_use = START + (secs(60) - ms(1));
    desk.clock.set(last_use + (secs(1740)));
    assert!(
        desk.is_alive(active.token()).await,
        "at idle less touch_every it lives"
    );
    desk.clock.set(last_use + secs(1800));
    assert!(!desk.is_alive(active.token()).await, "at idle it is dead");
}

#[tokio::test]
async fn a_check_is_one_round_trip_and_a_touch_is_a_second_one() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let calls = desk.store.all_calls();
    desk.show(active.token()).await.unwrap();
    assert_eq!(desk.store.all_calls(), calls + 1);
    desk.wait(60);
    desk.show(active.token()).await.unwrap();
    assert_eq!(desk.store.all_calls(), calls + 3);
}

#[tokio::test]
async fn req_37_polling_in_the_background_is_no_activity() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    for _ in 0..10 {
        desk.wait(179);
        assert!(desk.poll(active.token()).await.is_some());
    }
    assert_eq!(desk.store.writes(), 1, "nothing but the opening was written");
    desk.wait(10);
    assert!(desk.poll(active.token()).await.is_none());
    assert_eq!(desk.endings().await, ["idle"]);
}

#[tokio::test]
async fn req_37_polling_renews_and_confirms_nothing() {
    let desk = Desk::with(Policy::builder().idle_timeout(hours(2)));
    let active = desk.log_in("alice").await;
    desk.wait(3600);
    assert!(!desk.poll(active.token()).await.unwrap().is_new_token());
    let renewed = desk.show(active.token()).await.unwrap();
    assert!(desk.poll(renewed.token()).await.is_some());
    assert!(
        desk.show(active.token()).await.is_some(),
        "the old token is good until a user uses the new one"
    );
}

#[tokio::test]
async fn introspection_writes_nothing_whatever_it_finds() {
    let desk = Desk::with(Policy::builder().idle_timeout(hours(2)));
    let first = desk.log_in("alice").await;
    desk.wait(3600);
    assert!(
        desk.is_alive(first.token()).await,
        "due for a touch and a renewal"
    );
    let second = desk.show(first.token()).await.unwrap();
    let offered = desk.sessions.introspect(first.token()).await.unwrap().unwrap();
    assert!(offered.is_new_token() && offered.key() == second.key());
    assert!(desk.is_alive(second.token()).await, "not confirmed by it");
    assert!(desk.is_alive(first.token()).await);
    desk.show(second.token()).await.unwrap();
    desk.wait(11);
    let writes = desk.store.writes();
    assert!(!desk.is_alive(first.token()).await, "a replaced token is refused");
    assert!(
        desk.is_alive(second.token()).await,
        "who asks on behalf of others ends nothing"
    );
    desk.wait(hours(3).as_secs());
    assert!(!desk.is_alive(second.token()).await);
    assert_eq!(desk.store.writes(), writes);
}

fn bound(ip: Reaction, user_agent: Reaction) -> Desk {
    let binding = Binding {
        ip,
        user_agent,
        ..Binding::default()
    };
    Desk::with(Policy::builder().binding(binding))
}

async fn show_from(desk: &Desk, token: &Token, client: &Client) -> Option<Active> {
    desk.sessions
        .resolve(token, client, Activity::User)
        .await
        .unwrap()
}

#[tokio::test]
async fn req_68_another_address_is_noted_once_and_becomes_the_usual_one() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let train = Client::at([203, 0, 113, 9].into())
        .with_user_agent(CHROME)
        .with_language("en-GB,en;q=0.9");
    for _ in 0..3 {
        let seen = show_from(&desk, active.token(), &train).await.unwrap();
        assert_eq!(seen.record().client, train);
        assert_eq!(seen.mismatch(), None);
    }
    let journal = desk.journal().await;
    let changes: Vec<_> = journal
        .iter()
        .filter(|event| event.kind == Kind::BindingChanged)
        .collect();
    assert_eq!(changes.len(), 1);
    assert_eq!(
        changes[0].cause.detail.as_deref(),
        Some("used with another address")
    );
    assert_eq!(
        (changes[0].cause.ip, changes[0].session),
        (train.ip, Some(active.id()))
    );
}

#[tokio::test]
async fn req_68_another_browser_is_good_for_nothing_but_step_up() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let other = Client::at([192, 0, 2, 7].into())
        .with_user_agent(FIREFOX)
        .with_language("en-GB,en;q=0.9");
    let seen = show_from(&desk, active.token(), &other).await.unwrap();
    assert!(seen.mismatch().is_some_and(|mismatch| mismatch.user_agent));
    assert_eq!(
        seen.record().client,
        client(),
        "it does not become the usual one by being seen"
    );
    let kept = desk.sessions.commit(&seen, &note("x"), &other).await.unwrap();
    assert!(kept.mismatch().is_some(), "writing does not lift it");
    let proven = desk
        .sessions
        .step_up(&seen, word("password"), &other)
        .await
        .unwrap();
    assert_eq!(proven.mismatch(), None);
    assert_eq!(
        show_from(&desk, proven.token(), &other).await.unwrap().mismatch(),
        None
    );
    assert!(show_from(&desk, active.token(), &other).await.is_none());
}

#[tokio::test]
async fn req_68_no_token_is_renewed_for_a_browser_that_has_yet_to_prove_itself() {
    let desk = Desk::with(Policy::builder().idle_timeout(hours(2)));
    let active = desk.log_in("alice").await;
    let other = client().with_user_agent(FIREFOX);
    desk.wait(3600);
    let seen = show_from(&desk, active.token(), &other).await.unwrap();
    assert!(!seen.is_new_token() && seen.mismatch().is_some());
}

#[tokio::test]
async fn req_68_a_hard_binding_ends_the_session() {
    let desk = bound(Reaction::End, Reaction::Ignore);
    let active = desk.log_in("alice").await;
    assert!(
        show_from(&desk, active.token(), &Client::at([10, 0, 0, 1].into()))
            .await
            .is_none()
    );
    assert!(
        desk.show(active.token()).await.is_none(),
        "also for whom it was meant for"
    );
    assert_eq!(desk.endings().await, ["binding"]);
    let journal = desk.journal().await;
    assert_eq!(
        journal[1].cause.detail.as_deref(),
        Some("used with another address")
    );
}

#[tokio::test]
async fn req_68_a_binding_that_is_off_does_nothing() {
    let desk = bound(Reaction::Ignore, Reaction::Ignore);
    let active = desk.log_in("alice").await;
    let elsewhere = Client::at("2001:db8::1".parse().unwrap()).with_user_agent("curl/8");
    let seen = show_from(&desk, active.token(), &elsewhere).await.unwrap();
    assert_eq!(seen.mismatch(), None);
    assert_eq!(desk.journal().await.len(), 1);
}

#[tokio::test]
async fn the_list_has_live_sessions_alone_and_the_one_used_last_first() {
    let desk = Desk::new();
    let mut opened = Vec::new();
    for _ in 0..4 {
        opened.push(desk.log_in("alice").await);
        desk.wait(500);
    }
    desk.show(opened[1].token()).await.unwrap();
    desk.log_in("bob").await;
    let alice = subject("alice");
    let ids: Vec<_> = desk
        .sessions
        .list(&alice)
        .await
        .unwrap()
        .iter()
        .map(|record| record.id)
        .collect();
    // The first one lapsed 200 s ago.
    assert_eq!(ids, [opened[1].id(), opened[3].id(), opened[2].id()]);
    assert_eq!(desk.sessions.find(&opened[0].id()).await.unwrap(), None);
    assert_eq!(
        desk.sessions.find(&opened[2].id()).await.unwrap().unwrap().id,
        opened[2].id()
    );
    let scanned = desk.sessions.scan(None, 100).await.unwrap();
    assert_eq!((scanned.found.len(), scanned.next), (4, None));
    assert_eq!(
        desk.sessions.count().await.unwrap(),
        5,
        "the lapsed one counts until it is swept"
    );
    assert_eq!(desk.sessions.sweep().await.unwrap(), 1);
    assert_eq!(desk.sessions.count().await.unwrap(), 4);
}

#[tokio::test]
async fn req_10_a_sweep_takes_all_that_lapsed_however_many() {
    let desk = Desk::new();
    for _ in 0..1203 {
        desk.anonymous(&note("x")).await;
    }
    desk.wait(1799);
    assert_eq!(desk.sessions.sweep().await.unwrap(), 0);
    desk.wait(1);
    assert_eq!(desk.sessions.sweep().await.unwrap(), 1203);
    assert_eq!(desk.sessions.count().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_sweeper_goes_on_after_a_failure_and_stops_with_its_sessions() {
    let desk = Desk::new();
    let sweeper = tokio::spawn(desk.sessions.keep_swept(secs(30)));
    desk.store
        .fail(Step::Sweep, cloakroom_testkit::Fault::Unavailable);
    tokio::time::sleep(secs(31)).await;
    assert_eq!(desk.store.calls(Step::Sweep), 1);
    desk.store.mend();
    desk.log_in("alice").await;
    desk.wait(1800);
    tokio::time::sleep(secs(30)).await;
    assert_eq!(desk.store.calls(Step::Sweep), 2);
    assert_eq!(desk.endings().await, ["idle"]);
    drop(desk.sessions);
    tokio::time::timeout(secs(31), sweeper)
        .await
        .expect("it stops")
        .unwrap();
}

/// What a deploy that shortens a timeout does to those who are logged in.
#[tokio::test]
async fn a_shorter_idle_timeout_applies_to_sessions_that_are_open() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let strict = desk.under(Policy::builder().idle_timeout(secs(60)), 8);
    desk.wait(60);
    assert!(
        strict
            .resolve(active.token(), &desk.client, Activity::User)
            .await
            .unwrap()
            .is_none()
    );
}

/// A record that no key of the session opens any more: the session lives, its data is an error, its token is kept.
#[tokio::test]
async fn damaged_data_is_an_error_and_neither_empty_nor_a_log_out() {
    let desk = Desk::with(Policy::builder().idle_timeout(hours(2)));
    let active = desk.log_in("alice").await;
    let active = desk.commit(&active, &note("kept")).await.unwrap();
    let good = active.record().sealed.clone().unwrap();
    tamper(&desk, active.token(), |sealed| {
        *sealed = vec![1; sealed.len()].into();
    })
    .await;
    let seen = desk.show(active.token()).await.unwrap();
    assert!(seen.data().is_err());
    let refused = desk.commit(&seen, &note("over it")).await;
    assert!(
        matches!(refused, Err(SessionError::Data(_))),
        "nothing is written over what may yet be mended"
    );
    // Neither does a renewal throw it away, nor does its absence keep the session from being seen.
    desk.wait(3600);
    let seen = desk.show(active.token()).await.unwrap();
    assert!(!seen.is_new_token());
    assert_eq!(seen.record().seen_at, desk.sessions.now());
    tamper(&desk, active.token(), |sealed| *sealed = good.clone()).await;
    let seen = desk.show(active.token()).await.unwrap();
    assert_eq!(noted(&seen).as_deref(), Some("kept"));
    assert!(seen.is_new_token());
}

/// A cart that does not open any more goes with the session that held it; its owner logs in all the same.
#[tokio::test]
async fn damaged_data_before_log_in_keeps_nobody_from_logging_in() {
    let desk = Desk::with(Policy::builder());
    let visitor = desk
        .sessions
        .open_anonymous(&desk.client, &note("cart"))
        .await
        .unwrap();
    tamper(&desk, visitor.token(), |sealed| {
        *sealed = vec![1; sealed.len()].into();
    })
    .await;
    let visitor = desk.show(visitor.token()).await.unwrap();
    let log_in = cloakroom_core::LogIn::of("alice".parse().unwrap());
    let active = desk
        .sessions
        .log_in(log_in, &desk.client, Some(&visitor))
        .await
        .unwrap();
    assert!(active.data().unwrap().is_empty());
    assert!(desk.show(visitor.token()).await.is_none(), "the old one is gone");
}

/// Changes what is sealed in a record, behind the engine's back.
async fn tamper(desk: &Desk, token: &Token, change: impl FnOnce(&mut Box<[u8]>)) {
    let Some(Slot::Live(mut record)) = desk.slot(token).await else {
        panic!("no session")
    };
    change(record.sealed.as_mut().unwrap());
    support::overwrite(&*desk.store, token.key(), record).await;
}

#[tokio::test]
async fn req_9_data_that_is_damaged_moved_or_opened_with_another_token_does_not_open() {
    let desk = Desk::with(Policy::builder().max_sessions(0));
    let first = desk.log_in("alice").await;
    let first = desk.commit(&first, &note("of the first")).await.unwrap();
    let second = desk.log_in("alice").await;
    let second = desk.commit(&second, &note("of the second")).await.unwrap();
    let sealed = first.record().sealed.clone().unwrap();
    for place in 0..sealed.len() {
        for bit in [1, 0x80] {
            let mut other = sealed.clone();
            other[place] ^= bit;
            tamper(&desk, first.token(), |it| *it = other).await;
            assert!(
                desk.show(first.token()).await.unwrap().data().is_err(),
                "byte {place}"
            );
        }
    }
    for length in 0..sealed.len() {
        tamper(&desk, first.token(), |it| *it = sealed[..length].into()).await;
        assert!(
            desk.show(first.token()).await.unwrap().data().is_err(),
            "cut to {length}"
        );
    }
    // Swapped between two sessions of one user.
    let other = second.record().sealed.clone().unwrap();
    tamper(&desk, first.token(), |it| *it = other).await;
    assert!(desk.show(first.token()).await.unwrap().data().is_err());
    tamper(&desk, first.token(), |it| *it = sealed.clone()).await;
    assert_eq!(
        noted(&desk.show(first.token()).await.unwrap()).as_deref(),
        Some("of the first")
    );
    // Under another token of the same session.
    let rotated = desk
        .sessions
        .rotate(&desk.show(first.token()).await.unwrap(), &desk.client)
        .await
        .unwrap();
    tamper(&desk, rotated.token(), |it| *it = sealed).await;
    assert!(desk.show(rotated.token()).await.unwrap().data().is_err());
}

#[tokio::test]
async fn req_9_data_does_not_open_in_a_record_of_another_session_under_the_same_token() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let active = desk.commit(&active, &note("of this one")).await.unwrap();
    let mut record = active.record().clone();
    record.id = SessionId::from_stored(&[9; 16]).unwrap();
    support::overwrite(&*desk.store, *active.key(), record).await;
    assert!(desk.show(active.token()).await.unwrap().data().is_err());
}

#[tokio::test]
async fn the_same_data_is_sealed_differently_each_time() {
    let desk = Desk::new();
    let one = desk.anonymous(&note("same")).await;
    let other = desk.anonymous(&note("same")).await;
    assert_ne!(one.record().sealed, other.record().sealed);
}

#[tokio::test]
async fn two_nodes_with_clocks_apart_agree_on_who_is_dead() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let behind = HandClock::at(Timestamp::from_millis(START.as_millis() - 300_000));
    let policy = Policy::default();
    let other = cloakroom_core::Sessions::new(desk.store.clone(), policy, behind, SeededRandom::new(3));
    desk.wait(1800);
    assert!(desk.show(active.token()).await.is_none());
    assert!(
        other
            .resolve(active.token(), &desk.client, Activity::User)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(desk.endings().await, [CloseReason::Idle.as_str()]);
}
