//! The session of one request: loaded when first asked for, written before the answer leaves.

use crate::cookie::Presented;
use cloakroom_core::{
    Active, Activity, Changes, Client, Data, Field, LogIn, Record, SessionError, SessionId, Sessions,
    Subject, Timestamp, Token, Word,
};
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// The session of the request at hand.
///
/// Reading is plain: the session was loaded when the handler asked for it. Changes to data are collected and written
/// once, before the answer leaves; on a conflict with another request they are replayed on what that one wrote. Acts
/// such as [`log_in`](Self::log_in) happen at once. If the handler answers 5xx or panics, changes of data are dropped
/// and acts stand, their cookie is sent all the same.
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
    sessions: Sessions,
    client: Client,
    token: Option<Token>,
    activity: Activity,
    state: Mutex<State>,
    /// Acts follow one another; they must not interleave within a request.
    acting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    loaded: bool,
    active: Option<Active>,
    data: Option<Data>,
    changes: Changes,
    cookie: CookieChange,
    acted: bool,
}

/// What the answer does to the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CookieChange {
    #[default]
    None,
    Set,
    Clear,
}

/// What the layer has to write into the answer.
pub(crate) enum Outcome {
    /// Nobody asked for the session: the answer has nothing to do with it.
    Untouched,
    /// The answer depends on the session, and the cookie stays as it is.
    Consulted,
    /// The client gets this token; it keeps it until then, or until it is closed.
    Set(Token, Option<Timestamp>),
    /// The client is to forget its cookie.
    Clear,
}

impl Session {
    pub(crate) fn new(sessions: Sessions, client: Client, presented: Presented, activity: Activity) -> Self {
        let token = match presented {
            Presented::Token(token) => Some(token),
            Presented::Nothing | Presented::Malformed => None,
            Presented::Several => {
                tracing::warn!(ip = ?client.ip, "several session cookies in one request; none is believed");
                None
            }
        };
        let state = Mutex::new(State::default());
        Self(Arc::new(Shared {
            sessions,
            client,
            token,
            activity,
            state,
            acting: tokio::sync::Mutex::new(()),
        }))
    }

