//! The journal, for operators and for programs that follow it.

use crate::app::App;
use crate::app::address::Query;
use axum::Json;
use axum::extract::State;
use cloakroom::problem::{Code, Problem};
use cloakroom::{Event, Kind, Position, SessionError, Subject};
use cloakroom_audit::EventJson;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many entries are read at once, and how many such stretches are searched for a subject's in one call.
const STRETCH: usize = 1000;
const STRETCHES: usize = 20;

#[derive(Debug, Deserialize)]
pub struct Filter {
    after: Option<String>,
    subject: Option<String>,
    kind: Option<String>,
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

impl Filter {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let limit = self.limit.unwrap_or(100);
        if limit == 0 || limit > STRETCH {
            return Err(bad(&format!("`limit` must be 1 to {STRETCH}")));
        }
        let kind = given(&self.kind).map(|kind| kind.parse::<Kind>());
        Ok(Wanted {
            limit,
            subject: given(&self.subject).map(|name| name.parse()).transpose()?,
            kind: kind
                .transpose()
                .map_err(|_| bad("`kind` names no kind of event"))?,
        })
    }
}

fn bad(what: &str) -> Problem {
    Problem::from(Code::BadRequest).saying(format!("The parameter {what}."))
}

struct Wanted {
    limit: usize,
    subject: Option<Subject>,
    kind: Option<Kind>,
}

impl Wanted {
    fn is_all(&self) -> bool {
        self.subject.is_none() && self.kind.is_none()
    }

    fn fits(&self, event: &Event) -> bool {
        (self.subject.is_none() || event.subject == self.subject)
            && self.kind.is_none_or(|kind| event.kind == kind)
    }
}

/// The journal after a position, oldest first.
pub async fn list(State(app): State<App>, Query(filter): Query<Filter>) -> Result<Json<Events>, Problem> {
    let wanted = filter.wanted()?;
    let after = filter.after.unwrap_or_default().parse();
    let mut after: Position = after.map_err(|_| bad("`after` is not a `next` of this journal"))?;
    let store = app.sessions.store();
    let (mut events, mut gap) = (Vec::new(), false);
    let mut stretch = if wanted.is_all() { wanted.limit } else { STRETCH };
    for _ in 0..STRETCHES {
        let page = store.journal(&after, stretch, Duration::ZERO).await;
        let page = page.map_err(SessionError::from)?;
        let room = wanted.limit - events.len();
        let mut fitting = (1..)
            .zip(&page.entries)
            .filter(|(_, entry)| wanted.fits(&entry.event));
        // One can read on after a page, and not everywhere after an entry within it: a shorter page has to end there.
        if let Some((_, (first_too_many, _))) = fitting.nth(room - 1).zip(fitting.next()) {
            stretch = first_too_many - 1;
            continue;
        }
        gap |= page.gap;
        let ended = page.entries.len() < stretch;
        after = page.next;
        let fitting = page.entries.into_iter().filter(|entry| wanted.fits(&entry.event));
        events.extend(fitting.map(EventJson::from));
        if ended || events.len() == wanted.limit {
            break;
        }
    }
    Ok(Json(Events {
        events,
        next: after.to_string(),
        gap,
    }))
}
