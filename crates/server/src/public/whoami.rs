//! Who is logged in.

use super::login::subject_json;
use crate::app::App;
use crate::app::view::SubjectJson;
use axum::Json;
use axum::extract::State;
use cloakroom::User;
use cloakroom::problem::Problem;

/// Subject, roles and session, or 401.
pub async fn whoami(State(app): State<App>, user: User) -> Result<Json<SubjectJson>, Problem> {
    subject_json(&app, &user).map(Json)
}
