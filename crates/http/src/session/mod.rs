//! The session of one request: loaded when first asked for, written before the answer leaves.

mod acts;
mod data;
mod outcome;
mod state;

pub(crate) use outcome::Outcome;

use crate::address::Caller;
use crate::cookie::Presented;
use crate::layer::Config;
use crate::problem::{Code, Problem};
use cloakroom_core::{
    Active, Activity, Actor, Client, Event, Kind, Mismatch, Record, SessionError, SessionId, Sessions,
    Subject, Token,
};
use http::Extensions;
use parking_lot::Mutex;
use state::{Stage, State};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The session of the request at hand.
///
/// Reading is plain: the session was loaded when the handler asked for it. Changes to data are collected and written
/// once, before the answer leaves; on a conflict with another request they are replayed on what that one wrote. Acts
/// such as [`log_in`](Self::log_in) happen at once. If the handler answers 5xx or panics, changes of data are dropped
/// and acts stand, their cookie is sent all the same. With any other answer, also 4xx, changes are written.
///
/// A session that is used from elsewhere, where the policy wants a step-up for that, counts as nobody's until then:
/// it shows no subject, no role and no data, and can do no more than [`step_up`](Self::step_up), be replaced by
/// [`log_in`](Self::log_in), or [`log_out`](Self::log_out).
///
/// What outlives the request, such as a spawned task or a streamed body, can go on reading; the answer has left with
/// what was changed up to then, so changes and acts that would need a new cookie fail.
///
/// ```
/// use cloakroom_http::{Field, Refused, Session};
///
/// const VISITS: Field<u32> = Field::new("visits");
///
/// async fn count(session: Session) -> Result<String, Refused> {
///     session.update(VISITS, |visits| *visits += 1)?;
///     Ok(format!("visit {}", session.get(VISITS)?.unwrap_or_default()))
/// }
/// # let _ = count;
/// ```
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    /// What the layer was set up with: the one thing that all requests share, so there is one handle on it for each.
    config: Arc<Config>,
    caller: Caller,
    client: OnceLock<Client>,
    token: Option<Token>,
    activity: Activity,
    state: Mutex<State>,
    /// Acts follow one another; they must not interleave within a request.
    acting: futures_util::lock::Mutex<()>,
}

/// What the layer puts into a request: nobody has asked for the session yet. A type of its own, so that nobody can take
/// a session that was not read for one that is empty.
#[derive(Clone)]
pub(crate) struct Unloaded(pub(crate) Session);

impl Session {
    pub(crate) fn new(config: Arc<Config>, caller: Caller, presented: Presented, activity: Activity) -> Self {
        let several = matches!(presented, Presented::Several);
        let token = match presented {
            Presented::Token(token) => Some(token),
            Presented::Nothing | Presented::Malformed | Presented::Several => None,
        };
        let session = Self(Arc::new(Shared {
            config,
            caller,
            client: OnceLock::new(),
            token,
            activity,
            state: Mutex::default(),
            acting: futures_util::lock::Mutex::default(),
        }));
        if several {
            let ip = session.client().ip;
            tracing::warn!(?ip, "several session cookies in one request; none is believed");
        }
        session
    }

    /// The token of the request's cookie. Nothing of it has been believed yet.
    pub(crate) fn presented(&self) -> Option<&Token> {
        self.0.token.as_ref()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The session of a request, for services that are no axum handlers. The first call reads it from the store; a
    /// request without a cookie costs no read.
    ///
    /// ```
    /// use cloakroom_http::{Problem, Session};
    ///
    /// async fn greet<B>(request: http::Request<B>) -> Result<String, Problem> {
    ///     let session = Session::of(request.extensions()).await?;
    ///     Ok(session.subject().map_or("hello".to_owned(), |subject| format!("hello, {subject}")))
    /// }
    /// # let _ = greet::<()>;
    /// ```
    pub fn of(extensions: &Extensions) -> impl Future<Output = Result<Self, Problem>> + Send + use<> {
        let unloaded = extensions.get::<Unloaded>().cloned();
        async {
            let Some(Unloaded(session)) = unloaded else {
                tracing::error!("a handler asks for its session, but there is no SessionLayer around it");
                return Err(Code::Internal.into());
            };
            if !session.is_loaded() {
                session.load().await?;
            }
            Ok(session)
        }
    }

    /// Whether the session is read, or can be without asking the store.
    fn is_loaded(&self) -> bool {
        let mut state = self.0.state.lock();
        if state.stage != Stage::Untouched {
            return state.stage == Stage::Loaded;
        }
        state.ask();
        let Some(token) = &self.0.token else {
            state.adopt(None);
            return true;
        };
        let known = self
            .0
            .config
            .sessions
            .glance(token, self.client(), self.0.activity);
        // Used from elsewhere: that is to be noted, which takes the store.
        let known = known.filter(|active| active.mismatch().is_none());
        let found = known.is_some();
        if found {
            state.adopt(known);
        }
        found
    }

    async fn load(&self) -> Result<(), SessionError> {
        // Nearly always nobody else is at it; only who has to wait pays for waiting.
        let _acting = match self.0.acting.try_lock() {
            Some(acting) => acting,
            None => self.0.acting.lock().await,
        };
        if !self.0.state.lock().ask() {
            return Ok(());
        }
        let active = match &self.0.token {
            Some(token) => {
                let sessions = &self.0.config.sessions;
                sessions
                    .resolve_strictly(token, self.client(), self.0.activity)
                    .await?
            }
            None => None,
        };
        let held_up = match (&self.0.config.guesses, &self.0.token) {
            (Some(limit), Some(token)) if active.is_none() => {
                Box::pin(limit.note(self.sessions(), token, self.client())).await
            }
            _ => None,
        };
        if let Some(active) = &active
            && active.mismatch().is_some()
        {
            Box::pin(self.note_demand(active)).await;
        }
        let mut state = self.0.state.lock();
        state.held_up = held_up;
        state.adopt(active);
        Ok(())
    }

    /// Notes once that a session was used from elsewhere and is good for a step-up alone. (What is merely logged, and what
    /// ends, stands in the journal already.)
    async fn note_demand(&self, active: &Active) {
        let Some(what) = active.mismatch().filter(|what| !what.challenged) else {
            return;
        };
        let client = self.client();
        if !self
            .0
            .config
            .demanded
            .is_new((active.id(), client.ip, &client.user_agent))
        {
            return;
        }
        let cause = self.sessions().cause(Actor::User, client);
        let cause = cause.saying(format!("used with another {what}; a step-up is demanded"));
        let event = Event::of(Kind::BindingChanged, cause);
        let event = event.about(active.subject().cloned()).in_session(active.id());
        self.sessions().note_or_warn(&event).await;
    }

    /// The engine.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.config.sessions
    }

