//! Opening, looking at and ending sessions on behalf of an application or an operator.

use super::keys::Operator;
use crate::app::App;
use crate::app::address::{Query, Segment};
use crate::app::body::Json;
use crate::app::view::{SessionJson, SubjectJson};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use cloakroom::problem::{Code, Problem};
use cloakroom::{
    Client, CloseReason, Data, Durability, Event, Kind, LogIn, SessionError, SessionId, Subject, Token, Word,
};
use serde::Deserialize;
use serde_json::json;
use std::net::IpAddr;

/// How many sessions a list without a subject holds at most.
const STRETCH: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    subject: String,
    auth: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    remember: bool,
    client: Option<ClientJson>,
    /// Whether the browser logged in to this account before; not said for programs.
    known_browser: Option<bool>,
    #[serde(default)]
    data: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientJson {
    ip: Option<IpAddr>,
    user_agent: Option<String>,
    accept_language: Option<String>,
}

#[derive(Deserialize)]
pub struct Presented {
    token: String,
}

#[derive(Debug, Deserialize)]
pub struct Filter {
    subject: Option<String>,
    after: Option<String>,
}

/// For an application that checked the password itself.
pub async fn open(
    State(app): State<App>,
    Extension(Operator(name)): Extension<Operator>,
    Json(opening): Json<Opening>,
) -> Result<Response, Problem> {
    let client = client(opening.client);
    let mut data = Data::default();
    for (field, value) in &opening.data {
        data.set_named(field, value)
            .map_err(|error| bad("data", &error.to_string()))?;
    }
    if opening.auth.is_empty() {
        return Err(bad("auth", "must name at least one method, such as \"password\""));
    }
    let mut log_in = LogIn::of(subject(&opening.subject)?).roles(words("roles", &opening.roles)?);
    for method in words("auth", &opening.auth)? {
        log_in = log_in.with(method);
    }
    let log_in = log_in
        .remember(opening.remember)
        .known_browser(opening.known_browser)
        .data(data);
    let active = app.sessions.log_in(log_in, &client, None).await?;
    let cause = app.sessions.operator(&name).saying("opened a session");
    let event = Event::of(Kind::Admin, cause)
        .about(active.subject().cloned())
        .in_session(active.id());
    app.sessions.note_or_warn(&event).await;
    let session = SessionJson::new(active.record(), app.sessions.policy(), &app.places, None);
    let body = json!({ "token": *active.token().expose(), "session": session });
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// Whose session a token opens, if any. Everything that is wrong with a token looks the same (RFC 7662 §2.2).
pub async fn introspect(
    State(app): State<App>,
    Json(presented): Json<Presented>,
) -> Result<axum::Json<serde_json::Value>, Problem> {
    let active = match Token::parse(&presented.token) {
        Ok(token) => app.sessions.introspect(&token).await?,
        Err(_) => None,
    };
    let Some((active, subject)) =
        active.and_then(|active| active.subject().cloned().map(|subject| (active, subject)))
    else {
        return Ok(axum::Json(json!({ "active": false })));
    };
    let session = SessionJson::new(active.record(), app.sessions.policy(), &app.places, None);
    let roles: Vec<String> = active.roles().iter().map(ToString::to_string).collect();
    let (subject, data) = (subject.to_string(), data_json(&active)?);
    Ok(axum::Json(
        json!({ "active": true, "subject": subject, "roles": roles, "session": session, "data": data }),
    ))
}

fn data_json(active: &cloakroom::Active) -> Result<serde_json::Map<String, serde_json::Value>, Problem> {
    let data = active.data().map_err(SessionError::from)?;
    let mut map = serde_json::Map::new();
    for name in data.names() {
        // What an application stored as something that JSON has no word for is left out.
        if let Ok(Some(value)) = data.get_named::<serde_json::Value>(name) {
            map.insert(name.to_owned(), value);
        }
    }
    Ok(map)
}

/// The sessions of a subject, or all, a stretch at a time.
pub async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<axum::Json<serde_json::Value>, Problem> {
    let policy = app.sessions.policy();
    if let Some(name) = filter.subject.filter(|name| !name.is_empty()) {
        let records = app.sessions.list(&subject(&name)?).await?;
        let sessions: Vec<_> = records
            .iter()
            .map(|record| SessionJson::new(record, policy, &app.places, None))
            .collect();
        return Ok(axum::Json(json!({ "sessions": sessions })));
    }
    let listing = app.sessions.scan(filter.after.as_deref(), STRETCH).await?;
    let sessions: Vec<_> = listing
        .found
        .iter()
        .map(|found| SubjectJson::new(&found.record, policy, &app.places, None))
        .collect();
    Ok(axum::Json(json!({ "sessions": sessions, "next": listing.next })))
}

/// Says of an ending whether it outlives the store's primary: `durable` or `primary-only`.
const DURABILITY: HeaderName = HeaderName::from_static("cloakroom-durability");

/// What a caller may ask of an ending.
#[derive(Debug, Deserialize)]
pub struct Patience {
    /// Whether to answer only when no node can accept what was ended any more.
    #[serde(default)]
    settled: bool,
}

impl Patience {
    /// Waits if it was asked for.
    async fn settle(&self, app: &App) -> Result<(), Problem> {
        if self.settled {
            app.sessions.settled().await?;
        }
        Ok(())
    }
}

/// Ends one session. That there is none is an answer like the other: somebody else may have ended it just now, so it is
/// waited for as well.
pub async fn end(
    State(app): State<App>,
    Extension(Operator(name)): Extension<Operator>,
    Segment(id): Segment,
    Query(patience): Query<Patience>,
) -> Result<Response, Problem> {
    let id: SessionId = id.parse().map_err(|_| Code::NotFound)?;
    let ending = app
        .sessions
        .close(&id, CloseReason::Revoked, &app.sessions.operator(&name))
        .await?;
    patience.settle(&app).await?;
    if ending.ended.is_empty() {
        return Err(Code::NotFound.into());
    }
    Ok((StatusCode::NO_CONTENT, told(ending.durability), ()).into_response())
}

fn told(durability: Durability) -> [(HeaderName, HeaderValue); 1] {
    [(DURABILITY, HeaderValue::from_static(durability.as_str()))]
}

/// Ends all sessions of a subject, and log-ins that are under way.
pub async fn end_all(
    State(app): State<App>,
    Extension(Operator(name)): Extension<Operator>,
    Segment(subject_name): Segment,
    Query(patience): Query<Patience>,
) -> Result<Response, Problem> {
    let cause = app.sessions.operator(&name);
    let subject = subject(&subject_name)?;
    let ending = app
        .sessions
        .end_all(&subject, CloseReason::Revoked, &cause)
        .await?;
    patience.settle(&app).await?;
    let ended = axum::Json(json!({ "ended": ending.ended.len() }));
    Ok((told(ending.durability), ended).into_response())
}

fn client(json: Option<ClientJson>) -> Client {
    let Some(json) = json else {
        return Client::default();
    };
    let mut client = json.ip.map(Client::at).unwrap_or_default();
    if let Some(value) = json.user_agent {
        client = client.with_user_agent(&value);
    }
    if let Some(value) = json.accept_language {
        client = client.with_language(&value);
    }
    client
}

fn subject(name: &str) -> Result<Subject, Problem> {
    name.parse()
        .map_err(|error: cloakroom::MalformedName| bad("subject", &error.to_string()))
}

fn words(field: &str, names: &[String]) -> Result<Vec<Word>, Problem> {
    names
        .iter()
        .map(|name| {
            name.parse()
                .map_err(|error: cloakroom::MalformedName| bad(field, &error.to_string()))
        })
        .collect()
}

fn bad(field: &str, why: &str) -> Problem {
    Problem::from(Code::BadRequest).saying(format!("The field `{field}` is wrong: {why}."))
}
