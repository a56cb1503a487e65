//! How far a channel came, and who sends: one memo in the store for each channel.

use cloakroom_core::{Label, MemoWrite, Position, Store, StoreError, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a memo outlives its last writing. A channel that nobody had for longer begins anew, at the journal's end.
pub(crate) const KEPT: Duration = Duration::from_hours(24 * 400);

/// The memo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Who sends: a name that a process gave itself; empty if nobody does.
    pub(crate) holder: String,
    /// After which entry to read on; everything before it was sent, or is a dead letter.
    pub(crate) place: String,
    /// Ids of what lies after it and was dealt with all the same: one lane does not wait for another.
    #[serde(default)]
    pub(crate) ahead: Vec<String>,
    /// When the newest of what lies before it happened, in milliseconds since 1970.
    pub(crate) newest: u64,
    /// Where the channel leads.
    pub(crate) target: String,
    /// The receiver wants nothing any more.
    pub(crate) gone: bool,
    /// How many were sent.
    pub(crate) sent: u64,
    /// Failures since the last success.
    pub(crate) failing: u32,
    /// When something was last sent.
    pub(crate) last_sent: Option<String>,
    /// When an attempt last failed, and why.
    pub(crate) last_error: Option<(String, String)>,
}

/// A memo as it was read or written.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) version: u64,
    pub(crate) state: State,
}

impl State {
    pub(crate) fn position(&self) -> Position {
        self.place.parse().unwrap_or_default()
    }
}

fn label(channel: &str) -> Label {
    Label::new(&format!("outbox:{channel}"))
}

/// What is kept of a channel.
pub(crate) async fn read(
    store: &dyn Store,
    channel: &str,
    now: Timestamp,
) -> Result<Option<Kept>, StoreError> {
    let Some(memo) = store.shared().memo(&label(channel), now).await? else {
        return Ok(None);
    };
    let state = serde_json::from_slice(&memo.bytes).map_err(|error| StoreError::Refused(error.into()))?;
    Ok(Some(Kept {
        version: memo.version,
        state,
    }))
}

/// Writes it on the version that was read. Nothing if that is not the present one.
pub(crate) async fn write(
    store: &dyn Store,
    channel: &str,
    expected: Option<u64>,
    state: &State,
    now: Timestamp,
) -> Result<Option<u64>, StoreError> {
    let write = MemoWrite {
        label: label(channel),
        expected,
        bytes: serde_json::to_vec(state).map_err(|error| StoreError::Refused(error.into()))?,
        until: now + KEPT,
        now,
        event: None,
    };
    store.shared().keep_memo(&write).await
}
