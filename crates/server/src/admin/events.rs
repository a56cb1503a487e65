//! The journal, for operators and for programs that follow it.

use crate::app::App;
use crate::app::address::Query;
use axum::Json;
use axum::extract::State;
use cloakroom::problem::{Code, Problem};
use cloakroom::{Position, SessionError, Subject};
use cloakroom_outbox::EventJson;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many entries are read at once, and how many such stretches are searched for a subject's in one call.
const STRETCH: usize = 1000;
const STRETCHES: usize = 20;

#[derive(Debug, Deserialize)]
pub struct Filter {
    after: Option<String>,
    subject: Option<String>,
    limit: Option<usize>,
}

/// Events and where to go on.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the name that the contract gives it")]
pub struct Events {
    events: Vec<EventJson>,
    next: String,
    /// Events between `after` and the first one here are no longer kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    gap: bool,
}

/// The journal after a position, oldest first.
pub async fn list(State(app): State<App>, Query(filter): Query<Filter>) -> Result<Json<Events>, Problem> {
    let bad = |what: &str| Problem::from(Code::BadRequest).saying(format!("The parameter {what}."));
    let limit = filter.limit.unwrap_or(100);
    if limit == 0 || limit > STRETCH {
        return Err(bad(&format!("`limit` must be 1 to {STRETCH}")));
    }
    let mut after: Position = filter
        .after
        .unwrap_or_default()
        .parse()
        .map_err(|_| bad("`after` is not a `next` of this journal"))?;
    let subject = match filter.subject.filter(|name| !name.is_empty()) {
        Some(name) => Some(name.parse::<Subject>()?),
        None => None,
    };
    let (mut events, mut gap) = (Vec::new(), false);
    'stretches: for _ in 0..STRETCHES {
        let stretch = if subject.is_some() { STRETCH } else { limit };
        let page = app
            .sessions
            .store()
            .journal(&after, stretch, Duration::ZERO)
            .await
            .map_err(SessionError::from)?;
        gap |= page.gap;
        let last = page.entries.len() < stretch;
        for entry in page.entries {
            after = entry.position.clone();
            if subject.is_none() || entry.event.subject == subject {
                events.push(EventJson::from(&entry));
            }
            if events.len() == limit {
                break 'stretches;
            }
        }
        after = page.next;
        if last {
            break;
        }
    }
    Ok(Json(Events {
        events,
        next: after.to_string(),
        gap,
    }))
}
