//! One writes, the others stand by.

use crate::disk::{self, Error, IoAt as _};
use std::fs::{File, TryLockError};
use std::path::Path;

/// The right to write, until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "holds the lock while it is open")] File);

impl Lock {
    /// Takes it, or says [`Error::Busy`].
    pub fn take(path: &Path) -> Result<Self, Error> {
        disk::folder(disk::parent(path))?;
        let file = disk::writable(path, true)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Busy(path.into())),
            Err(TryLockError::Error(error)) => Err(error).at(path),
        }
    }

    /// Waits for it.
    pub fn wait(path: &Path) -> Result<Self, Error> {
        disk::folder(disk::parent(path))?;
        let file = disk::writable(path, true)?;
        file.lock().at(path)?;
        Ok(Self(file))
    }

    /// Whether somebody holds it at this moment. No file is made.
    #[must_use]
    pub fn is_held(path: &Path) -> bool {
        File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}
