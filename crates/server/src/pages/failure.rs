//! The page for what went wrong.

use askama::Template;
use cloakroom::problem::Code;

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
    pub code: Code,
    /// Seconds until another try is worth it, if it is a matter of time.
    pub retry_after: u64,
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

impl FailurePage {
    fn title(&self) -> &'static str {
        match self.code {
            Code::CsrfRejected => "This came from another site",
            Code::Forbidden => "You may not go in here",
            Code::NotFound => "There is nothing here",
            Code::MethodNotAllowed => "That is not done here",
            Code::TooLarge => "That is too much at once",
            Code::UnsupportedMediaType => "We do not take this format",
            Code::SessionLimit => "You are logged in too often",
            Code::RateLimited => "Too many tries",
            Code::Internal => "Something broke on our side",
            Code::StoreUnavailable => "The cloakroom is closed for a moment",
            _ => "We could not read that",
        }
    }

    fn what_happened(&self) -> &'static str {
        match self.code {
            Code::CsrfRejected => "The form was sent from a page that is not ours, so nothing was changed.",
            Code::Forbidden => {
                "You are logged in, but your account does not have the role that this page needs."
            }
            Code::NotFound => "The address may be mistyped, or what was here is gone.",
            Code::MethodNotAllowed => "There is something at this address, but it can not be used that way.",
            Code::TooLarge => "Your browser sent more than we take.",
            Code::UnsupportedMediaType => "We take web forms and JSON at this address, and nothing else.",
            Code::SessionLimit => "Your account has as many sessions as it may have.",
            Code::RateLimited => "There were more requests in a short time than we let through.",
            Code::Internal => "It is not your fault, and it has logged nobody out.",
            Code::StoreUnavailable => {
                "We cannot look up your session right now. You have not been logged out."
            }
            _ => "Something was missing in what your browser sent, or it was not what we expect.",
        }
    }

    fn what_next(&self) -> String {
        let next = match self.code {
            Code::CsrfRejected => "If you meant to do this, do it again from our own page.",
            Code::Forbidden => "Ask whoever looks after your account, or log in as somebody else.",
            Code::NotFound | Code::MethodNotAllowed => {
                "Check the address, or start again from the page below."
            }
            Code::TooLarge => "Go back, make it shorter and send it again.",
            Code::UnsupportedMediaType => "Send the request again in one of the two.",
            Code::SessionLimit => "Log out on another device, and try again.",
            Code::RateLimited => return format!("Please wait {} and try again.", wait(self.retry_after)),
            Code::Internal => "Please try again. If it happens again, tell us the code below.",
            Code::StoreUnavailable => return format!("Please try again in {}.", wait(self.retry_after)),
            _ => "Go back, check what you typed and send it again.",
        };
        next.to_owned()
    }

    /// The retry path if it leads to this origin; browsers read `//` and `/\` as another one.
    fn retry_path(&self) -> Option<&str> {
        self.retry.as_deref().filter(|path| {
            path.starts_with('/')
                && !path[1..].starts_with(['/', '\\'])
                && !path.contains(|c: char| c.is_ascii_control())
        })
    }
}
