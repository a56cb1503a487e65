//! Invariant 4: nothing that can be printed holds a token.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{DataError, Policy, RandomError, SessionError, StoreError, Token};
use std::fmt::Debug;
use support::{Desk, NOTE, hours, note, text};

/// Asserts that neither the token nor its raw bytes can be seen, in any spelling that a leak would have.
fn says_nothing(token: &Token, shown: &str) {
    let text = text(token);
    assert!(!shown.contains(&text), "a token in {shown}");
    assert!(!shown.contains(&text[8..36]), "a part of a token in {shown}");
    let standard = text.replace('-', "+").replace('_', "/");
    assert!(!shown.contains(&standard[8..36]), "a part of a token in {shown}");
}

fn both(thing: &impl Debug) -> String {
    format!("{thing:?} {thing:#?}")
}

#[test]
fn invariant_4_a_malformed_token_is_not_repeated_in_the_error() {
    let error = Token::parse("this-is-what-somebody-sent").unwrap_err();
    assert_eq!(error.to_string(), "not a session token");
    assert!(!both(&error).contains("somebody"));
}

#[tokio::test]
async fn invariant_4_what_can_be_printed_holds_no_token() {
    let desk = Desk::with(Policy::builder().idle_timeout(hours(2)));
    let first = desk.log_in("alice").await;
    let first = desk
        .commit(&first, &note("a secret of the application"))
        .await
        .unwrap();
    desk.wait(3600);
    let second = desk.show(first.token()).await.unwrap();
    let kept = desk.sessions.end_others(&second, &desk.client).await.unwrap();
    for shown in [
        both(&first),
        both(&second),
        both(&kept),
        both(second.token()),
        both(second.record()),
        both(&desk.sessions),
        both(second.key()),
        both(&desk.slot(first.token()).await),
        both(&desk.slot(kept.kept.token()).await),
        both(&desk.journal().await),
    ] {
        for active in [&first, &second, &kept.kept] {
            says_nothing(active.token(), &shown);
        }
        assert!(
            !shown.contains("a secret of the application"),
            "application data in {shown}"
        );
    }
    assert!(both(&first).contains("[redacted]"));
}

#[tokio::test]
async fn invariant_4_changes_and_data_show_names_alone() {
    let desk = Desk::new();
    let changes = note("4711 is my PIN");
    let active = desk.anonymous(&changes).await;
    let shown = both(&changes) + &both(&active.data().unwrap());
    assert!(shown.contains(NOTE.name()) && !shown.contains("4711"), "{shown}");
}

#[tokio::test]
async fn invariant_4_no_error_holds_a_token() {
    let desk = Desk::new();
    let active = desk.log_in("alice").await;
    desk.sessions.log_out(&active, &desk.client).await.unwrap();
    let gone = desk.commit(&active, &note("late")).await.unwrap_err();
    says_nothing(active.token(), &(both(&gone) + &gone.to_string()));
    let errors: Vec<SessionError> = vec![
        SessionError::from(RandomError),
        SessionError::from(DataError::Damaged),
        SessionError::from(StoreError::Unavailable("down".into())),
        SessionError::Gone,
    ];
    for error in errors {
        says_nothing(active.token(), &(both(&error) + &error.to_string()));
    }
}

#[tokio::test]
async fn req_3_the_store_holds_neither_token_nor_data() {
    let desk = Desk::with(Policy::builder().idle_timeout(hours(2)));
    let first = desk.log_in("alice").await;
    let first = desk
        .commit(&first, &note("a secret of the application"))
        .await
        .unwrap();
    desk.wait(3600);
    let second = desk.show(first.token()).await.unwrap();
    for slot in [
        desk.slot(first.token()).await.unwrap(),
        desk.slot(second.token()).await.unwrap(),
    ] {
        let bytes = slot.encode();
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!holds(b"a secret of the application"));
        for token in [first.token(), second.token()] {
            let text = text(token);
            assert!(!holds(text.as_bytes()) && !holds(&text.as_bytes()[8..36]));
            for part in raw(&text).windows(8) {
                assert!(!holds(part), "raw bytes of a token are in the store");
            }
        }
    }
}

fn raw(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let values: Vec<u32> = text
        .chars()
        .map(|c| u32::try_from(ALPHABET.find(c).unwrap()).unwrap())
        .collect();
    values
        .chunks_exact(4)
        .flat_map(|four| {
            let word = four.iter().fold(0, |sum, value| sum << 6 | value);
            word.to_be_bytes()[1..].to_vec()
        })
        .collect()
}
