//! What each fuzz target of the engine does with its input. The tests of `cloakroom-core` run them, too.

use cloakroom_core::{
    Bucket, Cause, Client, Head, Key, Position, SessionId, Slot, Subject, Timestamp, Token, Word,
};

/// A token that can be read has one spelling, and its key is in the bucket that it names.
pub fn token(bytes: &[u8]) {
    if let Ok(token) = Token::parse(bytes) {
        assert_eq!(token.expose().as_bytes(), bytes);
        assert_eq!(token.key().bucket(), Bucket(token.key().as_bytes()[0]));
        assert_eq!(format!("{token:?}"), "Token([redacted])");
    }
}

/// So has a session's handle.
pub fn session_id(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(id) = text.parse::<SessionId>()
    {
        assert_eq!(id.to_string(), text);
    }
    assert_eq!(SessionId::from_stored(bytes).is_some(), bytes.len() == 16);
    assert_eq!(Key::from_stored(bytes).is_some(), bytes.len() == Key::LEN);
}

/// What can be read of a store can be written, and is then read as the same.
pub fn slot(bytes: &[u8]) {
    let seen_at = Timestamp::from_millis(1_790_000_000_000);
    if let Ok(slot) = Slot::decode(bytes, seen_at) {
        assert_eq!(Slot::decode(&slot.encode(), seen_at), Ok(slot));
    }
}

/// The head never says other than the whole.
pub fn head(bytes: &[u8]) {
    let slot = Slot::decode(bytes, Timestamp::default());
    match (Head::read(bytes), slot) {
        (Ok(head), Ok(Slot::Live(record))) => {
            assert!(head.live);
            assert_eq!(
                (head.id, head.revision, head.expires_at),
                (record.id, record.revision, record.expires_at)
            );
            assert_eq!(head.subject, record.subject().map_or("", Subject::as_str));
        }
        (Ok(head), Ok(Slot::Moved(moved))) => {
            assert!(!head.live);
            assert_eq!((head.id, head.expires_at), (moved.id, moved.expires_at));
        }
        (Ok(_), Err(_)) => {}
        (Err(error), slot) => assert_eq!(slot, Err(error)),
    }
}

/// A cause that can be read can be written.
pub fn cause(bytes: &[u8]) {
    if let Some(cause) = Cause::decode(bytes) {
        assert_eq!(Cause::decode(&cause.encode()), Some(cause));
    }
}

/// A position that can be read is bounded and harmless, comes back as it was, and is where it is.
pub fn position(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(position) = text.parse::<Position>()
    {
        assert_eq!(position.as_str(), text);
        assert!(position.reached(&position) && position.same_history(&position));
        assert!(
            text.len() <= 256 * 65
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        );
    }
}

/// Names and header values are bounded and hold no control characters.
pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let tame = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    if let Ok(subject) = text.parse::<Subject>() {
        assert!(tame(subject.as_str()) && subject.as_str().len() <= Subject::MAX_LEN);
    }
    if let Ok(word) = text.parse::<Word>() {
        assert!(tame(word.as_str()) && word.as_str().len() <= Word::MAX_LEN);
    }
    let client = Client::default().with_user_agent(&text).with_language(&text);
    for value in [client.user_agent, client.accept_language].into_iter().flatten() {
        assert!(tame(&value) && value.len() <= 3 * Client::MAX_USER_AGENT);
    }
}
