//! Logging in.

use super::verify;
use crate::app::address::Lenient;
use crate::app::body::{Either, Shape};
use crate::app::failure::{redirect, seconds_to_wait};
use crate::app::view::SubjectJson;
use crate::app::{App, redirect as rd};
use crate::pages::{LoginNotice, LoginPage, LoginProblem};
use crate::throttle::budgets::Typist;
use crate::users::User;
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::{Code, Problem};
use cloakroom::{Actor, LogIn, Session, Subject, Word};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
    rd: Option<String>,
    notice: Option<String>,
}

#[derive(Deserialize)]
pub struct Credentials {
    username: String,
    password: String,
    #[serde(default, deserialize_with = "checkbox")]
    remember: bool,
    rd: Option<String>,
}

/// `true` in JSON; `on` in a form.
fn checkbox<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "true or false")]
    enum Value {
        Flag(bool),
        Text(String),
    }
    match Value::deserialize(deserializer)? {
        Value::Flag(flag) => Ok(flag),
        Value::Text(text) => match text.as_str() {
            "on" | "true" | "1" => Ok(true),
            "" | "off" | "false" | "0" => Ok(false),
            _ => Err(serde::de::Error::custom("remember must be true or false")),
        },
    }
}

/// The log-in page; somebody who is logged in already goes on to where they were going.
pub async fn page(
    State(app): State<App>,
    Lenient(query): Lenient<PageQuery>,
    session: Result<Session, Problem>,
) -> Response {
    let to = query.rd.as_deref().and_then(|rd| rd::checked(rd, &app.config));
    if let Ok(session) = &session
        && session.subject().is_some()
    {
        return redirect(to.as_deref().unwrap_or(rd::HOME));
    }
    let notice = query.notice.as_deref().and_then(LoginNotice::from_slug);
    let page = LoginPage {
        site: app.site(),
        rd: to,
        notice,
        demo: app.demo.clone(),
        ..LoginPage::default()
    };
    app.pages.html(StatusCode::OK, &page)
}

/// Checks name and password and opens a session.
pub async fn submit(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    Either(shape, credentials): Either<Credentials>,
) -> Result<Response, Problem> {
    let to = credentials
        .rd
        .as_deref()
        .and_then(|rd| rd::checked(rd, &app.config));
    let name = credentials.username.trim().to_owned();
    let remember = credentials.remember;
    let password = Zeroizing::new(credentials.password);
    let typist = typist(&app, &headers, &name).await?;
    // A program has no use for being known, and may not expect a second cookie.
    let browser = shape == Shape::Form || headers.contains_key("sec-fetch-dest");
    let attempt = Attempt {
        name: &name,
        password: &password,
        remember,
        typist,
        known_browser: browser.then_some(matches!(typist, Typist::Known(_))),
    };
    if let Err(problem) = enter(&app, &session, attempt).await {
        return match shape {
            Shape::Json => Err(problem),
            Shape::Form => again(&app, &problem, name, remember, to),
        };
    }
    let mut response = match shape {
        Shape::Json => Json(subject_json(&app, &session)?).into_response(),
        Shape::Form => redirect(to.as_deref().unwrap_or(rd::HOME)),
    };
    if browser {
        remember_device(&app, &headers, &name, &mut response).await;
    }
    Ok(response)
}

/// Whether this browser has logged in to this account before.
async fn typist(app: &App, headers: &HeaderMap, name: &str) -> Result<Typist, Problem> {
    let known = app.throttle.browsers.known(headers, name).await?;
    Ok(known.map_or(Typist::Stranger, Typist::Known))
}

/// A browser that is not remembered is a stranger next time; that is no reason to refuse a log-in that worked.
async fn remember_device(app: &App, headers: &HeaderMap, name: &str, response: &mut Response) {
    match app.throttle.browsers.remember(headers, name).await {
        Ok(Some(cookie)) => drop(response.headers_mut().append(SET_COOKIE, cookie)),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "a browser could not be remembered"),
    }
}

