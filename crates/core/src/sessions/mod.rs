//! The lifecycle of sessions: the one place where verdicts become store calls.
//!
//! Each file is one act. All follow one pattern: load, decide, write on the revision that was read; on a conflict, again.

mod active;
mod commit;
mod end;
mod list;
mod locate;
mod near;
mod open;
mod privilege;
mod renew;
mod resolve;
mod sweep;

pub use active::Active;
pub use end::{EndedOthers, Ending};
pub use near::NearError;
pub use open::LogIn;
pub use resolve::Activity;

use crate::data::DataError;
use crate::event::{Actor, Cause, Event};
use crate::near::Near;
use crate::policy::Policy;
use crate::random::{Random, RandomError};
use crate::store::{Store, StoreError};
use crate::time::{Clock, Timestamp};
use crate::{Client, SessionId};
use std::sync::Arc;

/// How often an act is tried again when somebody else wrote in between. Each failure means that another one succeeded.
const TRIES: usize = 256;

/// Opens, checks, renews and ends sessions. Cheap to clone.
///
/// Everything it needs comes in by argument: a store, the rules, a clock and a random source.
#[derive(Clone)]
pub struct Sessions(Arc<Parts>);

struct Parts {
    /// What acts go through. With a near cache, that forgets what is written.
    store: Arc<dyn Store>,
    /// The store itself.
    bare: Arc<dyn Store>,
    near: Option<Arc<Near>>,
    policy: Policy,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// An act on a session failed. Nothing of it was done, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The store failed. The answer to a client is 503; it is not logged out.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No secret could be made.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The application data could not be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The session ended while the request was under way.
    #[error("the session has ended")]
    Gone,
    /// The subject has as many sessions as allowed, and the policy refuses more.
    #[error("the subject has as many sessions as the policy allows")]
    LimitReached,
    /// The subject was logged out everywhere while they were logging in.
    #[error("all sessions of the subject were ended while they logged in")]
    LoggedOutMeanwhile,
    /// The act is for those who are logged in.
    #[error("nobody is logged in")]
    Anonymous,
    /// Others wrote to the session without end.
    #[error("the session is written to by too many requests at once")]
    Contended,
}

impl Sessions {
    /// An engine over a store.
    pub fn new(store: Arc<dyn Store>, policy: Policy, clock: impl Clock, random: impl Random) -> Self {
        Self(Arc::new(Parts {
            bare: Arc::clone(&store),
            store,
            near: None,
            policy,
            clock: Arc::new(clock),
            random: Arc::new(random),
        }))
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// The store underneath.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// The present moment, by the clock that was handed in.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The random source that was handed in.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        &*self.0.random
    }

    /// Puts an event into the journal that no change of a session brings with it.
    pub async fn note(&self, event: &Event) -> Result<(), SessionError> {
        Ok(self.0.store.append(event).await?)
    }

    /// The same where nothing hangs on it: what the store does not take is warned of in the log.
    pub async fn note_or_warn(&self, event: &Event) {
        if let Err(error) = self.note(event).await {
            tracing::warn!(%error, kind = %event.kind, "the journal did not take an event");
        }
    }

    /// A cause that happens now.
    #[must_use]
    pub fn cause(&self, actor: Actor, client: &Client) -> Cause {
        Cause {
            at: self.now(),
            actor,
            ip: client.ip,
            user_agent: client.user_agent.clone(),
            detail: None,
        }
    }

    fn user(&self, client: &Client) -> Cause {
        self.cause(Actor::User, client)
    }

    fn new_id(&self) -> Result<SessionId, RandomError> {
        SessionId::mint(self.random())
    }
}

impl Cause {
    /// With a plain word on what happened.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<Box<str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions")
            .field("store", &self.0.store.describe())
            .finish_non_exhaustive()
    }
}
