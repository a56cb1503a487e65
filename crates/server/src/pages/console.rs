//! `GET /console`: what operators see.

use askama::Template;
use jiff::Timestamp;

use super::{
    alert::AlertView,
    moment::Moment,
    notice::notices,
    session::{SessionView, newest_first, ticket_number},
};

/// The operators' page: how the cloakroom is doing, what happened lately, and one subject's sessions.
#[derive(Debug, Clone, Template)]
#[template(path = "console.html")]
pub struct ConsolePage {
    /// The host of `public_url`.
    pub site: String,
    /// The time at which the page is made.
    pub now: Timestamp,
    /// The store and how it is.
    pub store: StoreView,
    /// The numbers at the top.
    pub figures: Figures,
    /// What wants to be looked at, newest first.
    pub alerts: Vec<AlertView>,
    /// Webhooks and mail, and how they are doing.
    pub channels: Vec<ChannelView>,
    /// The newest entries of the journal, newest first; nothing when it could not be read.
    pub events: Option<Vec<EventView>>,
    /// What was searched for, and what was found.
    pub search: Option<SubjectSearch>,
    /// What was just done.
    pub notice: Option<ConsoleNotice>,
}

/// The store and how it is.
#[derive(Debug, Clone)]
pub struct StoreView {
    /// As people name it: "`SQLite`", "Redis".
    pub kind: String,
    /// Whether it answers.
    pub healthy: bool,
    /// A version, a path, a reason: one short line. Never a password from a URL.
    pub detail: Option<String>,
    /// Of a hundred checks, how many it was not asked about; nothing where there is no near cache, or no check yet.
    pub from_memory: Option<u64>,
}

/// Numbers; one that is not known shows as a dash.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Sessions alive now.
    pub live_sessions: Option<u64>,
    /// Log-ins in the last hour.
    pub logins: Option<u64>,
    /// Failed log-ins in the last hour.
    pub failed_logins: Option<u64>,
    /// Sessions that ended in the last hour, for whatever reason.
    pub ended: Option<u64>,
}

/// A webhook, or mail.
#[derive(Debug, Clone)]
pub struct ChannelView {
    /// `ops`, or `mail.alerts`.
    pub name: String,
    /// Where it leads.
    pub target: String,
    /// `sending`, `waiting`, `failing` or `gone`.
    pub state: String,
    /// How many events wait, perhaps with a `+`.
    pub behind: String,
    /// How many were delivered.
    pub sent: u64,
    /// What went wrong last.
    pub error: Option<String>,
    /// How many were given up.
    pub dead: usize,
}

impl ChannelView {
    fn is_bad(&self) -> bool {
        matches!(self.state.as_str(), "failing" | "gone") || self.dead > 0
    }

    /// Whether there is something to try again.
    fn can_be_retried(&self) -> bool {
        self.dead > 0 || self.state == "gone"
    }
}

/// One entry of the journal. The fields are those of an event in JSON.
#[derive(Debug, Clone)]
pub struct EventView {
    /// When.
    pub at: Timestamp,
    /// `opened`, `closed`, `login-failed` and so on.
    pub kind: String,
    /// The session id, where one is concerned.
    pub session: Option<String>,
    /// Why: `logout`, `revoked` and so on.
    pub reason: Option<String>,
    /// Whose session.
    pub subject: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// From which address.
    pub ip: Option<String>,
    /// With which device.
    pub device: Option<String>,
    /// Anything more.
    pub detail: Option<String>,
}

/// A search by subject.
#[derive(Debug, Clone)]
pub struct SubjectSearch {
    /// What was typed.
    pub subject: String,
    /// Their sessions in any order; nothing when the store did not answer.
    pub sessions: Option<Vec<SessionView>>,
}

notices! {
    /// What an operator has just done.
    ConsoleNotice {
        /// One session was ended.
        SessionEnded = "session-ended": "The session is ended.",
        /// All sessions of a subject were ended.
        SubjectEnded = "subject-ended": "All sessions of this subject are ended.",
        /// What should be ended was not there any more.
        SessionGone = "session-gone": "That session had ended already.",
        /// What a channel had given up is tried again.
        Retried = "retried": "What had been given up is tried again.",
    }
}

impl Figures {
    fn shown(self) -> [(&'static str, String); 4] {
        [
            ("Live sessions", figure(self.live_sessions)),
            ("Log-ins, last hour", figure(self.logins)),
            ("Failed, last hour", figure(self.failed_logins)),
            ("Ended, last hour", figure(self.ended)),
        ]
    }
}

impl EventView {
    fn moment(&self, now: &Timestamp) -> Moment {
        Moment::new(self.at, *now)
    }

    fn number(&self) -> Option<String> {
        self.session.as_deref().map(ticket_number)
    }

    /// Whether an operator should look at it twice.
    fn stands_out(&self) -> bool {
        const KINDS: [&str; 5] = ["login-failed", "csrf-rejected", "guess", "alert", "limit-refused"];
        KINDS.contains(&self.kind.as_str()) || self.reason.as_deref() == Some("token-reuse")
    }
}

impl SubjectSearch {
    fn sorted(&self) -> Option<Vec<&SessionView>> {
        self.sessions.as_deref().map(newest_first)
    }
}

impl ConsolePage {
    fn searched(&self) -> &str {
        self.search.as_ref().map_or("", |search| search.subject.as_str())
    }
}

/// `12480` as `12,480`; a dash for what is not known.
fn figure(n: Option<u64>) -> String {
    let Some(n) = n else { return "–".to_owned() };
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_by_thousands() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(figure(Some(n)), text);
        }
        assert_eq!(figure(None), "–");
    }
}
