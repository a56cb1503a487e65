//! What can go wrong, and what it means to the caller.

use cloakroom_core::{Key, StoreError, Undecodable};
use rusqlite::ErrorCode;
use std::path::PathBuf;
use std::sync::Arc;

/// The file can not be used as a session store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder or the file could not be made or opened.
    #[error("{} can not be opened or made", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is a database, but of another application. Nothing in it was changed.
    #[error("{} is the database of another application (application_id {application_id}, not ours)", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What its header says.
        application_id: i64,
    },
    /// It was written by a later version of this program. Nothing in it was changed.
    #[error("{} has schema version {found}; this program knows {known}: use a newer one", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version that is known here.
        known: i64,
    },
    /// It is no SQLite file, or a damaged one.
    #[error("{} is no SQLite database, or a damaged one", path.display())]
    NotADatabase {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// SQLite refused for another reason.
    #[error("SQLite can not open {}", path.display())]
    Sqlite {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Io { .. } | OpenError::Sqlite { .. } => Self::Unavailable(Box::new(error)),
            _ => Self::Refused(Box::new(error)),
        }
    }
}

/// Why a step failed. Cheap to copy, because several steps may share one transaction and its fate.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Sql(Arc<rusqlite::Error>),
    Corrupt { key: Key, source: Undecodable },
    Refused(&'static str),
    Unavailable(&'static str),
}

pub(crate) type Outcome<T> = Result<T, Fault>;

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(Arc::new(error))
    }
}

impl Fault {
    /// Whether another process holds the file just now.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Sql(error) if matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        ))
    }
}

/// A story in plain words, and what SQLite says.
#[derive(Debug, thiserror::Error)]
#[error("{story}")]
struct Trouble {
    story: &'static str,
    source: Arc<rusqlite::Error>,
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sql(error) => judge(error),
            Fault::Corrupt { key, source } => Self::Corrupt {
                key: Box::new(key),
                source,
            },
            Fault::Refused(story) => Self::Refused(story.into()),
            Fault::Unavailable(story) => Self::Unavailable(story.into()),
        }
    }
}

fn judge(source: Arc<rusqlite::Error>) -> StoreError {
    type Kind = fn(Box<dyn std::error::Error + Send + Sync>) -> StoreError;
    const UNAVAILABLE: Kind = StoreError::Unavailable;
    const FULL: Kind = StoreError::Full;
    const REFUSED: Kind = StoreError::Refused;
    let (kind, story) = match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => (FULL, "the disk is full, or the file is as large as it may be"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            (UNAVAILABLE, "another process has held the file for too long")
        }
        Some(ErrorCode::SystemIoFailure) => (UNAVAILABLE, "the disk failed to read or write"),
        Some(ErrorCode::CannotOpen) => (UNAVAILABLE, "the file or its write-ahead log can not be opened"),
        Some(ErrorCode::OperationInterrupted) => (UNAVAILABLE, "it took too long and was interrupted"),
        Some(ErrorCode::OutOfMemory) => (UNAVAILABLE, "no memory is left"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            REFUSED,
            "the file is damaged: restore a backup, or rescue it with `.recover` of sqlite3",
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
            REFUSED,
            "the file, its folder or its file system may not be written",
        ),
        Some(ErrorCode::ConstraintViolation) => (REFUSED, "the key or the id is in use"),
        _ => (REFUSED, "SQLite answered with something that makes no sense"),
    };
    kind(Box::new(Trouble { story, source }))
}
