//! Writing what requests changed, also many at once (invariants 2 and 3).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{Changes, CloseReason, Data, DataError, Field, Kind, SessionError};
use cloakroom_testkit::{At, Step};
use std::sync::Arc;
use support::{
    CART, Desk, HITS, NOTE, add_to_cart, at_once, cart, hit, hits, note, noted, set, subject, text, word,
    words,
};

#[tokio::test]
async fn what_is_committed_is_there_for_the_next_request() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let written = desk.commit(&active, &note("hello")).await.unwrap();
    assert_eq!(noted(&written).as_deref(), Some("hello"));
    assert_eq!(written.record().revision, active.record().revision.next());
    assert_eq!(
        noted(&desk.show(active.token()).await.unwrap()).as_deref(),
        Some("hello")
    );
    let mut removed = Changes::none();
    removed.remove(NOTE);
    let emptied = desk.commit(&written, &removed).await.unwrap();
    assert_eq!(emptied.record().sealed, None);
    assert!(
        desk.show(active.token())
            .await
            .unwrap()
            .data()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn changes_that_change_nothing_are_not_written() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let active = desk.commit(&active, &note("hello")).await.unwrap();
    let writes = desk.store.writes();
    desk.commit(&active, &note("hello")).await.unwrap();
    desk.commit(&active, &Changes::none()).await.unwrap();
    let mut removed = Changes::none();
    removed.remove(CART);
    desk.commit(&active, &removed).await.unwrap();
    assert_eq!(desk.store.writes(), writes);
}

#[tokio::test]
async fn changes_apply_in_order() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let mut changes = note("first");
    changes.remove(NOTE);
    changes.set(HITS, &40).unwrap();
    changes.update(HITS, |hits| *hits += 2);
    let active = desk.commit(&active, &changes).await.unwrap();
    assert_eq!((noted(&active), hits(&active)), (None, 42));
}

#[tokio::test]
async fn invariant_3_two_requests_that_write_different_fields_both_win() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.commit(&active, &note("one")).await.unwrap();
    let both = desk.commit(&active, &add_to_cart("umbrella")).await.unwrap();
    assert_eq!(
        (noted(&both).as_deref(), cart(&both)),
        (Some("one"), vec!["umbrella".to_owned()])
    );
}

