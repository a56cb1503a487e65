//! What each fuzz target of webhooks and mail does with its input. The tests of `cloakroom-outbox` run them, too.

use cloakroom_outbox::mail::{Alert, Relay, check_address};
use cloakroom_outbox::{EventJson, Secret, Target};

/// A receiver's URL: what is accepted is accepted again, and its authority holds no user.
pub fn url(bytes: &[u8]) {
    let Ok(target) = String::from_utf8_lossy(bytes).parse::<Target>() else {
        return;
    };
    assert_eq!(target.expose().parse().ok(), Some(target.clone()));
    let (_, rest) = target.expose().split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    assert!(!authority.contains('@'), "{rest}");
}

/// What an alert says: a headline without control characters, and a text that is not endless.
pub fn alert(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let alert = Alert::read(Some(&text));
    let headline = alert.headline();
    assert!(
        !headline.is_empty() && !headline.contains(char::is_control),
        "{headline:?}"
    );
    assert!(alert.text(&EventJson::default()).len() < 100_000);
}

/// Mail servers, addresses and secrets.
pub fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(relay) = text.parse::<Relay>() {
        assert_eq!(relay.to_string().parse().ok(), Some(relay), "{text}");
    }
    if check_address(&text).is_ok() {
        assert!(!text.contains(['\r', '\n', ',']), "{text:?}");
    }
    let _ = text.parse::<Secret>();
}
