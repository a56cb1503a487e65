//! The user's own sessions, for programs.

use crate::app::App;
use crate::app::address::{Query, Segment};
use crate::app::view::SessionJson;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use cloakroom::problem::{Code, Problem};
use cloakroom::{Fresh, SessionError, SessionId, User};
use serde::{Deserialize, Serialize};

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

#[derive(Debug, Default, Deserialize)]
pub struct Ending {
    /// "That was not me."
    #[serde(default)]
    disowned: bool,
}

/// Ends one of them. Unknown and somebody else's are the same 404.
pub async fn end(
    user: Fresh,
    Segment(id): Segment,
    Query(ending): Query<Ending>,
) -> Result<StatusCode, Problem> {
    if end_one(&user, &id, ending.disowned).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Code::NotFound.into())
    }
}

/// Answers whether there was one. What is no id names none.
pub(super) async fn end_one(user: &User, id: &str, disowned: bool) -> Result<bool, SessionError> {
    match id.parse::<SessionId>() {
        Ok(id) if disowned => user.disown(&id).await,
        Ok(id) => user.end(&id).await,
        Err(_) => Ok(false),
    }
}
