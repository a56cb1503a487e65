//! E-mail: alerts to operators, and word of a new device to the user whose account it is.

mod alert;
mod alerts;
mod ration;
mod relay;
mod users;

pub use alert::Alert;
pub use alerts::AlertMails;
pub use ration::Ration;
pub use relay::{BadAddress, BadRelay, MailError, Mailer, Relay, check_address};
pub use users::{Addresses, UserMails};
