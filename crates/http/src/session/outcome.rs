//! The end of a request: changes are written, and the cookie is decided.

use super::Session;
use super::state::{CookieChange, Stage, State};
use cloakroom_core::{SessionError, Timestamp, Token};

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
    /// Finishes the request if nothing is to be written and no act is under way: so it is for nearly every request.
    pub(crate) fn finish_at_once(&self, failed: bool) -> Option<Outcome> {
        let mut state = self.0.state.lock();
        if state.stage == Stage::Untouched {
            state.answered = true;
            return Some(Outcome::Untouched);
        }
        let _acting = self.0.acting.try_lock()?;
        if failed {
            state.drop_changes();
        }
        if state.has_changes() {
            return None;
        }
        state.answered = true;
        Some(outcome(&state))
    }

    /// Finishes the request: writes collected changes unless the handler failed, and says what becomes of the cookie.
    pub(crate) async fn finish(&self, failed: bool) -> (Outcome, Result<(), SessionError>) {
        let _acting = self.0.acting.lock().await;
        if failed {
            self.0.state.lock().drop_changes();
        }
        let written = self.write().await;
        let mut state = self.0.state.lock();
        state.answered = true;
        if matches!(written, Err(SessionError::Gone)) {
            state.lose();
        }
        (outcome(&state), written)
    }

    /// Ends the request of a handler that gave no answer at all. Whatever it changed is dropped.
    pub(crate) fn abandon(&self) {
        let mut state = self.0.state.lock();
        state.answered = true;
        state.drop_changes();
    }

    /// Whether an act in this request has given the client a new cookie, or taken it.
    pub(crate) fn acted(&self) -> bool {
        self.0.state.lock().acted
    }
}

fn outcome(state: &State) -> Outcome {
    match (state.cookie, state.active()) {
        (CookieChange::Clear, _) => Outcome::Clear,
        (CookieChange::Set, Some(active)) => {
            let record = active.record();
            let remember = record.identity.as_ref().is_some_and(|who| who.remember);
            Outcome::Set(active.token().clone(), remember.then_some(record.expires_at))
        }
        _ => Outcome::Consulted,
    }
}
