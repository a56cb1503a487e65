//! Records as bytes: versioned, with a head that a store may read without decoding the rest.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 | version, [`VERSION`] |
//! | 1 | kind: 1 a session, 2 a token that was renewed |
//! | 2..18 | session id |
//! | 18..22 | revision, big-endian |
//! | 22..28 | absolute deadline in milliseconds, big-endian |
//! | 28 | length of the subject, 0 for nobody |
//! | 29.. | subject, then the tail in postcard's format |
//!
//! `seen_at` stands outside: it changes with every touch, the rest does not. The files in `tests/golden` hold what each
//! version wrote; a reader of a later version must still read them, or refuse them without a panic.

use crate::client::Client;
use crate::id::SessionId;
use crate::key::Key;
use crate::phrase;
use crate::record::{Epoch, Identity, Moved, Record, Revision, Slot, TokenState};
use crate::subject::{Subject, Word};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// The version that is written.
pub const VERSION: u8 = 1;

const LIVE: u8 = 1;
const MOVED: u8 = 2;
const SUBJECT_AT: usize = 28;

const RENEW_NOW: u8 = 1;
const CHALLENGED: u8 = 2;

/// Bytes that are no record of a version known here. Such a session is dead; it is never taken for an absent one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// Written by a version that this one does not know.
    #[error("written in format version {0}, known is {VERSION}")]
    Version(u8),
    /// Damaged.
    #[error("damaged: {0}")]
    Damaged(&'static str),
}

#[derive(Serialize, Deserialize)]
struct LiveTail<'a> {
    created_at: u64,
    token_at: i64,
    token: TokenTail,
    /// [`RENEW_NOW`] and [`CHALLENGED`]. A version that knows the first alone finds a challenged record damaged, and lets
    /// nobody in with it.
    flags: u8,
    #[serde(borrow)]
    identity: Option<IdentityTail<'a>>,
    ip: Option<IpAddr>,
    #[serde(borrow)]
    user_agent: Option<phrase::Packed<'a>>,
    #[serde(borrow)]
    language: Option<phrase::Packed<'a>>,
    sealed: Option<&'a [u8]>,
}

#[derive(Serialize, Deserialize)]
enum TokenTail {
    Confirmed,
    ConfirmedAt(i64),
    Offered,
}

#[derive(Serialize, Deserialize)]
struct IdentityTail<'a> {
    #[serde(borrow)]
    roles: Vec<&'a str>,
    epoch: u64,
    authenticated_at: i64,
    #[serde(borrow)]
    methods: Vec<&'a str>,
    remember: bool,
}

#[derive(Serialize, Deserialize)]
struct MovedTail<'a> {
    to: &'a [u8],
    successor: &'a [u8],
    confirmed_at: Option<u64>,
}

/// What the head says, read without decoding the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// Whether a session is here, rather than the trace of a renewed token.
    pub live: bool,
    /// The session.
    pub id: SessionId,
    /// The write counter.
    pub revision: Revision,
    /// The absolute deadline.
    pub expires_at: Timestamp,
    /// The subject's name, empty for nobody.
    pub subject: &'a str,
}

impl Slot {
    /// The bytes that a store keeps.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Live(record) => record.encode(),
            Self::Moved(moved) => moved.encode(),
        }
    }

    /// Reads what [`encode`](Self::encode) wrote, in this version or an earlier one. Never panics.
    pub fn decode(bytes: &[u8], seen_at: Timestamp) -> Result<Self, Undecodable> {
        let (head, tail) = split(bytes)?;
        if head.live {
            live(&head, tail, seen_at).map(Self::Live)
        } else {
            moved(&head, tail).map(Self::Moved)
        }
    }
}

impl Record {
    /// The bytes that a store keeps of a session, without `seen_at`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let subject = self.subject().map_or("", Subject::as_str);
        let mut bytes = head(LIVE, self.id, self.revision, self.expires_at, subject);
        let delta = |at: Timestamp| at.as_millis().cast_signed() - self.created_at.as_millis().cast_signed();
        let user_agent = header(self.client.user_agent.as_deref(), Client::MAX_USER_AGENT);
        let language = header(self.client.accept_language.as_deref(), Client::MAX_LANGUAGE);
        let tail = LiveTail {
            created_at: self.created_at.as_millis(),
            token_at: delta(self.token_at),
            token: match self.token {
                TokenState::Confirmed { at: None } => TokenTail::Confirmed,
                TokenState::Confirmed { at: Some(at) } => TokenTail::ConfirmedAt(delta(at)),
                TokenState::Offered => TokenTail::Offered,
            },
            flags: (u8::from(self.renew_now) * RENEW_NOW) | (u8::from(self.challenged) * CHALLENGED),
            identity: self.identity.as_ref().map(|who| IdentityTail {
                roles: who.roles.iter().map(Word::as_str).collect(),
                epoch: who.epoch.0,
                authenticated_at: delta(who.authenticated_at),
                methods: who.methods.iter().map(Word::as_str).collect(),
                remember: who.remember,
            }),
            ip: self.client.ip,
            user_agent: user_agent.as_ref().map(phrase::PackedBuf::borrow),
            language: language.as_ref().map(phrase::PackedBuf::borrow),
            sealed: self.sealed.as_deref(),
        };
        append(&mut bytes, &tail);
        bytes
    }
}

impl Moved {
    /// The bytes that a store keeps under the old key.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = head(MOVED, self.id, Revision(0), self.expires_at, "");
        let tail = MovedTail {
            to: self.to.as_bytes(),
            successor: &self.successor,
            confirmed_at: self.confirmed_at.map(Timestamp::as_millis),
        };
        append(&mut bytes, &tail);
        bytes
    }
}