    /// Who sent the request.
    ///
    /// ```
    /// # use cloakroom_http::Session;
    /// fn network(session: &Session) -> Option<std::net::IpAddr> {
    ///     session.client().ip
    /// }
    /// ```
    #[must_use]
    pub fn client(&self) -> &Client {
        self.0.client.get_or_init(|| self.0.caller.client())
    }

    /// The session as the engine knows it, if there is one; also one that wants a step-up.
    ///
    /// ```
    /// # use cloakroom_http::Session;
    /// fn roles(session: &Session) -> usize {
    ///     session.active().map_or(0, |active| active.roles().len())
    /// }
    /// ```
    #[must_use]
    pub fn active(&self) -> Option<Active> {
        self.0.state.lock().active().cloned()
    }

    /// How long to wait, if there is no session and too many tokens that open nothing came from this network
    /// ([`SessionLayer::limit_guesses`](crate::SessionLayer::limit_guesses)). The extractors answer 429 then.
    #[must_use]
    pub fn held_up(&self) -> Option<Duration> {
        let state = self.0.state.lock();
        state.held_up.filter(|_| state.active().is_none())
    }

    /// Its public handle, if it has been opened. It proves nothing, so it may be logged and shown.
    ///
    /// ```
    /// # use cloakroom_http::Session;
    /// fn shown(session: &Session) -> String {
    ///     session.id().map_or_else(|| "none".to_owned(), |id| id.to_string())
    /// }
    /// ```
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        self.0.state.lock().active().map(Active::id)
    }

    /// Who is logged in. Nobody if the session is used from elsewhere and wants a step-up first.
    ///
    /// ```
    /// # use cloakroom_http::Session;
    /// async fn front_page(session: Session) -> String {
    ///     match session.subject() {
    ///         Some(subject) => format!("welcome back, {subject}"),
    ///         None => "welcome".to_owned(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        self.0.state.lock().trusted()?.subject().cloned()
    }

    /// Whether the user has a role. For handlers that need it, [`HasRole`](crate::HasRole) says so in their signature.
    ///
    /// ```
    /// # use cloakroom_http::Session;
    /// fn shows_the_bin(session: &Session) -> bool {
    ///     session.has_role("editor")
    /// }
    /// ```
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        let state = self.0.state.lock();
        state
            .trusted()
            .is_some_and(|active| active.record().has_role(role))
    }

    /// Whether the user authenticated within `step_up_within`. For handlers that need it, there is
    /// [`Fresh`](crate::Fresh).
    ///
    /// ```
    /// # use cloakroom_http::Session;
    /// fn asks_for_the_password(session: &Session) -> bool {
    ///     !session.is_fresh()
    /// }
    /// ```
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        let (policy, now) = (self.0.config.sessions.policy(), self.0.config.sessions.now());
        let state = self.0.state.lock();
        state.trusted().is_some_and(|active| active.is_fresh(policy, now))
    }

    /// What differs about the client, if the session is used from elsewhere and the policy wants a step-up for that.
    ///
    /// ```
    /// # use cloakroom_http::Session;
    /// fn why_the_password_page(session: &Session) -> Option<String> {
    ///     Some(format!("used with another {}", session.mismatch()?))
    /// }
    /// ```
    #[must_use]
    pub fn mismatch(&self) -> Option<Mismatch> {
        self.0.state.lock().active()?.mismatch()
    }

    /// The user's own sessions, the one used last first.
    ///
    /// ```
    /// # use cloakroom_http::{Refused, Session};
    /// async fn devices(session: Session) -> Result<String, Refused> {
    ///     let all = session.list().await?;
    ///     Ok(all.iter().map(|record| format!("{}\n", record.id)).collect())
    /// }
    /// ```
    pub async fn list(&self) -> Result<Vec<Record>, SessionError> {
        let active = self.require()?;
        let subject = active.subject().ok_or(SessionError::Anonymous)?;
        self.0.config.sessions.list(subject).await
    }

    /// The session for acts on behalf of its user. One that wants a step-up is nobody's.
    fn require(&self) -> Result<Active, SessionError> {
        let state = self.0.state.lock();
        state.trusted().cloned().ok_or(SessionError::Anonymous)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
