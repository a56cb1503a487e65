//! Logging out: here, elsewhere, everywhere.

use crate::app::body::{Either, Json as Body, Shape};
use crate::app::failure::redirect;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::Problem;
use cloakroom::{Session, User};
use serde::{Deserialize, Serialize};

/// No fields; others are ignored.
#[derive(Deserialize)]
pub struct Nothing {}

/// How many sessions ended.
#[derive(Serialize)]
pub struct Ended {
    ended: usize,
}

/// Ends this session. The same without one.
pub async fn here(session: Session, Either(shape, Nothing {}): Either<Nothing>) -> Result<Response, Problem> {
    session.log_out().await?;
    Ok(match shape {
        Shape::Json => StatusCode::NO_CONTENT.into_response(),
        Shape::Form => redirect("/auth/login?notice=logged-out"),
    })
}

/// Ends all other sessions of the user; this one gets a new token.
pub async fn others(user: User, Body(Nothing {}): Body<Nothing>) -> Result<Json<Ended>, Problem> {
    Ok(Json(Ended {
        ended: user.log_out_others().await?,
    }))
}

/// Ends all sessions of the user.
pub async fn everywhere(user: User, Body(Nothing {}): Body<Nothing>) -> Result<Json<Ended>, Problem> {
    Ok(Json(Ended {
        ended: user.log_out_everywhere().await?,
    }))
}