impl<'a> Head<'a> {
    /// Reads the head alone.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Undecodable> {
        split(bytes).map(|(head, _)| head)
    }
}

fn head(kind: u8, id: SessionId, revision: Revision, expires_at: Timestamp, subject: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(320);
    bytes.extend([VERSION, kind]);
    bytes.extend(id.as_bytes());
    bytes.extend(revision.0.to_be_bytes());
    bytes.extend(&expires_at.as_millis().to_be_bytes()[2..]);
    // A subject is at most 255 bytes by construction.
    bytes.push(u8::try_from(subject.len()).unwrap_or(u8::MAX));
    bytes.extend(subject.as_bytes());
    bytes
}

fn header(value: Option<&str>, most: usize) -> Option<phrase::PackedBuf> {
    value.map(|value| phrase::pack(value, most))
}

fn append<T: Serialize>(bytes: &mut Vec<u8>, tail: &T) {
    // Writing plain data into memory has no way to fail.
    if let Ok(tail) = postcard::to_allocvec(tail) {
        bytes.extend(tail);
    }
}

fn split(bytes: &[u8]) -> Result<(Head<'_>, &[u8]), Undecodable> {
    let short = Undecodable::Damaged("too short");
    match bytes.first() {
        None => return Err(short),
        Some(&VERSION) => {}
        Some(&other) => return Err(Undecodable::Version(other)),
    }
    let (fixed, rest) = bytes.split_at_checked(SUBJECT_AT + 1).ok_or(short)?;
    let (subject, tail) = rest
        .split_at_checked(usize::from(fixed[SUBJECT_AT]))
        .ok_or(short)?;
    let live = match fixed[1] {
        LIVE => true,
        MOVED => false,
        _ => return Err(Undecodable::Damaged("unknown kind")),
    };
    let id = SessionId::from_stored(&fixed[2..18]).ok_or(short)?;
    let revision = fixed[18..22]
        .iter()
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    let expires_at = fixed[22..28]
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let subject = std::str::from_utf8(subject).map_err(|_| Undecodable::Damaged("subject is not UTF-8"))?;
    let head = Head {
        live,
        id,
        revision: Revision(revision),
        expires_at: Timestamp::from_millis(expires_at),
        subject,
    };
    Ok((head, tail))
}

fn live(head: &Head<'_>, tail: &[u8], seen_at: Timestamp) -> Result<Record, Undecodable> {
    let tail: LiveTail<'_> = parse(tail)?;
    let created_at = tail.created_at;
    let moment = |delta: i64| Timestamp::from_millis(created_at.saturating_add_signed(delta));
    if tail.flags & !(RENEW_NOW | CHALLENGED) != 0 {
        return Err(Undecodable::Damaged("flags"));
    }
    let identity = match (head.subject, tail.identity) {
        ("", None) => None,
        (_, None) | ("", Some(_)) => return Err(Undecodable::Damaged("identity")),
        (subject, Some(who)) => Some(Identity {
            subject: subject.parse().map_err(|_| Undecodable::Damaged("subject"))?,
            roles: words(&who.roles)?,
            epoch: Epoch(who.epoch),
            authenticated_at: moment(who.authenticated_at),
            methods: words(&who.methods)?,
            remember: who.remember,
        }),
    };
    Ok(Record {
        id: head.id,
        revision: head.revision,
        identity,
        created_at: Timestamp::from_millis(created_at),
        seen_at,
        expires_at: head.expires_at,
        token_at: moment(tail.token_at),
        token: match tail.token {
            TokenTail::Confirmed => TokenState::Confirmed { at: None },
            TokenTail::ConfirmedAt(at) => TokenState::Confirmed { at: Some(moment(at)) },
            TokenTail::Offered => TokenState::Offered,
        },
        renew_now: tail.flags & RENEW_NOW != 0,
        challenged: tail.flags & CHALLENGED != 0,
        client: Client {
            ip: tail.ip,
            user_agent: unpack(tail.user_agent, Client::MAX_USER_AGENT)?,
            accept_language: unpack(tail.language, Client::MAX_LANGUAGE)?,
        },
        sealed: tail.sealed.map(Into::into),
    })
}

fn moved(head: &Head<'_>, tail: &[u8]) -> Result<Moved, Undecodable> {
    let tail: MovedTail<'_> = parse(tail)?;
    Ok(Moved {
        id: head.id,
        to: Key::from_stored(tail.to).ok_or(Undecodable::Damaged("successor's key"))?,
        successor: tail.successor.into(),
        confirmed_at: tail.confirmed_at.map(Timestamp::from_millis),
        expires_at: head.expires_at,
    })
}

fn parse<'a, T: Deserialize<'a>>(tail: &'a [u8]) -> Result<T, Undecodable> {
    match postcard::take_from_bytes(tail) {
        Ok((tail, [])) => Ok(tail),
        Ok(_) => Err(Undecodable::Damaged("bytes left over")),
        Err(_) => Err(Undecodable::Damaged("tail")),
    }
}

fn words(words: &[&str]) -> Result<Vec<Word>, Undecodable> {
    words
        .iter()
        .map(|word| word.parse().map_err(|_| Undecodable::Damaged("role or method")))
        .collect()
}

fn unpack(packed: Option<phrase::Packed<'_>>, most: usize) -> Result<Option<Arc<str>>, Undecodable> {
    match packed {
        None => Ok(None),
        Some(packed) => phrase::unpack(&packed, most)
            .map(Some)
            .ok_or(Undecodable::Damaged("client")),
    }
}
