//! The lines of a sealed trail: each one's hash covers the line before it.
//!
//! A line is one JSON object in exactly one spelling. `hash` is SHA-256 of the hash before it (32 bytes, zeros before the
//! first) and of the text of the line's first member, from the quote of its name to its closing brace. What is personal
//! stands beside that member; the member holds only its salted hash, so it can be blotted out and the chain holds.

use crate::event::EventJson;
use crate::key::{PublicKey, SigningKey};
use crate::{hex, text};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::fmt;

/// A link of the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hash(pub(crate) [u8; 32]);

impl Hash {
    /// From 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }

    /// The link after this one.
    fn then(self, member: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update(self.0)
                .chain_update(member)
                .finalize()
                .into(),
        )
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// The first line of a segment, signed. With it the rest can be verified though earlier segments are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number among all lines of the trail, from 1.
    pub seq: u64,
    /// When the segment was begun.
    pub at: String,
    /// The version of the format.
    pub version: u32,
    /// The segment's number, from 1.
    pub segment: u64,
    /// The hash before it.
    pub prev: String,
    /// The public key that verifies what is signed.
    pub key: String,
    /// Where in the journal to read on.
    pub position: String,
}

/// What happened, without what is personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Public {
    /// Its number among all lines of the trail.
    pub seq: u64,
    /// The place in the journal.
    pub id: String,
    /// When.
    pub at: String,
    /// What.
    pub kind: Cow<'static, str>,
    /// To which session.
    pub session: Option<String>,
    /// Why, if a session ended.
    pub reason: Option<Cow<'static, str>>,
    /// By whom.
    pub actor: String,
    /// SHA-256 of the text of the personal part, salt included.
    pub commit: String,
}

/// What can be blotted out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// 128 random bits: without them, nobody can try out who it was.
    pub salt: String,
    /// Of whom.
    pub subject: Option<String>,
    /// From which address.
    pub ip: Option<String>,
    /// With which `User-Agent`.
    pub user_agent: Option<String>,
    /// What else there is to say.
    pub detail: Option<String>,
}

/// Everything before it counts: the journal was read up to here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its number.
    pub seq: u64,
    /// Where in the journal to read on.
    pub position: String,
}

/// Signed: everything before it is as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: String,
}

/// A segment was removed because it was kept long enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: String,
    /// The segment's number.
    pub segment: u64,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// A segment begins.
    Head(Head),
    /// Something happened.
    Event(Public),
    /// The journal was read up to here.
    Mark(Mark),
    /// Signed.
    Checkpoint(Checkpoint),
    /// A segment was removed.
    Retired(Retired),
}

impl Body {
    /// Its number among all lines.
    #[must_use]
    pub fn seq(&self) -> u64 {
        match self {
            Self::Head(it) => it.seq,
            Self::Event(it) => it.seq,
            Self::Mark(it) => it.seq,
            Self::Checkpoint(it) => it.seq,
            Self::Retired(it) => it.seq,
        }
    }

    /// The same with another number.
    pub(crate) fn numbered(mut self, number: u64) -> Self {
        match &mut self {
            Self::Head(it) => it.seq = number,
            Self::Event(it) => it.seq = number,
            Self::Mark(it) => it.seq = number,
            Self::Checkpoint(it) => it.seq = number,
            Self::Retired(it) => it.seq = number,
        }
        self
    }

    /// Whether its hash is signed.
    pub(crate) fn is_signed(&self) -> bool {
        matches!(self, Self::Head(_) | Self::Checkpoint(_))
    }

    /// What the hash covers: `"event":{…}`.
    fn member(&self) -> Vec<u8> {
        let mut object = text::json(self);
        object.pop();
        object.drain(..1);
        object
    }
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub body: Body,
    /// What is personal, unless it was blotted out; only events have it.
    pub personal: Option<Personal>,
    /// The link of the chain.
    pub hash: Hash,
    /// The signature of the hash.
    pub(crate) signature: Option<[u8; 64]>,
}

/// The text is no line of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a line of an audit trail")]
pub struct NotALine;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    head: Option<Head>,
    event: Option<Public>,
    mark: Option<Mark>,
    checkpoint: Option<Checkpoint>,
    retired: Option<Retired>,
    personal: Option<Personal>,
    hash: String,
    sig: Option<String>,
}

impl Line {
    /// The longest line that is read, its end aside: a mark of 256 journals, with room.
    pub(crate) const LONGEST: usize = 128 * 1024;

