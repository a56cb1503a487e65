//! Where letters go.

use crate::event::id_of;
use async_trait::async_trait;
use cloakroom_audit::EventJson;
use cloakroom_core::{Entry, Event, Subject, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is kept in order among itself: what is about one subject, or about none.
pub type Lane = Option<Subject>;

/// Something to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The same at every attempt: receivers tell doubles by it.
    pub id: String,
    /// The `type` in webhooks.
    pub r#type: String,
    /// What happened.
    pub event: EventJson,
}

impl From<&Entry> for Letter {
    fn from(entry: &Entry) -> Self {
        Self {
            id: id_of(entry),
            r#type: crate::event::type_of(entry.event.kind).to_owned(),
            event: EventJson::from(entry.clone()),
        }
    }
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It arrived.
    Delivered,
    /// It did not.
    Failed {
        /// Why, for operators.
        why: String,
        /// How long the receiver asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The receiver wants nothing any more: nothing is sent until an operator says so.
    Gone {
        /// What it said.
        why: String,
    },
    /// Not now; no attempt was made. What comes meanwhile may be delivered together with it.
    Later(Duration),
}

/// A way out. Implement it to send events somewhere else, or to write to users as only the application can.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// What it is called: 1 to 60 of `a` to `z`, digits, `.` and `_`. What was sent is remembered under this name.
    fn name(&self) -> &str;

    /// Where it leads, for operators and without secrets. When it changes, a channel that was gone is tried again.
    fn target(&self) -> String;

    /// Whether it wants an event.
    fn wants(&self, event: &Event) -> bool;

    /// What an event has to stay in order with.
    fn lane(&self, event: &Event) -> Lane {
        event.subject.clone()
    }

    /// How many letters of one lane it takes at once; at least one.
    fn at_once(&self) -> usize {
        1
    }

    /// Delivers letters of one lane, all or none. Ends within half a minute, whatever the receiver does.
    async fn deliver(&self, letters: &[Letter], now: Timestamp) -> Outcome;
}
