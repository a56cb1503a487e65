//! Logging out: here, elsewhere, everywhere.

use crate::app::App;
use crate::app::body::{Either, Json as Body, Shape};
use crate::app::failure::redirect;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::Problem;
use cloakroom::{Session, User};
use serde::{Deserialize, Serialize};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// No fields; others are ignored.
#[derive(Deserialize)]
pub struct Nothing {}

/// How many sessions ended.
#[derive(Serialize)]
pub struct Ended {
    ended: usize,
}

/// Ends this session. The same without one.
pub async fn here(
    State(app): State<App>,
    session: Session,
    Either(shape, Nothing {}): Either<Nothing>,
) -> Result<Response, Problem> {
    session.log_out().await?;
    let response = match shape {
        Shape::Json => StatusCode::NO_CONTENT.into_response(),
        Shape::Form => redirect("/auth/login?notice=logged-out"),
    };
    Ok(clearing(&app, response))
}

/// Ends all other sessions of the user; this one gets a new token.
pub async fn others(user: User, Body(Nothing {}): Body<Nothing>) -> Result<Json<Ended>, Problem> {
    Ok(Json(Ended {
        ended: user.log_out_others().await?,
    }))
}

/// Ends all sessions of the user.
pub async fn everywhere(
    State(app): State<App>,
    user: User,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Problem> {
    let ended = user.log_out_everywhere().await?;
    Ok(clearing(&app, Json(Ended { ended }).into_response()))
}

/// Asks the browser to forget what pages have stored. Not cookies: that would take those of sibling hosts, too.
pub fn clearing(app: &App, mut response: Response) -> Response {
    if app.config.public_url.is_https() {
        response.headers_mut().insert(
            CLEAR_SITE_DATA,
            HeaderValue::from_static("\"cache\", \"storage\""),
        );
    }
    response
}
