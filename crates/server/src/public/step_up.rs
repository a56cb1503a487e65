//! Proving anew who one is.

use super::login::subject_json;
use super::verify;
use crate::app::address::Lenient;
use crate::app::body::{Either, Shape};
use crate::app::failure::{redirect, seconds_to_wait};
use crate::app::{App, redirect as rd};
use crate::pages::{StepUpPage, StepUpProblem, StepUpReason};
use crate::throttle::budgets::Typist;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::{Code, Problem};
use cloakroom::{Session, Subject};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
    rd: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
pub struct Proof {
    password: String,
    rd: Option<String>,
    reason: Option<String>,
}

/// The subject of a session, also of one that is used from elsewhere and good for nothing but this.
fn subject(session: &Session) -> Result<Subject, Problem> {
    session
        .active()
        .and_then(|active| active.subject().cloned())
        .ok_or_else(|| Code::NoSession.into())
}

fn reason(session: &Session, slug: Option<&str>) -> StepUpReason {
    match session.mismatch() {
        Some(what) if what.challenged => return StepUpReason::Unusual,
        Some(_) => return StepUpReason::ClientChanged,
        None => {}
    }
    slug.map(StepUpReason::from_slug).unwrap_or_default()
}

/// The page that asks for the password.
pub async fn page(
    State(app): State<App>,
    Lenient(query): Lenient<PageQuery>,
    session: Session,
) -> Result<Response, Problem> {
    let rd = query.rd.as_deref().and_then(|rd| rd::checked(rd, &app.config));
    show(
        &app,
        &session,
        reason(&session, query.reason.as_deref()),
        rd,
        None,
        StatusCode::OK,
    )
}

/// Checks the password of the session's own user; nobody else's can raise this session.
pub async fn submit(
    State(app): State<App>,
    session: Session,
    Either(shape, proof): Either<Proof>,
) -> Result<Response, Problem> {
    let name = subject(&session)?;
    let rd = proof.rd.as_deref().and_then(|rd| rd::checked(rd, &app.config));
    let reason = reason(&session, proof.reason.as_deref());
    let checked = check(&app, &session, &name, proof.password).await;
    match (shape, checked) {
        (Shape::Json, Ok(())) => Ok(Json(subject_json(&app, &session)?).into_response()),
        (Shape::Form, Ok(())) => Ok(redirect(rd.as_deref().unwrap_or("/account?notice=confirmed"))),
        (Shape::Json, Err(problem)) => Err(problem),
        (Shape::Form, Err(problem)) => again(&app, &session, reason, rd, &problem),
    }
}

async fn check(app: &App, session: &Session, name: &Subject, password: String) -> Result<(), Problem> {
    if password.is_empty() {
        return Err(Problem::from(Code::BadRequest).saying("The field `password` is empty."));
    }
    let typist = session.id().map_or(Typist::Stranger, Typist::Session);
    verify::password(app, name.as_str(), password, session.client(), typist).await?;
    session.step_up("password".parse()?).await?;
    Ok(())
}

fn again(
    app: &App,
    session: &Session,
    reason: StepUpReason,
    rd: Option<String>,
    problem: &Problem,
) -> Result<Response, Problem> {
    let shown = match problem.code() {
        Code::InvalidCredentials => StepUpProblem::WrongPassword,
        Code::BadRequest => StepUpProblem::Missing,
        Code::RateLimited => StepUpProblem::RateLimited {
            retry_after: seconds_to_wait(problem),
        },
        _ => return Err(problem.clone()),
    };
    show(app, session, reason, rd, Some(shown), problem.code().status())
}

fn show(
    app: &App,
    session: &Session,
    reason: StepUpReason,
    rd: Option<String>,
    problem: Option<StepUpProblem>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let subject = subject(session)?.to_string();
    let session_id = session.id().map(|id| id.to_string()).unwrap_or_default();
    let page = StepUpPage {
        site: app.site(),
        subject,
        session_id,
        reason,
        rd,
        problem,
    };
    Ok(app.pages.html(status, &page))
}
