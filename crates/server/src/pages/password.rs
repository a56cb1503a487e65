//! `GET /account/password`.

use askama::Template;

use super::session::ticket_number;

/// Chooses a new password; its form posts `new` to `/auth/password`.
#[derive(Debug, Clone, Template)]
#[template(path = "password.html")]
pub struct PasswordPage {
    /// The host of `public_url`.
    pub site: String,
    /// Whose password it is.
    pub subject: String,
    /// The id of the session that asks, for the number on the ticket.
    pub session_id: String,
    /// The fewest characters allowed.
    pub min_length: usize,
    /// The most characters allowed.
    pub max_length: usize,
    /// What was wrong with the last try.
    pub problem: Option<PasswordProblem>,
}

/// Why a new password was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordProblem {
    /// Fewer characters than allowed.
    TooShort,
    /// More characters than allowed.
    TooLong,
    /// Everybody's first guess: a well-known password, or the user name.
    TooCommon,
    /// It is the password already.
    Unchanged,
}

impl PasswordPage {
    fn number(&self) -> String {
        ticket_number(&self.session_id)
    }

    fn field_error(&self) -> Option<String> {
        self.problem.map(|problem| match problem {
            PasswordProblem::TooShort => {
                format!(
                    "This is too short. Please use at least {} characters.",
                    self.min_length
                )
            }
            PasswordProblem::TooLong => {
                format!(
                    "This is too long. Please use at most {} characters.",
                    self.max_length
                )
            }
            PasswordProblem::TooCommon => "This is easy to guess. Please choose another one.".to_owned(),
            PasswordProblem::Unchanged => {
                "This is your password already. Please choose another one.".to_owned()
            }
        })
    }
}
