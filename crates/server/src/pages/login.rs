//! `GET /auth/login`.

use askama::Template;

use super::moment::wait;
use super::notice::notices;

/// The log-in page; its form posts `username`, `password`, `remember=on` and `rd` to `/auth/login`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// Where one logs in to: the host of `public_url`.
    pub site: String,
    /// What was typed before, when the form comes back.
    pub username: String,
    /// Whether "remember me" was ticked before.
    pub remember: bool,
    /// Where to go afterwards. Already checked: the page hands back what it is given.
    pub rd: Option<String>,
    /// What went before.
    pub notice: Option<LoginNotice>,
    /// What was wrong with the last try.
    pub problem: Option<LoginProblem>,
    /// The demo user, with `--dev` only.
    pub demo: Option<DemoLogin>,
}

/// The credentials that `--dev` prints and the log-in page repeats.
#[derive(Debug, Clone)]
pub struct DemoLogin {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
}

notices! {
    /// Why somebody finds themselves at the log-in page.
    LoginNotice {
        /// They logged out here.
        LoggedOut = "logged-out": "You are logged out.",
        /// They logged out everywhere.
        LoggedOutEverywhere = "logged-out-everywhere": "You are logged out on every device.",
        /// A cookie came that is no session. Whether it expired, was revoked or never was is not said.
        SessionEnded = "session-ended": "Your session ended. Please log in again.",
        /// What they asked for needs a log-in.
        LoginNeeded = "login-needed": "Please log in to go on.",
    }
}

/// Why a log-in did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginProblem {
    /// No user name came.
    MissingUsername,
    /// No password came.
    MissingPassword,
    /// The two do not belong together. Which one is wrong is not said.
    InvalidCredentials,
    /// Too many tries; `retry_after` in seconds.
    RateLimited {
        /// Seconds until another try is allowed.
        retry_after: u64,
    },
    /// The user has as many sessions as the policy allows.
    SessionLimit,
}

impl LoginPage {
    fn username_error(&self) -> Option<&'static str> {
        match self.problem {
            Some(LoginProblem::MissingUsername) => Some("Please type your user name."),
            _ => None,
        }
    }

    fn password_error(&self) -> Option<&'static str> {
        match self.problem {
            Some(LoginProblem::MissingPassword) => Some("Please type your password."),
            Some(LoginProblem::InvalidCredentials) => {
                Some("This user name and password do not match. Please try again.")
            }
            _ => None,
        }
    }

    /// What concerns the whole form and not one field.
    fn form_error(&self) -> Option<String> {
        match self.problem {
            Some(LoginProblem::RateLimited { retry_after }) => {
                Some(format!("Too many tries. Please wait {} and try again.", wait(retry_after)))
            }
            Some(LoginProblem::SessionLimit) => Some(
                "You are logged in on as many devices as are allowed. Log out on one of them, then try again."
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn both_fields_wrong(&self) -> bool {
        self.problem == Some(LoginProblem::InvalidCredentials)
    }

    /// The first field that has something to be typed into it.
    fn focus_password(&self) -> bool {
        !self.username.is_empty()
    }
}
