//! What a user may be called.

use std::fmt;
use std::str::FromStr;

/// The most bytes of a name: the most that a session's subject has room for.
const MOST: usize = 255;

/// A user's name: 1 to 255 bytes, no control characters, white space around it taken off. Case matters: `Ada` and
/// `ada` are two users, because what makes two names the same differs between languages and between neighbours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing is left without the white space around it.
    #[error("a user name must not be empty")]
    Empty,
    /// More than 255 bytes.
    #[error("a user name must be at most 255 bytes")]
    TooLong,
    /// A line break, a NUL or the like.
    #[error("a user name must not hold control characters")]
    Control,
}

impl UserName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let name = text.trim();
        if name.is_empty() {
            return Err(BadName::Empty);
        }
        if name.len() > MOST {
            return Err(BadName::TooLong);
        }
        if name.contains(char::is_control) {
            return Err(BadName::Control);
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_its_bounds() {
        let longest = "x".repeat(255);
        for (text, expected) in [
            ("ada", Ok("ada")),
            (" Ada Lovelace\n", Ok("Ada Lovelace")),
            ("ädä", Ok("ädä")),
            (&longest, Ok(longest.as_str())),
            ("", Err(BadName::Empty)),
            (" \t", Err(BadName::Empty)),
            (&format!("{longest}x"), Err(BadName::TooLong)),
            ("a\nb", Err(BadName::Control)),
            ("a\0b", Err(BadName::Control)),
            ("a\u{85}b", Err(BadName::Control)),
        ] {
            let name = text.parse::<UserName>();
            assert_eq!(
                name.as_ref().map(UserName::as_str).map_err(|bad| *bad),
                expected,
                "{text:?}"
            );
        }
    }
}
