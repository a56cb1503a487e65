//! The end of a request: changes are written, and the cookie is decided.

use super::Session;
use super::state::{CookieChange, Stage};
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
    /// Finishes the request: writes collected changes unless the handler failed, and says what becomes of the cookie.
    pub(crate) async fn finish(&self, failed: bool) -> (Outcome, Result<(), SessionError>) {
        if self.let_go_untouched() {
            return (Outcome::Untouched, Ok(()));
        }
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
        drop(state);
        (self.outcome(), written)
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

    fn let_go_untouched(&self) -> bool {
        let mut state = self.0.state.lock();
        let untouched = state.stage == Stage::Untouched;
        state.answered |= untouched;
        untouched
    }

    fn outcome(&self) -> Outcome {
        let state = self.0.state.lock();
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
}
