//! A session as the outside sees it.

use crate::pages::SessionView;
use cloakroom::{Policy, Record, SessionId, Subject, Timestamp, Word, device};
pub use cloakroom_audit::rfc3339;
use cloakroom_watch::Places;
use serde::Serialize;

/// A session in JSON.
#[derive(Debug, Serialize)]
pub struct SessionJson {
    id: String,
    created_at: String,
    seen_at: String,
    authenticated_at: Option<String>,
    expires_at: String,
    idle_expires_at: String,
    ip: Option<String>,
    user_agent: Option<String>,
    device: String,
    country: Option<String>,
    auth: Vec<String>,
    remember: bool,
    bound: bool,
    current: bool,
}

impl SessionJson {
    /// The session, as seen from the session `current`.
    #[must_use]
    pub fn new(record: &Record, policy: &Policy, places: &Places, current: Option<SessionId>) -> Self {
        let who = record.identity.as_ref();
        let remember = who.is_some_and(|who| who.remember);
        Self {
            id: record.id.to_string(),
            created_at: rfc3339(record.created_at),
            seen_at: rfc3339(record.seen_at),
            authenticated_at: who.map(|who| rfc3339(who.authenticated_at)),
            expires_at: rfc3339(record.expires_at),
            idle_expires_at: rfc3339(record.deadline(policy.lifetime(remember).idle())),
            ip: record.client.ip.map(|ip| ip.to_string()),
            user_agent: record.client.user_agent.as_deref().map(str::to_owned),
            device: device::label(record.client.user_agent.as_deref()),
            country: country(record, places),
            auth: who.map(|who| words(&who.methods)).unwrap_or_default(),
            remember,
            bound: false,
            current: current == Some(record.id),
        }
    }
}

/// One session and whose it is.
#[derive(Debug, Serialize)]
pub struct SubjectJson {
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    session: SessionJson,
}

impl SubjectJson {
    /// The session, as seen from the session `current`. Without the roles.
    #[must_use]
    pub fn new(record: &Record, policy: &Policy, places: &Places, current: Option<SessionId>) -> Self {
        Self {
            subject: record.subject().map(Subject::to_string),
            roles: None,
            session: SessionJson::new(record, policy, places, current),
        }
    }

    /// With the roles.
    #[must_use]
    pub fn with_roles(mut self, roles: &[Word]) -> Self {
        self.roles = Some(words(roles));
        self
    }
}

/// A session for the pages.
#[must_use]
pub fn page_view(record: &Record, policy: &Policy, places: &Places) -> SessionView {
    let who = record.identity.as_ref();
    let remember = who.is_some_and(|who| who.remember);
    SessionView {
        id: record.id.to_string(),
        device: Some(device::label(record.client.user_agent.as_deref())),
        ip: record.client.ip.map(|ip| ip.to_string()),
        country: country(record, places),
        user_agent: record.client.user_agent.as_deref().map(str::to_owned),
        created_at: moment(record.created_at),
        seen_at: moment(record.seen_at),
        authenticated_at: moment(who.map_or(record.created_at, |who| who.authenticated_at)),
        expires_at: moment(record.expires_at),
        idle_expires_at: moment(record.deadline(policy.lifetime(remember).idle())),
        remember,
        bound: false,
    }
}

/// The country of the address, if a database tells it.
fn country(record: &Record, places: &Places) -> Option<String> {
    let country = places.of(record.client.ip?).country?;
    Some(country.to_string())
}

/// The moment as the pages take it.
#[must_use]
pub fn moment(at: Timestamp) -> jiff::Timestamp {
    i64::try_from(at.as_millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

fn words(words: &[Word]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}
