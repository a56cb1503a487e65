//! Whose session it is, and what they may do.

use crate::text;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The user, as the application names them: an opaque string of 1 to 255 bytes without control characters. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Arc<str>);

/// A name that no subject, role or method can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be 1 to {most} bytes without control characters")]
pub struct MalformedName {
    /// Which kind of name it was to be.
    pub what: &'static str,
    /// The greatest length, in bytes.
    pub most: usize,
}

fn check(text: &str, what: &'static str, most: usize) -> Result<(), MalformedName> {
    let plain = text::is_plain(text) || !text.chars().any(char::is_control);
    if text.is_empty() || text.len() > most || !plain {
        return Err(MalformedName { what, most });
    }
    Ok(())
}

impl Subject {
    /// The greatest length, in bytes.
    pub const MAX_LEN: usize = 255;

    /// The name as the application gave it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Subject {
    type Err = MalformedName;

    fn from_str(text: &str) -> Result<Self, MalformedName> {
        check(text, "a subject", Self::MAX_LEN)?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({:?})", self.0)
    }
}

/// A role, or a method of authentication: a short word such as `admin` or `password`, 1 to 64 bytes, no comma.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(Box<str>);

impl Word {
    /// The greatest length, in bytes.
    pub const MAX_LEN: usize = 64;

    /// The word as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = MalformedName;

    fn from_str(text: &str) -> Result<Self, MalformedName> {
        if text.contains([',', ' ']) {
            return Err(MalformedName {
                what: "a role or method (no space, no comma)",
                most: Self::MAX_LEN,
            });
        }
        check(text, "a role or method", Self::MAX_LEN)?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