    /// The next line of the chain.
    pub(crate) fn next(body: Body, prev: Hash, key: &SigningKey) -> Self {
        let hash = prev.then(&body.member());
        let signature = body.is_signed().then(|| key.sign(&hash.0));
        Self {
            body,
            personal: None,
            hash,
            signature,
        }
    }

    /// The next line: an event.
    pub(crate) fn event(seq: u64, event: EventJson, salt: [u8; 16], prev: Hash) -> Self {
        let event = event.bounded();
        let personal = Personal {
            salt: hex::encode(&salt),
            subject: event.subject,
            ip: event.ip,
            user_agent: event.user_agent,
            detail: event.detail,
        };
        let body = Body::Event(Public {
            seq,
            id: event.id,
            at: event.at,
            kind: event.kind,
            session: event.session,
            reason: event.reason,
            actor: event.actor,
            commit: personal.commit(),
        });
        Self {
            hash: prev.then(&body.member()),
            body,
            personal: Some(personal),
            signature: None,
        }
    }

    /// The one spelling, without a line end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut line = vec![b'{'];
        line.extend(self.body.member());
        if let Body::Event(_) = self.body {
            line.extend(b",\"personal\":");
            line.extend(
                self.personal
                    .as_ref()
                    .map_or_else(|| b"null".to_vec(), text::json),
            );
        }
        line.extend(format!(",\"hash\":\"{}\"", self.hash).bytes());
        if let Some(signature) = &self.signature {
            line.extend(format!(",\"sig\":\"{}\"", hex::encode(signature)).bytes());
        }
        line.push(b'}');
        line
    }

    /// Reads what [`encode`](Self::encode) wrote and nothing else. A blotted line may end in spaces: those are where the
    /// personal part stood.
    pub fn decode(bytes: &[u8]) -> Result<Self, NotALine> {
        let wire: Wire = serde_json::from_slice(bytes).map_err(|_| NotALine)?;
        let mut bodies = [
            wire.head.map(Body::Head),
            wire.event.map(Body::Event),
            wire.mark.map(Body::Mark),
            wire.checkpoint.map(Body::Checkpoint),
            wire.retired.map(Body::Retired),
        ]
        .into_iter()
        .flatten();
        let (Some(body), None) = (bodies.next(), bodies.next()) else {
            return Err(NotALine);
        };
        let signature = match wire.sig {
            Some(text) => Some(hex::decode(&text).ok_or(NotALine)?),
            None => None,
        };
        let line = Self {
            body,
            personal: wire.personal,
            hash: Hash::parse(&wire.hash).ok_or(NotALine)?,
            signature,
        };
        let text = if line.is_blotted() {
            bytes.trim_ascii_end()
        } else {
            bytes
        };
        if line.encode() == text {
            Ok(line)
        } else {
            Err(NotALine)
        }
    }

    /// Whether its personal part was blotted out.
    #[must_use]
    pub fn is_blotted(&self) -> bool {
        matches!(self.body, Body::Event(_)) && self.personal.is_none()
    }

    /// Without the personal part, and as long as before, so that nothing else in the file moves.
    pub(crate) fn blotted(mut self, length: usize) -> Vec<u8> {
        self.personal = None;
        let mut line = self.encode();
        line.resize(length.max(line.len()), b' ');
        line
    }

    /// Whether its hash follows from the one before, and its personal part from its hash.
    pub(crate) fn follows(&self, prev: Hash) -> bool {
        let personal = match (&self.body, &self.personal) {
            (Body::Event(event), Some(personal)) => personal.commit() == event.commit,
            _ => true,
        };
        personal && prev.then(&self.body.member()) == self.hash
    }

    /// Whether it is signed as it must be.
    pub(crate) fn is_vouched_for(&self, key: &PublicKey) -> bool {
        match &self.signature {
            Some(signature) => self.body.is_signed() && key.verifies(&self.hash.0, signature),
            None => !self.body.is_signed(),
        }
    }

    /// The event as the admin API tells it; without what was blotted out.
    #[must_use]
    pub fn into_event(self) -> Option<EventJson> {
        let Body::Event(event) = self.body else {
            return None;
        };
        let personal = self.personal;
        let (subject, ip, user_agent, detail) = personal.map_or((None, None, None, None), |it| {
            (it.subject, it.ip, it.user_agent, it.detail)
        });
        Some(EventJson {
            id: event.id,
            at: event.at,
            kind: event.kind,
            session: event.session,
            subject,
            reason: event.reason,
            actor: event.actor,
            ip,
            user_agent,
            detail,
        })
    }
}

impl Personal {
    fn commit(&self) -> String {
        hex::encode(&Sha256::digest(text::json(self)))
    }
}
