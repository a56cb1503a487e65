//! `GET /account`.

use askama::Template;
use jiff::Timestamp;

use super::notice::notices;
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

notices! {
    /// What a visit to another page has just done.
    AccountNotice {
        /// One other session was ended.
        DeviceEnded = "device-ended": "The device is logged out.",
        /// One other session was ended, which its user says was not theirs.
        Disowned = "disowned": "That device is logged out. Somebody else was logged in as you: change your password now.",
        /// All others were ended.
        OthersEnded = "others-ended": "All other devices are logged out.",
        /// The session that should be ended was not there any more.
        DeviceGone = "device-gone": "That device was logged out already.",
        /// The password was changed, and all others were ended.
        PasswordChanged = "password-changed": "Your password is changed. All other devices are logged out.",
        /// The password was confirmed.
        Confirmed = "confirmed": "Thank you. Your password is confirmed.",
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
