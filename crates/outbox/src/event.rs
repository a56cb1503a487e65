//! What an event is called in webhooks, and the id under which it is sent.

use cloakroom_core::{Entry, Event, Kind};
use sha2::{Digest as _, Sha256};

/// The `type` of a kind in webhooks: what it is about, a full stop, and what happened (Standard Webhooks 1.0, "Event types").
#[must_use]
pub const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Opened => "session.opened",
        Kind::Updated => "session.updated",
        Kind::Renewed => "session.renewed",
        Kind::Rotated => "session.rotated",
        Kind::Elevated => "session.elevated",
        Kind::Closed => "session.closed",
        Kind::BindingChanged => "session.binding_changed",
        Kind::LoginFailed => "login.failed",
        Kind::LimitRefused => "login.limit_refused",
        Kind::CsrfRejected => "request.csrf_rejected",
        Kind::Guess => "request.guess",
        Kind::Alert => "alert.raised",
        Kind::Admin => "admin.acted",
    }
}

/// The id under which an entry is sent: the same at each attempt, on each node, and on a replica that took over, whose
/// journal is the same under another name.
pub(crate) fn id_of(Entry { position, event }: &Entry) -> String {
    let numbers = position.as_str().rsplit('.').next().unwrap_or_default();
    let Event {
        kind,
        session,
        subject,
        cause,
        ..
    } = event;
    let mut hash = Sha256::new();
    let parts = [
        numbers,
        kind.as_str(),
        &cause.at.as_millis().to_string(),
        &session.map(|id| id.to_string()).unwrap_or_default(),
        subject.as_ref().map_or("", |subject| subject.as_str()),
    ];
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let [a, b]: [u64; 2] = std::array::from_fn(|half| first_eight(&digest[8 * half..]));
    format!("evt_{a:016x}{b:016x}")
}

fn first_eight(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::{Cause, Timestamp};

    fn entry(position: &str, at: u64, subject: &str) -> Entry {
        let cause = Cause {
            at: Timestamp::from_millis(at),
            ..Cause::default()
        };
        Entry {
            position: position.parse().unwrap(),
            event: Event::of(Kind::Alert, cause).about(subject.parse().ok()),
        }
    }

    #[test]
    fn an_id_is_the_same_wherever_the_entry_is_read() {
        let id = id_of(&entry("aa.7-1", 5, "ada"));
        assert_eq!(id, id_of(&entry("bb.7-1", 5, "ada")), "after a fail-over");
        for other in [
            entry("aa.7-2", 5, "ada"),
            entry("aa.7-1", 6, "ada"),
            entry("aa.7-1", 5, "bob"),
        ] {
            assert_ne!(id, id_of(&other));
        }
        assert!(id.len() == 36 && !id.contains('.'), "{id}");
    }

    #[test]
    fn every_kind_has_a_type_of_its_own_in_the_alphabet_of_the_standard() {
        let types: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|kind| type_of(*kind)).collect();
        assert_eq!(types.len(), Kind::ALL.len());
        for name in types {
            assert!(name.split('.').count() == 2, "{name}");
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c == '.' || c == '_'),
                "{name}"
            );
        }
    }
}
