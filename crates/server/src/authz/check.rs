//! What all kinds of proxies have in common: the question, and the headers of the answer.

use crate::app::App;
use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, COOKIE, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use cloakroom::User;
use cloakroom::problem::{Code, Problem};
use std::time::Duration;

const REMOTE_USER: HeaderName = HeaderName::from_static("remote-user");
const REMOTE_ROLES: HeaderName = HeaderName::from_static("remote-roles");
const SESSION_ID: HeaderName = HeaderName::from_static("x-session-id");
const ORIGINAL_URL: HeaderName = HeaderName::from_static("x-original-url");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// What the route wants: `?max_age=300&role=admin`.
#[derive(Debug, Default)]
pub struct Wanted {
    max_age: Option<Duration>,
    roles: Vec<String>,
}

impl Wanted {
    /// Reads the query. What is not understood is refused: a misspelt condition must not let everybody in.
    pub fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(query.unwrap_or_default()).map_err(|_| wrong("the query"))?;
        let mut wanted = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "max_age" => {
                    let seconds = value.parse().map_err(|_| wrong("`max_age` (whole seconds)"))?;
                    let span = Duration::from_secs(seconds);
                    wanted.max_age = Some(wanted.max_age.map_or(span, |other| other.min(span)));
                }
                "role" if !value.is_empty() => wanted.roles.push(value),
                "role" => return Err(wrong("`role` (empty)")),
                other => return Err(wrong(&format!("the parameter `{}`", other.escape_default()))),
            }
        }
        Ok(wanted)
    }
}

fn wrong(what: &str) -> Problem {
    Problem::from(Code::BadRequest).saying(format!(
        "The forward-auth request is misconfigured: {what} is not understood. Known are max_age and role."
    ))
}

/// Whether the request may pass.
pub async fn decide(app: &App, parts: &mut Parts) -> Result<User, Problem> {
    let decided = look(app, parts).await;
    match decided {
        Ok(_) => app.metrics.authz_allowed(),
        Err(_) => app.metrics.authz_denied(),
    }
    decided
}

async fn look(app: &App, parts: &mut Parts) -> Result<User, Problem> {
    let wanted = Wanted::parse(parts.uri.query())?;
    let user = <User as FromRequestParts<App>>::from_request_parts(parts, app).await?;
    if !wanted.roles.iter().all(|role| user.has_role(role)) {
        return Err(Code::Forbidden.into());
    }
    if let Some(span) = wanted.max_age {
        let now = app.sessions.now();
        if !user
            .active()
            .is_some_and(|active| active.record().is_fresh(span, now))
        {
            return Err(Problem::step_up(span));
        }
    }
    Ok(user)
}

/// 200 with the identity.
pub fn allowed(user: &User) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    set(headers, REMOTE_USER, user.subject().as_str());
    let roles: Vec<String> = user
        .active()
        .map(|active| active.roles().iter().map(ToString::to_string).collect())
        .unwrap_or_default();
    set(headers, REMOTE_ROLES, &roles.join(","));
    if let Some(id) = user.id() {
        set(headers, SESSION_ID, &id.to_string());
    }
    uncached(headers);
    response
}

/// Names outside ASCII go as UTF-8 bytes, which header values may hold.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}

/// No proxy may hand one user's answer to another.
pub fn uncached(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let vary = [COOKIE, AUTHORIZATION, ACCEPT]
        .map(|name| name.to_string())
        .join(", ");
    if let Ok(vary) = HeaderValue::try_from(vary) {
        headers.insert(VARY, vary);
    }
}

/// The address that the client asked the proxy for, as far as a trusted proxy tells it.
pub fn original_url(app: &App, parts: &Parts) -> Option<String> {
    if !app.proxies.sent(&parts.extensions) {
        return None;
    }
    let get = |name: &HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    if let Some(url) = get(&ORIGINAL_URL) {
        return Some(url);
    }
    let path = get(&FORWARDED_URI).or_else(|| get(&ORIGINAL_URI))?;
    match (get(&FORWARDED_PROTO), get(&FORWARDED_HOST)) {
        (Some(scheme), Some(host)) => Some(format!("{scheme}://{host}{path}")),
        _ => Some(path),
    }
}

/// The log-in or step-up page, absolute, leading back to where the client was going if that is allowed.
pub fn way_in(app: &App, parts: &Parts, problem: &Problem) -> Option<String> {
    let page = match problem.code() {
        Code::NoSession => "/auth/login?",
        Code::StepUpRequired => "/auth/step-up?",
        Code::FingerprintMismatch => "/auth/step-up?reason=client-changed&",
        _ => return None,
    };
    let rd = original_url(app, parts).and_then(|url| crate::app::redirect::checked(&url, &app.config));
    let own = &app.config.public_url;
    Some(match rd {
        Some(rd) => format!("{own}{page}rd={}", crate::app::failure::in_query(&rd)),
        None => format!("{own}{}", page.trim_end_matches(['?', '&'])),
    })
}
