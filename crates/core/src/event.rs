//! What happened: the entries of the journal.

use crate::client::Client;
use crate::id::SessionId;
use crate::key::{Bucket, Key};
use crate::phrase;
use crate::subject::Subject;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// Declares an enum whose variants have stable names, for stores, logs and the admin API.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(UnknownName) }
            }
        }
    };
}

/// A name that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown name")]
pub struct UnknownName;

named! {
    /// What kind of thing happened.
    Kind {
        /// A session began.
        Opened = "opened",
        /// Its data changed, or a renewed token was used for the first time.
        Updated = "updated",
        /// A new token was offered on the timer.
        Renewed = "renewed",
        /// A new token replaced the old one at a change of privilege.
        Rotated = "rotated",
        /// The user proved anew who they are.
        Elevated = "elevated",
        /// A session ended.
        Closed = "closed",
        /// Somebody failed to log in.
        LoginFailed = "login-failed",
        /// A log-in was refused because the subject has as many sessions as allowed.
        LimitRefused = "limit-refused",
        /// A session was used from elsewhere.
        BindingChanged = "binding-changed",
        /// A request from another site was refused.
        CsrfRejected = "csrf-rejected",
        /// Something that is no session was presented as one.
        Guess = "guess",
        /// Something is wrong and wants a human.
        Alert = "alert",
        /// An operator did something.
        Admin = "admin",
    }
}

named! {
    /// Why a session ended.
    CloseReason {
        /// The user logged out.
        Logout = "logout",
        /// The user or an operator ended it from elsewhere.
        Revoked = "revoked",
        /// A newer session took its place under the limit.
        Evicted = "evicted",
        /// Nobody used it for the idle timeout.
        Idle = "idle",
        /// It reached the absolute deadline.
        Absolute = "absolute",
        /// The password or another credential changed.
        CredentialChange = "credential-change",
        /// A token that had been renewed was shown again: somebody else may have it.
        TokenReuse = "token-reuse",
        /// It was used from elsewhere, and the policy ends such sessions.
        Binding = "binding",
        /// A log-in in the same browser replaced it.
        Replaced = "replaced",
        /// The account was disabled.
        Disabled = "disabled",
    }
}

/// Who made it happen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// The engine itself: a deadline, a limit.
    #[default]
    System,
    /// The session's own user.
    User,
    /// An operator, by the name of their key or account.
    Operator(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::User => f.write_str("user"),
            Self::Operator(name) => write!(f, "operator:{name}"),
        }
    }
}

/// What an entry of the journal says in plain words and [`Event`] reads again.
const KNOWN_BROWSER: &str = "known browser";
const NEW_BROWSER: &str = "new browser";
const DISOWNED: &str = "disowned: the user says that it was not them";

/// When, by whom and from where: what a store writes beside every change it makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// From which address.
    pub ip: Option<IpAddr>,
    /// With which `User-Agent`.
    pub user_agent: Option<Arc<str>>,
    /// What else there is to say, in plain words.
    pub detail: Option<Box<str>>,
}

#[derive(Serialize, Deserialize)]
struct CauseWire<'a> {
    at: u64,
    actor: Actor,
    ip: Option<IpAddr>,
    #[serde(borrow)]
    user_agent: Option<phrase::Packed<'a>>,
    detail: Option<&'a str>,
}

impl Cause {
    /// Of a log-in: in a browser that had logged in to this account before, or not ([`Event::known_browser`]).
    #[must_use]
    pub fn in_browser(self, known: bool) -> Self {
        self.saying(if known { KNOWN_BROWSER } else { NEW_BROWSER })
    }

    /// Of an ending: the user says that the session was none of theirs ([`Event::is_disowned`]).
    #[must_use]
    pub fn disowning(self) -> Self {
        self.saying(DISOWNED)
    }

    /// The bytes that a store may keep instead of columns of its own.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let user_agent = self
            .user_agent
            .as_deref()
            .map(|agent| phrase::pack(agent, Client::MAX_USER_AGENT));
        let wire = CauseWire {
            at: self.at.as_millis(),
            actor: self.actor.clone(),
            ip: self.ip,
            user_agent: user_agent.as_ref().map(phrase::PackedBuf::borrow),
            detail: self.detail.as_deref(),
        };
        postcard::to_allocvec(&wire).unwrap_or_default()
    }

    /// Reads what [`encode`](Self::encode) wrote.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let wire: CauseWire<'_> = postcard::from_bytes(bytes).ok()?;
        let user_agent = match wire.user_agent {
            Some(packed) => Some(phrase::unpack(&packed, Client::MAX_USER_AGENT)?),
            None => None,
        };
        Some(Self {
            at: Timestamp::from_millis(wire.at),
            actor: wire.actor,
            ip: wire.ip,
            user_agent,
            detail: wire.detail.map(Into::into),
        })
    }
}

/// One thing that happened. It never holds a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// Why, if a session ended.
    pub reason: Option<CloseReason>,
    /// To which session.
    pub session: Option<SessionId>,
    /// Under which key it was: what a cache has to forget.
    pub key: Option<Key>,
    /// Of whom.
    pub subject: Option<Subject>,
    /// When, by whom and from where.
    pub cause: Cause,
}

impl Event {
    /// The bucket in whose log it is told, where there is one for each: beside all else about that session and subject.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        match (&self.key, &self.subject) {
            (Some(key), _) => key.bucket(),
            (None, Some(subject)) => Bucket::of(subject),
            (None, None) => Bucket(0),
        }
    }

    /// An event about no session in particular.
    #[must_use]
    pub fn of(kind: Kind, cause: Cause) -> Self {
        Self {
            kind,
            reason: None,
            session: None,
            key: None,
            subject: None,
            cause,
        }
    }

    /// Whether a log-in came from a browser that had logged in to this account before. Nothing if nobody said, or it is no
    /// log-in.
    #[must_use]
    pub fn known_browser(&self) -> Option<bool> {
        let said = self.cause.detail.as_deref().filter(|_| self.kind == Kind::Opened);
        match said {
            Some(KNOWN_BROWSER) => Some(true),
            Some(NEW_BROWSER) => Some(false),
            _ => None,
        }
    }

    /// Whether a session ended because its user says that it was none of theirs.
    #[must_use]
    pub fn is_disowned(&self) -> bool {
        self.kind == Kind::Closed
            && self.cause.actor == Actor::User
            && self.cause.detail.as_deref() == Some(DISOWNED)
    }

    /// Of this subject.
    #[must_use]
    pub fn about(mut self, subject: Option<Subject>) -> Self {
        self.subject = subject;
        self
    }

    /// Of this session.
    #[must_use]
    pub fn in_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }
}
