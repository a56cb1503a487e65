//! `GET /account`.

use askama::Template;
use jiff::Timestamp;

use super::session::{SessionView, newest_first};

/// Who you are, and where you are logged in.
#[derive(Debug, Clone, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// The host of `public_url`.
    pub site: String,
    /// The time at which the page is made.
    pub now: Timestamp,
    /// Who is logged in.
    pub subject: String,
    /// Their roles.
    pub roles: Vec<String>,
    /// The session that asks.
    pub current: SessionView,
    /// All their other sessions.
    pub others: OtherSessions,
    /// Whether the log-in is young enough to end other devices without the password.
    pub fresh: bool,
    /// What was just done.
    pub notice: Option<AccountNotice>,
}

/// The sessions besides the one that asks.
#[derive(Debug, Clone)]
pub enum OtherSessions {
    /// All of them, in any order.
    Listed(Vec<SessionView>),
    /// The store did not answer.
    Unavailable,
}

/// What a visit to another page has just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountNotice {
    /// One other session was ended.
    DeviceEnded,
    /// All others were ended.
    OthersEnded,
    /// The session that should be ended was not there any more.
    DeviceGone,
    /// The password was changed, and all others were ended.
    PasswordChanged,
    /// The password was confirmed.
    Confirmed,
}

impl AccountNotice {
    /// The name for a query string: `?notice=device-ended`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::DeviceEnded => "device-ended",
            Self::OthersEnded => "others-ended",
            Self::DeviceGone => "device-gone",
            Self::PasswordChanged => "password-changed",
            Self::Confirmed => "confirmed",
        }
    }

    /// The notice of that name; nothing for any other text.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        [
            Self::DeviceEnded,
            Self::OthersEnded,
            Self::DeviceGone,
            Self::PasswordChanged,
            Self::Confirmed,
        ]
        .into_iter()
        .find(|notice| notice.slug() == slug)
    }

    fn text(self) -> &'static str {
        match self {
            Self::DeviceEnded => "The device is logged out.",
            Self::OthersEnded => "All other devices are logged out.",
            Self::DeviceGone => "That device was logged out already.",
            Self::PasswordChanged => "Your password is changed. All other devices are logged out.",
            Self::Confirmed => "Thank you. Your password is confirmed.",
        }
    }
}

impl AccountPage {
    fn listed(&self) -> Option<Vec<&SessionView>> {
        match &self.others {
            OtherSessions::Listed(sessions) => Some(newest_first(sessions)),
            OtherSessions::Unavailable => None,
        }
    }
}
