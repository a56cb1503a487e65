//! The operators' console: server-rendered, behind a log-in with an admin key.
//!
//! Operators have sessions of their own, which never mix with the users'. All servers on a store know them; each takes only
//! those whose key it knows, so they end when the key is taken away.

use super::keys::{self, Operator};
use super::webhooks;
use crate::app::address::{Lenient, Segment};
use crate::app::body::Either;
use crate::app::failure::{in_query, redirect, seconds_to_wait};
use crate::app::view::{moment, page_view};
use crate::app::{App, near};
use crate::pages::{
    AlertView, ConsoleLoginPage, ConsoleLoginProblem, ConsoleNotice, ConsolePage, EventView, Figures,
    StoreView, SubjectSearch,
};
use axum::Router;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};
use cloakroom::problem::{Code, Problem};
use cloakroom::{
    CloseReason, CookieConfig, Entry, Event, Kind, LogIn, SameSite, Session, SessionId, SessionLayer,
    Subject, Timestamp, User, device,
};
use serde::Deserialize;
use tower_http::csrf::CsrfLayer;

/// `/console…`
pub fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/console", get(page))
        .route("/console/login", post(log_in))
        .route("/console/logout", post(log_out))
        .route("/console/sessions/{id}/end", post(end))
        .route("/console/subjects/end", post(end_all))
        .route("/console/webhooks/{name}/retry", post(retry))
        .layer(layer(app))
        .layer(CsrfLayer::new())
}

/// Sessions for operators. An operator's name is reachable under any host, so the origin is compared with `Host` here.
fn layer(app: &App) -> SessionLayer {
    let cookie = CookieConfig::named("console")
        .unwrap_or_default()
        .same_site(SameSite::Strict);
    let loopback = app.config.admin_listen.ip().is_loopback();
    let cookie = if loopback {
        cookie.danger_insecure()
    } else {
        cookie
    };
    SessionLayer::new(app.operators.clone())
        .cookie(cookie)
        .trusted_proxies(app.proxies.clone())
}

/// Who is logged in to the console with a key that this server knows.
impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let user = <User as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let operator = Self(user.subject().to_string());
        keys::is_known(app, &operator)
            .then_some(operator)
            .ok_or_else(|| Code::NoSession.into())
    }
}

impl OptionalFromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        match <Self as FromRequestParts<App>>::from_request_parts(parts, app).await {
            Ok(operator) => Ok(Some(operator)),
            Err(problem) if problem.code() == Code::NoSession => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
    subject: Option<String>,
    notice: Option<String>,
    #[serde(rename = "logged-out")]
    logged_out: Option<String>,
}

#[derive(Deserialize)]
pub struct Key {
    #[serde(default)]
    key: String,
}

#[derive(Deserialize)]
pub struct OfSubject {
    #[serde(default)]
    subject: String,
}

async fn page(
    State(app): State<App>,
    Lenient(query): Lenient<PageQuery>,
    operator: Option<Operator>,
) -> Response {
    if operator.is_none() {
        let page = ConsoleLoginPage {
            site: app.site(),
            logged_out: query.logged_out.is_some(),
            problem: None,
        };
        return app.pages.html(StatusCode::OK, &page);
    }
    let (store, live_sessions) = store(&app).await;
    let now = app.sessions.now();
    let hour = app.recent.last_hour(now);
    let page = ConsolePage {
        site: app.site(),
        now: moment(now),
        store,
        figures: Figures {
            live_sessions,
            logins: Some(hour.opened),
            failed_logins: Some(hour.failed),
            ended: Some(hour.closed),
        },
        alerts: alerts(&app, now),
        channels: webhooks::views(&app).await,
        events: Some(app.recent.latest().into_iter().map(event).collect()),
        search: search(&app, query.subject.as_deref()).await,
        notice: query.notice.as_deref().and_then(ConsoleNotice::from_slug),
    };
    app.pages.html(StatusCode::OK, &page)
}

async fn store(app: &App) -> (StoreView, Option<u64>) {
    let count = app.sessions.count().await;
    let what = app.sessions.store().describe();
    let (kind, detail) = what
        .split_once(' ')
        .map_or((what.as_str(), None), |(kind, rest)| (kind, Some(rest)));
    let view = StoreView {
        kind: kind.to_owned(),
        healthy: count.is_ok(),
        detail: detail.map(str::to_owned),
        from_memory: app.sessions.near_stats().as_ref().and_then(near::percentage),
    };
    (view, count.ok())
}

