//! What a store keeps of one session.

use crate::client::Client;
use crate::id::SessionId;
use crate::key::Key;
use crate::subject::{Subject, Word};
use crate::time::Timestamp;
use std::time::Duration;

/// Counts the writes to a record; every write names the one that it was based on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u32);

impl Revision {
    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// Counts the times that a subject was logged out everywhere. Sessions of an older epoch are dead.
///
/// A new epoch is the later of "one more" and the time in milliseconds, so that it still rises after a store has
/// forgotten the old one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch that begins when this one is ended at `now`.
    #[must_use]
    pub const fn raised(self, now: Timestamp) -> Self {
        let next = self.0 + 1;
        Self(if now.as_millis() > next {
            now.as_millis()
        } else {
            next
        })
    }
}

/// One session, decoded.
///
/// What every check looks at stands first and together: a processor fetches memory in lines of 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Record {
    /// The absolute deadline. Activity never moves it; authentication does.
    pub expires_at: Timestamp,
    /// When it was last used, to the precision of `touch_every`. Kept beside the rest, because it changes most.
    pub seen_at: Timestamp,
    /// When the present token was made.
    pub token_at: Timestamp,
    /// How the present token came to be and whether its holder is known to have it.
    pub token: TokenState,
    /// The token is to be renewed at its next use, whatever its age, because something changed from outside.
    pub renew_now: bool,
    /// Something about it looked wrong, so it is good for nothing but proving anew who its user is.
    pub challenged: bool,
    /// The machine that authenticated, against which later requests are compared.
    pub client: Client,
    /// Who is logged in; nobody in a session that was opened before log-in.
    pub identity: Option<Identity>,
    /// The public handle; it stays the same while tokens come and go.
    pub id: SessionId,
    /// Rises with every write.
    pub revision: Revision,
    /// When the session began.
    pub created_at: Timestamp,
    /// Application data, sealed under the present token's secret.
    pub sealed: Option<Box<[u8]>>,
}

/// Who is logged in, and how surely.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Identity {
    /// Whether they asked to stay logged in.
    pub remember: bool,
    /// What they may do, sorted.
    pub roles: Vec<Word>,
    /// The user.
    pub subject: Subject,
    /// The subject's epoch when they logged in.
    pub epoch: Epoch,
    /// When they last proved who they are.
    pub authenticated_at: Timestamp,
    /// With what (RFC 8176 names such as `pwd` or words like `password`).
    pub methods: Vec<Word>,
}

/// Where a token stands in its own small life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// In the client's hands.
    Confirmed {
        /// When it was first used, if it came by timed renewal: the old token's overlap counts from then.
        at: Option<Timestamp>,
    },
    /// Offered by timed renewal, not yet seen from the client; the old token is still good.
    Offered,
}

/// What is left under an old key after timed renewal: the way to the successor, sealed under the old secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The session.
    pub id: SessionId,
    /// Where it is now.
    pub to: Key,
    /// The successor token, sealed.
    pub successor: Box<[u8]>,
    /// When the token that left had itself been confirmed, if it came by timed renewal: its predecessor's overlap ends
    /// by that.
    pub confirmed_at: Option<Timestamp>,
    /// When this may be forgotten.
    pub expires_at: Timestamp,
}

/// What is found under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A session.
    Live(Record),
    /// A token that was renewed.
    Moved(Moved),
}

impl Record {
    /// Who it is, if somebody is logged in.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        self.identity.as_ref().map(|who| &who.subject)
    }

    /// When inactivity ends it, given the idle timeout in force: never later than the absolute deadline.
    #[must_use]
    pub fn deadline(&self, idle: Duration) -> Timestamp {
        (self.seen_at + idle).min(self.expires_at)
    }

    /// Whether the user has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.identity
            .as_ref()
            .is_some_and(|who| who.roles.iter().any(|have| have.as_str() == role))
    }

    /// Whether somebody authenticated within the last `span` (RFC 9470 `max_age`).
    #[must_use]
    pub fn is_fresh(&self, span: Duration, now: Timestamp) -> bool {
        self.identity
            .as_ref()
            .is_some_and(|who| now.since(who.authenticated_at) <= span)
    }
}
