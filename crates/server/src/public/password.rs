//! Changing the password: only freshly authenticated, and all other sessions end (ASVS 7.5.1, 7.4.3).

use super::verify;
use crate::app::App;
use crate::app::body::{Either, Json};
use crate::app::failure::redirect;
use crate::pages::{PasswordPage, PasswordProblem};
use crate::throttle::budgets;
use crate::users::{BadPassword, NewPassword, UserError, UserName};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::{Code, Problem};
use cloakroom::{Fresh, User};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Change {
    new: String,
}

/// For programs: 204, or what was wrong.
pub async fn change(
    State(app): State<App>,
    user: Fresh,
    Json(change): Json<Change>,
) -> Result<StatusCode, Problem> {
    let new = NewPassword::new(change.new).map_err(|error| {
        Problem::from(Code::BadRequest).saying(format!("The field `new` does not fit: {error}."))
    })?;
    set(&app, &user, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The page with the form. Asks for the old password first if that is long ago.
pub async fn page(State(app): State<App>, user: User) -> Response {
    if !user.is_fresh() {
        return redirect("/auth/step-up?reason=change-password&rd=/account/password");
    }
    show(&app, &user, None, StatusCode::OK)
}

/// The form.
pub async fn submit(
    State(app): State<App>,
    user: Fresh,
    Either(_, change): Either<Change>,
) -> Result<Response, Problem> {
    let problem = match NewPassword::new(change.new) {
        Ok(new) => {
            set(&app, &user, new).await?;
            return Ok(redirect("/account?notice=password-changed").into_response());
        }
        Err(BadPassword::TooLong) => PasswordProblem::TooLong,
        Err(_) => PasswordProblem::TooShort,
    };
    Ok(show(&app, &user, Some(problem), StatusCode::BAD_REQUEST))
}

async fn set(app: &App, user: &Fresh, new: NewPassword) -> Result<(), Problem> {
    // Subjects that another application logged in have no password here.
    let name = user
        .subject()
        .as_str()
        .parse::<UserName>()
        .map_err(|_| Code::NotFound)?;
    if let Some(id) = user.id() {
        let budgets = budgets::new_password(&app.throttle.rates, id);
        app.throttle.spend(&budgets).await?;
    }
    match app.users.set_password(name, new).await {
        Err(UserError::NotFound(_)) => return Err(Code::NotFound.into()),
        done => done.map_err(|error| verify::unavailable(&error))?,
    }
    user.credentials_changed().await?;
    tracing::info!(subject = %user.subject(), "password changed");
    Ok(())
}

fn show(app: &App, user: &User, problem: Option<PasswordProblem>, status: StatusCode) -> Response {
    let session_id = user.id().map(|id| id.to_string()).unwrap_or_default();
    let subject = user.subject().to_string();
    let (min_length, max_length) = (NewPassword::FEWEST, NewPassword::MOST);
    let page = PasswordPage {
        site: app.site(),
        subject,
        session_id,
        min_length,
        max_length,
        problem,
    };
    app.pages.html(status, &page)
}
