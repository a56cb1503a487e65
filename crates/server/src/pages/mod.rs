//! The pages that people see, as plain data and templates.
//!
//! Each page is a struct that knows nothing of sessions or stores: whoever serves it fills it in, and
//! [`Pages::html`] makes the answer. The pages work without the script; it shows passwords on request
//! and keeps relative times current.
//!
//! | file | page |
//! | --- | --- |
//! | `login` | `/auth/login` |
//! | `step_up` | `/auth/step-up` |
//! | `account` | `/account` |
//! | `password` | `/account/password` |
//! | `failure` | every error |
//! | `console_login`, `console` | `/console` on the admin listener |

mod account;
mod alert;
pub mod assets;
mod console;
mod console_login;
mod failure;
mod login;
mod moment;
mod notice;
mod password;
mod response;
mod session;
mod step_up;

pub use account::{AccountNotice, AccountPage, OtherSessions};
pub use alert::{AlertView, EvidenceView};
pub use console::{ChannelView, ConsoleNotice, ConsolePage, EventView, Figures, StoreView, SubjectSearch};
pub use console_login::{ConsoleLoginPage, ConsoleLoginProblem};
pub use failure::{FailurePage, Place};
pub use login::{DemoLogin, LoginNotice, LoginPage, LoginProblem};
pub use moment::Moment;
pub use password::{PasswordPage, PasswordProblem};
pub use response::Pages;
pub use session::{SessionView, ticket_number};
pub use step_up::{StepUpPage, StepUpProblem, StepUpReason};
