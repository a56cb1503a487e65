//! Password hashes: argon2id for new ones, and what else is believed until it can be replaced.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};

use super::error::UserError;
use super::password::Password;

/// What OWASP's Password Storage Cheat Sheet holds for equally good: memory in KiB, passes; one lane. The second is
/// what new hashes get, the least memory that it recommends first.
const GOOD: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];
const NEW: (u32, u32) = GOOD[1];
/// The most that a hash from elsewhere may cost, so that no log-in takes the machine down.
const MOST: (u32, u32, u32) = (262_144, 32, 16);
const MOST_BCRYPT_COST: u32 = 16;
/// The shortest salt and output that a good hash has, in bytes.
const SHORTEST: usize = 16;

/// A text that no log-in could be checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHash {
    /// Neither argon2 in PHC form with a version, nor bcrypt as `$2a$`, `$2b$` or `$2y$`.
    #[error("must be an argon2 hash ($argon2id$v=19$…) or a bcrypt hash ($2b$…)")]
    Unknown,
    /// More work than a log-in may cause: over 256 MiB, 32 passes, 16 lanes, or a bcrypt cost over 16.
    #[error("must cost at most m=262144,t=32,p=16 (argon2) or 16 (bcrypt)")]
    TooCostly,
}

/// A password hash from another system, found to be one that log-ins can be checked against.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportedHash(String);

impl ImportedHash {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for ImportedHash {
    type Err = BadHash;