    /// Reads the session from the store, the first time that it is asked for. A request without a cookie costs no call.
    pub async fn load(&self) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        if self.0.state.lock().loaded {
            return Ok(());
        }
        let active = match &self.0.token {
            Some(token) => {
                self.0
                    .sessions
                    .resolve(token, &self.0.client, self.0.activity)
                    .await?
            }
            None => None,
        };
        let mut state = self.0.state.lock();
        state.loaded = true;
        state.adopt(active);
        Ok(())
    }

    /// The engine.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Who sent the request.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The session as the engine knows it, if there is one.
    #[must_use]
    pub fn active(&self) -> Option<Active> {
        self.0.state.lock().active.clone()
    }

    /// Its public handle, if it has been opened.
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        self.0.state.lock().active.as_ref().map(Active::id)
    }

    /// Who is logged in. Nobody if the session is used from elsewhere and wants a step-up first.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        let state = self.0.state.lock();
        state
            .active
            .as_ref()
            .filter(|active| active.mismatch().is_none())?
            .subject()
            .cloned()
    }

    /// Whether the user has a role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        let state = self.0.state.lock();
        state
            .active
            .as_ref()
            .is_some_and(|active| active.mismatch().is_none() && active.record().has_role(role))
    }

    /// Whether the user authenticated within `step_up_within`.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        let (policy, now) = (self.0.sessions.policy(), self.0.sessions.now());
        self.0
            .state
            .lock()
            .active
            .as_ref()
            .is_some_and(|active| active.is_fresh(policy, now))
    }

    /// The value of a field, with the changes that this request has made.
    pub fn get<T: DeserializeOwned>(&self, field: Field<T>) -> Result<Option<T>, SessionError> {
        let mut state = self.0.state.lock();
        Ok(state.data()?.get(field)?)
    }

    /// Puts a value into a field. Opens a session if there is none, when the answer leaves.
    pub fn set<T: Serialize>(&self, field: Field<T>, value: &T) -> Result<(), SessionError> {
        self.change(|changes| Ok(changes.set(field, value)?))
    }

    /// Empties a field.
    pub fn remove<T>(&self, field: Field<T>) -> Result<(), SessionError> {
        self.change(|changes| {
            changes.remove(field);
            Ok(())
        })
    }

    /// Changes a field from what it holds. If another request writes meanwhile, `change` runs again on what that one
    /// wrote, so both count; it should do nothing but change the value.
    pub fn update<T>(
        &self,
        field: Field<T>,
        change: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> Result<(), SessionError>
    where
        T: Serialize + DeserializeOwned + Default + 'static,
    {
        self.change(|changes| {
            changes.update(field, change);
            Ok(())
        })
    }

    /// Writes collected changes now rather than when the answer leaves, to know that they are kept.
    pub async fn save(&self) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        self.write().await
    }

    /// Opens a session for somebody who has proved who they are, in place of the one that the browser had.
    pub async fn log_in(&self, log_in: LogIn) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        let current = self.active();
        let active = self
            .0
            .sessions
            .log_in(log_in, &self.0.client, current.as_ref())
            .await?;
        let mut state = self.0.state.lock();
        let carried = state.changes.carried();
        state.act(Some(active));
        if !carried.is_empty() {
            let mut data = state.data()?;
            carried.apply(&mut data)?;
            state.data = Some(data);
            state.changes = carried;
        }
        Ok(())
    }

    /// The user has proved anew who they are, in this way: a new token, and the session is fresh.
    pub async fn step_up(&self, method: Word) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        let active = self
            .0
            .sessions
            .step_up(&self.require()?, method, &self.0.client)
            .await?;
        self.keep(active);
        Ok(())
    }

    /// Gives the user other roles in this session: a new token.
    pub async fn change_roles(&self, roles: impl IntoIterator<Item = Word>) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        let active = self
            .0
            .sessions
            .change_roles(&self.require()?, roles, &self.0.client)
            .await?;
        self.keep(active);
        Ok(())
    }

    /// A new token, for a change of privilege that this library knows nothing about.
    pub async fn rotate(&self) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        let active = self.0.sessions.rotate(&self.require()?, &self.0.client).await?;
        self.keep(active);
        Ok(())
    }

    /// The password or another credential changed: all other sessions of the user end, this one gets a new token. Answers
    /// how many ended.
    pub async fn credentials_changed(&self) -> Result<usize, SessionError> {
        let _acting = self.0.acting.lock().await;
        let others = self
            .0
            .sessions
            .credentials_changed(&self.require()?, &self.0.client)
            .await?;
        self.keep(others.kept);
        Ok(others.ended)
    }

    /// Ends the session. Without one, nothing happens; the cookie goes either way.
    pub async fn log_out(&self) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        if let Some(active) = self.active() {
            self.0.sessions.log_out(&active, &self.0.client).await?;
        }
        self.0.state.lock().act(None);
        Ok(())
    }

    /// Ends all other sessions of the user. Answers how many.
    pub async fn log_out_others(&self) -> Result<usize, SessionError> {
        let _acting = self.0.acting.lock().await;
        let others = self
            .0
            .sessions
            .end_others(&self.require()?, &self.0.client)
            .await?;
        self.keep(others.kept);
        Ok(others.ended)
    }

    /// Ends all sessions of the user, this one included, and log-ins that are under way. Answers how many.
    pub async fn log_out_everywhere(&self) -> Result<usize, SessionError> {
        let _acting = self.0.acting.lock().await;
        let active = self.require()?;
        let subject = active.subject().ok_or(SessionError::Anonymous)?;
        let cause = self.0.sessions.cause(cloakroom_core::Actor::User, &self.0.client);
        let all = self
            .0
            .sessions
            .end_all(subject, cloakroom_core::CloseReason::Logout, &cause)
            .await?;
        self.0.state.lock().act(None);
        Ok(all.ended.len())
    }

    /// The user's own sessions, the one used last first.
    pub async fn list(&self) -> Result<Vec<Record>, SessionError> {
        let active = self.require()?;
        self.0
            .sessions
            .list(active.subject().ok_or(SessionError::Anonymous)?)
            .await
    }

    /// Ends one of the user's own sessions. Answers whether there was one; somebody else's counts as none.
    pub async fn end(&self, id: &SessionId) -> Result<bool, SessionError> {
        let _acting = self.0.acting.lock().await;
        let active = self.require()?;
        let subject = active.subject().ok_or(SessionError::Anonymous)?;
        let ended = self.0.sessions.end_own(subject, id, &self.0.client).await?;
        if ended && active.id() == *id {
            self.0.state.lock().act(None);
        }
        Ok(ended)
    }

    /// Finishes the request: writes collected changes unless the handler failed, and says what becomes of the cookie.
    pub(crate) async fn finish(&self, failed: bool) -> (Outcome, Result<(), SessionError>) {
        let written = {
            let _acting = self.0.acting.lock().await;
            if failed { Ok(()) } else { self.write().await }
        };
        (self.outcome(), written)
    }

    /// Whether an act in this request has given the client a new cookie, or taken it.
    pub(crate) fn acted(&self) -> bool {
        self.0.state.lock().acted
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let state = self.0.state.lock();
        match (state.cookie, &state.active) {
            (CookieChange::Clear, _) => Outcome::Clear,
            (CookieChange::Set, Some(active)) => {
                let record = active.record();
                let remember = record.identity.as_ref().is_some_and(|who| who.remember);
                Outcome::Set(active.token().clone(), remember.then_some(record.expires_at))
            }
            _ if state.loaded || state.acted => Outcome::Consulted,
            _ => Outcome::Untouched,
        }
    }

    async fn write(&self) -> Result<(), SessionError> {
        let (active, changes) = {
            let state = self.0.state.lock();
            if state.changes.is_empty() {
                return Ok(());
            }
            (state.active.clone(), state.changes.clone())
        };
        let sessions = &self.0.sessions;
        let written = match &active {
            Some(active) => sessions.commit(active, &changes, &self.0.client).await?,
            None => sessions.open_anonymous(&self.0.client, &changes).await?,
        };
        let mut state = self.0.state.lock();
        state.changes = Changes::none();
        state.adopt(Some(written));
        Ok(())
    }

    fn change(
        &self,
        change: impl FnOnce(&mut Changes) -> Result<(), SessionError>,
    ) -> Result<(), SessionError> {
        let mut state = self.0.state.lock();
        let mut data = state.data()?;
        let mut changes = state.changes.clone();
        change(&mut changes)?;
        changes.apply_last(&mut data)?;
        state.data = Some(data);
        state.changes = changes;
        Ok(())
    }

    /// A session that acts on behalf of its user need.
    fn require(&self) -> Result<Active, SessionError> {
        self.active().ok_or(SessionError::Anonymous)
    }

    /// After an act that keeps the session: its new token, and what was collected stays to be written.
    fn keep(&self, active: Active) {
        let mut state = self.0.state.lock();
        state.acted = true;
        state.adopt(Some(active));
    }
}

impl State {
    /// Takes over what the engine returned. Data that was changed but not written is kept apart in `data`.
    fn adopt(&mut self, active: Option<Active>) {
        self.loaded = true;
        if active.as_ref().is_some_and(Active::is_new_token) {
            self.cookie = CookieChange::Set;
        }
        if self.changes.is_empty() {
            self.data = None;
        }
        self.active = active;
    }

    /// Takes over the result of an act that begins or ends a session: what was collected before belongs to the other.
    fn act(&mut self, active: Option<Active>) {
        self.changes = Changes::none();
        self.acted = true;
        if active.is_none() {
            self.cookie = CookieChange::Clear;
        }
        self.adopt(active);
    }

    /// The data as this request sees it.
    fn data(&mut self) -> Result<Data, SessionError> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        let data = self
            .active
            .as_ref()
            .map(Active::data)
            .transpose()?
            .unwrap_or_default();
        self.data = Some(data.clone());
        Ok(data)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
