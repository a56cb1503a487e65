//! Events of `tracing`, under the target `audit`, for whoever gathers logs.
//!
//! Nothing can be written and noted in one step there: after a crash, the last stretch may be told again.

use crate::disk::{self, Error};
use crate::event::EventJson;
use crate::known::Known;
use crate::lock::Lock;
use crate::text::is_hidden;
use crate::trail::Sink;
use cloakroom_core::{Position, Timestamp};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Tells the log.
#[derive(Debug)]
pub struct Log {
    state: PathBuf,
    position: Position,
    _lock: Lock,
}

impl Log {
    /// Takes the lock and reads the place, both beside `state`.
    pub fn open(state: &Path) -> Result<Self, Error> {
        let lock = Lock::take(&state.with_extension("lock"))?;
        let text = disk::read(state)?.unwrap_or_default();
        let text = String::from_utf8(text).unwrap_or_default();
        Ok(Self {
            state: state.into(),
            position: text.trim_end().parse().unwrap_or_default(),
            _lock: lock,
        })
    }
}

impl Sink for Log {
    fn position(&self) -> Position {
        self.position.clone()
    }

    fn write(&mut self, events: &[EventJson], next: &Position, _: Timestamp) -> Result<(), Error> {
        for event in events {
            tell(&event.clone().bounded());
        }
        self.position = next.clone();
        disk::replace(&self.state, next.as_str().as_bytes())
    }

    fn known(&self) -> Result<Known, Error> {
        Ok(Known::default())
    }

    fn tend(&mut self, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }

    fn close(&mut self, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }
}

fn tell(event: &EventJson) {
    let field = |text: &Option<String>| text.as_deref().map(visible).map(Cow::into_owned);
    tracing::info!(
        target: "audit",
        id = event.id,
        at = event.at,
        kind = &*event.kind,
        session = event.session,
        subject = field(&event.subject),
        reason = event.reason.as_deref(),
        actor = &*visible(&event.actor),
        ip = event.ip,
        user_agent = field(&event.user_agent),
        detail = field(&event.detail),
        "event"
    );
}

/// With what nobody sees in a form that everybody sees, whatever the log's format makes of it.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let show = |c: char| {
        if is_hidden(c) {
            c.escape_unicode().to_string()
        } else {
            c.to_string()
        }
    };
    Cow::Owned(text.chars().map(show).collect())
}
