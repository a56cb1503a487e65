//! One session as the pages show it: a ticket.

use jiff::Timestamp;

use super::moment::Moment;

/// A session for a list of devices. The fields are those of a session in JSON.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// The public session id.
    pub id: String,
    /// The device as people name it: "Firefox on Linux". Nothing when it could not be told.
    pub device: Option<String>,
    /// The address it was last seen from.
    pub ip: Option<String>,
    /// The country of that address, where known.
    pub country: Option<String>,
    /// The `User-Agent` header as it came; the console shows it, the account page does not.
    pub user_agent: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// When its user last proved who they are.
    pub authenticated_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it ends if it is not used.
    pub idle_expires_at: Timestamp,
    /// Whether "remember me" was ticked.
    pub remember: bool,
    /// Whether it is bound to its device by a key.
    pub bound: bool,
}

impl SessionView {
    /// The device, or words for one that could not be told.
    #[must_use]
    pub fn device(&self) -> &str {
        self.device
            .as_deref()
            .filter(|name| !name.trim().is_empty())
            .unwrap_or("Unknown device")
    }

    /// The number on the ticket.
    #[must_use]
    pub fn number(&self) -> String {
        ticket_number(&self.id)
    }

    /// Whether lack of use ends it before its time is up.
    #[must_use]
    pub fn idles_out_first(&self) -> bool {
        self.idle_expires_at < self.expires_at
    }

    pub(super) fn created(&self, now: &Timestamp) -> Moment {
        Moment::new(self.created_at, *now)
    }

    pub(super) fn seen(&self, now: &Timestamp) -> Moment {
        Moment::new(self.seen_at, *now)
    }

    pub(super) fn authenticated(&self, now: &Timestamp) -> Moment {
        Moment::new(self.authenticated_at, *now)
    }

    pub(super) fn expires(&self, now: &Timestamp) -> Moment {
        Moment::new(self.expires_at, *now)
    }

    pub(super) fn idle_expires(&self, now: &Timestamp) -> Moment {
        Moment::new(self.idle_expires_at, *now)
    }
}

/// The first six characters of a session id, as they stand in logs too.
#[must_use]
pub fn ticket_number(session_id: &str) -> String {
    session_id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(6)
        .collect()
}

/// The most recently used first.
pub(super) fn newest_first(sessions: &[SessionView]) -> Vec<&SessionView> {
    let mut sorted: Vec<_> = sessions.iter().collect();
    sorted.sort_by_key(|session| std::cmp::Reverse(session.seen_at));
    sorted
}
