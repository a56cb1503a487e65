//! Journal entries as bytes: one field of a stream entry. `journal.lua` writes the same format.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 | format, 1 |
//! | 1 | kind, 1-based place in `KINDS` |
//! | 2 | reason, 1-based place in `REASONS`, 0 for none |
//! | 3 | 1 if a session id follows, 2 if a key does, 3 if both |
//! | .. | session id (16), key (33), length of the subject (1), subject, [`Cause::encode`] |

use cloakroom_core::{Cause, CloseReason, Event, Key, Kind, SessionId};

const FORMAT: u8 = 1;

/// Places are part of the format: add at the end, never in between. The scripts know some by number.
const KINDS: [Kind; 13] = [
    Kind::Opened,
    Kind::Updated,
    Kind::Renewed,
    Kind::Rotated,
    Kind::Elevated,
    Kind::Closed,
    Kind::LoginFailed,
    Kind::LimitRefused,
    Kind::BindingChanged,
    Kind::CsrfRejected,
    Kind::Guess,
    Kind::Alert,
    Kind::Admin,
];

const REASONS: [CloseReason; 10] = [
    CloseReason::Logout,
    CloseReason::Revoked,
    CloseReason::Evicted,
    CloseReason::Idle,
    CloseReason::Absolute,
    CloseReason::CredentialChange,
    CloseReason::TokenReuse,
    CloseReason::Binding,
    CloseReason::Replaced,
    CloseReason::Disabled,
];

fn number<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let place = all.iter().position(|it| it == one).map_or(0, |place| place + 1);
    u8::try_from(place).unwrap_or(0)
}

pub(crate) fn kind_number(kind: Kind) -> u8 {
    number(&KINDS, &kind)
}

pub(crate) fn reason_number(reason: CloseReason) -> u8 {
    number(&REASONS, &reason)
}

fn at<T: Copy>(all: &[T], number: u8) -> Option<T> {
    all.get(usize::from(number).checked_sub(1)?).copied()
}

pub(crate) fn reason(number: u8) -> Option<CloseReason> {
    at(&REASONS, number)
}

/// An event as the journal keeps it.
pub(crate) fn encode(event: &Event) -> Vec<u8> {
    let flags = u8::from(event.session.is_some()) | u8::from(event.key.is_some()) << 1;
    let reason = event.reason.map_or(0, reason_number);
    let mut bytes = vec![FORMAT, kind_number(event.kind), reason, flags];
    if let Some(session) = &event.session {
        bytes.extend(session.as_bytes());
    }
    if let Some(key) = &event.key {
        bytes.extend(key.as_bytes());
    }
    let subject = event.subject.as_ref().map_or("", |subject| subject.as_str());
    // A subject has at most 255 bytes by construction.
    bytes.push(u8::try_from(subject.len()).unwrap_or(u8::MAX));
    bytes.extend(subject.as_bytes());
    bytes.extend(event.cause.encode());
    bytes
}

/// Reads what [`encode`] or a script wrote; nothing if it was written by something else.
pub(crate) fn decode(bytes: &[u8]) -> Option<Event> {
    let (&[format, kind, reason_code, flags], mut rest) = bytes.split_first_chunk()?;
    if format != FORMAT || flags > 3 {
        return None;
    }
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at_checked(length)?;
        rest = left;
        Some(taken)
    };
    let session = match flags & 1 {
        0 => None,
        _ => Some(SessionId::from_stored(take(16)?)?),
    };
    let key = match flags & 2 {
        0 => None,
        _ => Some(Key::from_stored(take(Key::LEN)?)?),
    };
    let length = take(1)?[0];
    let subject = match std::str::from_utf8(take(usize::from(length))?).ok()? {
        "" => None,
        subject => Some(subject.parse().ok()?),
    };
    Some(Event {
        kind: at(&KINDS, kind)?,
        reason: match reason_code {
            0 => None,
            code => Some(reason(code)?),
        },
        session,
        key,
        subject,
        cause: Cause::decode(rest)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::Timestamp;

    #[test]
    fn every_kind_and_reason_has_a_number() {
        assert!(Kind::ALL.iter().all(|kind| kind_number(*kind) > 0));
        assert!(CloseReason::ALL.iter().all(|reason| reason_number(*reason) > 0));
    }

    /// The scripts name these by number.
    #[test]
    fn the_scripts_mean_the_same_numbers() {
        let journal = include_str!("../../lua/journal.lua");
        let kinds = [Kind::Opened, Kind::Closed, Kind::LimitRefused].map(kind_number);
        let [opened, closed, refused] = kinds;
        let line = format!("local OPENED, CLOSED, LIMIT_REFUSED = {opened}, {closed}, {refused}\n");
        assert!(journal.contains(&line), "{line}");
        let ending = include_str!("../../lua/ending.lua");
        let reasons = [
            CloseReason::Evicted,
            CloseReason::Idle,
            CloseReason::Absolute,
            CloseReason::Replaced,
        ];
        let [evicted, idle, absolute, replaced] = reasons.map(reason_number);
        let line =
            format!("local EVICTED, IDLE, ABSOLUTE, REPLACED = {evicted}, {idle}, {absolute}, {replaced}\n");
        assert!(ending.contains(&line), "{line}");
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_shorter_is() {
        let event = Event {
            kind: Kind::Closed,
            reason: Some(CloseReason::Idle),
            session: SessionId::from_stored(&[7; 16]),
            key: Key::from_stored(&[9; Key::LEN]),
            subject: "alice".parse().ok(),
            cause: Cause {
                at: Timestamp::from_millis(5),
                ..Cause::default()
            },
        };
        let bytes = encode(&event);
        assert_eq!(decode(&bytes), Some(event));
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None);
        }
        let bare = Event::of(Kind::Guess, Cause::default());
        assert_eq!(decode(&encode(&bare)), Some(bare));
    }
}
