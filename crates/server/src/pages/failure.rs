//! The page for what went wrong.

use askama::Template;
use axum::http::StatusCode;

use super::{
    assets::{CONSOLE_BASE, PUBLIC_BASE},
    moment::wait,
};

/// An error, for people: what happened, what to do next, and the code that machines get.
#[derive(Debug, Clone, Template)]
#[template(path = "failure.html")]
pub struct FailurePage {
    /// The host of `public_url`.
    pub site: String,
    /// Where it is shown.
    pub place: Place,
    /// What went wrong.
    pub failure: Failure,
    /// Where "Try again" leads: a path on this origin. Anything else is left out.
    pub retry: Option<String>,
    /// The id of the request in the log.
    pub request_id: Option<String>,
}

/// Which listener a page is shown on: it decides where the links lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// The public listener; home is the account page.
    #[default]
    Public,
    /// The admin listener; home is the console.
    Console,
}

impl Place {
    fn assets(self) -> &'static str {
        match self {
            Self::Public => PUBLIC_BASE,
            Self::Console => CONSOLE_BASE,
        }
    }

    fn home(self) -> &'static str {
        match self {
            Self::Public => "/account",
            Self::Console => "/console",
        }
    }

    fn home_name(self) -> &'static str {
        match self {
            Self::Public => "Your account",
            Self::Console => "Console",
        }
    }
}

/// What can go wrong, by the stable codes of the HTTP interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// 400
    BadRequest,
    /// 403, a form that another site sent
    CsrfRejected,
    /// 403, logged in but without the role that is needed
    Forbidden,
    /// 404
    NotFound,
    /// 415
    UnsupportedMediaType,
    /// 429
    RateLimited {
        /// Seconds until another try is allowed.
        retry_after: u64,
    },
    /// 500
    Internal,
    /// 503, the store does not answer
    StoreUnavailable {
        /// Seconds after which to try again.
        retry_after: u64,
    },
}

impl Failure {
    /// The HTTP status to send the page with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::CsrfRejected | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::StoreUnavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable code, the same as in a problem document.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::CsrfRejected => "CSRF_REJECTED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Internal => "INTERNAL",
            Self::StoreUnavailable { .. } => "STORE_UNAVAILABLE",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "We could not read that",
            Self::CsrfRejected => "This came from another site",
            Self::Forbidden => "You may not go in here",
            Self::NotFound => "There is nothing here",
            Self::UnsupportedMediaType => "We do not take this format",
            Self::RateLimited { .. } => "Too many tries",
            Self::Internal => "Something broke on our side",
            Self::StoreUnavailable { .. } => "The cloakroom is closed for a moment",
        }
    }

    fn what_happened(self) -> &'static str {
        match self {
            Self::BadRequest => {
                "Something was missing in what your browser sent, or it was not what we expect."
            }
            Self::CsrfRejected => "The form was sent from a page that is not ours, so nothing was changed.",
            Self::Forbidden => {
                "You are logged in, but your account does not have the role that this page needs."
            }
            Self::NotFound => "The address may be mistyped, or what was here is gone.",
            Self::UnsupportedMediaType => "We take web forms and JSON at this address, and nothing else.",
            Self::RateLimited { .. } => "There were more requests in a short time than we let through.",
            Self::Internal => "It is not your fault, and it has logged nobody out.",
            Self::StoreUnavailable { .. } => {
                "We cannot look up your session right now. You have not been logged out."
            }
        }
    }

    fn what_next(self) -> String {
        match self {
            Self::BadRequest => "Go back, check what you typed and send it again.".to_owned(),
            Self::CsrfRejected => "If you meant to do this, do it again from our own page.".to_owned(),
            Self::Forbidden => "Ask whoever looks after your account, or log in as somebody else.".to_owned(),
            Self::NotFound => "Check the address, or start again from the page below.".to_owned(),
            Self::UnsupportedMediaType => "Send the request again in one of the two.".to_owned(),
            Self::RateLimited { retry_after } => {
                format!("Please wait {} and try again.", wait(retry_after))
            }
            Self::Internal => "Please try again. If it happens again, tell us the code below.".to_owned(),
            Self::StoreUnavailable { retry_after } => {
                format!("Please try again in {}.", wait(retry_after))
            }
        }
    }
}

impl FailurePage {
    /// The retry path if it leads to this origin; browsers read `//` and `/\` as another one.
    fn retry_path(&self) -> Option<&str> {
        self.retry.as_deref().filter(|path| {
            path.starts_with('/')
                && !path[1..].starts_with(['/', '\\'])
                && !path.contains(|c: char| c.is_ascii_control())
        })
    }
}
