//! Overwriting lines where they stand, in an order that outlives a crash.
//!
//! A blotted line is as long as the one before, so files that grow at their end can be changed without whoever writes them
//! having to know. What is to be overwritten is noted first, whole; a note that is found later is carried out again.

use crate::disk::{self, Error, IoAt as _};
use crate::text;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// A line and where it goes. Files are known by their inode, because a rotation renames them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) inode: u64,
    pub(crate) offset: u64,
    pub(crate) line: String,
}

/// The note of what is to be overwritten.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    pub(crate) edits: Vec<Edit>,
}

impl Pending {
    /// Reads a note; nothing if it is none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Notes, overwrites, and drops the note.
    pub(crate) fn carry_out(&self, note: &Path, files: &[PathBuf]) -> Result<(), Error> {
        if self.edits.is_empty() {
            return Ok(());
        }
        disk::replace(note, &text::json(self))?;
        self.apply(files)?;
        fs::remove_file(note).at(note)
    }

    fn apply(&self, files: &[PathBuf]) -> Result<(), Error> {
        for path in files {
            let file = match fs::OpenOptions::new().read(true).write(true).open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).at(path),
            };
            let about = file.metadata().at(path)?;
            let mut changed = false;
            for edit in self.edits.iter().filter(|edit| edit.inode == about.ino()) {
                let end = edit.offset.checked_add(edit.line.len() as u64);
                // Beyond its end nothing was noted by us.
                if end.is_some_and(|end| end <= about.len()) {
                    file.write_all_at(edit.line.as_bytes(), edit.offset).at(path)?;
                    changed = true;
                }
            }
            if changed {
                file.sync_data().at(path)?;
            }
        }
        Ok(())
    }
}

/// Carries out what was noted and not finished.
pub(crate) fn recover(note: &Path, files: &[PathBuf]) -> Result<(), Error> {
    let Some(bytes) = disk::read(note)? else {
        return Ok(());
    };
    match Pending::decode(&bytes) {
        Some(pending) => {
            tracing::warn!(
                lines = pending.edits.len(),
                "forgetting was interrupted; finishing it"
            );
            pending.apply(files)?;
        }
        None => {
            tracing::error!(note = %note.display(), "the note of what to forget is unreadable; run `audit forget` again");
        }
    }
    fs::remove_file(note).at(note)
}
