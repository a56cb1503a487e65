//! Acts: what happens to a session at once. Each that changes privilege gives the client a new token.

use super::Session;
use cloakroom_core::{Active, Actor, CloseReason, LogIn, SessionError, SessionId, Word};

impl Session {
    /// Opens a session for somebody who has proved who they are, in place of the one that the browser had.
    ///
    /// ```
    /// # use cloakroom_http::{LogIn, Refused, Session};
    /// async fn log_in(session: Session) -> Result<(), Refused> {
    ///     let log_in = LogIn::of("alice".parse()?).with("password".parse()?).roles(["admin".parse()?]);
    ///     Ok(session.log_in(log_in.remember(true)).await?)
    /// }
    /// ```
    pub async fn log_in(&self, log_in: LogIn) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        self.can_still_answer()?;
        let current = self.active();
        let sessions = &self.0.config.sessions;
        let active = sessions.log_in(log_in, self.client(), current.as_ref()).await?;
        self.0.state.lock().log_in(active);
        Ok(())
    }

    /// The user has proved anew who they are, in this way: a new token, and the session is fresh.
    ///
    /// ```
    /// # use cloakroom_http::{Refused, Session};
    /// async fn confirm(session: Session) -> Result<(), Refused> {
    ///     // ... check the password of session.active()'s subject, then:
    ///     Ok(session.step_up("password".parse()?).await?)
    /// }
    /// ```
    pub async fn step_up(&self, method: Word) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        self.can_still_answer()?;
        // Also one that is used from elsewhere: this is its way back.
        let active = self.active().ok_or(SessionError::Anonymous)?;
        let stepped_up = self
            .0
            .config
            .sessions
            .step_up(&active, method, self.client())
            .await?;
        self.keep(stepped_up);
        Ok(())
    }

    /// Gives the user other roles in this session: a new token.
    ///
    /// ```
    /// # use cloakroom_http::{Refused, Session};
    /// async fn act_as_admin(session: Session) -> Result<(), Refused> {
    ///     Ok(session.change_roles(["admin".parse()?]).await?)
    /// }
    /// ```
    pub async fn change_roles(&self, roles: impl IntoIterator<Item = Word>) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        self.can_still_answer()?;
        let sessions = &self.0.config.sessions;
        let changed = sessions
            .change_roles(&self.require()?, roles, self.client())
            .await?;
        self.keep(changed);
        Ok(())
    }

    /// A new token, for a change of privilege that this library knows nothing about.
    ///
    /// ```
    /// # use cloakroom_http::{Refused, Session};
    /// async fn link_account(session: Session) -> Result<(), Refused> {
    ///     Ok(session.rotate().await?)
    /// }
    /// ```
    pub async fn rotate(&self) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        self.can_still_answer()?;
        let rotated = self
            .0
            .config
            .sessions
            .rotate(&self.require()?, self.client())
            .await?;
        self.keep(rotated);
        Ok(())
    }

    /// The password or another credential changed: all other sessions of the user end, this one gets a new token. Answers
    /// how many ended.
    ///
    /// ```
    /// # use cloakroom_http::{Fresh, Refused};
    /// async fn new_password(user: Fresh) -> Result<String, Refused> {
    ///     // ... store the new password, then:
    ///     Ok(format!("logged out on {} other devices", user.credentials_changed().await?))
    /// }
    /// ```
    pub async fn credentials_changed(&self) -> Result<usize, SessionError> {
        let _acting = self.0.acting.lock().await;
        self.can_still_answer()?;
        let sessions = &self.0.config.sessions;
        let others = sessions
            .credentials_changed(&self.require()?, self.client())
            .await?;
        self.keep(others.kept);
        Ok(others.ended)
    }

    /// Ends the session. Without one, nothing happens; the cookie goes either way.
    ///
    /// ```
    /// # use cloakroom_http::{Refused, Session};
    /// async fn log_out(session: Session) -> Result<(), Refused> {
    ///     Ok(session.log_out().await?)
    /// }
    /// ```
    pub async fn log_out(&self) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        if let Some(active) = self.active() {
            self.0.config.sessions.log_out(&active, self.client()).await?;
        }
        self.0.state.lock().act(None);
        Ok(())
    }

    /// Ends all other sessions of the user; this one gets a new token. Answers how many ended.
    ///
    /// ```
    /// # use cloakroom_http::{Refused, User};
    /// async fn only_here(user: User) -> Result<String, Refused> {
    ///     Ok(format!("logged out on {} other devices", user.log_out_others().await?))
    /// }
    /// ```
    pub async fn log_out_others(&self) -> Result<usize, SessionError> {
        let _acting = self.0.acting.lock().await;
        self.can_still_answer()?;
        let sessions = &self.0.config.sessions;
        let others = sessions.end_others(&self.require()?, self.client()).await?;
        self.keep(others.kept);
        Ok(others.ended)
    }

    /// Ends all sessions of the user, this one included, and log-ins that are under way. Answers how many.
    ///
    /// ```
    /// # use cloakroom_http::{Refused, User};
    /// async fn everywhere(user: User) -> Result<String, Refused> {
    ///     Ok(format!("{} sessions ended", user.log_out_everywhere().await?))
    /// }
    /// ```
    pub async fn log_out_everywhere(&self) -> Result<usize, SessionError> {
        let _acting = self.0.acting.lock().await;
        let active = self.require()?;
        let subject = active.subject().ok_or(SessionError::Anonymous)?;
        let sessions = &self.0.config.sessions;
        let cause = sessions.cause(Actor::User, self.client());
        let all = sessions.end_all(subject, CloseReason::Logout, &cause).await?;
        self.0.state.lock().act(None);
        Ok(all.ended.len())
    }

    /// Ends one of the user's own sessions. Answers whether there was one; somebody else's counts as none.
    ///
    /// ```
    /// # use cloakroom_http::{Refused, User};
    /// async fn end(user: User, id: String) -> Result<&'static str, Refused> {
    ///     let Ok(id) = id.parse() else { return Ok("no such session") };
    ///     Ok(if user.end(&id).await? { "ended" } else { "no such session" })
    /// }
    /// ```
    pub async fn end(&self, id: &SessionId) -> Result<bool, SessionError> {
        let _acting = self.0.acting.lock().await;
        let active = self.require()?;
        let subject = active.subject().ok_or(SessionError::Anonymous)?;
        let ended = self.0.config.sessions.end_own(subject, id, self.client()).await?;
        if ended && active.id() == *id {
            self.0.state.lock().act(None);
        }
        Ok(ended)
    }

    /// As [`end`](Self::end), for "that was not me": the journal says so, and whoever watches it is told. Never this
    /// session itself, which whoever asks is using.
    ///
    /// ```
    /// # use cloakroom_http::{Fresh, Refused};
    /// async fn not_me(user: Fresh, id: String) -> Result<&'static str, Refused> {
    ///     let Ok(id) = id.parse() else { return Ok("no such session") };
    ///     Ok(if user.disown(&id).await? { "ended; now change your password" } else { "no such session" })
    /// }
    /// ```
    pub async fn disown(&self, id: &SessionId) -> Result<bool, SessionError> {
        let _acting = self.0.acting.lock().await;
        let active = self.require()?;
        let subject = active.subject().ok_or(SessionError::Anonymous)?;
        if active.id() == *id {
            return Ok(false);
        }
        self.0.config.sessions.disown(subject, id, self.client()).await
    }

    /// An act whose cookie can no longer reach the client would log it out.
    fn can_still_answer(&self) -> Result<(), SessionError> {
        if self.0.state.lock().answered {
            tracing::error!(
                "an act on a session needs a new cookie, but the answer has left; nothing was done"
            );
            return Err(SessionError::Gone);
        }
        Ok(())
    }

    /// After an act that keeps the session: its new token, and what was collected stays to be written.
    fn keep(&self, active: Active) {
        let mut state = self.0.state.lock();
        state.acted = true;
        state.adopt(Some(active));
    }
}
