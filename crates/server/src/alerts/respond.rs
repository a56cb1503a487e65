//! What follows from an alert, by configuration: nothing but the alert, a step-up, or the end of the sessions concerned.

use crate::app::App;
use cloakroom::{Actor, Client, CloseReason, SessionError};
use cloakroom_watch::Alert;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Response {
    Notify,
    StepUp,
    End,
}

impl Response {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::StepUp => "step-up",
            Self::End => "end",
        }
    }
}

/// Does it. Sessions that are gone, or challenged already, are passed over.
pub(super) async fn respond(app: &App, alert: &Alert) -> Result<Response, SessionError> {
    let set = &app.config.watch;
    let why = format!("{}, incident {}", alert.rule, alert.incident);
    if set.end.contains(&alert.rule) {
        let cause = app.sessions.cause(Actor::System, &Client::default()).saying(why);
        for id in &alert.sessions {
            app.sessions.end(id, CloseReason::Revoked, &cause).await?;
        }
        return Ok(Response::End);
    }
    if set.step_up.contains(&alert.rule) {
        for id in &alert.sessions {
            app.sessions.challenge(id, Actor::System, &why).await?;
        }
        return Ok(Response::StepUp);
    }
    Ok(Response::Notify)
}