    fn from_str(text: &str) -> Result<Self, BadHash> {
        Kind::of(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for ImportedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImportedHash([redacted])")
    }
}

/// What kind of hash a text is, checked for what it would cost.
enum Kind {
    /// Any argon2, and whether it is as good as a new one.
    Argon2 { hash: Box<PasswordHash>, good: bool },
    /// bcrypt.
    Bcrypt,
}

impl Kind {
    fn of(text: &str) -> Result<Self, BadHash> {
        if ["$2a$", "$2b$", "$2y$"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            let parts: bcrypt::HashParts = text.parse().map_err(|_| BadHash::Unknown)?;
            return match parts.get_cost() {
                4..=MOST_BCRYPT_COST => Ok(Self::Bcrypt),
                17.. => Err(BadHash::TooCostly),
                _ => Err(BadHash::Unknown),
            };
        }
        let hash = PasswordHash::new(text).map_err(|_| BadHash::Unknown)?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| BadHash::Unknown)?;
        let version = hash
            .version
            .and_then(|version| Version::try_from(version).ok())
            .ok_or(BadHash::Unknown)?;
        let params = Params::try_from(&hash).map_err(|_| BadHash::Unknown)?;
        let (Some(salt), Some(output)) = (&hash.salt, &hash.hash) else {
            return Err(BadHash::Unknown);
        };
        let (m, t, p) = MOST;
        if params.m_cost() > m || params.t_cost() > t || params.p_cost() > p {
            return Err(BadHash::TooCostly);
        }
        let good = algorithm == Algorithm::Argon2id
            && version == Version::V0x13
            && GOOD
                .iter()
                .any(|(m, t)| params.m_cost() >= *m && params.t_cost() >= *t)
            && salt.len() >= SHORTEST
            && output.len() >= SHORTEST;
        Ok(Self::Argon2 {
            hash: Box::new(hash),
            good,
        })
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    /// The password is the right one.
    pub(super) right: bool,
    /// The hash should be replaced by a new one.
    pub(super) stale: bool,
}

/// Hashes a password the way that new ones are: argon2id, 19 MiB, two passes, one lane. Takes some 20 ms.
pub(super) fn new(password: &Password, salt: [u8; 16]) -> Result<String, UserError> {
    let (m, t) = NEW;
    let params = Params::new(m, t, 1, None).map_err(|_| UserError::Hash)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2
        .hash_password_with_salt(password.expose(), &salt)
        .map_err(|_| UserError::Hash)?;
    Ok(hash.to_string())
}

/// Checks a password against a hash; nothing when the hash is none that is known.
pub(super) fn check(password: &Password, hash: &str) -> Result<Option<Checked>, UserError> {
    match Kind::of(hash) {
        Ok(Kind::Argon2 { hash, good }) => {
            let right = match Argon2::default().verify_password(password.expose(), &*hash) {
                Ok(()) => true,
                Err(password_hash::Error::PasswordInvalid) => false,
                Err(_) => return Err(UserError::Hash),
            };
            Ok(Some(Checked { right, stale: !good }))
        }
        Ok(Kind::Bcrypt) => {
            let right = bcrypt::verify(password.expose(), hash).map_err(|_| UserError::Hash)?;
            // bcrypt repeats the password with a NUL after it, so `a` and `a NUL a` come out the same.
            Ok(Some(Checked {
                right: right && !password.expose().contains(&0),
                stale: true,
            }))
        }
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argon2(algorithm: Algorithm, m: u32, t: u32, salt: &[u8]) -> String {
        let argon2 = Argon2::new(algorithm, Version::V0x13, Params::new(m, t, 1, None).unwrap());
        argon2
            .hash_password_with_salt(b"hunter22", salt)
            .unwrap()
            .to_string()
    }

    fn checked(password: &[u8], hash: &str) -> Option<Checked> {
        check(&Password::new(password).unwrap(), hash).unwrap()
    }

    #[test]
    fn a_new_hash_has_the_recommended_parameters() {
        let hash = new(&Password::new("hunter22").unwrap(), [1; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(
            checked(b"hunter22", &hash),
            Some(Checked {
                right: true,
                stale: false
            })
        );
        assert_eq!(
            checked(b"hunter23", &hash),
            Some(Checked {
                right: false,
                stale: false
            })
        );
        assert_eq!(
            checked(b"hunter22\0", &hash),
            Some(Checked {
                right: false,
                stale: false
            })
        );
    }

    #[test]
    fn weaker_hashes_work_and_are_stale() {
        let salt = [2; 16];
        for (hash, stale) in [
            (argon2(Algorithm::Argon2id, 19_456, 2, &salt), false),
            (argon2(Algorithm::Argon2id, 7_168, 5, &salt), false),
            (argon2(Algorithm::Argon2id, 19_455, 2, &salt), true),
            (argon2(Algorithm::Argon2id, 4_096, 3, &salt), true),
            (argon2(Algorithm::Argon2i, 19_456, 2, &salt), true),
            (argon2(Algorithm::Argon2d, 19_456, 2, &salt), true),
            (argon2(Algorithm::Argon2id, 19_456, 2, &salt[..8]), true),
        ] {
            assert_eq!(
                checked(b"hunter22", &hash),
                Some(Checked { right: true, stale }),
                "{hash}"
            );
        }
    }

    #[test]
    fn bcrypt_works_and_is_stale() {
        let parts = bcrypt::hash_with_salt("hunter22", 4, [3; 16]).unwrap();
        for version in [
            bcrypt::Version::TwoA,
            bcrypt::Version::TwoB,
            bcrypt::Version::TwoY,
        ] {
            let hash = parts.format_for_version(version);
            assert_eq!(
                checked(b"hunter22", &hash),
                Some(Checked {
                    right: true,
                    stale: true
                })
            );
            assert_eq!(
                checked(b"hunter23", &hash),
                Some(Checked {
                    right: false,
                    stale: true
                })
            );
            assert_eq!(
                checked(b"hunter22\0hunter22", &hash),
                Some(Checked {
                    right: false,
                    stale: true
                })
            );
        }
        // From libxcrypt, not from the library that checks it here.
        let elsewhere = "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq";
        assert_eq!(
            checked(b"rasmuslerdorf", elsewhere),
            Some(Checked {
                right: true,
                stale: true
            })
        );
    }

    #[test]
    fn what_no_log_in_could_be_checked_against_is_refused() {
        let good = argon2(Algorithm::Argon2id, 64, 1, &[4; 16]);
        for (text, why) in [
            (String::new(), BadHash::Unknown),
            ("hunter22".to_owned(), BadHash::Unknown),
            ("$1$salt$hash".to_owned(), BadHash::Unknown),
            ("$2b$10$short".to_owned(), BadHash::Unknown),
            (
                "$2x$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq".to_owned(),
                BadHash::Unknown,
            ),
            (
                "$2y$03$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq".to_owned(),
                BadHash::Unknown,
            ),
            (
                "$2y$17$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq".to_owned(),
                BadHash::TooCostly,
            ),
            ("$argon2id$v=19$m=19456,t=2,p=1".to_owned(), BadHash::Unknown),
            (good.replace("v=19$", ""), BadHash::Unknown),
            (good.replace("argon2id", "scrypt"), BadHash::Unknown),
            (good.replace("m=64", "m=262145"), BadHash::TooCostly),
            (good.replace("t=1", "t=33"), BadHash::TooCostly),
            (
                good.replace("m=64,t=1,p=1", "m=1024,t=1,p=17"),
                BadHash::TooCostly,
            ),
        ] {
            assert_eq!(text.parse::<ImportedHash>().unwrap_err(), why, "{text}");
        }
        let imported: ImportedHash = good.parse().unwrap();
        assert_eq!(format!("{imported:?}"), "ImportedHash([redacted])");
    }
}
