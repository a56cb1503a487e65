//! What a user may do, as words that applications give a meaning to.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A role: 1 to 64 of `a-z 0-9 _ . -`, the first a letter or a digit, so that it fits into a header and a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(String);

/// A user's roles, each once, in order.
pub type Roles = BTreeSet<Role>;

/// The text is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role must be 1 to 64 of a-z, 0-9, _ . and -, and begin with a letter or a digit")]
pub struct BadRole;

impl Role {
    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Role {
    type Err = BadRole;

    fn from_str(text: &str) -> Result<Self, BadRole> {
        let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let rest = |b: u8| alphanumeric(b) || matches!(b, b'_' | b'.' | b'-');
        let fits = (1..=64).contains(&text.len())
            && text.bytes().next().is_some_and(alphanumeric)
            && text.bytes().all(rest);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadRole)
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Roles as they are kept: separated by commas, which no role holds.
pub(super) fn join(roles: &Roles) -> String {
    roles.iter().map(Role::as_str).collect::<Vec<_>>().join(",")
}

/// The reverse of [`join`].
pub(super) fn split(text: &str) -> Result<Roles, BadRole> {
    text.split(',')
        .filter(|role| !role.is_empty())
        .map(str::parse)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_its_alphabet() {
        for good in ["admin", "0", "a.b_c-d", &"x".repeat(64)] {
            assert_eq!(good.parse::<Role>().unwrap().as_str(), good);
        }
        for bad in ["", "Admin", "-a", ".a", "a b", "a,b", "ä", "a\n", &"x".repeat(65)] {
            assert_eq!(bad.parse::<Role>(), Err(BadRole), "{bad:?}");
        }
    }

    #[test]
    fn a_kept_list_reads_back() {
        for text in ["", "a", "a,b"] {
            assert_eq!(join(&split(text).unwrap()), text);
        }
        assert_eq!(split("a,B"), Err(BadRole));
    }
}
