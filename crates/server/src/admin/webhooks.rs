//! How webhooks and mails are doing, and another try for what could not be delivered.

use super::keys::Operator;
use crate::app::App;
use crate::app::address::Segment;
use crate::pages::ChannelView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use cloakroom::problem::{Code, Problem};
use cloakroom::{Event, Kind, SessionError, StoreError};
use cloakroom_outbox::{DeadLetter, Status};
use serde_json::{Value, json};

/// Every channel with its state and its dead letters.
pub async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let (mut webhooks, mut mail) = (Vec::new(), Vec::new());
    for (name, tally) in app.outbox.tallies() {
        let Some(status) = app.outbox.status(name).await.map_err(unavailable)? else {
            continue;
        };
        match name.strip_prefix("webhook.") {
            Some(short) => webhooks.push(shown(short, &status, tally.sends())),
            None => mail.push(shown(name, &status, tally.sends())),
        }
    }
    Ok(Json(json!({ "webhooks": webhooks, "mail": mail })))
}

/// The same for the console. What can not be read is left out: the page says elsewhere that the store does not answer.
pub async fn views(app: &App) -> Vec<ChannelView> {
    let mut views = Vec::new();
    for (name, _) in app.outbox.tallies() {
        if let Ok(Some(status)) = app.outbox.status(name).await {
            let more = if status.behind_more { "+" } else { "" };
            views.push(ChannelView {
                name: name.strip_prefix("webhook.").unwrap_or(name).to_owned(),
                target: status.target.clone(),
                state: state(&status).to_owned(),
                behind: format!("{}{more}", status.behind),
                sent: status.sent,
                error: status
                    .last_error
                    .as_ref()
                    .filter(|_| status.failing > 0)
                    .map(|(_, why)| why.clone()),
                dead: status.dead.letters.len(),
            });
        }
    }
    views
}

/// For programs: has a channel's dead letters tried again.
pub async fn retry(
    State(app): State<App>,
    Extension(Operator(operator)): Extension<Operator>,
    Segment(name): Segment,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let count = try_again(&app, &operator, &name).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "retried": count }))))
}

/// Has a channel's dead letters tried again, and the channel itself if its receiver wanted nothing any more.
pub async fn try_again(app: &App, operator: &str, name: &str) -> Result<usize, Problem> {
    let channel = if name.starts_with("mail.") {
        name.to_owned()
    } else {
        format!("webhook.{name}")
    };
    let Some(count) = app.outbox.retry(&channel).await.map_err(unavailable)? else {
        return Err(Problem::from(Code::NotFound).saying("There is no webhook of this name."));
    };
    let cause = app
        .sessions
        .operator(operator)
        .saying(format!("retried {channel}"));
    app.sessions.note_or_warn(&Event::of(Kind::Admin, cause)).await;
    Ok(count)
}

fn unavailable(error: StoreError) -> Problem {
    SessionError::from(error).into()
}

fn state(status: &Status) -> &'static str {
    if status.gone {
        "gone"
    } else if status.failing > 0 {
        "failing"
    } else if status.held {
        "sending"
    } else {
        "waiting"
    }
}

fn shown(name: &str, status: &Status, here: bool) -> Value {
    let error = status
        .last_error
        .as_ref()
        .map(|(at, why)| json!({ "at": at, "why": why }));
    json!({
        "name": name,
        "target": status.target,
        "state": state(status),
        "sent_by_this_server": here,
        "behind": status.behind,
        "behind_more": status.behind_more,
        "failures_in_a_row": status.failing,
        "sent": status.sent,
        "last_success": status.last_success,
        "last_error": error,
        "dead_letters": status.dead.letters.iter().map(dead).collect::<Vec<_>>(),
        "dead_letters_dropped": status.dead.dropped,
    })
}

fn dead(dead: &DeadLetter) -> Value {
    json!({
        "id": dead.letter.id,
        "type": dead.letter.r#type,
        "event": dead.letter.event.id,
        "at": dead.letter.event.at,
        "given_up_at": dead.given_up_at,
        "why": dead.why,
        "being_retried": dead.retry,
    })
}