#[tokio::test]
async fn invariant_3_one_removes_while_the_other_writes() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let active = desk.commit(&active, &note("one")).await.unwrap();
    let mut removed = Changes::none();
    removed.remove(NOTE);
    desk.commit(&active, &removed).await.unwrap();
    let after = desk.commit(&active, &hit()).await.unwrap();
    assert_eq!((noted(&after), hits(&after)), (None, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn invariant_3_fifty_concurrent_updates_of_one_field_all_count() {
    let desk = Arc::new(Desk::new());
    let active = desk.log_in("alice").await;
    let done = at_once((0..50).map(|_| {
        let (desk, active) = (desk.clone(), active.clone());
        async move { desk.commit(&active, &hit()).await.is_ok() }
    }))
    .await;
    assert!(done.into_iter().all(|done| done));
    assert_eq!(hits(&desk.show(active.token()).await.unwrap()), 50);
    let updates = desk
        .journal()
        .await
        .iter()
        .filter(|event| event.kind == Kind::Updated)
        .count();
    assert_eq!(updates, 50, "each is in the journal once");
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_rest_stays() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let active = desk.commit(&active, &note("small")).await.unwrap();
    let refused = desk
        .commit(&active, &set(Field::new("big"), &"x".repeat(Data::MAX_SIZE)))
        .await;
    let Err(SessionError::Data(DataError::TooLarge { size })) = refused else {
        panic!("{refused:?}")
    };
    assert!(size > Data::MAX_SIZE);
    assert_eq!(
        noted(&desk.show(active.token()).await.unwrap()).as_deref(),
        Some("small")
    );
    let fits = set(Field::new("big"), &"x".repeat(Data::MAX_SIZE - 100));
    let active = desk.commit(&active, &fits).await.unwrap();
    assert!(
        desk.commit(&active, &set(Field::new("more"), &"x".repeat(100)))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_field_of_another_type_is_an_error_that_names_it() {
    const WRONG: Field<u32> = Field::new("note");
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let active = desk.commit(&active, &note("text")).await.unwrap();
    let read = active.data().unwrap().get(WRONG).unwrap_err();
    assert!(matches!(&read, DataError::WrongType { name, .. } if name == "note"));
    assert!(!read.to_string().contains("text"), "the value is not repeated");
    let mut changes = Changes::none();
    changes.update(WRONG, |number| *number += 1);
    let refused = desk.commit(&active, &changes).await;
    assert!(matches!(
        refused,
        Err(SessionError::Data(DataError::WrongType { .. }))
    ));
    assert_eq!(
        noted(&desk.show(active.token()).await.unwrap()).as_deref(),
        Some("text")
    );
}

#[test]
fn names_that_are_known_only_at_run_time_have_bounds() {
    let mut data = Data::default();
    assert!(data.set_named("x", &1).is_ok());
    assert!(data.set_named(&"x".repeat(64), &1).is_ok());
    assert!(matches!(data.set_named("", &1), Err(DataError::BadName)));
    assert!(matches!(
        data.set_named(&"x".repeat(65), &1),
        Err(DataError::BadName)
    ));
    assert_eq!(data.get_named::<u8>("x").unwrap(), Some(1));
}

#[test]
fn data_that_was_refused_as_too_large_is_not_there() {
    let mut data = Data::default();
    data.set_named("kept", "small").unwrap();
    assert!(data.set_named("kept", &"x".repeat(Data::MAX_SIZE)).is_err());
    assert!(data.set_named("new", &"x".repeat(Data::MAX_SIZE)).is_err());
    assert!(data.get_named::<String>("kept").unwrap().as_deref() == Some("small"));
    assert_eq!(data.names().collect::<Vec<_>>(), ["kept"]);
}

#[tokio::test]
async fn req_32_invariant_2_a_commit_that_comes_after_any_ending_brings_nothing_back() {
    for how in ["log_out", "end", "end_own", "end_all", "end_others", "idle"] {
        let desk = Desk::new();
        let active = desk.log_in("alice").await;
        let cause = desk.sessions.operator("test");
        let (alice, id) = (subject("alice"), active.id());
        match how {
            "log_out" => desk.sessions.log_out(&active, &desk.client).await.unwrap(),
            "end" => assert!(
                desk.sessions
                    .end(&id, CloseReason::Revoked, &cause)
                    .await
                    .unwrap()
            ),
            "end_own" => assert!(desk.sessions.end_own(&alice, &id, &desk.client).await.unwrap()),
            "end_all" => drop(
                desk.sessions
                    .end_all(&alice, CloseReason::Disabled, &cause)
                    .await
                    .unwrap(),
            ),
            "end_others" => {
                let other = desk.log_in("alice").await;
                desk.sessions.end_others(&other, &desk.client).await.unwrap();
            }
            _ => {
                desk.wait(1800);
                assert!(desk.show(active.token()).await.is_none());
            }
        }
        let late = desk.commit(&active, &note("late")).await;
        assert!(matches!(late, Err(SessionError::Gone)), "{how}: {late:?}");
        assert!(desk.slot(active.token()).await.is_none(), "{how}");
        assert!(desk.sessions.find(&id).await.unwrap().is_none(), "{how}");
        for late in [
            desk.sessions.rotate(&active, &desk.client).await,
            desk.sessions.step_up(&active, word("otp"), &desk.client).await,
            desk.sessions
                .change_roles(&active, words(["admin"]), &desk.client)
                .await,
        ] {
            assert!(matches!(late, Err(SessionError::Gone)), "{how}: {late:?}");
        }
        assert!(desk.slot(active.token()).await.is_none(), "{how}");
    }
}

#[tokio::test]
async fn req_32_invariant_2_log_out_while_a_commit_is_on_its_way_to_the_store() {
    let desk = Arc::new(Desk::new());
    let active = desk.log_in("alice").await;
    let mut gate = desk.store.stop_next(Step::Swap, At::Start);
    let saving = {
        let (desk, active) = (desk.clone(), active.clone());
        tokio::spawn(async move { desk.commit(&active, &note("late")).await })
    };
    gate.reached().await;
    desk.sessions.log_out(&active, &desk.client).await.unwrap();
    gate.open();
    assert!(matches!(saving.await.unwrap(), Err(SessionError::Gone)));
    assert_eq!(desk.sessions.count().await.unwrap(), 0);
    assert!(desk.show(active.token()).await.is_none());
}

#[tokio::test]
async fn a_commit_keeps_the_token_unless_renewal_gave_it_another() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    let seen = desk.show(active.token()).await.unwrap();
    let written = desk.commit(&seen, &note("x")).await.unwrap();
    assert!(!written.is_new_token());
    assert_eq!(text(written.token()), text(active.token()));
    let fresh = desk.commit(&active, &note("y")).await.unwrap();
    assert!(
        fresh.is_new_token(),
        "a token that was just made has yet to reach the client"
    );
}

#[tokio::test]
async fn invariant_6_a_commit_moves_no_deadline_and_is_no_authentication() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.wait(1000);
    let written = desk.commit(&active, &note("x")).await.unwrap();
    assert_eq!(written.record().expires_at, active.record().expires_at);
    assert_eq!(written.record().identity, active.record().identity);
}
