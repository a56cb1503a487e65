//! Where a user is written to.

use std::str::FromStr;

use cloakroom_outbox::mail::check_address;

/// A mail address: one, without a name beside it (RFC 5321 §4.1.2), at most 254 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// A text that is no mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a mail address, as in alice@example.com, of at most 254 bytes")]
pub struct BadEmail;

impl Email {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = BadEmail;

    fn from_str(text: &str) -> Result<Self, BadEmail> {
        check_address(text).map_err(|_| BadEmail)?;
        Ok(Self(text.to_owned()))
    }
}
