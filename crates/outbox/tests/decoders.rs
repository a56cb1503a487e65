//! What others write, on a fixed walk of 20,000 inputs each: nothing panics, and what is accepted keeps its promises.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // these are tests

use cloakroom_outbox::mail::{Alert, Relay, check_address};
use cloakroom_outbox::{EventJson, Secret, Target};

#[path = "../../../fuzz/src/walk.rs"]
mod walk;

use walk::walk;

const INPUTS: usize = 20_000;

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn urls_of_receivers() {
    let corpus = texts(&[
        "https://receiver.example.com:8443/hooks?key=1",
        "http://[::ffff:127.0.0.1]/",
        "https://user:pw@0x7f.1/#x",
        "https:\\\\a@b/",
    ]);
    walk(INPUTS, &corpus, |bytes| {
        let Ok(target) = String::from_utf8_lossy(bytes).parse::<Target>() else {
            return;
        };
        // What was accepted is accepted again, and its authority holds no user.
        let again: Target = target.expose().parse().unwrap();
        assert_eq!(again, target);
        let rest = target.expose().split_once("://").unwrap().1;
        assert!(!rest.split(['/', '?']).next().unwrap().contains('@'), "{rest}");
    });
}

#[test]
fn details_of_alerts() {
    let corpus = texts(&[
        "{\"rule\":\"new-device\",\"summary\":\"s\\r\\n\",\"severity\":\"warning\",\"evidence\":[\"a\",{\"b\":[1]}],\"advice\":\"x\"}",
        "{\"summary\":{\"a\":{\"b\":{\"c\":null}}}}",
        "plain \u{202e} words",
    ]);
    walk(INPUTS, &corpus, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let alert = Alert::read(Some(&text));
        let headline = alert.headline();
        assert!(
            !headline.is_empty() && !headline.contains(char::is_control),
            "{headline:?}"
        );
        assert!(alert.text(&EventJson::default()).len() < 100_000);
    });
}

#[test]
fn mail_servers_addresses_and_secrets() {
    let corpus = texts(&[
        "smtps://ops%40example.com@mail.example.com:465",
        "smtp://[::1]:2525",
        "ops+x@example.com",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ]);
    walk(INPUTS, &corpus, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(relay) = text.parse::<Relay>() {
            assert_eq!(relay.to_string().parse::<Relay>().unwrap(), relay, "{text}");
        }
        if check_address(&text).is_ok() {
            assert!(!text.contains(['\r', '\n', ',']), "{text:?}");
        }
        let _ = text.parse::<Secret>();
    });
}
