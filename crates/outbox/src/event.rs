//! An event as the outside sees it: in the admin API, in webhooks.

use cloakroom_core::{CloseReason, Entry, Event, Kind, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// An event in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventJson {
    /// Its place in the journal.
    pub id: String,
    /// When: RFC 3339 in UTC, with milliseconds.
    pub at: String,
    /// What: the name of a [`Kind`].
    pub kind: String,
    /// To which session.
    pub session: Option<String>,
    /// Of whom.
    pub subject: Option<String>,
    /// Why, if a session ended: the name of a [`CloseReason`].
    pub reason: Option<String>,
    /// Who made it happen.
    pub actor: String,
    /// From which address.
    pub ip: Option<String>,
    /// With which `User-Agent`.
    pub user_agent: Option<String>,
    /// What else there is to say.
    pub detail: Option<String>,
}

impl From<&Entry> for EventJson {
    fn from(Entry { position, event }: &Entry) -> Self {
        let cause = &event.cause;
        Self {
            id: position.to_string(),
            at: rfc3339(cause.at),
            kind: event.kind.as_str().to_owned(),
            session: event.session.map(|id| id.to_string()),
            subject: event.subject.as_ref().map(ToString::to_string),
            reason: event.reason.map(CloseReason::as_str).map(str::to_owned),
            actor: cause.actor.to_string(),
            ip: cause.ip.map(|ip| ip.to_string()),
            user_agent: cause.user_agent.as_ref().map(ToString::to_string),
            detail: cause.detail.as_ref().map(ToString::to_string),
        }
    }
}

/// RFC 3339 in UTC, with milliseconds.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).ok();
    let moment = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    format!("{:.3}", moment.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
}

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
    use cloakroom_core::Cause;

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
