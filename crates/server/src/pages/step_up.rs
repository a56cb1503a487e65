//! `GET /auth/step-up`.

use askama::Template;

use super::{moment::wait, session::ticket_number};

/// Asks for the password again; its form posts `password` and `rd` to `/auth/step-up`.
#[derive(Debug, Clone, Template)]
#[template(path = "step_up.html")]
pub struct StepUpPage {
    /// The host of `public_url`.
    pub site: String,
    /// Whose password is asked for.
    pub subject: String,
    /// The id of the session that asks, for the number on the ticket.
    pub session_id: String,
    /// Why it is asked for.
    pub reason: StepUpReason,
    /// Where to go afterwards. Already checked: the page hands back what it is given.
    pub rd: Option<String>,
    /// What was wrong with the last try.
    pub problem: Option<StepUpProblem>,
}

/// Why a password is asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StepUpReason {
    /// To end another device.
    EndDevice,
    /// To change the password.
    ChangePassword,
    /// The browser or the address is not the one that logged in.
    ClientChanged,
    /// Something about the session looked unusual.
    Unusual,
    /// An application behind the server asks for it.
    #[default]
    Application,
}

impl StepUpReason {
    /// The name for a query string: `?reason=end-device`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::EndDevice => "end-device",
            Self::ChangePassword => "change-password",
            Self::ClientChanged => "client-changed",
            Self::Unusual => "unusual",
            Self::Application => "application",
        }
    }

    /// The reason of that name; the general one for any other text.
    #[must_use]
    pub fn from_slug(slug: &str) -> Self {
        [Self::EndDevice, Self::ChangePassword, Self::ClientChanged]
            .into_iter()
            .find(|reason| reason.slug() == slug)
            .unwrap_or_default()
    }

    /// Whether no other page can be seen before the password is confirmed.
    fn blocks_everything(self) -> bool {
        matches!(self, Self::ClientChanged | Self::Unusual)
    }

    fn text(self) -> &'static str {
        match self {
            Self::EndDevice => "Before a device is logged out, we make sure that it is you.",
            Self::ChangePassword => "Before you choose a new password, we make sure that it is you.",
            Self::ClientChanged => {
                "Your browser or your network looks different from before. We make sure that it is you."
            }
            Self::Unusual => {
                "Something about the way your account is being used looked unusual. We make sure that it is you."
            }
            Self::Application => "The next step is a sensitive one. We make sure that it is you.",
        }
    }
}

/// Why a confirmation did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepUpProblem {
    /// No password came.
    Missing,
    /// It is not the password.
    WrongPassword,
    /// Too many tries.
    RateLimited {
        /// Seconds until another try is allowed.
        retry_after: u64,
    },
}

impl StepUpPage {
    fn number(&self) -> String {
        ticket_number(&self.session_id)
    }

    fn field_error(&self) -> Option<&'static str> {
        match self.problem {
            Some(StepUpProblem::Missing) => Some("Please type your password."),
            Some(StepUpProblem::WrongPassword) => Some("This is not your password. Please try again."),
            _ => None,
        }
    }

    fn form_error(&self) -> Option<String> {
        match self.problem {
            Some(StepUpProblem::RateLimited { retry_after }) => Some(format!(
                "Too many tries. Please wait {} and try again.",
                wait(retry_after)
            )),
            _ => None,
        }
    }
}
