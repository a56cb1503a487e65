//! Passwords in memory: never shown, wiped when done with.

use std::fmt;

use zeroize::Zeroizing;

/// The most bytes of a password. Hashing takes no longer for more, but somebody has to carry them.
const MOST: usize = 1024;
/// The fewest bytes of a new one (NIST SP 800-63B-4 §3.1.1 for use beside other factors; ASVS 6.2.1).
const FEWEST: usize = 8;

/// A password as somebody presents it: any bytes, up to 1024 of them.
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

/// A password that may be set: 8 to 1024 bytes, of any kind.
#[derive(Clone)]
pub struct NewPassword(Password);

/// Why bytes are no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Fewer than 8 bytes, where one is to be set.
    #[error("a password must be at least 8 bytes")]
    TooShort,
    /// More than 1024 bytes.
    #[error("a password must be at most 1024 bytes")]
    TooLong,
}

impl Password {
    /// Takes over the bytes; too many are wiped at once.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, BadPassword> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.len() > MOST {
            Err(BadPassword::TooLong)
        } else {
            Ok(Self(bytes))
        }
    }

    /// The bytes, for hashing.
    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl NewPassword {
    /// The shortest that may be set, in bytes.
    pub const FEWEST: usize = FEWEST;
    /// The longest that may be set, in bytes.
    pub const MOST: usize = MOST;

    /// Takes over the bytes; too few or too many are wiped at once.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, BadPassword> {
        let password = Password::new(bytes)?;
        if password.0.len() < FEWEST {
            Err(BadPassword::TooShort)
        } else {
            Ok(Self(password))
        }
    }

    pub(super) fn into_password(self) -> Password {
        self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_its_bounds_and_allows_every_byte() {
        assert!(NewPassword::new([0; 8]).is_ok());
        assert!(NewPassword::new([0xff; 1024]).is_ok());
        assert_eq!(NewPassword::new("1234567").unwrap_err(), BadPassword::TooShort);
        assert_eq!(NewPassword::new([b'x'; 1025]).unwrap_err(), BadPassword::TooLong);
        assert!(Password::new("").is_ok());
        assert_eq!(Password::new([b'x'; 1025]).unwrap_err(), BadPassword::TooLong);
    }

    #[test]
    fn inv4_is_never_shown() {
        let shown = format!(
            "{:?}{:?}",
            Password::new("hunter22"),
            NewPassword::new("hunter22")
        );
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
