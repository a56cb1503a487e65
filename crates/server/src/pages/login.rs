//! `GET /auth/login`.

use askama::Template;

use super::moment::wait;

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

/// Why somebody finds themselves at the log-in page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginNotice {
    /// They logged out here.
    LoggedOut,
    /// They logged out everywhere.
    LoggedOutEverywhere,
    /// A cookie came that is no session. Whether it expired, was revoked or never was is not said.
    SessionEnded,
    /// What they asked for needs a log-in.
    LoginNeeded,
}

impl LoginNotice {
    /// The name for a query string: `?notice=logged-out`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged-out",
            Self::LoggedOutEverywhere => "logged-out-everywhere",
            Self::SessionEnded => "session-ended",
            Self::LoginNeeded => "login-needed",
        }
    }

    /// The notice of that name; nothing for any other text.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        [
            Self::LoggedOut,
            Self::LoggedOutEverywhere,
            Self::SessionEnded,
            Self::LoginNeeded,
        ]
        .into_iter()
        .find(|notice| notice.slug() == slug)
    }

    fn text(self) -> &'static str {
        match self {
            Self::LoggedOut => "You are logged out.",
            Self::LoggedOutEverywhere => "You are logged out on every device.",
            Self::SessionEnded => "Your session ended. Please log in again.",
            Self::LoginNeeded => "Please log in to go on.",
        }
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
