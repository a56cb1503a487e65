//! Writing an alert into the journal, once for all nodes: beside a memo that only the first of them can make.

use super::respond::Response;
use crate::app::App;
use cloakroom::{Actor, Client, Event, Kind, Label, MemoWrite, SessionError};
use cloakroom_watch::Alert;
use serde_json::{Value, json};
use std::time::Duration;

/// How long it is remembered that an incident was told: longer than an alert can be late.
const REMEMBERED: Duration = Duration::from_hours(8 * 24);

/// Whether an alert of this incident stands in the journal, or did.
pub(super) async fn is_told(app: &App, alert: &Alert) -> Result<bool, SessionError> {
    let label = label(&event(app, alert, Response::Notify), alert);
    let memo = app
        .sessions
        .store()
        .shared()
        .memo(&label, app.sessions.now())
        .await?;
    Ok(memo.is_some())
}

/// Writes it down. Answers whether this node was the first.
pub(super) async fn tell(app: &App, alert: &Alert, response: Response) -> Result<bool, SessionError> {
    let (event, now) = (event(app, alert, response), app.sessions.now());
    let write = MemoWrite {
        label: label(&event, alert),
        expected: None,
        bytes: Vec::new(),
        until: now + REMEMBERED,
        now,
        event: Some(event),
    };
    Ok(app.sessions.store().shared().keep_memo(&write).await?.is_some())
}

fn label(event: &Event, alert: &Alert) -> Label {
    Label::beside(event, &format!("alert:{}", alert.incident))
}

fn event(app: &App, alert: &Alert, response: Response) -> Event {
    let mut detail = serde_json::to_value(alert).unwrap_or_default();
    if let Value::Object(fields) = &mut detail {
        fields.insert("response".to_owned(), json!(response.as_str()));
    }
    let cause = app.sessions.cause(Actor::System, &Client::default());
    let event = Event::of(Kind::Alert, cause.saying(detail.to_string())).about(alert.subject.clone());
    match alert.sessions.as_slice() {
        [one] => event.in_session(*one),
        _ => event,
    }
}
