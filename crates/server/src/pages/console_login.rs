//! `GET /console` for somebody who has not shown a key.

use askama::Template;

use super::moment::wait;

/// Asks for an admin key; its form posts `key` to `/console/login`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "console_login.html")]
pub struct ConsoleLoginPage {
    /// The host of `public_url`.
    pub site: String,
    /// Whether the operator has just logged out.
    pub logged_out: bool,
    /// What was wrong with the last try.
    pub problem: Option<ConsoleLoginProblem>,
}

/// Why a key was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleLoginProblem {
    /// None came.
    Missing,
    /// It is not one of the configured keys.
    WrongKey,
    /// No key is configured at all.
    NoKeys,
    /// Too many tries.
    RateLimited {
        /// Seconds until another try is allowed.
        retry_after: u64,
    },
}

impl ConsoleLoginPage {
    fn field_error(&self) -> Option<&'static str> {
        match self.problem {
            Some(ConsoleLoginProblem::Missing) => Some("Please paste a key."),
            Some(ConsoleLoginProblem::WrongKey) => Some("This key is not known here."),
            _ => None,
        }
    }

    fn form_error(&self) -> Option<String> {
        match self.problem {
            Some(ConsoleLoginProblem::NoKeys) => {
                Some("No admin key is configured. Set admin.keys and start the server again.".to_owned())
            }
            Some(ConsoleLoginProblem::RateLimited { retry_after }) => Some(format!(
                "Too many tries. Please wait {} and try again.",
                wait(retry_after)
            )),
            _ => None,
        }
    }
}