async fn search(app: &App, name: Option<&str>) -> Option<SubjectSearch> {
    let name = name.map(str::trim).filter(|name| !name.is_empty())?;
    let found = match name.parse::<Subject>() {
        Ok(subject) => app.sessions.list(&subject).await.ok(),
        Err(_) => Some(Vec::new()),
    };
    let policy = app.sessions.policy();
    let sessions = found.map(|records| {
        records
            .iter()
            .map(|record| page_view(record, policy, &app.places))
            .collect()
    });
    Some(SubjectSearch {
        subject: name.to_owned(),
        sessions,
    })
}

fn alerts(app: &App, now: Timestamp) -> Vec<AlertView> {
    let told = app.recent.alerts(now).into_iter();
    told.map(|Entry { event, .. }| alert(&event))
        .filter(AlertView::is_for_operators)
        .collect()
}

fn alert(event: &Event) -> AlertView {
    let detail = event.cause.detail.as_deref().unwrap_or_default();
    AlertView::read(moment(event.cause.at), detail)
}

fn event(Entry { event, .. }: Entry) -> EventView {
    let detail = match event.kind {
        Kind::Alert => Some(alert(&event).line()),
        _ => event.cause.detail.as_deref().map(str::to_owned),
    };
    EventView {
        at: moment(event.cause.at),
        kind: event.kind.to_string(),
        session: event.session.map(|id| id.to_string()),
        reason: event.reason.map(|reason| reason.to_string()),
        subject: event.subject.map(|subject| subject.to_string()),
        actor: Some(event.cause.actor.to_string()),
        ip: event.cause.ip.map(|ip| ip.to_string()),
        device: event
            .cause
            .user_agent
            .as_deref()
            .map(|agent| device::label(Some(agent))),
        detail,
    }
}

async fn log_in(
    State(app): State<App>,
    session: Session,
    Either(_, form): Either<Key>,
) -> Result<Response, Problem> {
    let key = form.key.trim();
    let problem = if app.admin_keys.is_empty() {
        ConsoleLoginProblem::NoKeys
    } else if key.is_empty() {
        ConsoleLoginProblem::Missing
    } else {
        match keys::check(&app, key, session.client().ip).await {
            Ok(operator) => {
                session
                    .log_in(LogIn::of(operator.0.parse()?).with("key".parse()?))
                    .await?;
                return Ok(redirect("/console"));
            }
            Err(problem) if problem.code() == Code::RateLimited => ConsoleLoginProblem::RateLimited {
                retry_after: seconds_to_wait(&problem),
            },
            Err(_) => ConsoleLoginProblem::WrongKey,
        }
    };
    let page = ConsoleLoginPage {
        site: app.site(),
        logged_out: false,
        problem: Some(problem),
    };
    Ok(app.pages.html(StatusCode::UNAUTHORIZED, &page))
}

async fn log_out(session: Session) -> Result<Response, Problem> {
    session.log_out().await?;
    Ok(redirect("/console?logged-out=1"))
}

async fn end(
    State(app): State<App>,
    operator: Operator,
    Segment(id): Segment,
    Either(_, form): Either<OfSubject>,
) -> Result<Response, Problem> {
    let ended = match id.parse::<SessionId>() {
        Ok(id) => {
            app.sessions
                .end(&id, CloseReason::Revoked, &app.sessions.operator(&operator.0))
                .await?
        }
        Err(_) => false,
    };
    Ok(back(
        &form.subject,
        if ended {
            ConsoleNotice::SessionEnded
        } else {
            ConsoleNotice::SessionGone
        },
    ))
}

async fn end_all(
    State(app): State<App>,
    operator: Operator,
    Either(_, form): Either<OfSubject>,
) -> Result<Response, Problem> {
    let subject: Subject = form.subject.parse()?;
    let cause = app.sessions.operator(&operator.0);
    app.sessions
        .end_all(&subject, CloseReason::Revoked, &cause)
        .await?;
    Ok(back(&form.subject, ConsoleNotice::SubjectEnded))
}

async fn retry(
    State(app): State<App>,
    operator: Operator,
    Segment(name): Segment,
    Either(_, _): Either<OfSubject>,
) -> Result<Response, Problem> {
    webhooks::try_again(&app, &operator.0, &name).await?;
    Ok(back("", ConsoleNotice::Retried))
}

fn back(subject: &str, notice: ConsoleNotice) -> Response {
    let subject = in_query(subject);
    redirect(&format!("/console?subject={subject}&notice={}", notice.slug()))
}
