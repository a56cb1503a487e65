//! The user's own sessions, for programs.

use crate::app::App;
use crate::app::address::Segment;
use crate::app::view::SessionJson;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use cloakroom::problem::{Code, Problem};
use cloakroom::{Fresh, SessionId, User};
use serde::Serialize;

/// A list of sessions.
#[derive(Serialize)]
pub struct Sessions {
    sessions: Vec<SessionJson>,
}

/// Own sessions, the one used last first.
pub async fn list(State(app): State<App>, user: User) -> Result<Json<Sessions>, Problem> {
    let current = user.id();
    let policy = app.sessions.policy();
    let records = user.list().await?;
    Ok(Json(Sessions {
        sessions: records
            .iter()
            .map(|record| SessionJson::new(record, policy, &app.places, current))
            .collect(),
    }))
}

/// Ends one of them. Unknown and somebody else's are the same 404.
pub async fn end(user: Fresh, Segment(id): Segment) -> Result<StatusCode, Problem> {
    let id: SessionId = id.parse().map_err(|_| Code::NotFound)?;
    if user.end(&id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Code::NotFound.into())
    }
}