/// Who is logged in now, and with what session.
pub fn subject_json(app: &App, session: &Session) -> Result<SubjectJson, Problem> {
    let active = session.active().filter(|active| active.subject().is_some());
    let active = active.ok_or(Code::NoSession)?;
    let (policy, current) = (app.sessions.policy(), Some(active.id()));
    Ok(SubjectJson::new(active.record(), policy, &app.places, current).with_roles(active.roles()))
}

/// What somebody typed, and what is known of who did.
struct Attempt<'a> {
    name: &'a str,
    password: &'a str,
    remember: bool,
    typist: Typist,
    /// Whether this browser has logged in to this account before; nothing for programs.
    known_browser: Option<bool>,
}

async fn enter(app: &App, session: &Session, attempt: Attempt<'_>) -> Result<(), Problem> {
    let Attempt { name, password, .. } = attempt;
    let missing = |what| Problem::from(Code::BadRequest).saying(format!("The field `{what}` is empty."));
    if name.is_empty() {
        return Err(missing("username"));
    }
    if password.is_empty() {
        return Err(missing("password"));
    }
    // Asked for before the password is checked: what is revoked meanwhile does not come back through this log-in.
    let began = match name.parse::<Subject>() {
        Ok(subject) => Some(app.sessions.epoch(&subject).await?),
        Err(_) => None,
    };
    let user = verify::password(app, name, password.to_owned(), session.client(), attempt.typist).await?;
    let subject: Subject = user.name.as_str().parse()?;
    let method: Word = "password".parse()?;
    let mut log_in = LogIn::of(subject.clone())
        .with(method)
        .roles(roles(&user)?)
        .remember(attempt.remember)
        .known_browser(attempt.known_browser);
    if let Some(epoch) = began {
        log_in = log_in.began(epoch);
    }
    session.log_in(log_in).await?;
    catch_up(app, session, &subject, &user).await?;
    app.metrics.logins();
    Ok(())
}

/// What changed about the account between the check of the password and the opening of the session counts, too.
async fn catch_up(app: &App, session: &Session, subject: &Subject, before: &User) -> Result<(), Problem> {
    let now = app
        .users
        .get(before.name.clone())
        .await
        .map_err(|error| verify::unavailable(&error))?;
    match now {
        Some(user) if !user.disabled && user.roles == before.roles => Ok(()),
        Some(user) if !user.disabled => {
            app.sessions
                .set_roles(subject, roles(&user)?, Actor::System)
                .await?;
            Ok(())
        }
        _ => {
            session.log_out().await?;
            Err(Code::InvalidCredentials.into())
        }
    }
}

/// The directory's roles as the engine takes them.
pub fn roles(user: &User) -> Result<Vec<Word>, Problem> {
    user.roles
        .iter()
        .map(|role| role.as_str().parse().map_err(Problem::from))
        .collect()
}

/// The page once more, with what was wrong beside the field.
fn again(
    app: &App,
    problem: &Problem,
    username: String,
    remember: bool,
    rd: Option<String>,
) -> Result<Response, Problem> {
    let shown = match problem.code() {
        Code::InvalidCredentials => LoginProblem::InvalidCredentials,
        Code::RateLimited => LoginProblem::RateLimited {
            retry_after: seconds_to_wait(problem),
        },
        Code::SessionLimit => LoginProblem::SessionLimit,
        Code::BadRequest if username.is_empty() => LoginProblem::MissingUsername,
        Code::BadRequest => LoginProblem::MissingPassword,
        _ => return Err(problem.clone()),
    };
    let demo = app.demo.clone();
    let page = LoginPage {
        site: app.site(),
        username,
        remember,
        rd,
        notice: None,
        problem: Some(shown),
        demo,
    };
    let mut response = app.pages.html(problem.code().status(), &page);
    problem.write_headers(response.headers_mut());
    Ok(response)
}
