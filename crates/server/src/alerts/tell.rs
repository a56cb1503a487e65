//! Writing an alert into the journal, once for all nodes: beside a memo that only the first of them can make.

use super::respond::Response;
use crate::app::App;
use cloakroom::{Actor, Client, Entry, Event, Kind, Label, MemoWrite, SessionError};
use cloakroom_watch::Alert;
use serde_json::{Value, json};
use std::time::Duration;

/// How long it is remembered that an incident was told: longer than an alert can be late.
const REMEMBERED: Duration = Duration::from_hours(8 * 24);

/// An alert that is to be told.
pub(super) struct Telling {
    /// What the journal is to say, but for the response.
    event: Event,
    /// What is under it says that the incident was told.
    label: Label,
    detail: Value,
}

impl Telling {
    /// An alert that an entry gave rise to. Its event carries that entry's address and browser.
    pub(super) fn of(app: &App, alert: &Alert, entry: &Entry) -> Self {
        let client = Client {
            ip: entry.event.cause.ip,
            user_agent: entry.event.cause.user_agent.clone(),
            ..Client::default()
        };
        let cause = app.sessions.cause(Actor::System, &client);
        let event = Event::of(Kind::Alert, cause).about(alert.subject.clone());
        let event = match alert.sessions.as_slice() {
            [one] => event.in_session(*one),
            _ => event,
        };
        let mut detail = serde_json::to_value(alert).unwrap_or_default();
        if let Some(country) = client.ip.and_then(|ip| app.places.of(ip).country) {
            detail["place"] = json!(country.to_string());
        }
        Self {
            label: Label::beside(&event, &format!("alert:{}", alert.incident)),
            event,
            detail,
        }
    }

    /// Whether an alert of this incident stands in the journal, or did.
    pub(super) async fn already(&self, app: &App) -> Result<bool, SessionError> {
        let shared = app.sessions.store().shared();
        Ok(shared.memo(&self.label, app.sessions.now()).await?.is_some())
    }

    /// Writes it down. Answers whether this node was the first.
    pub(super) async fn tell(mut self, app: &App, response: Response) -> Result<bool, SessionError> {
        self.detail["response"] = json!(response.as_str());
        self.event.cause.detail = Some(self.detail.to_string().into());
        let now = app.sessions.now();
        let write = MemoWrite {
            label: self.label,
            expected: None,
            bytes: Vec::new(),
            until: now + REMEMBERED,
            now,
            event: Some(self.event),
        };
        Ok(app.sessions.store().shared().keep_memo(&write).await?.is_some())
    }
}
