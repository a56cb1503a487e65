//! What can go wrong, and what the caller can do about it.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use super::name::UserName;
use super::options::RandomFailed;

/// Why a directory did not do what it was asked. Nothing was changed, unless the variant says otherwise. No message
/// holds a password or a hash.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// Too many passwords are being checked. Answer 429 or 503 with `Retry-After: 1`.
    #[error("too many log-ins are under way; try again in a moment")]
    Busy,
    /// Another process has been writing for longer than the busy timeout. Try again in a moment.
    #[error("the user directory is locked by another process; try again in a moment")]
    Locked(#[source] rusqlite::Error),
    /// The disk is full. Reads still work; free some space.
    #[error("the disk that holds the user directory is full; free some space")]
    DiskFull(#[source] rusqlite::Error),
    /// The file is no database, is damaged, or holds a row that means nothing. Restore it from a backup.
    #[error("the user directory is damaged ({0}); restore it from a backup")]
    Corrupt(String),
    /// A newer version wrote the file. Start that version, or restore a backup from before.
    #[error(
        "the user directory has version {found}, and this program knows versions up to {known}; use a newer one"
    )]
    TooNew {
        /// The version of the file.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// The file or its folder cannot be made, opened or written. Look at its path, owner and permissions.
    #[error("cannot open or write {}: {why}", path.display())]
    Inaccessible {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A user of that name is there already.
    #[error("there is a user {0:?} already")]
    Exists(String),
    /// There is no user of that name.
    #[error("there is no user {0:?}")]
    NotFound(String),
    /// No random bytes for a salt.
    #[error(transparent)]
    Random(#[from] RandomFailed),
    /// A password could not be hashed: too little memory, most likely. Try again with less load.
    #[error("a password could not be hashed; is there enough memory?")]
    Hash,
    /// Anything else from the database.
    #[error("the user directory failed")]
    Database(#[source] rusqlite::Error),
    /// The work was cut off, because the program is stopping. Whether it was done is not known.
    #[error("the user directory was stopped")]
    Stopped,
}

impl UserError {
    /// A user of that name is there already.
    pub(super) fn exists(name: &UserName) -> Self {
        Self::Exists(name.as_str().to_owned())
    }

    /// There is no user of that name.
    pub(super) fn not_found(name: &UserName) -> Self {
        Self::NotFound(name.as_str().to_owned())
    }

    /// A failure to make the file at `path`.
    pub(super) fn io(path: &std::path::Path, error: &io::Error) -> Self {
        Self::Inaccessible {
            path: path.to_owned(),
            why: error.to_string(),
        }
    }

    /// A failure of the database in the file at `path`.
    pub(super) fn database(path: &std::path::Path, error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(error),
            Some(ErrorCode::DiskFull) => Self::DiskFull(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                Self::Inaccessible {
                    path: path.to_owned(),
                    why: error.to_string(),
                }
            }
            _ => Self::Database(error),
        }
    }
}
