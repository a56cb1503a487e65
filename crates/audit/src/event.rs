//! An event in JSON: one form for the admin API and every sink.

use crate::text;
use cloakroom_core::{CloseReason, Entry, Position, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The most that is kept of a text, in bytes. Subjects and `User-Agent`s have bounds of their own (255, 512).
const LONGEST: usize = 1024;
/// The same for what else there is to say: an alert brings the events that it rests on.
const LONGEST_DETAIL: usize = 8192;

/// An event in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventJson {
    /// The place in the journal that it was read from.
    pub id: String,
    /// When, in RFC 3339, UTC, with milliseconds.
    pub at: String,
    /// What: a [`Kind`](cloakroom_core::Kind), or `gap` in an audit trail.
    pub kind: Cow<'static, str>,
    /// To which session.
    pub session: Option<String>,
    /// Of whom.
    pub subject: Option<String>,
    /// Why, if a session ended.
    pub reason: Option<Cow<'static, str>>,
    /// By whom: `system`, `user` or `operator:NAME`.
    pub actor: String,
    /// From which address.
    pub ip: Option<String>,
    /// With which `User-Agent`.
    pub user_agent: Option<String>,
    /// What else there is to say.
    pub detail: Option<String>,
}

impl EventJson {
    /// The kind of entry that stands for those which were gone from the journal before they were read.
    pub const GAP: &'static str = "gap";

    /// Entries were gone from the journal, or it is another journal, when it was to be read on after this position.
    #[must_use]
    pub fn gap(after: &Position, now: Timestamp) -> Self {
        // The position of a cluster has 256 parts; the first tells the history.
        let place = after.as_str().split('_').next().unwrap_or_default();
        Self {
            id: format!("gap-{}", now.as_millis()),
            at: rfc3339(now),
            kind: Self::GAP.into(),
            session: None,
            subject: None,
            reason: None,
            actor: "system".to_owned(),
            ip: None,
            user_agent: None,
            detail: Some(format!(
                "entries after {place} were gone from the journal before they could be read, or another history began"
            )),
        }
    }

    /// Every text within its bound.
    #[must_use]
    pub(crate) fn bounded(self) -> Self {
        let cut = |text: Option<String>| text.map(|text| text::cut(text, LONGEST));
        Self {
            session: cut(self.session),
            subject: cut(self.subject),
            actor: text::cut(self.actor, LONGEST),
            user_agent: cut(self.user_agent),
            detail: self.detail.map(|text| text::cut(text, LONGEST_DETAIL)),
            ..self
        }
    }
}

impl From<Entry> for EventJson {
    fn from(Entry { position, event }: Entry) -> Self {
        Self {
            id: position.to_string(),
            at: rfc3339(event.cause.at),
            kind: event.kind.as_str().into(),
            session: event.session.map(|id| id.to_string()),
            subject: event.subject.map(|subject| subject.to_string()),
            reason: event.reason.map(CloseReason::as_str).map(Into::into),
            actor: event.cause.actor.to_string(),
            ip: event.cause.ip.map(|ip| ip.to_string()),
            user_agent: event.cause.user_agent.map(|agent| agent.to_string()),
            detail: event.cause.detail.map(Into::into),
        }
    }
}

/// RFC 3339 in UTC, with milliseconds.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    format!("{:.3}", moment(at))
}

/// Reads what [`rfc3339`] writes, and any other instant of RFC 3339.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(moment.as_millisecond())
        .ok()
        .map(Timestamp::from_millis)
}

fn moment(at: Timestamp) -> jiff::Timestamp {
    i64::try_from(at.as_millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}
